"""Questions about things and pictures, as models of vision and language are asked them, and what
is read of their replies. A reply is data: it is made one short line and never followed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from visprog.errors import ToolError, VisprogError
from visprog.tool import Output
from visprog.values import Image, Region, Unknown
from visprog_tools.geometry import expect_picture, same_thing
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.replies import (
    ASKED,
    Subject,
    alike,
    called,
    first,
    plain,
    shown,
    shown_together,
    word,
    yes_or_no,
)
from visprog_tools.pixels import ALIASES, Pixels
from visprog_tools.relations import Relations, measurable
from visprog_tools.statements import read

Reply = str | Unknown | ToolError

OPEN, YES_NO, OPTIONS = "open", "yes or no", "options"
MEASURED = ("hposition", "vposition", "size")  # a crop does not show them
WHAT = {
    "color": "What color is the {0}?",
    "material": "What is the {0} made of?",
    "shape": "What shape is the {0}?",
    "pose": "What is the pose of the {0}?",
    "activity": "What is the {0} doing?",
    "age": "How old is the {0}?",
    "weather": "How is the weather?",
    "place": "What place is this?",
    "name": "What is in the picture?",
}


class Asked(NamedTuple):
    """What one call asks: pictures with questions of one form, and how the replies are read.

    `among`: the options of a question that has them.
    """

    form: str
    questions: Sequence[tuple[Image, str]]
    read: Callable[[Sequence[str]], Output]
    among: tuple[str, ...] = ()


class Answering(HubBackend):
    """A model that is asked questions in words about pictures.

    A region is shown as the part of the picture in its box and a fifth of it on each side. Where
    a thing lies, how large it is and what it was called when it was found are not asked of a
    model, which sees only that part, but measured.
    """

    serves: ClassVar[tuple[str, ...]] = (
        *("vqa", "query", "verify", "choose", "classify", "filter", "same"),
        *("related", "related_to"),
    )
    likelihoods: ClassVar[bool] = False  # whether `weigh` is there to choose among options

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._pixels = Pixels({})
        self._boxes = Relations({})

    @abstractmethod
    def ask(
        self, form: str, questions: Sequence[tuple[Image, str]], module: Any
    ) -> Sequence[Reply]:
        """A reply to each. `form`: OPEN, YES_NO or OPTIONS. At most `batch` of them."""

    def describe(self, images: Sequence[Image], module: Any) -> Sequence[Reply]:
        """A sentence of each picture."""
        raise NotImplementedError

    def weigh(
        self, image: Image, question: str, options: Sequence[str], module: Any
    ) -> Sequence[float] | Unknown:
        """How likely each option is as the answer, on any scale."""
        raise NotImplementedError

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        if tool == "caption":
            replies = self._all([call["image"] for call in calls], self.describe, module)
            return [_told(self.name, tool, reply) for reply in replies]
        asked = [_failing(self._asked, tool, call) for call in calls]
        wanted: dict[tuple[str, str, str], tuple[Image, str]] = {}
        for one in asked:
            if isinstance(one, Asked) and not (one.among and self.likelihoods):
                wanted.update(((one.form, i.key, text), (i, text)) for i, text in one.questions)
        replies_by: dict[tuple[str, str, str], Reply] = {}
        for form in dict.fromkeys(key[0] for key in wanted):
            keys = [key for key in wanted if key[0] == form]

            def ask(some: Sequence[Any], module: Any, form: str = form) -> Sequence[Reply]:
                return self.ask(form, some, module)

            found = self._all([wanted[key] for key in keys], ask, module)
            replies_by.update(zip(keys, found, strict=True))
        return [self._result(tool, one, replies_by, module) for one in asked]

    def _all(
        self, things: Sequence[Any], ask: Callable[..., Sequence[Reply]], module: Any
    ) -> list[Reply]:
        """The replies, so many at a time as make a batch."""
        made: list[Reply] = []
        for start in range(0, len(things), self.batch):
            made += ask(things[start : start + self.batch], module)
        return made

    def _result(
        self,
        tool: str,
        asked: Asked | Result,
        replies: Mapping[tuple[str, str, str], Reply],
        module: Any,
    ) -> Result:
        if not isinstance(asked, Asked):
            return asked
        if asked.among and self.likelihoods:
            ((image, text),) = asked.questions
            weights = self.weigh(image, text, asked.among, module)
            if isinstance(weights, Unknown):
                return Output(weights)
            if any(weight != weight for weight in weights):
                return ToolError(f"{tool} in {self.name}: it gave likelihoods that are no numbers")
            return Output(asked.among[max(range(len(weights)), key=weights.__getitem__)])
        words: list[str] = []
        for image, text in asked.questions:
            told = _told(self.name, tool, replies[asked.form, image.key, text])
            if not isinstance(told, Output) or isinstance(told.value, Unknown):
                return told
            words.append(str(told.value))
        return asked.read(words)

    def _asked(self, tool: str, call: Mapping[str, Any]) -> Asked | Output:
        if tool == "vqa":
            text = plain(call["question"], ASKED)
            if not text:
                raise ToolError("vqa: want a question, got an empty text")
            return Asked(OPEN, ((call["image"], text),), first)
        if tool == "query":
            return self._query(call["subject"], call["attribute"])
        if tool == "verify":
            return self._verify(call["subject"], call["statement"], "verify")
        if tool == "filter":
            return self._filter(call["regions"], call["attribute"])
        if tool == "same":
            return self._same(call["a"], call["b"], call["attribute"])
        if tool in ("related", "related_to"):
            return self._related(tool, call["regions"], call["relation"], call["anchor"])
        return _choice(tool, call["subject" if tool == "choose" else "image"], call["options"])

    def _query(self, subject: Subject, attribute: str) -> Asked | Output:
        name = _attribute(attribute)
        if not name:
            raise ToolError("query: want an attribute, got an empty text")
        if name in MEASURED:
            if isinstance(subject, Region):
                return _output(self._pixels.query(subject, name))
            return Output(Unknown(f"a whole picture has no {name}; ask for one of its regions"))
        if name == "name" and isinstance(subject, Region):
            return Output(subject.label)
        text = WHAT.get(name, "What is the {1} of the {0}?").format(called(subject), name)
        return Asked(OPEN, ((shown(subject), text),), first)

    def _verify(self, subject: Subject, statement: str, tool: str) -> Asked | Output:
        text = plain(statement, ASKED).rstrip(".!?")
        if not text:
            raise ToolError(f"{tool}: want a statement, got an empty text")
        if isinstance(subject, Region) and _measured(text):
            return _output(self._pixels.verify(subject, text))
        whole = isinstance(subject, Image) and " " not in text
        is_it = f"Is this {text}?" if whole else f"Is the {called(subject)} {text}?"
        return Asked(YES_NO, ((shown(subject), is_it),), yes_or_no)

    def _filter(self, regions: Sequence[Region], attribute: str) -> Asked | Output:
        each = [self._verify(region, attribute, "filter") for region in regions]
        if not each and not attribute.strip():
            raise ToolError("filter: want a statement, got an empty text")
        if any(isinstance(one, Output) for one in each):  # of one statement, either all or none
            return _output(self._pixels.filter(list(regions), plain(attribute, ASKED)))
        questions = [one.questions[0] for one in each if isinstance(one, Asked)]
        return _those(regions, questions)

    def _related(
        self, tool: str, regions: Sequence[Region], relation: str, anchor: Region
    ) -> Asked | Output:
        """A pair is shown as the part of the picture that holds both."""
        text = plain(relation, ASKED)
        if not text:
            raise ToolError(f"{tool}: want a relation, got an empty text")
        if measurable(text):
            return _output(getattr(self._boxes, tool)(list(regions), text, anchor))
        expect_picture(tool, anchor.image, *regions)
        others = [region for region in regions if not same_thing(region, anchor)]
        questions = []
        for region in others:
            who, whom = (region, anchor) if tool == "related" else (anchor, region)
            is_it = f"Is the {called(who)} {text} the {called(whom)}?"
            questions.append((shown_together(region, anchor), is_it))
        return _those(others, questions)

    def _same(self, a: Region, b: Region, attribute: str) -> Asked | Output:
        name = _attribute(attribute)
        if name == "name":
            return _output(self._pixels.same(a, b, name))
        first, second = self._query(a, attribute), self._query(b, attribute)
        if isinstance(first, Asked) and isinstance(second, Asked):
            questions = (*first.questions, *second.questions)
            return Asked(OPEN, questions, alike)
        values = [one.value for one in (first, second) if isinstance(one, Output)]
        for value in values:
            if isinstance(value, Unknown):
                return Output(value)
        return Output(values[0] == values[-1], first.notices if isinstance(first, Output) else ())


def _those(regions: Sequence[Region], questions: Sequence[tuple[Image, str]]) -> Asked:
    """Those regions of which the model says yes."""

    def kept(replies: Sequence[str]) -> Output:
        made = []
        for region, reply in zip(regions, replies, strict=True):
            found = yes_or_no([reply]).value
            if isinstance(found, Unknown):
                return Output(found)
            if found:
                made.append(region)
        return Output(made)

    return Asked(YES_NO, questions, kept)


def _told(name: str, tool: str, reply: Reply) -> Result:
    if isinstance(reply, VisprogError):
        return ToolError(f"{tool} in {name}: {reply}")
    if isinstance(reply, Unknown):
        return Output(reply)
    text = plain(reply)
    return Output(text or Unknown(f"{tool}: {name} gave an empty answer; ask in other words"))


def _choice(tool: str, subject: Subject, options: Sequence[str]) -> Asked:
    among = tuple(dict.fromkeys(options))
    by_word = {word(option): option for option in among}
    if not among:
        raise ToolError(f"{tool}: want options, got none")
    if not all(by_word):
        raise ToolError(f"{tool}: want options of words, got an empty text")
    if len(by_word) < len(among):
        raise ToolError(f"{tool}: want options that differ by more than case or article")

    def chosen(replies: Sequence[str]) -> Output:
        found = by_word.get(word(replies[0]))
        why = f"the model answered none of {', '.join(map(repr, among))}, but {replies[0]!r}"
        return Output(Unknown(plain(why, 2 * ASKED)) if found is None else found)

    texts = [plain(option, ASKED) for option in among]
    listed = ", ".join(texts[:-1]) + (" or " if len(texts) > 1 else "") + texts[-1]
    is_it = f"Is this {listed}?" if tool == "classify" else f"Is the {called(subject)} {listed}?"
    return Asked(OPTIONS, ((shown(subject), is_it),), chosen, among)


def _measured(statement: str) -> bool:
    """Whether a statement is of a thing's place or size only."""
    claims = read(statement)
    return bool(claims) and all(claim.kind in ("place", "size") for claim in claims)


def _attribute(name: str) -> str:
    text = plain(name, 100).lower()
    return ALIASES.get(text, text)


def _output(made: Output | Unknown) -> Output:
    return made if isinstance(made, Output) else Output(made)


def _failing(
    make: Callable[..., Asked | Output], tool: str, call: Mapping[str, Any]
) -> Asked | Result:
    try:
        return make(tool, call)
    except VisprogError as error:
        return error
