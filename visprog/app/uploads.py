"""Files that users send: each is looked at by the strict loader before anything decodes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from visprog.agent import Agent
from visprog.errors import ImageError, QuestionError
from visprog.values import Image, Video


def load_uploads(agent: Agent, files: Sequence[str] | None, most: int) -> tuple[Image | Video, ...]:
    """The pictures of uploaded files, in order, or one video.

    Raises:
        ImageError: one cannot be read, or breaks a limit; its name is told, not its path.
        QuestionError: too many, or a video among pictures.
    """
    paths = list(files or ())
    if len(paths) > most:
        raise QuestionError(f"at most {most} pictures go into one question, got {len(paths)}")
    made: list[Image | Video] = []
    for path in paths:
        try:
            made += agent.load(path)
        except ImageError as error:
            told = str(error).replace(path, Path(path).name)
            raise type(error)(told) from error
    if len(made) > 1 and any(isinstance(one, Video) for one in made):
        raise QuestionError("a video stands alone: ask about it without other files")
    return tuple(made)
