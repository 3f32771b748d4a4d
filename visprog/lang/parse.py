"""Text to Program. Python's own parser reads the text; nothing of it is ever evaluated."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from typing import NoReturn

from visprog.errors import Diagnostic, ParseError, lines_of
from visprog.lang import syntax as s

MAX_CHARACTERS = 20_000
MAX_DEPTH = 50  # brackets in brackets, statements in statements, operators under operators
MAX_DIGITS = 80

_BINARY: dict[type[ast.AST], str] = {
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


def parse(source: str) -> s.Program:
    """Read a program.

    Raises:
        ParseError: text that is not in the language, with every fault that was found.
    """
    if len(source) > MAX_CHARACTERS:
        _fail(f"a program has at most {MAX_CHARACTERS} characters, this has {len(source)}", source)
    try:
        _check_nesting(source)
        with warnings.catch_warnings():  # such as one about "\\d": not for whoever runs us
            warnings.simplefilter("ignore")
            module = ast.parse(source)
    except SyntaxError as error:
        message = f"not a program: {error.msg}"
        _fail(message, source, error.lineno or 1, max(1, error.offset or 1))
    except (ValueError, MemoryError, RecursionError, OverflowError) as error:
        reason = "it nests too deep" if not isinstance(error, ValueError) else str(error)
        _fail(f"not a program: {reason}", source)
    _check_depth(module, source)
    reader = _Reader(source)
    body = reader.block(module.body)
    if reader.faults:
        raise ParseError(reader.faults)
    return s.Program(body, source)


def _fail(message: str, source: str, line: int = 1, column: int = 1) -> NoReturn:
    raise ParseError([Diagnostic(message, line, column, source)])


def _check_nesting(source: str) -> None:
    """Refuse, before Python's recursive parser sees it, what would take its stack; and names that
    are not ASCII, which Python would fold into others."""
    depth = prefixes = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NAME and not token.string.isascii():
                raise SyntaxError("names are ASCII", ("", token.start[0], token.start[1] + 1, ""))
            if token.type == tokenize.OP and token.string in "([{":
                depth += 1
            elif token.type == tokenize.OP and token.string in ")]}":
                depth -= 1
            elif token.type == tokenize.INDENT:
                depth += 1
            elif token.type == tokenize.DEDENT:
                depth -= 1
            prefixes = prefixes + 1 if token.string in ("not", "-", "+", "~", "lambda") else 0
            if max(depth, prefixes) > MAX_DEPTH:
                place = ("", token.start[0], token.start[1] + 1, "")
                raise SyntaxError(f"it nests deeper than {MAX_DEPTH}", place)
    except tokenize.TokenError:
        pass  # ast.parse says it better


def _check_depth(module: ast.Module, source: str) -> None:
    """Long chains (`1 + 1 + 1 ...`) nest in the tree without nesting in the text."""
    waiting: list[tuple[ast.AST, int]] = [(module, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > 3 * MAX_DEPTH:
            line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
            _fail("not a program: an expression nests too deep", source, line, column)
        waiting.extend((child, depth + 1) for child in ast.iter_child_nodes(node))


class _Reader:
    """Turns Python's tree into ours, and collects what is not in the language."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines = lines_of(source)
        self.faults: list[Diagnostic] = []

    def at(self, node: ast.AST) -> s.At:
        line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        if line <= len(self.lines) and not self.lines[line - 1].isascii():
            start = self.lines[line - 1].encode()[:offset]  # Python counts bytes
            offset = len(start.decode(errors="replace"))
        return s.At(line, offset + 1)

    def fault(self, message: str, node: ast.AST) -> s.Literal:
        """Note a fault; the value stands in for the node, so that reading can go on."""
        at = self.at(node)
        self.faults.append(Diagnostic(message, at.line, at.column, self.source))
        return s.Literal("", at=at)

    def refuse(self, node: ast.AST) -> s.Literal:
        what = _FORBIDDEN.get(type(node), f"this ({type(node).__name__.lower()})")
        return self.fault(f"{what} is not in the language", node)

    def name(self, text: str, node: ast.AST) -> str:
        if text.startswith("__") or (text.startswith("_") and text != "_"):
            self.fault(f"`{text}`: names do not begin with an underscore", node)
        return text

    # -- statements

    def block(self, nodes: list[ast.stmt], owner: ast.AST | None = None) -> tuple[s.Stmt, ...]:
        before = len(self.faults)
        made = [statement for statement in map(self.statement, nodes) if statement is not None]
        if owner and not made and len(self.faults) == before:
            self.fault("nothing happens in here", owner)
        return tuple(made)

    def statement(self, node: ast.stmt) -> s.Stmt | None:
        at = self.at(node)
        match node:
            case ast.Assign(targets=[target], value=value):
                return s.Assign(self.targets(target), self.expr(value), at=at)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                symbol = _BINARY.get(type(op))
                if symbol:
                    return s.Update(self.name(name, node), symbol, self.expr(value), at=at)
                self.fault("this operator is not in the language", node)
            case ast.If(test=test, body=body, orelse=orelse):
                return s.If(self.expr(test), self.block(body, node), self.block(orelse), at=at)
            case ast.For(target=target, iter=source, body=body, orelse=[]):
                return s.For(self.targets(target), self.expr(source), self.block(body, node), at=at)
            case ast.While(test=test, body=body, orelse=[]):
                if isinstance(test, ast.Constant):
                    self.fault("a `while` with a constant condition never ends", node)
                return s.While(self.expr(test), self.block(body, node), at=at)
            case ast.Return(value=ast.expr() as value):
                return s.Return(self.expr(value), at=at)
            case ast.Return():
                self.fault("`return` wants a value", node)
            case ast.FunctionDef():
                return self.helper(node)
            case ast.Expr(value=ast.Constant(value=str())):
                return None  # a comment in the form of a text
            case ast.Expr(value=value):
                before = len(self.faults)
                self.expr(value)
                if len(self.faults) == before:
                    self.fault("a value that nobody keeps: assign it or return it", node)
            case ast.Assign():
                self.fault("one assignment a line", node)
            case ast.AugAssign():
                self.fault("want a name to the left of the operator", node)
            case ast.For() | ast.While():
                self.fault("`else` after a loop is not in the language", node)
            case _:
                self.refuse(node)
        return None

    def targets(self, node: ast.expr) -> tuple[str, ...]:
        match node:
            case ast.Name(id=name):
                return (self.name(name, node),)
            case ast.Tuple(elts=items) | ast.List(elts=items) if len(items) > 1 and all(
                isinstance(item, ast.Name) for item in items
            ):
                names = [item.id for item in items if isinstance(item, ast.Name)]
                return tuple(self.name(name, node) for name in names)
        self.fault("want a name to the left of `=` or after `for`", node)
        return ("_",)

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

    # -- expressions

    def expr(self, node: ast.expr) -> s.Expr:
        at = self.at(node)
        match node:
            case ast.Constant(value=value):
                return self.constant(value, node)
            case ast.Name(id=name):
                return s.Name(self.name(name, node), at=at)
            case ast.Call():
                return self.call(node)
            case ast.Attribute(value=value, attr=name):
                return s.Property(self.expr(value), self.name(name, node), at=at)
            case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=step)):
                ends = [self.expr(end) if end else None for end in (lower, upper, step)]
                return s.Slice(self.expr(value), *ends, at=at)
            case ast.Subscript(value=value, slice=index):
                return s.Index(self.expr(value), self.expr(index), at=at)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return s.Unary(_UNARY[type(op)], self.expr(operand), at=at)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return s.Binary(_BINARY[type(op)], self.expr(left), self.expr(right), at=at)
            case ast.BoolOp(op=op, values=values):
                word = "and" if isinstance(op, ast.And) else "or"
                return s.Logic(word, tuple(map(self.expr, values)), at=at)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self.compare(left, ops, others, node)
            case ast.IfExp(test=test, body=then, orelse=orelse):
                parts = self.expr(test), self.expr(then), self.expr(orelse)
                return s.Conditional(*parts, at=at)
            case ast.List(elts=items):
                return s.ListOf(tuple(map(self.expr, items)), at=at)
            case ast.Tuple(elts=items):
                return s.TupleOf(tuple(map(self.expr, items)), at=at)
            case ast.Dict():
                return self.dictionary(node)
            case (
                ast.ListComp(elt=element, generators=clauses)
                | ast.GeneratorExp(elt=element, generators=clauses)
            ):
                return s.Comprehension(self.expr(element), self.clauses(clauses), at=at)
            case ast.DictComp(key=key, value=element, generators=clauses):
                made = self.expr(element), self.clauses(clauses), self.expr(key)
                return s.Comprehension(*made, at=at)
            case ast.JoinedStr(values=parts):
                return self.joined(parts, node)
            case ast.UnaryOp() | ast.BinOp():
                return self.fault("this operator is not in the language", node)
        return self.refuse(node)

    def constant(self, value: object, node: ast.expr) -> s.Literal:
        at = self.at(node)
        match value:
            case None:
                return self.fault("there is no None in the language", node)
            case int() if abs(value) >= 10**MAX_DIGITS:
                return self.fault(f"a number has at most {MAX_DIGITS} digits", node)
            case float() if value in (float("inf"), float("-inf")):
                return self.fault("this number is too large", node)
            case str() | bool() | int() | float():
                if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
                    return self.fault("this text holds half of a character", node)
                return s.Literal(value, at=at)
        return self.fault("want a text, a number, True or False", node)

    def call(self, node: ast.Call) -> s.Expr:
        if isinstance(node.func, ast.Attribute):
            return self.fault(f"methods are not in the language: `.{node.func.attr}(...)`", node)
        if not isinstance(node.func, ast.Name):
            return self.fault("want the name of a tool or helper before `(`", node)
        for keyword in node.keywords:
            if keyword.arg is None:
                self.fault("a star-argument is not in the language", keyword.value)
        keywords = tuple((k.arg or "", self.expr(k.value)) for k in node.keywords)
        name = self.name(node.func.id, node)
        return s.Call(name, tuple(map(self.expr, node.args)), keywords, at=self.at(node))

    def compare(
        self, left: ast.expr, ops: list[ast.cmpop], others: list[ast.expr], node: ast.expr
    ) -> s.Expr:
        rest: list[tuple[str, s.Expr]] = []
        for op, other in zip(ops, others, strict=True):
            if type(op) not in _COMPARE:
                return self.fault("`is` is not in the language: use `==`", node)
            rest.append((_COMPARE[type(op)], self.expr(other)))
        return s.Compare(self.expr(left), tuple(rest), at=self.at(node))

    def dictionary(self, node: ast.Dict) -> s.Expr:
        items: list[tuple[s.Expr, s.Expr]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                return self.fault("`**` is not in the language", node)
            items.append((self.expr(key), self.expr(value)))
        return s.DictOf(tuple(items), at=self.at(node))

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

    def joined(self, parts: list[ast.expr], node: ast.expr) -> s.Expr:
        made: list[s.Expr] = []
        for part in parts:
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
