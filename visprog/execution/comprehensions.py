"""The value of a comprehension: all items are begun before any is there."""

from __future__ import annotations

from typing import Any

from visprog.errors import RunError
from visprog.execution.evaluation import Evaluation, Scope
from visprog.execution.flow import Pending, failed, located
from visprog.lang import syntax as s
from visprog.values import Unknown


class Comprehensions(Evaluation):
    """Evaluates comprehensions too."""

    def comprehension(self, node: s.Comprehension, scope: Scope) -> Any:
        def build(made: Any) -> Any:
            if isinstance(made, Unknown):
                return made
            self.meter.weigh(made)
            return made if node.key is None else dict(made)

        made = self._clause(node, 0, dict(scope))  # the targets are its own
        return (
            self.work([made], lambda v: build(v[0])) if isinstance(made, Pending) else build(made)
        )

    def _clause(self, node: s.Comprehension, place: int, scope: Scope) -> Any:
        """The elements that the clauses from `place` on make, or the abstention they hang on."""
        if place == len(node.clauses):
            return self._element(node, scope)
        items = self.expr(node.clauses[place].source, scope)
        return self.given(items, scope, lambda got, names: self._items(node, place, got, names, 0))

    def _element(self, node: s.Comprehension, scope: Scope) -> Any:
        if node.key is None:
            return self.strict((node.element,), scope, list)

        def pair(values: list[Any]) -> Any:
            element, key = values
            return key if isinstance(key, Unknown) else [(key, element)]

        return self.strict((node.element, node.key), scope, pair)

    def _items(
        self, node: s.Comprehension, place: int, items: Any, scope: Scope, start: int
    ) -> Any:
        if isinstance(items, Unknown):
            return items
        if type(items) is not list:
            items = list(items)  # of a dict, its keys
        parts: list[Any] = []
        pending = False
        for here in range(start, len(items)):
            if self.over():
                parts.append(self._later(node, place, items, scope, here))
                pending = True
                break
            try:
                self.unpack(node.clauses[place].targets, items[here], scope)
                part = self._kept(node, place, scope, 0)
            except RunError as error:
                if not pending:
                    raise
                parts.append(failed(located(error, self.meter.line)))
                break
            if isinstance(part, Unknown) and not pending:
                return part
            parts.append(part)
            if isinstance(part, Unknown):
                break
            pending = pending or isinstance(part, Pending)
        return self.work(parts, self._flat, Unknown) if pending else self._flat(parts)

    def _later(
        self, node: s.Comprehension, place: int, items: Any, scope: Scope, start: int
    ) -> Any:
        """The items from `start` on, in another time slice."""
        return self.given(
            self.pause(), scope, lambda _, names: self._items(node, place, items, names, start)
        )

    def _flat(self, parts: list[Any]) -> Any:
        self.meter.room(sum(map(len, parts)))
        return [element for part in parts for element in part]

    def _kept(self, node: s.Comprehension, place: int, scope: Scope, start: int) -> Any:
        """What an item gives: nothing where a condition does not hold."""
        conditions = node.clauses[place].conditions
        if start == len(conditions):
            return self._clause(node, place + 1, scope)

        def decide(kept: Any, names: Scope) -> Any:
            if isinstance(kept, Unknown):
                return kept
            return self._kept(node, place, names, start + 1) if kept else []

        return self.given(self.expr(conditions[start], scope), scope, decide)
