"""The splits of a dataset: apart in files and folders, as those of GQA and `lmms-lab/GQA`, or in
one file that tells the split of each question, as those of RefCOCO."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from visprog.errors import SettingsError
from visprog.eval.questions import Question

QUESTIONS = (  # of a split: GQA's file, its folder of chunks, and a folder of parquet files
    *("{}_questions.json", "{}_questions.jsonl", "{}_questions", "{}_instructions"),
    *("{}.json", "{}.jsonl", "{}"),
)
PICTURES = ("{}_images", "images")


def parts(
    questions: Path, images: Path, split: str = "", *, told: bool = False
) -> tuple[Path, Path]:
    """The questions and pictures of a split; without one, what was given.

    `told`: whether the questions tell their split, so that they need not lie apart.

    Raises:
        SettingsError: the folder has no questions of that split.
    """
    if not split:
        return questions, images
    if Path(split).name != split or split.startswith("."):
        raise SettingsError(f"{split!r} is no name of a split")
    if not questions.is_dir():  # the name of what was given
        return questions, images
    found = [path for name in QUESTIONS if (path := questions / name.format(split)).exists()]
    if not found and not told:
        tried = ", ".join(name.format(split) for name in QUESTIONS[:4])
        raise SettingsError(f"no questions of the split {split} in {questions}: tried {tried}")
    pictures = (path for name in PICTURES if (path := images / name.format(split)).is_dir())
    return found[0] if found else questions, next(pictures, images)


def only(asked: Sequence[Question], split: str, *, named: bool) -> list[Question]:
    """Those of a split, of questions that tell theirs as their detailed type.

    `named`: the file itself may have the name of the split: where no question tells one, all are
    of it.

    Raises:
        SettingsError: none is of that split.
    """
    known = sorted({question.detailed for question in asked} - {""})
    chosen = [question for question in asked if question.detailed == split]
    if chosen or (named and not known):
        return chosen or list(asked)
    there = f"there are {', '.join(known)}" if known else "no question tells its split"
    raise SettingsError(f"no questions of the split {split}: {there}")
