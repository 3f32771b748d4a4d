"""The straight-line part of the language as a grammar, for decoders that keep a model to it.

One nonterminal for each type that the tools give, so that a text of the grammar calls tools as
their signatures want it. With `variables=False` a program is one nested `return`, and every text
of the grammar passes `check`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from visprog.lang import notation as n
from visprog.lang import types as t
from visprog.lang.arithmetic import literals, number
from visprog.lang.properties import PROPERTIES
from visprog.lang.words import ANSWERS, clauses, spans, whole
from visprog.tool import Param, ToolSpec
from visprog.values import Image, Region, Text

FORMS = ("gbnf", "lark")
_KEYWORDS = tuple(filter(str.islower, keyword.kwlist))
_MAX_TEXT = 80  # characters of a free text
_MAX_ITEMS = 8  # of a list literal: a small model may repeat itself for ever
_FREE_TEXT = r"""^"\\\x00-\x1F\x7F"""
_PROPERTIES = (("Region", "label"), ("Text", "text"), ("Image", "width"), ("Image", "height"))
_OF_VIDEOS = (("Image", "time"), ("Region", "time"), ("Video", "duration"))
_ITEMS = (Region, Image, Text)  # of lists that comprehensions are over
_SHARED = (
    "span",
    "clause",
    "digits",
    "positive",
    "decimal",
)  # rules that are the same within a comprehension
_EACH = "r"  # the name of a comprehension's variable, where names are not free


def grammar(
    tools: Mapping[str, ToolSpec],
    *,
    form: str = "gbnf",
    question: str | None = None,
    variables: bool = True,
    inputs: Mapping[str, Any] = MappingProxyType({"image": Image}),
) -> str:
    """The grammar of programs over some tools.

    Args:
        form: `gbnf` (llama.cpp) or `lark`.
        question: limits text arguments to spans of it and to the words that a parameter declares;
            a parameter named `question` may also take it whole.
        variables: lines of `name = expression` before the `return`, and names in every place; else
            one nested `return`.
        inputs: the names a program starts with and their annotations.

    Raises:
        ValueError: an unknown form.
    """
    if form not in FORMS:
        raise ValueError(f"form: want one of {FORMS}, got {form!r}")
    rules = n.prune(_Builder(tools, inputs, question, variables).rules())
    return n.gbnf(rules) if form == "gbnf" else n.lark(rules)


_TEXTS = t.ListType(t.STR)
_REGION, _REGIONS = t.Named("Region"), t.ListType(t.Named("Region"))
_IMAGE, _IMAGES = t.Named("Image"), t.ListType(t.Named("Image"))


