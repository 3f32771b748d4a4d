"""Questions that were answered wrongly or not at all, with their pictures and programs."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from visprog.drawing import draw
from visprog.errors import VisprogError
from visprog.eval.questions import Question
from visprog.eval.reporting.elements import chip
from visprog.eval.results import Result
from visprog.highlight import highlight
from visprog.images import load
from visprog.render.elements import left_out, text
from visprog.show import describe
from visprog.trace import ABSTAINED, ANSWERED
from visprog.values import Image, Region

SHOWN = 36  # questions in it
PICTURES = 2  # of a question
SIDE = 400  # pixels of a picture
QUALITY = 80  # of its JPEG
MOST = 2_500_000  # bytes of all pictures together
LONG = 4_000  # characters of a program
NAMES = {
    "": "Answered wrongly",
    "abstained": "Abstained",
    "parse": "Its program does not parse",
    "type": "Its program does not fit the tools",
    "runtime": "Failed while it ran",
    "timeout": "Took too long",
    "plan": "The planner gave no program",
    "picture": "The picture cannot be read",
    "setting": "Something is not set up",
}


class Gallery:
    """Cards of what was missed, with pictures as long as there is room for them.

    Args:
        results: by column; `asked`: the questions by their ids; `images`: the folder of pictures.
    """

    def __init__(
        self,
        results: Mapping[str, Sequence[Result]],
        asked: Mapping[str, Question],
        images: Path,
    ) -> None:
        self._others = {
            name: {result.id: result for result in made}
            for name, made in results.items()
            if name != "program"
        }
        self._asked, self._images, self._room = asked, images, MOST

    def page(self, results: Iterable[Result]) -> str:
        """The misses among these, by their kind."""
        kinds: dict[str, list[Result]] = {}
        for result in results:
            if not result.correct:
                kinds.setdefault(result.failure, []).append(result)
        most, made = _fair({kind: len(its) for kind, its in kinds.items()}), ""
        for kind in sorted(kinds, key=lambda kind: (kind != "", -len(kinds[kind]))):
            its = kinds[kind]
            shown = _spread(its)[: most[kind]]
            name = NAMES.get(kind, kind)
            cards = "".join(self._card(result) for result in shown)
            made += f'<h3>{text(name)} <span class="count">{len(its):,}</span></h3>'
            made += f'<div class="gallery">{cards}</div>' if cards else ""
            made += left_out(len(its), len(shown), "such questions")
        return made

    def _card(self, result: Result) -> str:
        question = self._asked.get(result.id)
        pictures = self._pictures(result, question) if question else ""
        said = result.reason.strip().partition("\n")[0]
        reason = f'<p class="why">{text(describe(said, 400))}</p>' if said else ""
        program = result.program.strip()
        code = f"<pre><code>{highlight(program[:LONG])}</code></pre>" if program else ""
        kind = result.detailed or result.structural
        return (
            f'<article class="miss">{pictures}<div class="body">'
            f'<p class="label">{text(result.id)}{f" · {text(kind)}" if kind else ""}</p>'
            f'<h4 dir="auto">{text(describe(result.question, 400))}</h4>'
            f'<dl class="answers">{_answers(result)}</dl>{reason}{code}{self._others_of(result)}'
            "</div></article>"
        )

    def _others_of(self, result: Result) -> str:
        """What the other columns answered; the right ones are green."""
        its = [(name, table.get(result.id)) for name, table in self._others.items()]
        made = "".join(
            chip(f"{name}: {_said(other)}", "good" if other.correct else "")
            for name, other in its
            if other is not None
        )
        return f'<p class="chips">{made}</p>' if made else ""

    def _pictures(self, result: Result, question: Question) -> str:
        made = ""
        try:
            for path in question.pictures(self._images)[:PICTURES]:
                made += self._picture(load(path), result, question)
        except (VisprogError, OSError) as error:
            return f'<p class="blank">{text(describe(str(error), 160))}</p>'
        return f'<div class="shots">{made}</div>'

    def _picture(self, image: Image, result: Result, question: Question) -> str:
        if self._room <= 0:
            return '<p class="blank">There is no room for more pictures on this page.</p>'
        data, size = _jpeg(_marked(image, result, question))
        self._room -= len(data)
        return (
            f'<img src="data:image/jpeg;base64,{data}" width="{size[0]}" height="{size[1]}" '
            f'alt="{text(describe(image.name, 60) or "the picture")}">'
        )


def _fair(counts: Mapping[str, int]) -> dict[str, int]:
    """How many of each kind are shown: one of each in turn, as long as there is room."""
    made = dict.fromkeys(counts, 0)
    for _ in range(SHOWN):
        for kind, count in counts.items():
            made[kind] += made[kind] < count and sum(made.values()) < SHOWN
    return made


def _spread(results: Sequence[Result]) -> list[Result]:
    """One of each type first, then a second of each, and so on."""
    types: dict[str, list[Result]] = {}
    for result in results:
        types.setdefault(result.detailed, []).append(result)
    deepest = max(map(len, types.values()), default=0)
    return [
        one
        for place in range(min(deepest, SHOWN))
        for of_type in types.values()
        for one in of_type[place : place + 1]
    ]


def _answers(result: Result) -> str:
    given = chip(_said(result), "doubt" if result.status == ABSTAINED else "bad")
    truth = "the box marked truth" if result.kind == "box" else describe(result.truth, 120)
    return (
        f'<div><dt>answer</dt><dd dir="auto">{given}</dd></div>'
        f'<div><dt>truth</dt><dd dir="auto">{text(truth)}</dd></div>'
    )


def _said(result: Result) -> str:
    if result.status != ANSWERED:
        return str(result.status)
    if result.iou is not None:
        return f"IoU {result.iou:.2f}"
    return describe(result.answer, 80) or "nothing"


def _marked(image: Image, result: Result, question: Question) -> Image | list[Region]:
    """The picture; of a question for a box, with the true one and the one that was given."""
    places = []
    if question.box is not None:
        places.append(_place(image, question.box, "truth"))
    value = result.value
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict) and result.kind == "box":
        places.append(_place(image, value.get("box"), "answer"))
    return [place for place in places if place is not None] or image


def _place(image: Image, box: object, name: str) -> Region | None:
    """A box on the picture, None where it is none or does not lie on it."""
    if not isinstance(box, (list, tuple)) or len(box) != 4:
        return None
    try:
        return Region(image, tuple(map(float, box)), name)  # type: ignore[arg-type]
    except (ValueError, TypeError, VisprogError):
        return None


def _jpeg(value: object) -> tuple[str, tuple[int, int]]:
    """What is drawn of a value as a JPEG in base64, and its width and height."""
    from PIL import Image as pil

    pixels = draw(value, SIDE)
    if pixels is None:
        raise VisprogError("there is nothing to draw")
    file = io.BytesIO()
    pil.fromarray(pixels).save(file, "JPEG", quality=QUALITY, optimize=True)
    return base64.b64encode(file.getvalue()).decode(), (pixels.shape[1], pixels.shape[0])
