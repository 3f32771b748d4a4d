"""Serves the page: its queue, its bounds, and what of the machine it may read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from visprog.app.settings import AppSettings
from visprog.errors import SettingsError

EXAMPLES = (
    ("dogs.jpg", "How many dogs are there?"),
    ("wine.jpg", "What is on the table?"),
    ("cat.jpg", "What color is the cat?"),
    ("astronaut.jpg", "Is there a person to the left of the rocket?"),
)
PORT = 7860
PILLOW_CAP = 64 * 10**6  # pixels that Pillow may decode at all


def serve(
    settings: AppSettings | None = None,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    examples: Path | None = None,
    block: bool = True,
) -> Any:
    """Serve the app until it is stopped, or in the background.

    Args:
        port: by default `GRADIO_SERVER_PORT`, or 7860.
        examples: the folder of the example pictures, if any.
        block: wait for the end; else the server's page is given, whose `close()` ends it.

    Raises:
        SettingsError: gradio is not installed, or the port is taken.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    folder = Path(os.environ.setdefault("GRADIO_TEMP_DIR", tempfile.mkdtemp(prefix="visprog-app-")))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise SettingsError("the app wants gradio: pip install 'visprog[app]'") from error
    from PIL import Image

    from visprog.app.handlers import Handlers
    from visprog.app.look import style, theme
    from visprog.app.page import build

    Image.MAX_IMAGE_PIXELS = PILLOW_CAP
    chosen = settings or AppSettings()
    handlers = Handlers(chosen, folder)
    shown = [(examples / name, text) for name, text in EXAMPLES] if examples else []
    page = build(handlers, [(path, text) for path, text in shown if path.is_file()])
    page.queue(max_size=chosen.waiting, default_concurrency_limit=chosen.together, api_open=False)
    given = port or int(os.environ.get("GRADIO_SERVER_PORT") or PORT)
    try:
        page.launch(
            server_name=host,
            server_port=given,
            theme=theme(),
            css=style(),
            allowed_paths=[],
            max_file_size=chosen.upload,
            ssr_mode=False,
            share=False,
            quiet=True,
            show_error=False,
            footer_links=[],
            prevent_thread_lock=True,
            state_session_capacity=1000,
        )
    except OSError as error:
        raise SettingsError(f"cannot serve on {host}:{given}: {error}") from error
    print(f"visprog is at http://{host}:{given}", flush=True)
    if block:
        try:
            page.block_thread()
        finally:
            handlers.close()
    return page
