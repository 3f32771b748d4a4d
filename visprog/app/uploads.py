"""Files that users send: each is looked at by the strict loader before anything decodes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from visprog.agent import Agent
from visprog.app.settings import AppSettings
from visprog.errors import ImageError, QuestionError
from visprog.values import Image, Video


def load_uploads(
    agent: Agent, files: Sequence[str] | None, settings: AppSettings
) -> tuple[Image | Video, ...]:
    """The pictures of uploaded files, in order, or one video.

    Raises:
        ImageError: one cannot be read, breaks a limit, or is gone; its name is told, not its path.
        QuestionError: too many or too large together, or a video among pictures.
    """
    paths = list(files or ())
    if len(paths) > settings.pictures:
        raise QuestionError(
            f"at most {settings.pictures} pictures go into one question, got {len(paths)}"
        )
    made: list[Image | Video] = []
    left = settings.pixels
    for path in paths:
        name = Path(path).name
        if not Path(path).is_file():
            raise ImageError(f"{name} is no longer here: files are kept for a while; drop it again")
        try:
            made += agent.load(path)
        except ImageError as error:
            raise type(error)(str(error).replace(path, name)) from error
        left -= 0 if isinstance(made[-1], Video) else made[-1].width * made[-1].height
        if left < 0:
            most = settings.pixels / 1e6
            raise QuestionError(f"the pictures have more than {most:g} million pixels together")
    if len(made) > 1 and any(isinstance(one, Video) for one in made):
        raise QuestionError("a video stands alone: ask about it without other files")
    return tuple(made)
