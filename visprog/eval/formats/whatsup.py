"""What'sUp: which of some captions with other prepositions is right (Kamath et al., EMNLP 2023)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from visprog.eval.formats.rows import questions_of, text_of
from visprog.eval.questions import Question

OPPOSITE = {"left": "side", "right": "side", "on": "height", "under": "height"}
OPPOSITE |= {"in-front": "depth", "behind": "depth"}


def load(path: Path, limit: int | None = None) -> list[Question]:
    """Rows of `image_path` and `caption_options`, of which the first is right (controlled images);
    or lists of a picture's number, the right caption and a wrong one (`coco_qa_*.json`, whose
    numbers are filled up to twelve digits as COCO's pictures have them, and `vg_qa_*.json`).

    Asked is which caption is right, with all of them in the question, in the order of the alphabet,
    so that their place tells nothing; the answer is the caption. `meta` names the `set` of the two
    things of a controlled picture, and the `pair` of opposite prepositions in it.

    `limit`: at most so many.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    digits = 12 if path.name.lower().startswith("coco") else 0
    return questions_of(path, "What'sUp", partial(_question, digits=digits), limit, lists=True)


def _question(row: Any, place: int, digits: int) -> Question:
    if isinstance(row, list):
        if len(row) != 3:
            raise ValueError(
                f"want [picture, right caption, wrong caption], got {len(row)} of them"
            )
        return _asked(str(place), _number(row[0]).zfill(digits), row[1:], {})
    image = PurePosixPath(text_of(row, "image_path")).name
    return _asked(str(row.get("id", place)), image, row["caption_options"], _groups(image))


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).isdecimal():
        raise ValueError(f"want the number of a picture, got {value!r}")
    return str(value)


def _asked(name: str, image: str, captions: Any, meta: Mapping[str, str]) -> Question:
    if not isinstance(captions, list) or not all(isinstance(one, str) for one in captions):
        raise ValueError(f"want captions, got {captions!r}")
    options = [" ".join(caption.split()).rstrip(".") for caption in captions]
    listed = tuple(sorted(set(options)))
    if len(listed) < 2 or len(listed) != len(options):
        raise ValueError(f"want two captions or more that differ, got {captions}")
    quoted = " or ".join(f'"{option}"' for option in listed)
    return Question(
        id=name,
        images=(image,),
        text=f"Which caption is right: {quoted}?",
        answer=options[0],
        options=listed,
        structural="choose",
        detailed=_preposition(listed, options[0]),
        meta=meta,
    )


def _preposition(listed: Sequence[str], right: str) -> str:
    """What of the right caption is in none of the others."""
    others = [set(option.lower().split()) for option in listed if option != right]
    words = right.lower().split()
    return " ".join(word for word in words if all(word not in other for other in others))


def _groups(image: str) -> dict[str, str]:
    """The groups of a controlled picture, `cup_left_of_bowl.jpeg`; none of another."""
    parts = PurePosixPath(image).stem.split("_")
    if len(parts) < 3 or parts[1] not in OPPOSITE:
        return {}
    things = f"{parts[0]} {parts[-1]}"
    return {"set": things, "pair": f"{things} {OPPOSITE[parts[1]]}"}
