"""Text to Program. Python's own parser reads the text; nothing of it is ever evaluated."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from visprog.errors import Diagnostic, ParseError
from visprog.lang import syntax as s
from visprog.lang.nesting import check_nesting, is_flat
from visprog.lang.reading import BINARY, Reading

MAX_CHARACTERS = 20_000

_WARNED = re.compile(r"\\|[0-9]\.?[A-Za-z]|finally")  # all that Python's parser may warn of
_ERRORS = (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError)


def parse(source: str) -> s.Program:
    """Read a program.

    Raises:
        ParseError: text that is not in the language, with every fault that was found.
    """
    if len(source) > MAX_CHARACTERS:
        _fail(f"a program has at most {MAX_CHARACTERS} characters, this has {len(source)}", source)
    module = _tree(source)
    reader = _Reader(source, module)
    body = reader.block(module.body)
    if reader.faults:
        reader.check_depth()  # faults may have kept the reader from what is deeper
        raise ParseError(reader.faults)
    return s.Program(body, source)


def _fail(message: str, source: str, line: int = 1, column: int = 1) -> NoReturn:
    raise ParseError([Diagnostic(message, line, column, source)])


def _tree(source: str) -> ast.Module:
    """Python's tree of a text.

    Raises:
        ParseError: it is no Python, or nests too deep to be read.
    """
    if is_flat(source):
        try:
            return _read(source)
        except _ERRORS:
            pass  # told below: what the tokens show comes first
    try:
        check_nesting(source)
        return _read(source)
    except SyntaxError as error:
        message = f"not a program: {error.msg}"
        _fail(message, source, error.lineno or 1, max(1, error.offset or 1))
    except _ERRORS as error:
        reason = "it nests too deep" if not isinstance(error, ValueError) else str(error)
        _fail(f"not a program: {reason}", source)


def _read(source: str) -> ast.Module:
    if not _WARNED.search(source):
        return ast.parse(source)
    with warnings.catch_warnings():  # such as one about "\\d": not for whoever runs us
        warnings.simplefilter("ignore")
        return ast.parse(source)


class _Reader(Reading):
    """Turns Python's tree into ours, and collects what is not in the language: its statements."""

    def block(self, nodes: list[ast.stmt], owner: ast.AST | None = None) -> tuple[s.Stmt, ...]:
        self.enter()
        before = len(self.faults)
        made = []
        for node in nodes:
            rule = _RULES.get(type(node), _refuse)
            statement = rule(self, node)
            if statement is not None:
                made.append(statement)
        if owner and not made and len(self.faults) == before:
            self.fault("nothing happens in here", owner)
        self.depth -= 1
        return tuple(made)

    def assign(self, node: ast.Assign) -> s.Stmt | None:
        if len(node.targets) != 1:
            return self.wrong("one assignment a line", node)
        return s.Assign(self.targets(node.targets[0]), self.expr(node.value), at=self.at(node))

    def update(self, node: ast.AugAssign) -> s.Stmt | None:
        if not isinstance(node.target, ast.Name):
            return self.wrong("want a name to the left of the operator", node)
        symbol = BINARY.get(type(node.op))
        if symbol is None:
            return self.wrong("this operator is not in the language", node)
        name = self.name(node.target.id, node)
        return s.Update(name, symbol, self.expr(node.value), at=self.at(node))

    def branch(self, node: ast.If) -> s.Stmt:
        then = self.expr(node.test), self.block(node.body, node)
        return s.If(*then, self.block(node.orelse), at=self.at(node))

    def each(self, node: ast.For) -> s.Stmt | None:
        if node.orelse:
            return self.wrong("`else` after a loop is not in the language", node)
        head = self.targets(node.target), self.expr(node.iter)
        return s.For(*head, self.block(node.body, node), at=self.at(node))

    def repeat(self, node: ast.While) -> s.Stmt | None:
        if node.orelse:
            return self.wrong("`else` after a loop is not in the language", node)
        if isinstance(node.test, ast.Constant):
            self.fault("a `while` with a constant condition never ends", node)
        return s.While(self.expr(node.test), self.block(node.body, node), at=self.at(node))

    def give(self, node: ast.Return) -> s.Stmt | None:
        if node.value is None:
            return self.wrong("`return` wants a value", node)
        return s.Return(self.expr(node.value), at=self.at(node))

    def lone(self, node: ast.Expr) -> None:
        value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return  # a comment in the form of a text
        before = len(self.faults)
        self.expr(value)
        if len(self.faults) == before:
            self.fault("a value that nobody keeps: assign it or return it", node)

    def wrong(self, message: str, node: ast.stmt) -> s.Stmt | None:
        self.fault(message, node)
        return None

    def helper(self, node: ast.FunctionDef) -> s.Def:
        given = node.args
        if node.decorator_list:
            self.fault("a decorator is not in the language", node.decorator_list[0])
        if given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or given.defaults:
            self.fault("a helper takes plain parameters: no stars, no defaults", node)
        params = tuple(
            (self.name(arg.arg, arg), self.type_name(arg.annotation, arg)) for arg in given.args
        )
        returns = self.type_name(node.returns, node)
        name = self.name(node.name, node)
        return s.Def(name, params, returns, self.block(node.body, node), at=self.at(node))

    def type_name(self, node: ast.expr | None, owner: ast.AST) -> s.TypeName:
        self.enter()
        made = self.type_written(node, owner)
        self.depth -= 1
        return made

    def type_written(self, node: ast.expr | None, owner: ast.AST) -> s.TypeName:
        match node:
            case None:
                self.fault("a helper says its types: `def f(x: Region) -> bool:`", owner)
            case ast.Name(id=name):
                return s.TypeName(name, at=self.at(node))
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Tuple(elts=items)):
                args = tuple(self.type_name(item, node) for item in items)
                return s.TypeName(name, args, at=self.at(node))
            case ast.Subscript(value=ast.Name(id=name), slice=item):
                return s.TypeName(name, (self.type_name(item, node),), at=self.at(node))
            case _:
                self.fault("want a type, such as `Region`, `list[Region]` or `int`", node)
        return s.TypeName("str", at=self.at(owner))


def _refuse(reader: _Reader, node: ast.stmt) -> None:
    reader.refuse(node)


_RULES: Mapping[type[ast.stmt], Callable[[_Reader, Any], s.Stmt | None]] = {
    ast.Assign: _Reader.assign,
    ast.AugAssign: _Reader.update,
    ast.If: _Reader.branch,
    ast.For: _Reader.each,
    ast.While: _Reader.repeat,
    ast.Return: _Reader.give,
    ast.FunctionDef: _Reader.helper,
    ast.Expr: _Reader.lone,
}
