"""The types of expressions: what each may hold, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from visprog.errors import Diagnostic
from visprog.lang import syntax as s
from visprog.lang import types as t
from visprog.lang.functions import FUNCTIONS, FunctionSpec, item_of, ordered, plain
from visprog.lang.properties import PROPERTIES
from visprog.tool import ToolSpec

Scope = dict[str, t.Type]
Params = tuple[tuple[str, t.Type], ...]


class Expressions:
    """Half of the checker; `visprog.lang.check` has the other."""

    tools: Mapping[str, ToolSpec]
    helpers: dict[str, tuple[Params, t.Type]]
    faults: list[Diagnostic]
    unsure: set[str]
    seen: s.Node

    def fault(self, message: str, node: s.Node) -> t.Type:
        raise NotImplementedError

    def look(self, cost: int) -> None:
        raise NotImplementedError

    def small(self, kind: t.Type, node: s.Node) -> t.Type:
        raise NotImplementedError

    def unknown(self, kind: str, name: str, known: Iterable[str], node: s.Node) -> t.Type:
        raise NotImplementedError

    def bind(self, targets: tuple[str, ...], kind: t.Type, scope: Scope, node: s.Node) -> None:
        raise NotImplementedError

    def expr(self, node: s.Expr, scope: Scope) -> t.Type:
        """The type of an expression; one too large to work with is a fault."""
        self.seen = node
        self.look(1)
        kind = _RULES[type(node)](self, node, scope)
        return self.small(kind, node) if t.is_large(kind) else kind

    def literal(self, node: s.Literal, scope: Scope) -> t.Type:
        return _LITERALS[type(node.value)]

    def name(self, node: s.Name, scope: Scope) -> t.Type:
        kind = scope.get(node.id)
        if kind is not None:
            return kind
        if node.id in self.unsure:
            return self.fault(f"`{node.id}` is set in one branch or loop only", node)
        if node.id in self.tools or node.id in FUNCTIONS or node.id in self.helpers:
            return self.fault(f"`{node.id}` is a function: call it", node)
        return self.unknown("name", node.id, scope, node)

    def condition(self, node: s.Expr, scope: Scope) -> None:
        kind = self.expr(node, scope)
        if not t.fits(kind, t.BOOL) and item_of(kind) is None:
            self.fault(f"want a bool here, got {t.text(kind)}", node)

    def iterate(self, node: s.Expr, scope: Scope) -> t.Type:
        kind = self.expr(node, scope)
        item = item_of(kind)
        return item if item is not None else self.fault(f"want a list, got {t.text(kind)}", node)

    # -- calls

    def call(self, node: s.Call, scope: Scope) -> t.Type:
        args = [self.expr(arg, scope) for arg in node.args]
        keywords = {name: self.expr(arg, scope) for name, arg in node.keywords}
        if len(keywords) < len(node.keywords):
            self.fault("an argument is given twice", node)
        func = node.func
        if func in self.helpers:
            params, returns = self.helpers[func]
            return self.fill(node, None, params, args, keywords, returns)
        spec = self.tools.get(func)
        if spec is not None:
            wanted = tuple([(param.name, t.of(param.kind)) for param in spec.params])
            return self.fill(node, spec, wanted, args, keywords, t.of(spec.returns))
        if func in FUNCTIONS:
            return self.function(node, FUNCTIONS[func], args, keywords)
        missing = getattr(self.tools, "unserved", {})
        if func in missing:
            profile = getattr(self.tools, "profile", "")
            return self.fault(f"no backend serves `{func}` in the tools `{profile}`", node)
        return self.unknown("tool", func, [*self.tools, *FUNCTIONS, *self.helpers], node)

    def fill(
        self,
        node: s.Call,
        spec: ToolSpec | None,
        params: Params,
        args: list[t.Type],
        keywords: dict[str, t.Type],
        returns: t.Type,
    ) -> t.Type:
        """Match arguments with parameters, as Python does. `spec`: of a tool; None: a helper."""
        if len(args) == len(params) and not keywords:
            given = {name: kind for (name, _), kind in zip(params, args, strict=True)}
        else:
            given = self.placed(node, spec, params, args, keywords)
        for name, want in params:
            got = given.get(name, t.ANY)
            if not t.fits(got, want):
                names = [param for param, _ in params]
                nodes = dict(zip(names, node.args, strict=False)) | dict(node.keywords)
                hint = _hint(got, want)
                message = f"`{node.func}` wants {t.text(want)} as `{name}`, got {t.text(got)}{hint}"
                self.fault(message, nodes[name])
        return returns

    def placed(
        self,
        node: s.Call,
        spec: ToolSpec | None,
        params: Params,
        args: list[t.Type],
        keywords: dict[str, t.Type],
    ) -> dict[str, t.Type]:
        """What each parameter is given, by name: those by position first."""
        names = [name for name, _ in params]
        given = dict(zip(names, args, strict=False))
        if len(args) > len(params) or set(keywords) & set(given):
            self.fault(f"too many arguments: call it as {_form(node, spec, params)}", node)
        for name in keywords:
            if name not in names:
                self.unknown("parameter", name, names, node)
        given.update(keywords)
        if missing := [name for name in names if name not in given]:
            form = _form(node, spec, params)
            self.fault(f"`{missing[0]}` is missing: call it as {form}", node)
        return given

    def function(
        self, node: s.Call, spec: FunctionSpec, args: list[t.Type], keywords: dict[str, t.Type]
    ) -> t.Type:
        for name, kind in keywords.items():
            if name not in spec.keywords or not t.fits(kind, spec.keywords[name]):
                return self.fault(f"call it as {spec.form}", node)
        if not spec.least <= len(args) <= spec.most:
            return self.fault(f"call it as {spec.form}", node)
        made = spec.rule(args)
        if isinstance(made, str):
            got = ", ".join(map(t.text, args))
            return self.fault(f"`{node.func}` wants {made}, got {got}", node)
        return made

    # -- parts

    def property(self, node: s.Property, scope: Scope) -> t.Type:
        kind, name = self.expr(node.value, scope), node.name
        if isinstance(kind, (t.Anything, t.Nothing)):
            return t.ANY
        table = PROPERTIES.get(t.text(kind), {})
        if name in table:
            return table[name].kind
        if not table:
            hint = " has no properties"
            if isinstance(kind, t.ListType) and name in PROPERTIES.get(t.text(kind.item), {}):
                hint = f": take one of them first, such as `largest(...).{name}`"
            return self.fault(f"{t.text(kind)}{hint}", node)
        return self.unknown(f"property of {t.text(kind)}", name, table, node)

    def index(self, node: s.Index, scope: Scope) -> t.Type:
        kind, index = self.expr(node.value, scope), self.expr(node.index, scope)
        match kind:
            case t.Anything() | t.Nothing():
                return t.ANY
            case t.DictType(value) if t.fits(index, t.STR):
                return value
            case t.TupleType(items) if t.fits(index, t.INT):
                place = node.index.value if isinstance(node.index, s.Literal) else None
                if isinstance(place, int) and not 0 <= place < len(items):
                    return self.fault(f"a pair of {len(items)} has no item {place}", node)
                return items[place] if isinstance(place, int) else t.join_all(items)
            case t.ListType(item) if t.fits(index, t.INT):
                return t.ANY if isinstance(item, t.Nothing) else item
            case t.Named("str") if t.fits(index, t.INT):
                return t.STR
        return self.fault(f"cannot index {t.text(kind)} by {t.text(index)}", node)

    def slice(self, node: s.Slice, scope: Scope) -> t.Type:
        kind = self.expr(node.value, scope)
        for end in (node.lower, node.upper, node.step):
            if end is not None and not t.fits(self.expr(end, scope), t.INT):
                self.fault("the ends of a slice are int", end)
        if isinstance(kind, (t.ListType, t.Anything, t.Nothing)) or kind == t.STR:
            return kind
        return self.fault(f"cannot slice {t.text(kind)}", node)

    def list_of(self, node: s.ListOf, scope: Scope) -> t.Type:
        return t.ListType(t.join_all([self.expr(item, scope) for item in node.items]))

    def tuple_of(self, node: s.TupleOf, scope: Scope) -> t.Type:
        return t.TupleType(tuple([self.expr(item, scope) for item in node.items]))

    def joined(self, node: s.Joined, scope: Scope) -> t.Type:
        for part in node.parts:
            kind = self.expr(part, scope)
            if not plain(kind):
                self.fault(f"an f-string shows text and numbers, not {t.text(kind)}", part)
        return t.STR

    def dictionary(self, node: s.DictOf, scope: Scope) -> t.Type:
        for key, _ in node.items:
            if not t.fits(self.expr(key, scope), t.STR):
                self.fault("the keys of a dict are text", key)
        return t.DictType(t.join_all([self.expr(value, scope) for _, value in node.items]))

    def comprehension(self, node: s.Comprehension, scope: Scope) -> t.Type:
        inner = dict(scope)
        for clause in node.clauses:
            self.bind(clause.targets, self.iterate(clause.source, inner), inner, clause)
            for condition in clause.conditions:
                self.condition(condition, inner)
        element = self.expr(node.element, inner)
        if node.key is None:
            return t.ListType(element)
        if not t.fits(self.expr(node.key, inner), t.STR):
            self.fault("the keys of a dict are text", node.key)
        return t.DictType(element)

    # -- operators

    def unary(self, node: s.Unary, scope: Scope) -> t.Type:
        if node.op == "not":
            self.condition(node.operand, scope)
            return t.BOOL
        kind = self.expr(node.operand, scope)
        if isinstance(kind, (t.Number, t.Anything)):
            return kind
        return self.fault(f"`{node.op}` wants a number, got {t.text(kind)}", node)

    def logic(self, node: s.Logic, scope: Scope) -> t.Type:
        for operand in node.operands:
            self.condition(operand, scope)
        return t.BOOL

    def conditional(self, node: s.Conditional, scope: Scope) -> t.Type:
        self.condition(node.test, scope)
        return t.join(self.expr(node.then, scope), self.expr(node.orelse, scope))

    def operation(self, node: s.Binary, scope: Scope) -> t.Type:
        left = self.expr(node.left, scope)
        return self.binary(node.op, left, self.expr(node.right, scope), node)

    def binary(self, op: str, left: t.Type, right: t.Type, node: s.Node) -> t.Type:
        match op, left, right:
            case (_, t.Anything() | t.Nothing(), _) | (_, _, t.Anything() | t.Nothing()):
                return t.ANY
            case "+", t.ListType(), t.ListType():
                return t.join(left, right)
            case "+", t.TupleType(a), t.TupleType(b):
                return t.TupleType((*a, *b))
            case "+", t.Named("str"), t.Named("str"):
                return t.STR
            case "*", (t.ListType() | t.Named("str")), t.Number(True, ()):
                return left
            case "*", t.Number(True, ()), (t.ListType() | t.Named("str")):
                return right
            case _, t.Number(), t.Number():
                return self.arithmetic(op, left, right, node)
        if op == "%" and left == t.STR:
            return self.fault("`%` on texts is not in the language: use an f-string", node)
        return self.fault(f"cannot do {t.text(left)} {op} {t.text(right)}", node)

    def arithmetic(self, op: str, left: t.Number, right: t.Number, node: s.Node) -> t.Type:
        whole = left.whole and right.whole
        if op == "*":
            return t.Number(whole, t.times(left.unit, right.unit, 1))
        if op in ("/", "//"):
            return t.Number(whole and op == "//", t.times(left.unit, right.unit, -1))
        if op == "**":
            if left.unit or right.unit:
                return self.fault("a measure has no power: multiply it by itself", node)
            exponent = node.right if isinstance(node, s.Binary) else None
            natural = isinstance(exponent, s.Literal) and isinstance(exponent.value, int)
            return t.Number(whole and natural)
        if left.unit != right.unit and left.unit and right.unit:
            return self.fault(f"{t.text(left)} and {t.text(right)} do not mix in `{op}`", node)
        return t.Number(whole, left.unit or right.unit)

    def compare(self, node: s.Compare, scope: Scope) -> t.Type:
        left = self.expr(node.first, scope)
        for op, other in node.rest:
            right = self.expr(other, scope)
            if message := _comparison_fault(op, left, right):
                self.fault(message, node)
            left = right
        return t.BOOL


_LITERALS: Mapping[type, t.Type] = {str: t.STR, bool: t.BOOL, int: t.INT, float: t.FLOAT}

_RULES: Mapping[type[s.Node], Callable[[Expressions, Any, Scope], t.Type]] = {
    s.Literal: Expressions.literal,
    s.Name: Expressions.name,
    s.Call: Expressions.call,
    s.Property: Expressions.property,
    s.Index: Expressions.index,
    s.Slice: Expressions.slice,
    s.Unary: Expressions.unary,
    s.Binary: Expressions.operation,
    s.Logic: Expressions.logic,
    s.Compare: Expressions.compare,
    s.Conditional: Expressions.conditional,
    s.ListOf: Expressions.list_of,
    s.TupleOf: Expressions.tuple_of,
    s.DictOf: Expressions.dictionary,
    s.Comprehension: Expressions.comprehension,
    s.Joined: Expressions.joined,
}


def _form(node: s.Call, spec: ToolSpec | None, params: Params) -> str:
    """How a tool (`spec`) or helper is called."""
    if spec is not None:
        return spec.signature
    return f"{node.func}({', '.join(f'{name}: {t.text(kind)}' for name, kind in params)})"


def _hint(got: t.Type, want: t.Type) -> str:
    """What a planner most likely meant."""
    if isinstance(want, t.ListType) and t.fits(got, want.item):
        return ": put it in a list, `[x]`"
    if isinstance(got, t.ListType) and t.fits(got.item, want):
        return ": take one, such as `largest(...)`" if want == t.Named("Region") else ": take one"
    return ""


def _comparison_fault(op: str, left: t.Type, right: t.Type) -> str:
    """Why two types do not compare; "" where they do."""
    if isinstance(left, (t.Anything, t.Nothing)) or isinstance(right, (t.Anything, t.Nothing)):
        return ""
    if op in ("in", "not in"):
        if right == t.STR:
            return "" if t.fits(left, t.STR) else f"want text before `{op}`, got {t.text(left)}"
        item = item_of(right)
        if item is None:
            return f"want a list or text after `{op}`, got {t.text(right)}"
        return _comparison_fault("==", left, item)
    if isinstance(left, t.Number) and isinstance(right, t.Number):
        if left.unit and right.unit and left.unit != right.unit:
            return f"{t.text(left)} and {t.text(right)} do not mix in `{op}`"
        return ""
    if op in ("==", "!="):
        same = t.fits(left, right) or t.fits(right, left)
        return "" if same else f"{t.text(left)} is never equal to {t.text(right)}"
    if ordered(left) and ordered(right) and left == right:
        return ""
    return f"cannot order {t.text(left)} and {t.text(right)} by `{op}`"
