"""Statements: begun one after another; what hangs on a value that is not there waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from visprog.errors import EvaluationError, RunError, StepLimit
from visprog.execution.comprehensions import Comprehensions
from visprog.execution.evaluation import Scope
from visprog.execution.flow import Failed, Pending, failed, located
from visprog.execution.limits import Meter
from visprog.lang import syntax as s
from visprog.lang.checked import Checked
from visprog.tool import ToolSpec
from visprog.values import Unknown, Value

N = TypeVar("N", bound=s.Node)


class _Returned:
    """What a statement gives that ends its program or helper. `value` may be pending."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _Paused:
    """The signal of a loop that has to pause: nothing after it is begun before it goes on."""

    __slots__ = ("signal",)

    def __init__(self, signal: Pending) -> None:
        self.signal = signal


class _More:
    """The class of MORE."""

    def __repr__(self) -> str:
        return "MORE"


MORE = _More()  # what lines give that did not return

# of a statement: None (done), _Returned, _Paused, or a Pending: of the first two, or of a value
Signal = Any


class Statements(Comprehensions):
    """Runs blocks, helpers and whole bodies."""

    def __init__(
        self,
        program: Checked,
        tools: Mapping[str, ToolSpec],
        inputs: Mapping[str, Value],
        meter: Meter,
    ) -> None:
        super().__init__(program, tools, meter)
        self.inputs = dict(inputs)
        self._facts: dict[int, tuple[bool, frozenset[str]]] = program.notes
        self._levels: dict[str, int] = {}

    # -- bodies and blocks

    def value_of(self, body: Sequence[s.Stmt], scope: Scope) -> Any:
        """The value that a body returns."""
        signal = _going(self.block(body, scope))
        return self.work([signal], _value) if isinstance(signal, Pending) else _value([signal])

    def lines(self, body: Sequence[s.Stmt], scope: Scope) -> Any:
        """As `value_of`, of the first lines of a body: MORE where they end without `return`."""
        signal = _going(self.block(body, scope))
        return self.work([signal], _so_far) if isinstance(signal, Pending) else _so_far([signal])

    def block(self, body: Sequence[s.Stmt], scope: Scope, start: int = 0) -> Signal:
        return self.in_order(
            start,
            len(body),
            lambda place: self.statement(body[place], scope),
            lambda place: self.block(body, scope, place),
            lambda place: self.may_return(body[place]),
        )

    def in_order(
        self,
        start: int,
        end: int,
        begin: Callable[[int], Signal],
        rest: Callable[[int], Signal],
        waits: Callable[[int], bool],
    ) -> Signal:
        """The signal of parts that are begun one after another.

        Args:
            begin: begins the part at a place; `rest`: begins those from a place on;
            waits: whether the part at a place may return, so that the next wait for it.
        """
        parts: list[Signal] = []  # what has not ended, in order
        paused = False
        for place in range(start, end):
            try:
                signal = begin(place)
            except RunError as error:
                if not parts:
                    raise
                parts.append(failed(located(error, self.meter.line)))
                break
            last = type(signal) is _Last
            if last:
                signal = signal.signal
            paused = type(signal) is _Paused
            signal = _going(signal)
            if type(signal) is _Returned:
                if not parts:
                    return signal
                last = True
            if signal is not None:
                parts.append(signal)
                if not last and (paused or waits(place)):
                    parts.append(self.work([signal], self._rest(rest, place + 1), _Returned))
                    last = True
            if last:
                break
        if not parts:
            return None
        made = self.work(parts, _nothing, _Returned)
        return _Paused(made) if paused else made

    def _rest(self, rest: Callable[[int], Signal], place: int) -> Callable[[list[Any]], Signal]:
        return lambda _: _going(rest(place))

    def facts(self, node: s.Stmt) -> tuple[bool, frozenset[str]]:
        """Whether a statement may return, and the names it assigns."""
        known = self._facts.get(id(node))
        if known is None:
            known = self._facts[id(node)] = _facts(node)
        return known

    def may_return(self, node: s.Stmt) -> bool:
        return type(node) is not s.Assign and self.facts(node)[0]

    # -- statements

    def statement(self, node: s.Stmt, scope: Scope) -> Signal:
        self.meter.line = node.at.line
        self.meter.step()
        return _STATEMENTS[type(node)](self, node, scope)

    def assign(self, node: s.Assign, scope: Scope) -> Signal:
        source = node.value
        if len(node.targets) == 1 and type(source) is s.Call:
            self.meter.step()
            value = self.call(source, scope, node.targets[0])
        else:
            value = self.expr(source, scope)
        self.unpack(node.targets, value, scope)
        if not isinstance(value, Pending):
            return None
        if len(node.targets) == 1:
            return value
        return self.work([scope[target] for target in node.targets], _nothing)

    def update(self, node: s.Update, scope: Scope) -> Signal:
        def combine(values: list[Any]) -> Any:
            return self.operate(node.op, *values)

        left = self.name(s.Name(node.target), scope)
        value = self.strict((node.value,), scope, combine, (left,))
        scope[node.target] = value
        return value if isinstance(value, Pending) else None

    def branch(self, node: s.If, scope: Scope) -> Signal:
        def choose(test: Any, names: Scope) -> Signal:
            if isinstance(test, Unknown):
                return _Returned(test)
            return self.block(node.then if test else node.orelse, names)

        return self.control(node, self.expr(node.test, scope), scope, choose)

    def loop(self, node: s.For, scope: Scope) -> Signal:
        items = self.expr(node.source, scope)
        return self.control(node, items, scope, lambda got, names: self.iterate(node, got, names))

    def iterate(self, node: s.For, items: Any, scope: Scope) -> Signal:
        if isinstance(items, Unknown):
            return _Returned(items)
        return self.items(node, list(items), scope, 0)  # of a dict, its keys

    def items(self, node: s.For, items: list[Any], scope: Scope, start: int) -> Signal:
        def begin(place: int) -> Signal:
            if self.over():
                return self.paused_at(place, rest)
            self.meter.line = node.at.line
            self.unpack(node.targets, items[place], scope)
            return self.block(node.body, scope)

        def rest(place: int) -> Signal:
            return self.items(node, items, scope, place)

        return self.in_order(start, len(items), begin, rest, self._returns(node))

    def repeat(self, node: s.While, scope: Scope, test: Any = None) -> Signal:
        """A `while`; `test`: what its condition gave, where that is known already."""

        def begin(place: int) -> Signal:
            if self.over():
                return self.paused_at(place, rest)
            self.meter.line = node.at.line
            held = self.expr(node.test, scope) if place or test is None else test
            if isinstance(held, Pending):
                known = lambda value, names: self.repeat(node, names, value)  # noqa: E731
                return _Last(self.control(node, held, scope, known))
            if isinstance(held, Unknown):
                return _Returned(held)
            return self.block(node.body, scope) if held else _Last(None)

        def rest(place: int) -> Signal:
            return self.repeat(node, scope, None if place else test)

        return self.in_order(0, self.meter.limits.steps, begin, rest, self._returns(node))

    def paused_at(self, place: int, rest: Callable[[int], Signal]) -> Signal:
        """The signal of a loop that has to pause before the iteration at a place."""
        return _Last(_Paused(self.work([self.pause()], self._rest(rest, place), _Returned)))

    def _returns(self, node: s.Stmt) -> Callable[[int], bool]:
        return lambda _: self.may_return(node)

    def control(
        self,
        node: s.Stmt,
        value: Any,
        scope: Scope,
        then: Callable[[Any, Scope], Signal],
    ) -> Signal:
        """Go on with a statement once the value that it hangs on is there.

        Where that is later, and the program need not wait, the names that the statement assigns
        get values to come.
        """
        if not isinstance(value, Pending):
            return then(value, scope)
        may_return, assigned = self.facts(node)
        if may_return:  # nothing else happens to the names until then
            return self.work([value], lambda values: _going(then(values[0], scope)))
        names, count = dict(scope), len(scope)
        self.held += count
        later = {name: Pending() for name in assigned}
        scope.update(later)

        def hand_over(signals: list[Signal]) -> Signal:
            self.held -= count
            for name in assigned & names.keys():
                self.follow(later[name], names[name])
            return signals[0]

        def resume(values: list[Any]) -> Signal:
            try:
                signal = then(values[0], names)
            except RunError:
                self.held -= count
                raise
            if type(signal) is _Paused:  # it goes on to assign names
                return self.work([signal.signal], hand_over)
            return hand_over([signal])

        return self.work([value], resume)

    def follow(self, pending: Pending, value: Any) -> None:
        """Let a Pending have a value, once that is there."""
        if isinstance(value, Pending):
            self.work([value], lambda values: self.settle(pending, values[0]))
        else:
            self.settle(pending, value)

    # -- helpers

    def helper(self, node: s.Call, values: list[Any]) -> Any:
        """The value of a helper; it waits for arguments too, used or not, since they may fail."""
        pending = [value for value in values if isinstance(value, Pending)]
        if not pending:
            return self.body_of(node, values)
        if type(pending[-1].value) is not Failed:
            try:
                pending.append(self.body_of(node, values))
            except RunError as error:
                pending.append(failed(located(error, self.meter.line)))
        return self.work(pending, _last)

    def body_of(self, node: s.Call, values: list[Any]) -> Any:
        line, limit = self.meter.line, self.meter.limits.helpers
        if self.levels(node.func) > limit:
            raise StepLimit(f"helpers call each other deeper than {limit}", line)
        definition = self.helpers[node.func]
        names = [name for name, _ in definition.params[: len(node.args)]]
        names += [key for key, _ in node.keywords]
        scope = {**self.inputs, **dict(zip(names, values, strict=True))}
        value = self.value_of(definition.body, scope)
        self.meter.line = line
        return value

    def levels(self, name: str) -> int:
        """How deep a helper's calls of helpers go, itself counted."""
        known = self._levels.get(name)
        if known is None:
            called = {call.func for call in _inside(self.helpers[name], s.Call)}
            inner = [self.levels(other) for other in called if other in self.helpers]
            known = self._levels[name] = 1 + max(inner, default=0)
        return known