class _Builder:
    """Makes the rules, one method for each part of the language."""

    def __init__(
        self,
        tools: Mapping[str, ToolSpec],
        inputs: Mapping[str, Any],
        question: str | None,
        variables: bool,
        within: bool = False,
    ) -> None:
        """`within`: the rules are those of a comprehension, in which there is no other one."""
        self.annotations = inputs
        self.nests = not variables and not within
        self.inputs = {name: t.of(kind) for name, kind in inputs.items()}
        video = t.Named("Video") in self.inputs.values()
        self.properties = _PROPERTIES + (_OF_VIDEOS if video else ())
        self.tools = {n: spec for n, spec in tools.items() if video or spec.family != "video"}
        self.question = question
        self.spans = spans(question) if question is not None else ()
        longer = clauses(question) if question is not None else ()
        self.clauses = dict.fromkeys((*longer, *self.spans))
        self.variables = variables
        self.made: dict[str, n.Part] = {}
        self.more: dict[n.Part, str] = {}  # the rule of each kind of list's later items
        self.closed: dict[tuple[str, ...], str] = {}  # the rule of each set of words
        self.names: tuple[n.Part, ...] = (n.Ref("name"),) if variables else ()
        self.params = {
            spec.name: [t.of(param.kind) for param in spec.params] for spec in self.tools.values()
        }
        self.gives = {spec.name: t.of(spec.returns) for spec in self.tools.values()}
        self.wanted = dict.fromkeys(kind for kinds in self.params.values() for kind in kinds)
        lists = [kind for kind in self.wanted if isinstance(kind, t.ListType)]
        plain: list[t.Type] = [t.INT, t.FLOAT, t.STR, t.BOOL]
        sources = [*self.inputs.values(), *self.gives.values(), *lists, *plain]
        self.sources = tuple(dict.fromkeys(sources))
        self.inner = self.scopes() if self.nests else {}

    def rules(self) -> dict[str, n.Part]:
        ending = n.seq("return ", n.Ref("answer"), "\n")
        if self.variables:
            line = n.seq(n.Ref("name"), " = ", n.choice([n.Ref("answer"), n.Ref("literal")]), "\n")
            self.made[n.ROOT] = n.seq(n.Repeat(line, "*"), ending)
            self.made["name"] = n.Identifier(_KEYWORDS)
            self.made["literal"] = n.choice([n.Ref("digits"), self.literal((), True)])
        else:
            self.made[n.ROOT] = ending
        kinds = [kind for kind in self.sources if kind not in (t.STR, t.BOOL)]
        ways = [n.Ref("bool"), n.Ref("str"), n.Ref("chosen"), *map(self.source, kinds)]
        self.made["answer"] = n.choice([*self.names, *ways])
        for kind in kinds:
            if isinstance(kind, t.Number):
                self.numbers(kind)
            elif kind == _REGIONS:
                self.made["found"] = n.choice(self.ways(kind))
                more = n.Repeat(n.seq(" + ", n.Ref("found")), "?")
                self.made[_rule(kind)] = n.seq(n.Ref("found"), more)
            else:
                self.made[_rule(kind)] = n.choice(self.ways(kind))
        self.made.update(literals(self.question))
        self.made["span"] = n.one_of(self.spans)
        self.made["clause"] = n.one_of(self.clauses)
        self.texts()
        self.logic()
        return self.made

    # -- comprehensions, where names are not free

    def scopes(self) -> dict[t.Type, tuple[str, _Builder]]:
        """By the type of its items, the rules of what a comprehension says of each of them: those
        of a program that has one more input. Their names begin with the text that stands beside."""
        made: dict[t.Type, tuple[str, _Builder]] = {}
        for annotation in _ITEMS:
            kind = t.of(annotation)
            if any(t.fits(source, t.ListType(kind)) for source in self.sources):
                inputs = {**self.annotations, _EACH: annotation}
                inner = _Builder(self.tools, inputs, self.question, False, within=True)
                made[kind] = f"of-{_rule(kind)}-", inner
                for name, part in inner.rules().items():
                    if name not in (n.ROOT, "answer", *_SHARED):
                        self.made[made[kind][0] + name] = n.renamed(part, made[kind][0], _SHARED)
        return made

    def for_each(self, said: str, kind: t.Type) -> n.Part:
        """`said` of each item of a list of that type."""
        prefix, _ = self.inner[kind]
        return n.seq(n.Ref(prefix + said), f" for {_EACH} in ", self.slot(t.ListType(kind)))

    def those(self, kind: t.Type) -> n.Part:
        """The items of a list of which something holds."""
        prefix, _ = self.inner[kind]
        return n.seq(self.picked(kind), n.Ref(f"{prefix}bool"), "]")

    def picked(self, kind: t.Type) -> n.Part:
        """The beginning of a list of some items of another."""
        return n.seq(f"[{_EACH} for {_EACH} in ", self.slot(t.ListType(kind)), " if ")

    def gathered(self, kind: t.Type) -> list[n.Part]:
        """What numbers of the items of a list come to; the largest of pictures only, as there may
        be no other items."""
        return [
            n.seq(f"{gather}(", self.for_each(_rule(kind), item), ")")
            for item, (_, inner) in self.inner.items()
            if kind in inner.sources
            for gather in (("sum", "max", "min") if item == _IMAGE else ("sum",))
        ]

    def extreme(self, item: t.Type) -> list[n.Part]:
        """The item of a list of which a number is the largest or the least."""
        if item not in self.inner:
            return []
        prefix, inner = self.inner[item]
        which = n.choice([n.Quote(" == max("), n.Quote(" == min(")])
        return [
            n.seq(
                self.picked(item), n.Ref(prefix + said), which, self.for_each(said, item), ")][0]"
            )
            for said in [_rule(kind) for kind in inner.sources if isinstance(kind, t.Number)]
        ]

    # -- types

    def source(self, kind: t.Type) -> n.Part:
        """What gives exactly this type, names apart."""
        return n.Ref(_rule(kind))

    def slot(self, want: t.Type) -> n.Part:
        """What may stand where a type is wanted."""
        fitting = [kind for kind in self.sources if t.fits(kind, want)]
        return n.choice([*map(self.source, fitting), *self.names])

    def ways(self, kind: t.Type) -> list[n.Part]:
        """Inputs, calls, list literals and properties of a type."""
        made: list[n.Part] = [n.Quote(name) for name, got in self.inputs.items() if got == kind]
        made += [self.call(spec) for spec in self.calls(kind)]
        if isinstance(kind, t.ListType) and kind in self.wanted and kind != _TEXTS:
            made.append(self.listed(self.slot(kind.item)))
        if isinstance(kind, t.ListType) and kind.item in self.inner:
            made.append(self.those(kind.item))
        made += self.extreme(kind)
        if kind == _IMAGE and _IMAGES in self.sources:
            made += [n.seq(self.slot(_IMAGES), place) for place in ("[0]", "[-1]")]
        if kind == t.INT and _IMAGES in self.sources:
            made.append(n.seq("len(", self.slot(_IMAGES), ")"))
        if kind == _TEXTS and _REGION in self.inner:
            made.append(n.seq(f"[{_EACH}.label for {_EACH} in ", self.slot(_REGIONS), "]"))
        for owner, name in self.properties:
            if PROPERTIES[owner][name].kind == kind and t.Named(owner) in self.sources:
                made.append(n.seq(self.slot(t.Named(owner)), f".{name}"))
        return made

    def calls(self, kind: t.Type) -> list[ToolSpec]:
        return [spec for spec in self.tools.values() if self.gives[spec.name] == kind]

    def call(self, spec: ToolSpec, first: n.Part | None = None) -> n.Part:
        """A call of a tool; `first` stands in for its first argument."""
        args = list(map(self.argument, spec.params, self.params[spec.name]))
        if first is not None:
            args[0] = first
        comma = [n.seq(", ", arg) for arg in args[1:]]
        return n.seq(f"{spec.name}(", *args[:1], *comma, ")")

    def argument(self, param: Param, kind: t.Type) -> n.Part:
        if kind == t.STR:
            return n.choice([self.text(param), *self.names])
        if kind == _TEXTS:
            item = n.choice([self.text(param), *self.names])
            return n.choice([self.listed(item), self.slot(kind)])
        digits = [n.Ref("digits")] if t.fits(t.INT, kind) else []
        digits += [n.Ref("decimal")] if t.fits(t.FLOAT, kind) else []
        return n.choice([self.slot(kind), *digits])

    def listed(self, item: n.Part) -> n.Part:
        """A list literal. Its later items are a rule of their own: Lark copies what repeats."""
        name = self.more.setdefault(item, f"more-{len(self.more) + 1}")
        self.made[name] = n.seq(", ", item)
        return n.seq("[", item, n.Repeat(n.Ref(name), f"{{0,{_MAX_ITEMS - 1}}}"), "]")

    # -- texts

    def text(self, param: Param) -> n.Part:
        """The literals of a text parameter."""
        more = (whole(self.question or ""),) if param.name == "question" else ()
        if param.words.clauses and self.question is not None:
            others = [n.Quote(text) for text in more if text and text not in self.clauses]
            return n.seq('"', n.choice([n.Ref("clause"), *others]), '"')
        return self.literal(param.words.words, param.words.spans, tuple(filter(None, more)))

    def literal(self, words: Sequence[str], with_spans: bool, more: Sequence[str] = ()) -> n.Part:
        """A text in quotes: closed words, spans of the question, and more."""
        if self.question is None:
            self.made["quoted"] = n.seq('"', n.Chars(_FREE_TEXT, _MAX_TEXT), '"')
            return n.Ref("quoted")
        options: list[n.Part] = [n.Ref("span")] if with_spans else []
        words = tuple(word for word in words if not (with_spans and word in self.spans))
        if words:
            name = self.closed.setdefault(words, f"words-{len(self.closed) + 1}")
            self.made[name] = n.one_of(words)
            options.append(n.Ref(name))
        options += map(n.Quote, more)
        return n.seq('"', n.choice(options), '"')

    def texts(self) -> None:
        """Text as an answer: a call, a property, or a choice between two texts."""
        literal = self.literal(ANSWERS, True)
        self.made["str"] = n.choice(self.ways(t.STR))
        plain = n.choice([n.Ref("str"), literal])
        test = n.choice([n.Ref("bool"), n.seq("(", n.Ref("bool"), ")"), *self.names])
        chosen = n.seq(plain, " if ", test, " else ", plain)
        self.made["chosen"] = chosen
        self.made["str-test"] = n.seq(
            n.choice([n.Ref("str"), *self.names]),
            n.choice(map(n.Quote, (" == ", " != "))),
            n.choice([plain, *self.names]),
        )

    # -- numbers and logic

    def numbers(self, kind: t.Number) -> None:
        """What numbers of a type come to, by themselves and by those of other types."""
        ways = [*self.ways(kind), *self.gathered(kind)]
        alike = [one for one in self.sources if isinstance(one, t.Number) and one.unit]
        pairs = [t.INT, *alike] if kind == t.FLOAT else []
        quotients = [(_rule(one), _rule(one)) for one in pairs]
        base = n.choice(ways)
        rules = number(_rule(kind), base, self.names, whole=kind.whole, quotients=quotients)
        self.made.update(rules)

    def comparisons(self) -> list[n.Part]:
        """Numbers of one unit, or of one unit and none; and texts."""
        signs = n.choice(map(n.Quote, (" > ", " < ", " >= ", " <= ", " == ", " != ")))
        numbers = [kind for kind in self.sources if isinstance(kind, t.Number)]
        plain = [kind for kind in numbers if not kind.unit]
        made: list[n.Part] = []
        for unit in dict.fromkeys(kind.unit for kind in numbers):
            left = self.side([kind for kind in numbers if kind.unit == unit])
            right = n.choice([left, self.side(plain), n.Ref("digits"), n.Ref("decimal")])
            made.append(n.seq(left, signs, right))
        return [*made, n.Ref("str-test")]

    def side(self, kinds: Sequence[t.Number]) -> n.Part:
        """Numbers as one side of a comparison; a sum may stand in brackets."""
        ways = [self.source(kind) for kind in kinds]
        name = "-".join((*(unit.lower() for unit, _ in kinds[0].unit), "side"))
        self.made[name] = n.choice([*ways, *(n.seq("(", way, ")") for way in ways), *self.names])
        return n.Ref(name)

    def logic(self) -> None:
        """`or` of `and` of `not`; brackets around an operand only."""
        inner = n.seq("(", n.Ref("bool"), ")")
        every = n.choice([n.Quote("all("), n.Quote("any(")])
        each = [n.seq(every, self.for_each("bool", kind), ")") for kind in self.inner]
        if self.variables:
            of_each = n.seq(n.Ref("bool"), " for ", n.Ref("name"), " in ")
            each = [n.seq(every, of_each, self.slot(_REGIONS), ")")]
        self.made["asked"] = n.choice([*self.ways(t.BOOL), *each])
        alike = n.seq(n.choice([n.Quote(" != "), n.Quote(" == ")]), n.Ref("asked"))
        asked = n.seq(n.Ref("asked"), n.Repeat(alike, "?"))  # no brackets: they would multiply
        self.made["test"] = n.choice([asked, *self.comparisons()])
        negated = n.seq("not ", n.choice([n.Ref("test"), inner, *self.names]))
        self.made["factor"] = n.choice([n.Ref("test"), negated])
        bare = n.choice([inner, *self.names])  # no answer by itself
        self.made["operand"] = n.choice([n.Ref("factor"), bare])
        also = n.seq(" and ", n.Ref("operand"))
        self.made["both"] = n.seq(n.Ref("operand"), n.Repeat(also, "*"))
        instead = n.seq(" or ", n.Ref("both"))
        more = n.seq(n.Repeat(also, "*"), n.Repeat(instead, "*"))
        some = n.choice(
            [n.seq(n.Repeat(also, "+"), n.Repeat(instead, "*")), n.Repeat(instead, "+")]
        )
        # One way to read every text: readers keep all ways open, and brackets would multiply them.
        self.made["bool"] = n.choice([n.seq(n.Ref("factor"), more), n.seq(bare, some)])


def _rule(kind: t.Type) -> str:
    return re.sub(r"[^a-z0-9]+", "-", t.text(kind).lower()).strip("-")
