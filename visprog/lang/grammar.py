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
from visprog.lang.properties import PROPERTIES
from visprog.lang.words import ANSWERS, spans, whole
from visprog.tool import Param, ToolSpec
from visprog.values import Image, Region, Text

FORMS = ("gbnf", "lark")
_KEYWORDS = tuple(filter(str.islower, keyword.kwlist))
_MAX_TEXT = 80  # characters of a free text
_MAX_ITEMS = 8  # of a list literal: a small model may repeat itself for ever
_FREE_TEXT = r"""^"\\\x00-\x1F\x7F"""
_PROPERTIES = (("Region", "label"), ("Text", "text"))
_ITEMS = (Region, Image, Text)  # of lists that comprehensions are over
_SHARED = ("span", "digits")  # rules that are the same within a comprehension
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
        self.tools = {n: spec for n, spec in tools.items() if video or spec.family != "video"}
        self.question = question
        self.spans = spans(question) if question is not None else ()
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
        sources = [*self.inputs.values(), *self.gives.values(), *lists, t.INT, t.STR, t.BOOL]
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
            number = isinstance(kind, t.Number)
            self.made[_rule(kind)] = self.number(kind) if number else n.choice(self.ways(kind))
        self.made["span"] = n.one_of(self.spans)
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
        items = n.seq(f"[{_EACH} for {_EACH} in ", self.slot(t.ListType(kind)))
        return n.seq(items, " if ", n.Ref(f"{prefix}bool"), "]")

    def summed(self, kind: t.Type) -> list[n.Part]:
        """What numbers of the items of a list come to; not the largest: there may be no items."""
        return [
            n.seq("sum(", self.for_each(_rule(kind), item), ")")
            for item, (_, inner) in self.inner.items()
            if kind in inner.sources
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
        if kind == _TEXTS and _REGION in self.inner:
            made.append(n.seq(f"[{_EACH}.label for {_EACH} in ", self.slot(_REGIONS), "]"))
        for owner, name in _PROPERTIES:
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

    def number(self, kind: t.Type) -> n.Part:
        """A number that tools found, or the sum or difference of two."""
        more = n.Repeat(n.Chars("0-9"), "?")
        self.made["digits"] = n.choice([n.Quote("0"), n.seq(n.Chars("1-9"), more, more)])
        term = f"{_rule(kind)}-term"
        self.made[term] = n.choice([*self.ways(kind), *self.summed(kind)])
        same = n.choice([n.Ref(term), *self.names])
        rest = n.seq(n.choice([n.Quote(" + "), n.Quote(" - ")]), same)
        if not self.names:
            return n.seq(n.Ref(term), n.Repeat(rest, "?"))
        return n.choice([n.seq(n.Ref(term), n.Repeat(rest, "?")), n.seq(*self.names, rest)])

    def comparisons(self) -> list[n.Part]:
        """Numbers of one unit, or of one unit and none; and texts."""
        signs = n.choice(map(n.Quote, (" > ", " < ", " >= ", " <= ", " == ", " != ")))
        numbers = [kind for kind in self.sources if isinstance(kind, t.Number)]
        plain = [kind for kind in numbers if not kind.unit]
        made: list[n.Part] = []
        for unit in dict.fromkeys(kind.unit for kind in numbers):
            left = self.side([kind for kind in numbers if kind.unit == unit])
            right = n.choice([left, self.side(plain), n.Ref("digits")])
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
            asked = n.seq(n.Ref("bool"), " for ", n.Ref("name"), " in ")
            each = [n.seq(every, asked, self.slot(_REGIONS), ")")]
        self.made["test"] = n.choice([*self.ways(t.BOOL), *self.comparisons(), *each])
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
