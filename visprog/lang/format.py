"""The canonical text of a program: programs that differ in names and layout only have one text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from visprog.lang import syntax as s

INPUT_NAME = re.compile(r"image\d*|images|video")
"""The names that programs start with; they are never renamed."""

_ATOMS = (
    s.Name,
    s.Call,
    s.Property,
    s.Index,
    s.Slice,
    s.ListOf,
    s.TupleOf,
    s.DictOf,
    s.Comprehension,
    s.Joined,
)


def format(program: s.Program) -> str:
    """The canonical text: variables are v1, v2 ... and helpers f1, f2 ... in the order they are
    set; inputs and tools keep their names. `parse(format(p))` is `p` up to names."""
    return _Writer(program, rename=True).text()


def write(program: s.Program) -> str:
    """The program's text with its own names."""
    return _Writer(program, rename=False).text()


class _Writer:
    def __init__(self, program: s.Program, *, rename: bool) -> None:
        self.body = program.body
        self.rename = rename
        self.lines: list[str] = []
        self.kept = _read_first(program)
        nodes = list(s.walk(program))
        helpers = [node for node in nodes if isinstance(node, s.Def)]
        called = {node.func for node in nodes if isinstance(node, s.Call)}
        tools = called - {node.name for node in helpers}
        numbered = (f"f{place}" for place in range(1, len(helpers) + len(called) + 1))
        free = (name for name in numbered if name not in tools)
        self.helpers = dict(zip(dict.fromkeys(n.name for n in helpers), free, strict=False))
        self.count = 0
        self.params: dict[str, dict[str, str]] = {}
        for node in helpers:  # a helper's parameters are named first: calls may name them
            for name, _ in node.params:
                self.bound(name, self.params.setdefault(node.name, {}))

    def text(self) -> str:
        self.block(self.body, 0, {})
        return "\n".join(self.lines) + "\n"

    # -- names

    def bound(self, name: str, names: dict[str, str]) -> str:
        """The text of a name that is being set; `names` remembers it."""
        if name not in names:
            names[name] = name if self.keeps(name) else self.fresh()
        return names[name]

    def fresh(self) -> str:
        self.count += 1
        while f"v{self.count}" in self.kept:
            self.count += 1
        return f"v{self.count}"

    def keeps(self, name: str) -> bool:
        return not self.rename or name in self.kept or bool(INPUT_NAME.fullmatch(name))

    # -- statements

    def block(self, body: tuple[s.Stmt, ...], indent: int, names: dict[str, str]) -> None:
        for node in body:
            self.statement(node, indent, names)

    def line(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    def statement(self, node: s.Stmt, indent: int, names: dict[str, str]) -> None:
        match node:
            case s.Assign(targets, value):
                made = self.expr(value, names)
                self.line(indent, f"{self.targets(targets, names)} = {made}")
            case s.Update(target, op, value):
                made = self.expr(value, names)
                self.line(indent, f"{self.bound(target, names)} {op}= {made}")
            case s.If():
                self.branches(node, "if", indent, names)
            case s.For(targets, source, body):
                made = self.expr(source, names)
                self.line(indent, f"for {self.targets(targets, names)} in {made}:")
                self.block(body, indent + 1, names)
            case s.While(test, body):
                self.line(indent, f"while {self.expr(test, names)}:")
                self.block(body, indent + 1, names)
            case s.Return(value):
                self.line(indent, f"return {self.expr(value, names)}")
            case s.Def():
                self.helper(node, indent)

    def branches(self, node: s.If, word: str, indent: int, names: dict[str, str]) -> None:
        self.line(indent, f"{word} {self.expr(node.test, names)}:")
        self.block(node.then, indent + 1, names)
        match node.orelse:
            case ():
                pass
            case (s.If() as inner,):
                self.branches(inner, "elif", indent, names)
            case orelse:
                self.line(indent, "else:")
                self.block(orelse, indent + 1, names)

    def helper(self, node: s.Def, indent: int) -> None:
        names = dict(self.params.get(node.name, {}))
        params = ", ".join(f"{names[name]}: {_type(kind)}" for name, kind in node.params)
        self.line(indent, f"def {self.func(node.name)}({params}) -> {_type(node.returns)}:")
        self.block(node.body, indent + 1, names)

    def targets(self, targets: tuple[str, ...], names: dict[str, str]) -> str:
        return ", ".join(self.bound(target, names) for target in targets)

    def func(self, name: str) -> str:
        return self.helpers.get(name, name) if self.rename else name

    # -- expressions

    def atom(self, node: s.Expr, names: Mapping[str, str]) -> str:
        """In brackets where it is made of parts: no table of precedence to remember."""
        text = self.expr(node, names)
        plain = isinstance(node, s.Literal) and not text.startswith("-")
        return text if plain or isinstance(node, _ATOMS) else f"({text})"

    def primary(self, node: s.Expr, names: Mapping[str, str]) -> str:
        """Before a dot or bracket: a number needs brackets of its own."""
        text = self.atom(node, names)
        number = isinstance(node, s.Literal) and not isinstance(node.value, (str, bool))
        return f"({text})" if number else text

    def expr(self, node: s.Expr, names: Mapping[str, str]) -> str:
        match node:
            case s.Literal(value):
                return (
                    json.dumps(value, ensure_ascii=False)
                    if isinstance(value, str)
                    else (repr(value))
                )
            case s.Name(name):
                return names.get(name, name)
            case s.Call():
                return self.call(node, names)
            case s.Property(value, name):
                return f"{self.primary(value, names)}.{name}"
            case s.Index(value, index):
                return f"{self.primary(value, names)}[{self.expr(index, names)}]"
            case s.Slice():
                return self.slice(node, names)
            case s.Unary(op, operand):
                space = " " if op == "not" else ""
                return f"{op}{space}{self.atom(operand, names)}"
            case s.Binary(op, left, right):
                same = isinstance(left, s.Binary) and left.op == op and op != "**"
                first = self.expr(left, names) if same else self.atom(left, names)
                return f"{first} {op} {self.atom(right, names)}"
            case s.Logic(op, operands):
                return f" {op} ".join(self.atom(operand, names) for operand in operands)
            case s.Compare(first, rest):
                tail = (f" {op} {self.atom(other, names)}" for op, other in rest)
                return self.atom(first, names) + "".join(tail)
            case s.Conditional(test, then, orelse):
                parts = (self.atom(part, names) for part in (then, test, orelse))
                return "{} if {} else {}".format(*parts)
            case s.ListOf(items):
                return f"[{self.items(items, names)}]"
            case s.TupleOf(items):
                comma = "," if len(items) == 1 else ""
                return f"({self.items(items, names)}{comma})"
            case s.DictOf(items):
                pairs = (f"{self.expr(k, names)}: {self.expr(v, names)}" for k, v in items)
                return "{" + ", ".join(pairs) + "}"
            case s.Comprehension():
                return self.comprehension(node, dict(names))
            case s.Joined(parts):
                return "f'" + "".join(self.part(part, names) for part in parts) + "'"

    def items(self, items: tuple[s.Expr, ...], names: Mapping[str, str]) -> str:
        return ", ".join(self.expr(item, names) for item in items)

    def call(self, node: s.Call, names: Mapping[str, str]) -> str:
        args = [self.expr(arg, names) for arg in node.args]
        params = self.params.get(node.func, {})
        args += [f"{params.get(name, name)}={self.expr(arg, names)}" for name, arg in node.keywords]
        return f"{self.func(node.func)}({', '.join(args)})"

    def slice(self, node: s.Slice, names: Mapping[str, str]) -> str:
        ends = [self.expr(end, names) if end else "" for end in (node.lower, node.upper)]
        step = f":{self.expr(node.step, names)}" if node.step else ""
        return f"{self.primary(node.value, names)}[{ends[0]}:{ends[1]}{step}]"

    def comprehension(self, node: s.Comprehension, names: dict[str, str]) -> str:
        tails: list[str] = []
        for clause in node.clauses:
            source = self.atom(clause.source, names)
            for target in clause.targets:
                names.pop(target, None)  # a variable of its own
            targets = self.targets(clause.targets, names)
            tests = "".join(f" if {self.atom(test, names)}" for test in clause.conditions)
            tails.append(f" for {targets} in {source}{tests}")
        element = self.atom(node.element, names)
        if node.key is None:
            return f"[{element}{''.join(tails)}]"
        return "{" + f"{self.atom(node.key, names)}: {element}{''.join(tails)}" + "}"

    def part(self, node: s.Expr, names: Mapping[str, str]) -> str:
        """A piece of an f-string in single quotes; texts inside its braces have double ones."""
        if isinstance(node, s.Literal) and isinstance(node.value, str):
            text = json.dumps(node.value, ensure_ascii=False)[1:-1].replace('\\"', '"')
            return text.replace("'", "\\'").replace("{", "{{").replace("}", "}}")
        text = self.atom(node, names)
        return "{" + " " * text.startswith("{") + text + "}"  # two brackets would be one character


def _type(kind: s.TypeName) -> str:
    return kind.name + (f"[{', '.join(map(_type, kind.args))}]" if kind.args else "")


def _read_first(program: s.Program) -> set[str]:
    """Names that are read before the text sets them: inputs, which keep their names."""
    found: set[str] = set()
    _scan(program.body, set(), found)
    return found


def _scan(node: object, bound: set[str], found: set[str]) -> None:
    """Walk in the order of evaluation, noting names that are read while not in `bound`."""
    match node:
        case tuple():
            for item in node:
                _scan(item, bound, found)
        case s.Name(name):
            if name not in bound:
                found.add(name)
        case s.Assign(targets, value):
            _scan(value, bound, found)
            bound.update(targets)
        case s.Update(target, _, value):
            _scan(value, bound, found)
            _scan(s.Name(target), bound, found)
        case s.For(targets, source, body):
            _scan(source, bound, found)
            bound.update(targets)
            _scan(body, bound, found)
        case s.Def(_, params, _, body):
            _scan(body, {name for name, _ in params}, found)
        case s.Comprehension(element, clauses, key):
            inner = set(bound)
            for clause in clauses:
                _scan(clause.source, inner, found)
                inner.update(clause.targets)
                _scan(clause.conditions, inner, found)
            _scan((element, key) if key else element, inner, found)
        case s.Node():
            for child in s.children(node):
                _scan(child, bound, found)
