"""RefCOCO, RefCOCO+, RefCOCOg: expressions that refer to a thing (Yu et al., ECCV 2016)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from visprog.errors import SettingsError
from visprog.eval.fields import box_of, four
from visprog.eval.formats.rows import content_of, questions_of, text_of
from visprog.eval.questions import Question, read_json

Box = tuple[float, float, float, float]

CONVERT = (
    "import json, pickle; json.dump(pickle.load(open('refs(unc).p', 'rb')), open('refs.json', 'w'))"
)
ARTICLES = ("the", "a", "an", "his", "her", "their", "its", "my", "your", "this", "that", "these")
TRAINING = "train"  # the split that is not asked
SLACK = 2.0  # pixels that a box may stand over the edge of its picture, from rounding


def load(path: Path, limit: int | None = None) -> list[Question]:
    """Referring expressions with the boxes of what they mean. Three forms are read:

    - a folder with `refs.json` and `instances.json`, the official files (the refs come as a pickle,
      which is code and is not read: convert it once with the one line that the error tells),
      without what is for training;
    - a file with `images` that have a `caption` each, and `annotations` with their boxes (MDETR);
    - rows of `image` (or `img_path`, `file_name`), the expression as `sent`, `expression`,
      `sentence`, `sentences`, `caption` or `answer`, and a box. A box under `box` is [left, top,
      right, bottom]; under `bbox` it is COCO's [left, top, width, height], but corners in rows with
      `img_path` (Shikra) or `sent` (Qwen-VL), and as `bbox_format` (`xyxy`, `xywh`) says where it
      is there. With `width` and `height` in the row it must lie in the picture.

    Each sentence is a question of kind box: "Find the EXPRESSION.", which is in `meta` as it was.
    The detailed type is the split (val, testA, ...). `limit`: at most so many.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    if path.is_dir() and (path / "instances.json").is_file():
        return _official(path)[:limit]
    if path.suffix in (".p", ".pkl", ".pickle"):
        raise SettingsError(f'{path} is a pickle, which is code. Convert it: python -c "{CONVERT}"')
    if path.suffix == ".json" and path.is_file():
        made = content_of(path)
        if isinstance(made, dict) and "images" in made and "annotations" in made:
            return _captioned(path, made)[:limit]
    return questions_of(path, "RefCOCO", _row, limit)


def _row(row: Mapping[str, Any], place: int) -> list[Question]:
    name = str(row.get("id", row.get("ref_id", row.get("question_id", place))))
    image = text_of(row, "image", "img_path", "file_name")
    box, split = _box(row), str(row.get("split") or "")
    sentences = _sentences(row)
    names = [name if len(sentences) == 1 else f"{name}-{n}" for n in range(len(sentences))]
    return [
        _asked(one, image, sentence, box, split)
        for one, sentence in zip(names, sentences, strict=True)
    ]


def _sentences(row: Mapping[str, Any]) -> list[str]:
    keys = ("sentences", "sent", "expression", "sentence", "ref", "caption", "answer")
    given = next((row[key] for key in keys if row.get(key) is not None), None)
    if given is None:
        raise KeyError("expression")
    listed = given if isinstance(given, list) else [given]
    if not listed:
        raise ValueError("want a sentence, got none")
    return [
        text_of(one if isinstance(one, dict) else {"sent": one}, "sent", "raw") for one in listed
    ]


def _box(row: Mapping[str, Any]) -> Box:
    if "box" in row:
        box = _corners(row["box"])
    else:
        usual = "xyxy" if "img_path" in row or "sent" in row else "xywh"
        form = row.get("bbox_format", usual)
        if form not in ("xyxy", "xywh"):
            raise ValueError(f"want bbox_format xyxy or xywh, got {form!r}")
        box = _corners(row["bbox"]) if form == "xyxy" else _beside(row["bbox"])
    if max(box) <= 1:
        raise ValueError(f"want a box in pixels, got fractions: {list(box)}")
    width, height = row.get("width"), row.get("height")
    if isinstance(width, (int, float)) and isinstance(height, (int, float)):
        left, top, right, bottom = box
        if min(left, top) < -SLACK or right > width + SLACK or bottom > height + SLACK:
            raise ValueError(
                f"the box [left, top, right, bottom] {list(box)} is not in its picture of "
                f"{width} x {height}; see bbox_format"
            )
    return box


