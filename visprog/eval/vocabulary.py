"""What programs speak of: the nouns, attributes, relations and places in their calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from visprog.eval.world_words import BY_BOXES, BY_DEPTH, CATEGORIES, CATEGORY, COMMON
from visprog.lang import syntax as s
from visprog.lang.format import INPUT_NAME
from visprog.tool import ToolSpec

NOT = re.compile(r"^(?:is |are )?not\b\s*\(?|\)$")
FILLERS = re.compile(r"^(?:it is|it's|is|are|made (?:out )?of)\s+|\b(?:a|an|the|any)\s+")
PLACE = re.compile(
    r"(?:(?:on|at|in|to) )?(?:the )?(left|right|top|bottom|middle|center)"
    r"(?: (?:side|half|part))?(?: of the (?:picture|image|photo))?"
)
SAID = {  # the parameters that hold a statement of a thing or a picture
    ("filter", "attribute"),
    ("verify", "statement"),
    ("match", "text"),
}
OF_DEPTH = frozenset({"in_front_of", "behind", "nearest", "farthest"})
OF_NUMBER = frozenset({"count", "len"})
PICTURES = re.compile(r"crop\w*")


@dataclass
class Vocabulary:
    """Every word once, in the order of the programs.

    `words`: attributes of things that belong to no category; `categories`: what a thing has one
    word of, with the words that are mentioned; `options`: texts of which one is chosen; `scene`:
    words said of a whole picture; `numbers`: whole numbers that are compared with; `depth`,
    `counted`, `nested`, `centered`: whether the programs ask which thing is nearer, how many there
    are, what is inside another, what is in the middle.
    """

    nouns: dict[str, None] = field(default_factory=dict)
    words: dict[str, None] = field(default_factory=dict)
    categories: dict[str, dict[str, None]] = field(default_factory=dict)
    options: dict[tuple[str, ...], None] = field(default_factory=dict)
    relations: dict[str, None] = field(default_factory=dict)
    scene: dict[str, None] = field(default_factory=dict)
    numbers: dict[int, None] = field(default_factory=dict)
    depth: bool = False
    counted: bool = False
    nested: bool = False
    centered: bool = False

    @classmethod
    def of(cls, programs: Iterable[s.Program], tools: Mapping[str, ToolSpec]) -> Vocabulary:
        made = cls()
        for program in programs:
            for node in s.walk(program):
                made._read(node, tools)
        return made

    def _read(self, node: s.Node, tools: Mapping[str, ToolSpec]) -> None:
        match node:
            case s.Literal(bool()):
                pass
            case s.Literal(int(number)):
                self.numbers[number] = None
            case s.Compare(first, rest):
                for text in _texts((first, *(other for _, other in rest))):
                    self.nouns[text] = None
                    self._say(text)
            case s.Call(func, args, keywords):
                self.depth |= func in OF_DEPTH
                self.counted |= func in OF_NUMBER
                self.nested |= func == "inside"
                if func == "faces":
                    self.nouns["face"] = None
                if func == "common":
                    for name in COMMON:
                        self.categories.setdefault(name, {})
                names = tools[func].names if func in tools else ()
                given = dict(zip(names, args, strict=False)) | dict(keywords)
                for name, value in given.items():
                    self._argument(func, name, list(_texts((value,))), _about(given))

    def _argument(self, func: str, name: str, texts: list[str], about: tuple[bool, bool]) -> None:
        thing, scene = about
        for text in texts:
            if (func, name) == ("detect", "name"):
                self.nouns[text] = None
            elif name == "relation":
                self._relate(text)
            elif name == "attribute" and func in ("query", "same") and text in CATEGORIES:
                self.categories.setdefault(text, {})
            elif (func, name) in SAID or name == "options":
                if scene:
                    self.scene[_bare(text)] = None
                if thing:
                    self._say(text)
        if name == "options" and thing and texts:
            self.options[tuple(map(_bare, texts))] = None

    def _relate(self, relation: str) -> None:
        if relation in BY_DEPTH:
            self.depth = True
        elif relation not in BY_BOXES:
            self.relations[_participle(relation)] = None
        self.nested |= relation.startswith("inside")

    def _say(self, statement: str) -> None:
        text = _bare(statement)
        if place := PLACE.fullmatch(text):
            self.centered |= place[1] in ("middle", "center")
        elif text in CATEGORY:
            self.categories.setdefault(CATEGORY[text], {})[text] = None
        elif text:
            self.words[text] = None
            relation, _, noun = text.rpartition(" ")
            if relation and not PLACE.fullmatch(relation):  # "wearing hat" may be a relation
                self.relations[relation] = None
                self.nouns[noun] = None


def _participle(relation: str) -> str:
    """A relation as scene graphs have it: `kicks` and `kicking` are one."""
    verb, _, rest = " ".join(relation.lower().split()).partition(" ")
    if verb.endswith("s") and not verb.endswith("ss"):
        verb = verb[:-1].removesuffix("e") + "ing"
    return f"{verb} {rest}".strip()


def _bare(statement: str) -> str:
    """What a statement says, without its negation and articles."""
    text = NOT.sub("", " ".join(statement.lower().split()))
    return FILLERS.sub("", FILLERS.sub("", text)).strip()


def _texts(nodes: Iterable[s.Expr]) -> Iterator[str]:
    """The texts that stand there, in lists too, but in no call."""
    for node in nodes:
        if isinstance(node, s.Literal) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, (s.ListOf, s.TupleOf)):
            yield from _texts(node.items)


def _about(given: Mapping[str, s.Expr]) -> tuple[bool, bool]:
    """Whether a call may be about a thing, and about a picture: what its first argument says."""
    first = next(iter(given.values()), None)
    picture = isinstance(first, s.Name) and bool(INPUT_NAME.fullmatch(first.id))
    part = isinstance(first, s.Call) and bool(PICTURES.fullmatch(first.func))
    return not picture, picture or part
