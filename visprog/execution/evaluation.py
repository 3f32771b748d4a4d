"""The value of an expression: at once where everything in it is there, else as a `Pending`.

Operands are evaluated one after another without waiting, so that their calls go together. What an
in-order run might skip (the second operand of `and`, a branch, an item after an abstention) waits
until it is known to be wanted; it then sees the names as they were where it stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from visprog.errors import EvaluationError, RunError
from visprog.execution import functions
from visprog.execution.calls import Request, Step, call_pure
from visprog.execution.flow import NOT_YET, Failed, Flow, Order, Pending, failed, located
from visprog.execution.functions import first_unknown
from visprog.execution.limits import Meter
from visprog.execution.operators import binary, compare
from visprog.lang import syntax as s
from visprog.lang.checked import Checked
from visprog.lang.functions import FUNCTIONS
from visprog.lang.properties import PROPERTIES
from visprog.tool import ToolSpec
from visprog.values import Unknown, Value

Scope = dict[str, Any]
SLICE = 4_000  # steps after which a run lets others go on
SLICE_SECONDS = 0.004  # after which it does so too
HELD = 100_000  # names that waiting work holds at which loops begin nothing new


class Evaluation(Flow):
    """Evaluates expressions, and keeps the calls they make."""

    def __init__(self, program: Checked, tools: Mapping[str, ToolSpec], meter: Meter) -> None:
        super().__init__(meter)
        self.tools = tools
        self.helpers = {node.name: node for node in program.shape.body if type(node) is s.Def}
        self.heights = program.heights
        self.texts = program.texts
        self.calls: list[Request] = []  # that can go now
        self.waiting: dict[int, tuple[Request, Pending]] = {}  # by the identity of the request
        self.done: list[Step] = []
        self.paused: list[tuple[Order, Pending]] = []  # loops that begin nothing new for now
        self.slice = 0  # steps at which the time slice is over
        self.held = 0  # names, by work that waits
        self.room = HELD

    def expr(self, node: s.Expr, scope: Scope) -> Any:
        self.meter.step()
        return _EXPRESSIONS[type(node)](self, node, scope)

    # -- waiting

    def operands(
        self, nodes: Sequence[s.Expr], scope: Scope, before: Sequence[Any] = ()
    ) -> list[Any]:
        """The values of operands; where one fails after a pending one, its failure as the last."""
        values = list(before)
        for node in nodes:
            try:
                values.append(self.expr(node, scope))
            except RunError as error:
                if not any(isinstance(value, Pending) for value in values):
                    raise
                values.append(failed(located(error, self.meter.line)))
                break
        return values

    def strict(
        self,
        nodes: Sequence[s.Expr],
        scope: Scope,
        then: Callable[[list[Any]], Any],
        before: Sequence[Any] = (),
    ) -> Any:
        """What `then` makes of the values of operands, which are all wanted."""
        values = self.operands(nodes, scope, before)
        for value in values:
            if isinstance(value, Pending):
                return self.work(values, then)
        return then(values)

    def begin_slice(self) -> None:
        self.slice = self.meter.steps + SLICE
        self.until = time.monotonic() + SLICE_SECONDS

    def over(self) -> bool:
        """Whether a loop has to pause: its time slice is over, or too much waits already."""
        late = self.meter.steps > self.slice or time.monotonic() > self.until
        return late or self.held > self.room

    def pause(self) -> Pending:
        """What a loop waits for that has to pause."""
        tick = Pending()
        self.paused.append((self.place(), tick))
        return tick

    # -- simple expressions

    def literal(self, node: s.Literal, scope: Scope) -> Any:
        value = node.value
        return self.texts.get(value, value) if type(value) is str else value

    def name(self, node: s.Name, scope: Scope) -> Any:
        value = scope[node.id]
        if isinstance(value, Pending) and value.value is not NOT_YET:
            value = value.value
            if type(value) is Failed:
                raise value.error
            scope[node.id] = value
        return value

    def unary(self, node: s.Unary, scope: Scope) -> Any:
        def apply(values: list[Any]) -> Any:
            (value,) = values
            if isinstance(value, Unknown):
                return value
            if node.op == "not":
                return not value
            return -value if node.op == "-" else value

        return self.strict((node.operand,), scope, apply)

    def binary(self, node: s.Binary, scope: Scope) -> Any:
        return self.strict((node.left, node.right), scope, lambda v: self.operate(node.op, *v))

    def operate(self, op: str, left: Any, right: Any) -> Any:
        for side in (left, right):
            if isinstance(side, Unknown):
                return side
        return binary(op, left, right, self.meter)

    def list_of(self, node: s.ListOf, scope: Scope) -> Any:
        return self.strict(node.items, scope, self.weighed)

    def tuple_of(self, node: s.TupleOf, scope: Scope) -> Any:
        return self.strict(node.items, scope, lambda values: tuple(self.weighed(values)))

    def weighed(self, values: list[Any]) -> list[Any]:
        self.meter.weigh(values)
        return list(values)

    def dict_of(self, node: s.DictOf, scope: Scope) -> Any:
        count = len(node.items)

        def build(values: list[Any]) -> Any:
            keys, items = values[:count], values[count:]
            self.meter.weigh(items)
            return first_unknown(keys) or dict(zip(keys, items, strict=True))

        keys, items = (key for key, _ in node.items), (item for _, item in node.items)
        return self.strict((*keys, *items), scope, build)

    def joined(self, node: s.Joined, scope: Scope) -> Any:
        def join(parts: list[Any]) -> Any:
            if unknown := first_unknown(parts):
                return unknown
            texts = [functions.show(part) for part in parts]
            self.meter.characters(sum(map(len, texts)))
            return "".join(texts)

        return self.strict(node.parts, scope, join)

    # -- what may be skipped

    def given(self, value: Any, scope: Scope, then: Callable[[Any, Scope], Any]) -> Any:
        """What `then` makes of a value and of the names as they are now, once it is there."""
        if not isinstance(value, Pending):
            return then(value, scope)
        names, count = dict(scope), len(scope)
        self.held += count

        def go_on(values: list[Any]) -> Any:
            self.held -= count
            return then(values[0], names)

        return self.work([value], go_on)

    def logic(
        self, node: s.Logic, scope: Scope, start: int = 0, unknown: Unknown | None = None
    ) -> Any:
        decisive = node.op == "or"
        for place in range(start, len(node.operands)):
            value = self.expr(node.operands[place], scope)
            if isinstance(value, Pending):
                return self.given(value, scope, self._logic_from(node, place, unknown))
            if isinstance(value, Unknown):
                unknown = unknown or value
            elif bool(value) is decisive:
                return decisive
        return unknown or not decisive

    def _logic_from(
        self, node: s.Logic, place: int, unknown: Unknown | None
    ) -> Callable[[Any, Scope], Any]:
        def go_on(value: Any, scope: Scope) -> Any:
            if isinstance(value, Unknown):
                return self.logic(node, scope, place + 1, unknown or value)
            decisive = node.op == "or"
            if bool(value) is decisive:
                return decisive
            return self.logic(node, scope, place + 1, unknown)

        return go_on

    def compare(self, node: s.Compare, scope: Scope) -> Any:
        if len(node.rest) == 1:
            ((op, other),) = node.rest
            return self.strict((node.first, other), scope, lambda v: self.relate(op, *v))
        return self._chain(node, self.expr(node.first, scope), scope, 0)

    def relate(self, op: str, left: Any, right: Any) -> Any:
        return first_unknown([left, right]) or compare(op, left, right, self.meter)

    def _chain(self, node: s.Compare, left: Any, scope: Scope, place: int) -> Any:
        """A chain of comparisons from `place` on; the first that does not hold ends it."""
        op, other = node.rest[place]
        last = place + 1 == len(node.rest)

        def go_on(pair: Any, names: Scope) -> Any:
            held = self.relate(op, *pair)
            if held is not True or last:
                return held
            return self._chain(node, pair[1], names, place + 1)

        pair = self.operands((other,), scope, (left,))
        pending = any(isinstance(value, Pending) for value in pair)
        return self.given(self.work(pair, list) if pending else pair, scope, go_on)

    def conditional(self, node: s.Conditional, scope: Scope) -> Any:
        def choose(test: Any, names: Scope) -> Any:
            if isinstance(test, Unknown):
                return test
            return self.expr(node.then if test else node.orelse, names)

        return self.given(self.expr(node.test, scope), scope, choose)

    # -- parts of values

    def property(self, node: s.Property, scope: Scope) -> Any:
        def read(values: list[Any]) -> Any:
            (whole,) = values
            if isinstance(whole, Unknown):
                return whole
            try:
                return PROPERTIES[type(whole).__name__][node.name].read(whole)
            except RunError as error:  # of the frames of a video
                raise type(error)(error.message, self.meter.line) from None

        return self.strict((node.value,), scope, read)

    def index_of(self, node: s.Index, scope: Scope) -> Any:
        def at(whole: Any, names: Scope) -> Any:
            if isinstance(whole, Unknown):
                return whole
            return self.strict((node.index,), names, lambda places: self.item(whole, places[0]))

        return self.given(self.expr(node.value, scope), scope, at)

    def item(self, whole: Any, place: Any) -> Any:
        if isinstance(place, Unknown):
            return place
        try:
            return whole[place]
        except IndexError:
            message = f"there is no item {place}: the list has {len(whole)}"
            raise EvaluationError(message, self.meter.line) from None
        except KeyError:
            raise EvaluationError(f"the dict has no {place!r}", self.meter.line) from None

    def slice_of(self, node: s.Slice, scope: Scope) -> Any:
        ends = (node.lower, node.upper, node.step)

        def take(whole: Any, names: Scope) -> Any:
            if isinstance(whole, Unknown):
                return whole

            def cut(values: list[Any]) -> Any:
                filled = iter(values)
                bounds = [next(filled) if end else None for end in ends]
                return first_unknown(values) or self.part(whole, bounds)

            return self.strict([end for end in ends if end], names, cut)

        return self.given(self.expr(node.value, scope), scope, take)

    def part(self, whole: Any, bounds: Sequence[int | None]) -> Any:
        if bounds[2] == 0:
            raise EvaluationError("the step of a slice is not 0", self.meter.line)
        taken = whole[slice(*bounds)]
        self.meter.step(len(taken))
        return taken

    # -- names

    def unpack(self, targets: Sequence[str], value: Any, scope: Scope) -> None:
        if len(targets) == 1:
            scope[targets[0]] = value
        elif isinstance(value, Pending):
            for place, target in enumerate(targets):
                scope[target] = self.work([value], self._nth(place, len(targets)))
        else:
            for place, target in enumerate(targets):
                scope[target] = self._nth(place, len(targets))([value])

    def _nth(self, place: int, count: int) -> Callable[[list[Any]], Any]:
        def take(values: list[Any]) -> Any:
            (value,) = values
            if isinstance(value, Unknown):
                return value
            if len(value) != count:
                message = f"{count} names for {len(value)} values"
                raise EvaluationError(message, self.meter.line)
            return value[place]

        return take

    # -- calls

    def call(self, node: s.Call, scope: Scope, name: str | None = None) -> Any:
        """The value of a call; `name`: what it is assigned to."""
        values = (
            (*node.args, *(value for _, value in node.keywords)) if node.keywords else node.args
        )
        if node.func in self.helpers:
            return self.helper(node, self.operands(values, scope))
        keys = tuple(key for key, _ in node.keywords) if node.keywords else ()
        if node.func in FUNCTIONS:
            count = len(node.args)

            def compute(values: list[Any]) -> Any:
                keywords = dict(zip(keys, values[count:], strict=True))
                return functions.call(node.func, values[:count], keywords, self.meter)

            return self.strict(values, scope, compute)
        got = self.operands(values, scope)
        for value in got:
            if isinstance(value, Pending):
                return self.work(got, lambda there: self.ask(node, keys, there, name))
        return self.ask(node, keys, got, name)

    def ask(
        self, node: s.Call, keys: tuple[str, ...], values: list[Any], name: str | None = None
    ) -> Any:
        """The value of a tool's call: pure tools answer at once."""
        if unknown := first_unknown(values):
            return unknown
        meter, line = self.meter, self.meter.line
        meter.line = node.at.line  # which may be another than its statement's
        meter.call()
        spec = self.tools[node.func]
        names = spec.names[: len(node.args)] + keys if keys else spec.names
        args: dict[str, Value] = dict(zip(names, values, strict=True))
        if spec.pure:
            request = Request(spec.name, args, node.at.line, name, self.place())
            step, outcome = call_pure(spec, request)
            self.done.append(step)
            value = self.receive(request, outcome)
        else:
            height = self.heights.get(node.at, 0)
            request = Request(spec.name, args, node.at.line, name, self.place(), height)
            value = Pending()
            self.waiting[id(request)] = request, value
            self.calls.append(request)
        meter.line = line
        return value

    def receive(self, request: Request, outcome: Any) -> Any:
        """The outcome of a call as a value of the program.

        Raises:
            RunError: the error it ended with, or a limit that its value is over.
        """
        self.meter.line = request.line
        if isinstance(outcome, RunError):
            raise located(outcome, request.line)
        if isinstance(outcome, (list, dict)):
            self.meter.weigh(outcome)
        return outcome

    # -- of subclasses

    def helper(self, node: s.Call, values: list[Any]) -> Any:
        raise NotImplementedError

    def comprehension(self, node: s.Comprehension, scope: Scope) -> Any:
        raise NotImplementedError


_EXPRESSIONS: Mapping[type, Callable[[Evaluation, Any, Scope], Any]] = {
    s.Literal: Evaluation.literal,
    s.Name: Evaluation.name,
    s.Call: Evaluation.call,
    s.Logic: Evaluation.logic,
    s.Compare: Evaluation.compare,
    s.Conditional: Evaluation.conditional,
    s.Property: Evaluation.property,
    s.Index: Evaluation.index_of,
    s.Slice: Evaluation.slice_of,
    s.Unary: Evaluation.unary,
    s.Binary: Evaluation.binary,
    s.ListOf: Evaluation.list_of,
    s.TupleOf: Evaluation.tuple_of,
    s.DictOf: Evaluation.dict_of,
    s.Comprehension: lambda self, node, scope: self.comprehension(node, scope),
    s.Joined: Evaluation.joined,
}