def _corners(given: Any) -> Box:
    box = box_of(given, "box")
    assert box is not None
    return box


def _beside(given: Any) -> Box:
    """From [left, top, width, height]."""
    left, top, width, height = four(given, "bbox [left, top, width, height]")
    return _corners([left, top, left + width, top + height])


def _asked(name: str, image: str, sentence: str, box: Box, split: str) -> Question:
    expression = " ".join(sentence.split()).rstrip(".")
    article = "" if expression.lower().startswith(tuple(f"{one} " for one in ARTICLES)) else "the "
    file = PurePosixPath(image).name
    # The refs name a picture by that of the thing: COCO_train2014_000000581857_16.jpg
    file = re.sub(r"^(COCO_\w+?2014_\d{12})_\d+(?=\.jpg$)", r"\1", file)
    return Question(
        id=name,
        images=(file,),
        text=f"Find {article}{expression}.",
        answer=expression,
        kind="box",
        detailed=split,
        balanced=False,
        box=box,
        meta={"expression": sentence},
    )


def _official(folder: Path) -> list[Question]:
    """refs.json and instances.json of one dataset, joined on the annotations' ids."""
    if not (folder / "refs.json").is_file():
        raise SettingsError(
            f"{folder} has no refs.json. The official refs are a pickle, which is code. "
            f'Convert it: python -c "{CONVERT}"'
        )
    refs, instances = read_json(folder / "refs.json"), read_json(folder / "instances.json")
    try:
        boxes = {one["id"]: one["bbox"] for one in instances["annotations"]}
        pictures = {one["id"]: one for one in instances["images"]}
        made = []
        for ref in refs:
            if ref.get("split") == TRAINING:
                continue
            picture = pictures[ref["image_id"]]
            sizes = {key: picture[key] for key in ("width", "height") if key in picture}
            box, split = _box({"bbox": boxes[ref["ann_id"]], **sizes}), str(ref.get("split") or "")
            for sentence in ref["sentences"]:
                name = f"{ref['ref_id']}-{sentence['sent_id']}"
                made.append(_asked(name, picture["file_name"], sentence["sent"], box, split))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong(folder, error) from error
    return _some(folder, made)


def _captioned(path: Path, made: Mapping[str, Any]) -> list[Question]:
    """Images that have a caption each, and one annotation with the box of what it means."""
    try:
        boxes: dict[Any, list[Any]] = defaultdict(list)
        for one in made["annotations"]:
            boxes[one["image_id"]].append(one["bbox"])
        asked = []
        for image in made["images"]:
            found = boxes[image["id"]]
            if len(found) != 1:
                raise ValueError(f"image {image['id']} has {len(found)} boxes, want one")
            sizes = {key: image[key] for key in ("width", "height") if key in image}
            box, split = _box({"bbox": found[0], **sizes}), str(image.get("split") or "")
            name = str(image["id"])
            asked.append(_asked(name, image["file_name"], text_of(image, "caption"), box, split))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _wrong(path, error) from error
    return _some(path, asked)


def _wrong(path: Path, error: Exception) -> SettingsError:
    reason = f"it has no {error.args[0]!r}" if isinstance(error, KeyError) else str(error)
    return SettingsError(f"questions {path}: not in the form of RefCOCO: {reason}")


def _some(path: Path, made: Sequence[Question]) -> list[Question]:
    if not made:
        raise SettingsError(f"no questions in {path}")
    if len({question.id for question in made}) < len(made):
        raise SettingsError(f"questions {path}: two have one id")
    return list(made)
