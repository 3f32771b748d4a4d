"""Pictures as chat models take them."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

from visprog.planning.chat import Message
from visprog.values import Image

SIDE = 1024  # pixels of the longer side: what models look at, and what keeps them cheap
QUALITY = 90


def content_of(message: Message) -> str | list[dict[str, Any]]:
    """A message's text, or its text and pictures as parts, in the form that OpenAI began and that
    LangChain translates for others."""
    if not message.images:
        return message.text
    pictures = [
        {"type": "image_url", "image_url": {"url": data_url(image)}} for image in message.images
    ]
    return [{"type": "text", "text": message.text}, *pictures]


def data_url(image: Image) -> str:
    """A picture as a `data:` address of a JPEG, made smaller where it is large."""
    from PIL import Image as pil

    made = pil.fromarray(image.pixels)
    made.thumbnail((SIDE, SIDE), pil.Resampling.LANCZOS)
    file = BytesIO()
    made.save(file, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
