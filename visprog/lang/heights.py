"""How much of a program waits for each call: the order in which a queue best takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from visprog.lang import syntax as s
from visprog.tool import Toolset


def heights(program: s.Program, tools: Toolset) -> Mapping[s.At, int]:
    """Of each call of a backend or helper, by its place: the longest chain of further backend calls
    that depend on its value, 0 for the last.

    Exact for statements in a row. What a test or a loop decides depends on it as a whole; a loop
    counts as if it ran once. A call in a helper counts to the helper's end: add the height of the
    helper's own call. A helper's call counts as the longest chain in the helper.

    Args:
        program: one that `visprog.lang.check` accepts for these tools.
    """
    helpers = {node.name: node for node in program.body if isinstance(node, s.Def)}
    chains = _Chains(tools, helpers)
    for name in _callees_first(helpers):
        chains.helper(name)
    chains.run([node for node in program.body if not isinstance(node, s.Def)])
    return chains.heights


class _Chains:
    """Reads blocks from their end. `behind` of an expression: the longest chain that waits for its
    value; an expression's method gives the longest chain that starts in it, 0 without calls."""

    def __init__(self, tools: Toolset, helpers: Mapping[str, s.Def]) -> None:
        self.tools = tools
        self.helpers = helpers
        self.lengths: dict[str, int] = {}  # of the chains of helpers
        self.heights: dict[s.At, int] = {}
        self.waiting: dict[str, int] = {}  # for each variable, as the lines read so far use it
        self.assigned: set[str] = set()  # in the block that is being read
        self.returns = False  # whether that block may return

    def helper(self, name: str) -> None:
        """Read a helper, those that it calls before it."""
        self.waiting.clear()
        self.lengths[name] = self.run(self.helpers[name].body)
        self.waiting.clear()

    # -- statements: each gives the longest chain that starts in it

    def run(self, body: Sequence[s.Stmt], rest: int = 0) -> int:
        """`rest`: the longest chain after the block. Gives the longest chain in the block."""
        longest = 0
        for node in reversed(body):
            if type(node) is s.Assign:  # most are: first
                behind = 0
                for target in node.targets:
                    behind = max(behind, self.waiting.pop(target, 0))
                self.assigned.update(node.targets)
                chain = self.expr(node.value, behind)
            else:
                chain = _STATEMENTS[type(node)](self, node, max(rest, longest))
            if chain > longest:
                longest = chain
        return longest

    def update(self, node: s.Update, rest: int) -> int:
        self.assigned.add(node.target)
        return self.expr(node.value, self.waiting.get(node.target, 0))

    def give(self, node: s.Return, rest: int) -> int:
        self.returns = True
        return self.expr(node.value, 0)

    def branch(self, node: s.If, rest: int) -> int:
        chain, behind = self.decided((node.then, node.orelse), rest)
        return max(chain, self.expr(node.test, behind))

    def each(self, node: s.For, rest: int) -> int:
        chain, behind = self.decided((node.body, ()), rest)  # it may run no time
        for target in node.targets:
            behind = max(behind, self.waiting.pop(target, 0))
        self.assigned.update(node.targets)
        return max(chain, self.expr(node.source, behind))

    def repeat(self, node: s.While, rest: int) -> int:
        chain, behind = self.decided((node.body, ()), rest)
        return max(chain, self.expr(node.test, behind))

    def decided(self, bodies: Sequence[Sequence[s.Stmt]], rest: int) -> tuple[int, int]:
        """Read blocks of which one runs: the longest chain in them, and that of all that the choice
        decides: what is in them, what they assign and, if they return, what comes after."""
        after, before = self.waiting, dict[str, int]()
        outer, returns = self.assigned, self.returns
        self.assigned, self.returns, chain = set(), False, 0
        for body in bodies:
            self.waiting = dict(after)
            chain = max(chain, self.run(body, rest))
            for name, height in self.waiting.items():
                if height > before.get(name, 0):
                    before[name] = height
        behind = max(chain, rest if self.returns else 0)
        behind = max(behind, *(after.get(name, 0) for name in self.assigned), 0)
        self.waiting = before
        self.assigned, self.returns = outer | self.assigned, returns or self.returns
        return chain, behind

    # -- expressions

    def expr(self, node: s.Expr, behind: int) -> int:
        kind = type(node)
        if kind is s.Name:
            name = node.id  # type: ignore[union-attr]
            if self.waiting.get(name, 0) < behind:
                self.waiting[name] = behind
            return 0
        if kind is s.Literal:
            return 0
        rule = _EXPRESSIONS.get(kind)
        if rule is not None:
            return rule(self, node, behind)
        chain = 0
        for part in s.children(node):
            chain = max(chain, self.expr(part, behind))  # type: ignore[arg-type]
        return chain

    def call(self, node: s.Call, behind: int) -> int:
        chain, func = 0, node.func
        if func in self.helpers:
            self.heights[node.at] = behind
            behind = chain = behind + self.lengths.get(func, 0)
        elif self.tools.backend(func) is not None:
            self.heights[node.at] = behind
            behind = chain = behind + 1
        for arg in node.args:
            chain = max(chain, self.expr(arg, behind))
        for _, arg in node.keywords:
            chain = max(chain, self.expr(arg, behind))
        return chain

    def compare(self, node: s.Compare, behind: int) -> int:
        chain = self.expr(node.first, behind)
        for _, other in node.rest:
            chain = max(chain, self.expr(other, behind))
        return chain

    def logic(self, node: s.Logic, behind: int) -> int:
        """A later operand is looked at only after those before it."""
        chain = 0
        for operand in reversed(node.operands):
            chain = max(chain, self.expr(operand, max(behind, chain)))
        return chain

    def conditional(self, node: s.Conditional, behind: int) -> int:
        chain = max(self.expr(node.then, behind), self.expr(node.orelse, behind))
        return max(chain, self.expr(node.test, max(behind, chain)))

    def comprehension(self, node: s.Comprehension, behind: int) -> int:
        outer = {name: self.waiting.pop(name, 0) for c in node.clauses for name in c.targets}
        chain = self.expr(node.element, behind)
        if node.key is not None:
            chain = max(chain, self.expr(node.key, behind))
        for place, clause in reversed(list(enumerate(node.clauses))):
            for condition in reversed(clause.conditions):
                chain = max(chain, self.expr(condition, max(behind, chain)))
            inner = max(behind, chain, *(self.waiting.pop(name, 0) for name in clause.targets))
            if place == 0:  # only its source can mean an outer variable of a target's name
                self.waiting.update(outer)
            chain = max(chain, self.expr(clause.source, inner))
        return chain


_STATEMENTS: Mapping[type[s.Node], Callable[[_Chains, Any, int], int]] = {
    s.Update: _Chains.update,
    s.If: _Chains.branch,
    s.For: _Chains.each,
    s.While: _Chains.repeat,
    s.Return: _Chains.give,
}

_EXPRESSIONS: Mapping[type[s.Node], Callable[[_Chains, Any, int], int]] = {
    s.Call: _Chains.call,
    s.Compare: _Chains.compare,
    s.Logic: _Chains.logic,
    s.Conditional: _Chains.conditional,
    s.Comprehension: _Chains.comprehension,
}


def _callees_first(helpers: Mapping[str, s.Def]) -> list[str]:
    """Their names, each after those of the helpers that it calls."""
    order: dict[str, None] = {}
    seen: set[str] = set()
    waiting = list(helpers)
    while waiting:
        name = waiting[-1]
        if name in seen:
            order[waiting.pop()] = None
            continue
        seen.add(name)
        for node in s.walk(s.Program(helpers[name].body)):
            if isinstance(node, s.Call) and node.func in helpers and node.func not in seen:
                waiting.append(node.func)
    return list(order)
