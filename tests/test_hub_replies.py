"""What models of vision and language are asked, and what is read of their replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.question_models import noise
from visprog.errors import ToolError
from visprog.tool import Output
from visprog.values import Image, Region, Unknown
from visprog_tools.hub import questions, replies

PICTURES = [noise(80, 60), noise(40, 90, 1)]
DOG = Region(noise(100, 50), (10, 10, 40, 30), "dog")
CAT = Region(noise(100, 50), (60, 20, 90, 48), "cat")


def asked(backend: Any, tool: str, **call: Any) -> Any:
    (made,) = backend.run(tool, [call])
    return made.value if isinstance(made, Output) else made


class Told(questions.Answering):
    """Says what it is told to say."""

    name = "told"
    weights = "smolvlm-256m"
    batch = 2

    def __init__(self, say: Callable[[str], Any] | str) -> None:
        super().__init__({"device": "cpu"})
        self.say = say if callable(say) else lambda _: say
        self.heard: list[tuple[str, Image, str]] = []
        self.sizes: list[int] = []

    def make(self, found: Any) -> Any:
        raise NotImplementedError

    def ask(self, form: str, asked: Sequence[tuple[Image, str]], module: Any) -> Any:
        self.heard += [(form, image, text) for image, text in asked]
        self.sizes.append(len(asked))
        return [self.say(text) for _, text in asked]

    def run(self, tool: str, calls: Sequence[Mapping[str, Any]]) -> list[Any]:
        return self._each(tool, calls, None)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("yes", True), ("Yes, it is.", True), ("NO", False), (" no.", False), ("**Yes**", True),
        ("maybe yes", None), ("nope", None), ("not at all", None), ("yesterday", None),
        ("no-one", None), ("", None), ("The dog is wet", None),
    ],
)  # fmt: skip
def test_yes_and_no_are_read_strictly(reply: str, answer: bool | None) -> None:
    made = asked(Told(reply), "verify", subject=DOG, statement="wet")
    if answer is None:
        assert isinstance(made, Unknown)
        assert (repr(reply) in made.reason) or not reply
    else:
        assert made is answer


def test_a_reply_is_one_short_printable_line() -> None:
    made = asked(Told("a\x1b[2J\n\u202eb " + "x" * 500), "vqa", image=PICTURES[0], question="?a")
    assert made.isprintable() and len(made) == 200 and made.startswith("a [2J b xxx")
    made = asked(Told("\x00 \n "), "vqa", image=PICTURES[0], question="what")
    assert isinstance(made, Unknown) and "empty answer" in made.reason
    made = asked(Told("\x1b" + "y" * 999), "verify", subject=DOG, statement="wet")
    assert made.reason.isprintable() and len(made.reason) < 300


def test_an_option_is_chosen_by_its_words() -> None:
    options = ["a red one", "Blue"]
    assert asked(Told("The blue."), "choose", subject=DOG, options=options) == "Blue"
    assert asked(Told("red one"), "classify", image=DOG, options=options) == "a red one"
    made = asked(Told("blue or red"), "choose", subject=DOG, options=options)
    assert isinstance(made, Unknown) and "'blue or red'" in made.reason
    for bad in ([], [""], ["red", "Red"], ["a"], ["the cat", "cat"]):
        found = asked(Told("x"), "choose", subject=DOG, options=bad)
        assert isinstance(found, ToolError) or bad == ["a"]


def test_what_is_asked_of_a_region_is_asked_of_its_part() -> None:
    told = Told("yes")
    asked(told, "verify", subject=DOG, statement="wet")
    asked(told, "query", subject=DOG, attribute="colour")
    asked(told, "choose", subject=DOG, options=["red", "blue", "green"])
    asked(told, "query", subject=DOG.image, attribute="weather")
    forms, images, texts = zip(*told.heard, strict=True)
    assert texts == (
        *("Is the dog wet?", "What color is the dog?", "Is the dog red, blue or green?"),
        "How is the weather?",
    )
    assert forms == ("yes or no", "open", "options", "open")
    assert images[0].name == "noise0#xywh=4,6,42,28" and images[0].width == 42
    assert images[3] == DOG.image


def test_places_and_sizes_are_measured() -> None:
    told = Told("yes")
    assert asked(told, "query", subject=CAT, attribute="hposition") == "right"
    assert asked(told, "query", subject=CAT, attribute="vposition") == "bottom"
    assert asked(told, "verify", subject=DOG, statement="on the right") is False
    assert asked(told, "filter", regions=[DOG, CAT], attribute="on the right") == [CAT]
    assert asked(told, "same", a=DOG, b=CAT, attribute="hposition") is False
    whole = asked(told, "query", subject=DOG.image, attribute="hposition")
    assert isinstance(whole, Unknown) and not told.heard


def test_a_filter_keeps_those_of_which_it_is_true_a_batch_at_a_time() -> None:
    regions = [Region(DOG.image, (n, 0, n + 20, 40), "cat" if n % 2 else "dog") for n in range(5)]
    told = Told(lambda text: "yes" if "dog" in text else "no")
    assert asked(told, "filter", regions=regions, attribute="wet") == regions[::2]
    assert told.sizes == [2, 2, 1]
    assert isinstance(asked(Told("?"), "filter", regions=regions, attribute="wet"), Unknown)


def test_two_answers_are_compared_with_a_notice() -> None:
    told = Told(lambda text: "Red" if "dog" in text else "a red.")
    (made,) = told.run("same", [{"a": DOG, "b": CAT, "attribute": "color"}])
    assert made == Output(True, (replies.COMPARED,))


def test_equal_questions_are_asked_once_and_errors_are_of_their_call() -> None:
    told = Told("red")
    call = {"image": PICTURES[0], "question": "what color"}
    made = told.run("vqa", [call, {**call, "question": " "}, call, {**call, "image": PICTURES[1]}])
    assert [one.value for one in made if isinstance(one, Output)] == ["red"] * 3
    assert isinstance(made[1], ToolError) and len(told.heard) == 2
