"""One nested expression as named lines, for people to read."""

from __future__ import annotations

import builtins
import keyword
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, cast

from visprog.lang import syntax as s
from visprog.lang import types as t
from visprog.lang.format import INPUT_NAME, write
from visprog.lang.functions import FUNCTIONS
from visprog.lang.parse import parse
from visprog.lang.words import singular
from visprog.tool import ToolSpec


def unnest(program: s.Program, tools: Mapping[str, ToolSpec]) -> s.Program:
    """A program of one `return` with a line for every region, list, picture ... in another call.

    The same calls are made at most as often (equal calls share a line), and the answer is the same;
    where two calls fail, the other failure may come first. What may never be evaluated (a branch, a
    later operand of `and` or `or`, the body of a comprehension) stays where it is. Any other
    program comes back as it is.
    """
    match program.body:
        case (s.Return(value),):
            lines = _Unnester(value, tools)
            last = s.Return(lines.visit(value, nested=False))
            return parse(write(s.Program((*lines.made, last))))
    return program


def _key(node: s.Expr) -> str:
    """The text of an expression: equality of nodes would take 1 for True."""
    return write(s.Program((s.Return(node),)))


class _Unnester:
    def __init__(self, value: s.Expr, tools: Mapping[str, ToolSpec]) -> None:
        self.tools = tools
        self.made: list[s.Assign] = []
        self.names: dict[str, str] = {}  # the text of an expression to its line's name
        self.nouns: dict[str, str] = {}  # a line's name to what it is about
        self.taken = {*tools, *FUNCTIONS, *keyword.kwlist, *dir(builtins), *_names(value)}
        self.parents: dict[str, set[str]] = defaultdict(set)  # of calls, by text
        for node in s.walk(s.Program((s.Return(value),))):
            for child in s.children(node):
                if isinstance(child, s.Call):
                    whole = isinstance(node, (s.Clause, s.Return))
                    self.parents[_key(child)].add(repr(node) if whole else _key(cast(s.Expr, node)))

    # -- which

    def visit(self, node: s.Expr, *, nested: bool) -> s.Expr:
        """An expression that is certain to be evaluated, with names for what has a line by now;
        `nested`: whether it stands in a call."""
        if not isinstance(node, s.Call):
            return self.inside(node, nested)
        known = self.names.get(_key(node))
        if known:
            return s.Name(known)
        made = self.call(node)
        return self.line(node, made) if nested and self.is_thing(node) else made

    def call(self, node: s.Call) -> s.Call:
        args = tuple(
            arg if self.stays(node, arg) else self.visit(arg, nested=True) for arg in node.args
        )
        keywords = tuple((name, self.visit(arg, nested=True)) for name, arg in node.keywords)
        return replace(node, args=args, keywords=keywords)

    def inside(self, node: s.Expr, nested: bool) -> s.Expr:
        """The parts of an expression that is no call."""
        match node:
            case s.Logic(_, (first, *later)):
                operands = (self.visit(first, nested=nested), *map(self.share, later))
                return replace(node, operands=operands)
            case s.Conditional(test, then, orelse):
                chosen = self.visit(test, nested=nested)
                return s.Conditional(chosen, self.share(then), self.share(orelse))
            case s.Compare(first, ((op, second), *later)):
                left, right = self.visit(first, nested=nested), self.visit(second, nested=nested)
                rest = tuple((sign, self.share(other)) for sign, other in later)
                return s.Compare(left, ((op, right), *rest))
            case s.Comprehension(_, (first, *_)):
                source = self.visit(first.source, nested=True)
                shared = cast(s.Comprehension, self.share(node))
                clause = replace(shared.clauses[0], source=source)
                return replace(shared, clauses=(clause, *shared.clauses[1:]))
        return _map(node, lambda part: self.visit(part, nested=nested))

    def share(self, node: s.Expr, hidden: frozenset[str] = frozenset()) -> s.Expr:
        """The expression with names for what has a line, and nothing moved. `hidden`: names that
        mean another thing here."""
        if isinstance(node, s.Comprehension):
            hidden |= {target for clause in node.clauses for target in clause.targets}
        if isinstance(node, s.Call) and _key(node) in self.names and not hidden & _names(node):
            return s.Name(self.names[_key(node)])
        return _map(node, lambda part: self.share(part, hidden))

    def is_thing(self, node: s.Call) -> bool:
        """Whether a call gives more than a number, text or truth."""
        if node.func not in self.tools:
            return False
        kind = t.of(self.tools[node.func].returns)
        return not isinstance(kind, t.Number) and kind not in (t.STR, t.BOOL)

    def stays(self, node: s.Call, arg: s.Expr) -> bool:
        """Whether an argument is short enough to stay: `largest(detect(image, "bus"))`."""
        return (
            isinstance(arg, s.Call)
            and arg.func in self.tools
            and len(node.args) + len(node.keywords) == 1
            and self.is_thing(node)
            and all(isinstance(part, (s.Name, s.Literal)) for part in arg.args)
            and len(self.parents[_key(arg)]) == 1
            and _key(arg) not in self.names
        )

    # -- names

    def line(self, node: s.Call, made: s.Call) -> s.Name:
        noun = self.noun(made)
        name = self.name(self.wanted(made, noun))
        self.made.append(s.Assign((name,), made))
        self.names[_key(node)] = name
        self.nouns[name] = noun
        return s.Name(name)

    def wanted(self, node: s.Call, noun: str) -> Iterator[str]:
        """Names for a line, the best first."""
        kind = t.of(self.tools[node.func].returns)
        texts = [arg.value for arg in node.args if isinstance(arg, s.Literal)]
        text = next((text for text in texts if isinstance(text, str)), "")
        how = re.sub(r"_(of|to)$", "", node.func)
        if isinstance(kind, t.Named) and kind.name != "Region":
            yield f"{noun}_{'picture' if kind.name == 'Image' else 'map'}"
        elif text and _word(text) != noun:
            yield f"{_word(text)}_{noun}"
        elif node.func == "largest" or not _about(node):
            yield noun
        yield f"{how}_{noun}"
        yield noun

    def name(self, wanted: Iterator[str]) -> str:
        options = list(wanted)
        numbered = (f"{options[0]}{number}" for number in range(2, len(self.taken) + 3))
        name = next(option for option in (*options, *numbered) if option not in self.taken)
        self.taken.add(name)
        return name

    def noun(self, node: s.Expr) -> str:
        """What an expression is about, as part of a name."""
        match node:
            case s.Name(name):
                return self.nouns.get(name, "thing")
            case s.ListOf((item,)):
                return self.noun(item)
            case s.Call(func, args) if func in self.tools:
                for arg in _about(node):
                    return self.noun(arg)
                for arg in args:
                    if isinstance(arg, s.Literal) and isinstance(arg.value, str):
                        return _word(arg.value)
                kind = t.of(self.tools[func].returns)
                if kind == t.ListType(t.Named("Text")):
                    return "text"
                if isinstance(kind, t.ListType):
                    return _word(singular(func)) if singular(func) not in self.taken else "thing"
                return _word(func)
        return "thing"


