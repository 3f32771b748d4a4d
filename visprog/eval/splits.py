"""The parts of a dataset that lies in folders by split, as GQA's files and `lmms-lab/GQA` do."""

from __future__ import annotations

from pathlib import Path

from visprog.errors import SettingsError

QUESTIONS = (  # of a split: GQA's file, its folder of chunks, and a folder of parquet files
    *("{}_questions.json", "{}_questions.jsonl", "{}_questions", "{}_instructions"),
    *("{}.json", "{}.jsonl", "{}"),
)
PICTURES = ("{}_images", "images")


def parts(questions: Path, images: Path, split: str = "") -> tuple[Path, Path]:
    """The questions and pictures of a split; without one, what was given.

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
    if not found:
        tried = ", ".join(name.format(split) for name in QUESTIONS[:4])
        raise SettingsError(f"no questions of the split {split} in {questions}: tried {tried}")
    pictures = (path for name in PICTURES if (path := images / name.format(split)).is_dir())
    return found[0], next(pictures, images)
