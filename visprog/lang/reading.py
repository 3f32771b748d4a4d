"""Python's expressions to ours, and what of them is not in the language."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from visprog.errors import Diagnostic, ParseError, lines_of
from visprog.lang import syntax as s
from visprog.lang.nesting import MAX_DEPTH, too_deep

MAX_DIGITS = 80

BINARY: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
_UNARY: dict[type[ast.AST], str] = {ast.Not: "not", ast.USub: "-", ast.UAdd: "+"}
_COMPARE: dict[type[ast.AST], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_FORBIDDEN: dict[type[ast.AST], str] = {
    ast.Import: "import",
    ast.ImportFrom: "import",
    ast.ClassDef: "class",
    ast.Lambda: "lambda",
    ast.Try: "try",
    ast.TryStar: "try",
    ast.With: "with",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.Await: "await",
    ast.Global: "global",
    ast.Nonlocal: "nonlocal",
    ast.Raise: "raise",
    ast.Assert: "assert",
    ast.Delete: "del",
    ast.Break: "break",
    ast.Continue: "continue",
    ast.Match: "match",
    ast.Pass: "pass",
    ast.AsyncFor: "async",
    ast.AsyncWith: "async",
    ast.AsyncFunctionDef: "async",
    ast.NamedExpr: "the walrus `:=`",
    ast.Set: "a set",
    ast.SetComp: "a set comprehension",
    ast.Starred: "a star-argument",
    ast.AnnAssign: "an annotated assignment",
}
_HALF = re.compile("[\ud800-\udfff]")

_place = lru_cache(4096)(s.At)


class Reading:
    """Half of the reader of Python's tree, and its memory; `visprog.lang.parse` has the other."""

    def __init__(self, source: str, module: ast.Module) -> None:
        self.source = source
        self.module = module
        self.lines = None if source.isascii() else lines_of(source)
        self.faults: list[Diagnostic] = []
        self.depth = 0  # the tree has at most two levels for each of these, and a few more
        self.measured = False  # whether the tree's own depth is known to be bearable

    def at(self, node: Any) -> s.At:
        """Where an expression, a statement or a parameter stands."""
        line, offset = node.lineno, node.col_offset
        if self.lines and line <= len(self.lines) and not self.lines[line - 1].isascii():
            start = self.lines[line - 1].encode()[:offset]  # Python counts bytes
            offset = len(start.decode(errors="replace"))
        return _place(line, offset + 1)

    def fault(self, message: str, node: ast.AST) -> s.Literal:
        """Note a fault; the value stands in for the node, so that reading can go on."""
        at = self.at(node)
        self.faults.append(Diagnostic(message, at.line, at.column, self.source))
        return s.Literal("", at=at)

    def refuse(self, node: ast.AST) -> s.Literal:
        what = _FORBIDDEN.get(type(node), f"this ({type(node).__name__.lower()})")
        return self.fault(f"{what} is not in the language", node)

    def check_depth(self) -> None:
        """Refuse a tree that would take the stack of those who visit it.

        Raises:
            ParseError: the tree is too deep.
        """
        node = too_deep(self.module)
        if node is not None:
            line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
            message = "not a program: an expression nests too deep"
            raise ParseError([Diagnostic(message, line, column, self.source)])

    def enter(self) -> None:
        """Count a level; whoever calls it counts it off."""
        self.depth += 1
        if self.depth >= MAX_DEPTH and not self.measured:
            self.check_depth()
            self.measured = True

    def name(self, text: str, node: ast.AST) -> str:
        if text[0] == "_" and text != "_":
            self.fault(f"`{text}`: names do not begin with an underscore", node)
        return text

    def targets(self, node: ast.expr) -> tuple[str, ...]:
        if type(node) is ast.Name:
            return (self.name(node.id, node),)
        if isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) > 1:
            names = [item.id for item in node.elts if isinstance(item, ast.Name)]
            if len(names) == len(node.elts):
                return tuple(self.name(name, node) for name in names)
        self.fault("want a name to the left of `=` or after `for`", node)
        return ("_",)

    def expr(self, node: ast.expr) -> s.Expr:
        kind = type(node)
        if kind is ast.Name:  # the two that end every branch first
            return s.Name(self.name(node.id, node), at=self.at(node))  # type: ignore[attr-defined]
        if kind is ast.Constant:
            return self.constant(node.value, node)  # type: ignore[attr-defined]
        rule = _RULES.get(kind)
        if rule is None:
            return self.refuse(node)
        self.enter()
        made = rule(self, node)
        self.depth -= 1
        return made

    def constant(self, value: object, node: ast.expr) -> s.Literal:
        match value:
            case str():
                if not value.isascii() and _HALF.search(value):
                    return self.fault("this text holds half of a character", node)
                return s.Literal(value, at=self.at(node))
            case None:
                return self.fault("there is no None in the language", node)
            case int() if abs(value) >= 10**MAX_DIGITS:
                return self.fault(f"a number has at most {MAX_DIGITS} digits", node)
            case float() if value in (float("inf"), float("-inf")):
                return self.fault("this number is too large", node)
            case bool() | int() | float():
                return s.Literal(value, at=self.at(node))
        return self.fault("want a text, a number, True or False", node)

    def call(self, node: ast.Call) -> s.Expr:
        if isinstance(node.func, ast.Attribute):
            return self.fault(f"methods are not in the language: `.{node.func.attr}(...)`", node)
        if not isinstance(node.func, ast.Name):
            return self.fault("want the name of a tool or helper before `(`", node)
        keywords: tuple[tuple[str, s.Expr], ...] = ()
        if node.keywords:
            for keyword in node.keywords:
                if keyword.arg is None:
                    self.fault("a star-argument is not in the language", keyword.value)
            keywords = tuple((k.arg or "", self.expr(k.value)) for k in node.keywords)
        name = self.name(node.func.id, node)
        return s.Call(name, tuple(map(self.expr, node.args)), keywords, at=self.at(node))

    def property(self, node: ast.Attribute) -> s.Expr:
        return s.Property(self.expr(node.value), self.name(node.attr, node), at=self.at(node))

    def subscript(self, node: ast.Subscript) -> s.Expr:
        index = node.slice
        if isinstance(index, ast.Slice):
            bounds = (index.lower, index.upper, index.step)
            ends = [self.expr(end) if end else None for end in bounds]
            return s.Slice(self.expr(node.value), *ends, at=self.at(node))
        return s.Index(self.expr(node.value), self.expr(index), at=self.at(node))

    def unary(self, node: ast.UnaryOp) -> s.Expr:
        symbol = _UNARY.get(type(node.op))
        if symbol is None:
            return self.fault("this operator is not in the language", node)
        return s.Unary(symbol, self.expr(node.operand), at=self.at(node))

    def binary(self, node: ast.BinOp) -> s.Expr:
        symbol = BINARY.get(type(node.op))
        if symbol is None:
            return self.fault("this operator is not in the language", node)
        return s.Binary(symbol, self.expr(node.left), self.expr(node.right), at=self.at(node))

    def logic(self, node: ast.BoolOp) -> s.Expr:
        word = "and" if isinstance(node.op, ast.And) else "or"
        return s.Logic(word, tuple(map(self.expr, node.values)), at=self.at(node))

    def compare(self, node: ast.Compare) -> s.Expr:
        rest: list[tuple[str, s.Expr]] = []
        for op, other in zip(node.ops, node.comparators, strict=True):
            symbol = _COMPARE.get(type(op))
            if symbol is None:
                return self.fault("`is` is not in the language: use `==`", node)
            rest.append((symbol, self.expr(other)))
        return s.Compare(self.expr(node.left), tuple(rest), at=self.at(node))

    def conditional(self, node: ast.IfExp) -> s.Expr:
        parts = self.expr(node.test), self.expr(node.body), self.expr(node.orelse)
        return s.Conditional(*parts, at=self.at(node))

    def list_of(self, node: ast.List) -> s.Expr:
        return s.ListOf(tuple(map(self.expr, node.elts)), at=self.at(node))

    def tuple_of(self, node: ast.Tuple) -> s.Expr:
        return s.TupleOf(tuple(map(self.expr, node.elts)), at=self.at(node))

    def dictionary(self, node: ast.Dict) -> s.Expr:
        items: list[tuple[s.Expr, s.Expr]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                return self.fault("`**` is not in the language", node)
            items.append((self.expr(key), self.expr(value)))
        return s.DictOf(tuple(items), at=self.at(node))

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> s.Expr:
        return s.Comprehension(self.expr(node.elt), self.clauses(node.generators), at=self.at(node))

    def dict_comprehension(self, node: ast.DictComp) -> s.Expr:
        made = self.expr(node.value), self.clauses(node.generators), self.expr(node.key)
        return s.Comprehension(*made, at=self.at(node))

    def clauses(self, nodes: list[ast.comprehension]) -> tuple[s.Clause, ...]:
        return tuple(
            s.Clause(
                self.targets(node.target),
                self.expr(node.iter),
                tuple(map(self.expr, node.ifs)),
                at=self.at(node.target),
            )
            for node in nodes
        )

    def joined(self, node: ast.JoinedStr) -> s.Expr:
        made: list[s.Expr] = []
        for part in node.values:
            match part:
                case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                    self.refuse_inner_texts(value)
                    made.append(self.expr(value))
                case ast.Constant(value=str()):
                    made.append(self.constant(part.value, part))
                case _:
                    self.fault("an f-string holds plain values: no `!r`, no `:format`", node)
        return s.Joined(_merged(made), at=self.at(node))

    def refuse_inner_texts(self, node: ast.expr) -> None:
        """Python before 3.12 cannot write these; so that every version reads the same language."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.JoinedStr):
                self.fault("an f-string inside an f-string is not in the language", inner)
            elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                plain = inner.value.isprintable() and not set(inner.value) & set("'\"\\")
                if not plain:
                    self.fault("a text inside an f-string's braces is plain: no quotes", inner)


_RULES: Mapping[type[ast.expr], Callable[[Reading, Any], s.Expr]] = {
    ast.Call: Reading.call,
    ast.Attribute: Reading.property,
    ast.Subscript: Reading.subscript,
    ast.UnaryOp: Reading.unary,
    ast.BinOp: Reading.binary,
    ast.BoolOp: Reading.logic,
    ast.Compare: Reading.compare,
    ast.IfExp: Reading.conditional,
    ast.List: Reading.list_of,
    ast.Tuple: Reading.tuple_of,
    ast.Dict: Reading.dictionary,
    ast.ListComp: Reading.comprehension,
    ast.GeneratorExp: Reading.comprehension,
    ast.DictComp: Reading.dict_comprehension,
    ast.JoinedStr: Reading.joined,
}


def _merged(parts: list[s.Expr]) -> tuple[s.Expr, ...]:
    """The parts of an f-string with neighbouring texts as one, and no empty ones."""
    made: list[s.Expr] = []
    for part in parts:
        last = made[-1] if made else None
        if not isinstance(part, s.Literal) or not isinstance(part.value, str):
            made.append(part)
        elif isinstance(last, s.Literal) and isinstance(last.value, str):
            made[-1] = s.Literal(last.value + part.value, at=last.at)
        elif part.value:
            made.append(part)
    return tuple(made)
