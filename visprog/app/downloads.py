"""What users may take away of an answer: the page of its steps, and its pictures or its clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from visprog.agent import Answer
from visprog.app.kept import Kept
from visprog.app.turn import evidence_of
from visprog.clips import tracks_of
from visprog.errors import VisprogError
from visprog.saving import save
from visprog.values import Video

CLIPS = ("answer.mp4", "answer.gif")  # the second where nothing here writes the first


def downloads_of(answer: Answer, kept: Kept) -> dict[str, str]:
    """The names of an answer's files, and where the page finds them."""
    folder = kept.place()
    answer.trace.save(folder / "trace.html")
    made = {"Trace page": kept.address(folder / "trace.html")}
    if clip := _clip(answer, folder):
        name, file = clip
        made[name] = kept.address(file)
    value: Any = evidence_of(answer)
    if value is not None:
        files, _ = save(value, (), folder / "answer.png")
        for number, file in enumerate(files, 1):
            name = f"Picture {number}" if len(files) > 1 else "Annotated picture"
            made[name] = kept.address(file)
    return made


def _clip(answer: Answer, folder: Path) -> tuple[str, Path] | None:
    """The video with the answer's regions drawn on it, if it is about some of a video, and what it
    is called: that says what was left out."""
    value = answer.value
    if not any(isinstance(image, Video) for image in answer.trace.images) or not tracks_of(value):
        return None
    for name in CLIPS:
        try:
            (file,), notices = save(value, answer.trace.images, folder / name)
        except VisprogError:
            continue
        return f"Annotated clip ({', '.join(notices) or file.suffix[1:]})", file
    return None