def _about(node: s.Call) -> list[s.Expr]:
    """The arguments that a call is about: what is neither the picture nor a literal."""
    return [arg for arg in node.args if isinstance(arg, (s.Call, s.ListOf)) or _is_line(arg)]


def _is_line(node: s.Expr) -> bool:
    return isinstance(node, s.Name) and not INPUT_NAME.fullmatch(node.id)


def _word(text: str) -> str:
    """A text as part of a name."""
    word = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:24].strip("_")
    return word if word[:1].isalpha() else f"n{word}" if word else "thing"


def _names(node: s.Expr) -> set[str]:
    """Every name in an expression."""
    inside = list(s.walk(s.Program((s.Return(node),))))
    names = {part.id for part in inside if isinstance(part, s.Name)}
    return names.union(*(part.targets for part in inside if isinstance(part, s.Clause)))


def _map(node: s.Expr, change: Callable[[s.Expr], s.Expr]) -> s.Expr:
    """An expression with the expressions directly in it changed."""
    return cast(s.Expr, _changed(node, change))


def _changed(node: s.Node, change: Callable[[s.Expr], s.Expr]) -> s.Node:
    def value(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(map(value, part))
        if isinstance(part, s.Clause):
            return _changed(part, change)
        return change(cast(s.Expr, part)) if isinstance(part, s.Node) else part

    return replace(
        node,
        **{
            item.name: value(getattr(node, item.name)) for item in fields(node) if item.name != "at"
        },
    )