_STATEMENTS: Mapping[type, Callable[[Statements, Any, Scope], Signal]] = {
    s.Assign: Statements.assign,
    s.Update: Statements.update,
    s.If: Statements.branch,
    s.For: Statements.loop,
    s.While: Statements.repeat,
    s.Return: lambda self, node, scope: _Returned(self.expr(node.value, scope)),
}


class _Last:
    """The signal of a part after which no other is begun."""

    __slots__ = ("signal",)

    def __init__(self, signal: Signal) -> None:
        self.signal = signal


def _value(signals: list[Signal]) -> Any:
    """What a body returned; the check made sure that it does."""
    (signal,) = signals
    if type(signal) is _Returned:
        return signal.value
    raise EvaluationError("the program ended without `return`")


def _so_far(signals: list[Signal]) -> Any:
    (signal,) = signals
    return signal.value if type(signal) is _Returned else MORE


def _going(signal: Signal) -> Signal:
    """What there is of a paused loop once it goes on."""
    return signal.signal if type(signal) is _Paused else signal


def _nothing(values: list[Any]) -> None:
    """All parts have ended."""


def _last(values: list[Any]) -> Any:
    return values[-1]


def _facts(node: s.Stmt) -> tuple[bool, frozenset[str]]:
    names: set[str] = set()
    names.update(target for part in _inside(node, s.Assign) for target in part.targets)
    names.update(target for part in _inside(node, s.For) for target in part.targets)
    names.update(part.target for part in _inside(node, s.Update))
    return any(True for _ in _inside(node, s.Return)), frozenset(names)


def _inside(node: s.Node, kind: type[N]) -> Iterator[N]:
    """The nodes of a kind in a node, itself counted."""
    waiting: list[s.Node] = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, kind):
            yield here
        waiting.extend(s.children(here))
