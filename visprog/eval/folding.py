"""The canonical text of a program with its variables folded away.

`x = largest(detect(image, "bus"))` and `return area(x)` is `return area(largest(detect(image,
"bus")))`: with no side effects and equal calls shared, lines are a matter of writing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, cast

from visprog.lang import syntax as s
from visprog.lang.format import format

ARTICLE = re.compile(r"^(?:the|an?) (?=.)")
MOST_NODES = 2_000  # of the folded expression; a longer one stays in lines


def canonical(program: s.Program) -> str:
    """The text that programs share which differ in names, layout and lines only, in capitals and
    first articles of what they say to tools ("The bus", "bus"), and in 2 and 2.0.

    A program that is more than assignments and one `return` keeps its lines.
    """
    folded = _folded(program) or program
    return format(replace(folded, body=_plain(folded.body)))


def _folded(program: s.Program) -> s.Program | None:
    *lines, last = program.body
    if not isinstance(last, s.Return):
        return None
    known: dict[str, s.Expr] = {}
    sizes: dict[str, int] = {}
    bound = {
        name for node in s.walk(program) if isinstance(node, s.Clause) for name in node.targets
    }
    for line in lines:
        if not (isinstance(line, s.Assign) and len(line.targets) == 1):
            return None
        (name,) = line.targets
        sizes[name] = _size(line.value, sizes)
        if sizes[name] > MOST_NODES:
            return None
        known[name] = _filled(line.value, known)
    if _size(last.value, sizes) > MOST_NODES or bound & _names(program):
        return None
    return s.Program((s.Return(_filled(last.value, known)),))


def _names(program: s.Program) -> set[str]:
    """What a comprehension's own variable must not be called: else folding would mix them up."""
    set_here = {
        name for line in program.body if isinstance(line, s.Assign) for name in line.targets
    }
    inside = {node.id for node in s.walk(program) if isinstance(node, s.Name)}
    return set_here | {name for name in inside if name.startswith(("image", "video"))}


def _size(node: s.Expr, sizes: Mapping[str, int]) -> int:
    inside = s.walk(s.Program((s.Return(node),)))
    return sum(sizes.get(part.id, 1) if isinstance(part, s.Name) else 1 for part in inside)


def _filled(node: s.Expr, known: Mapping[str, s.Expr]) -> s.Expr:
    """The expression with what is known in the place of its names."""
    return cast("s.Expr", _changed(node, known))


def _changed(part: Any, known: Mapping[str, s.Expr]) -> Any:
    if isinstance(part, s.Name):
        return known.get(part.id, part)
    return _mapped(part, lambda inner: _changed(inner, known))


def _plain(part: Any, said: bool = False) -> Any:
    """With plain literals. `said`: it is an argument, or an item of one."""
    if isinstance(part, s.Literal):
        value = part.value
        if isinstance(value, str) and said:
            return replace(part, value=ARTICLE.sub("", value.lower()))
        whole = isinstance(value, float) and value.is_integer()
        return replace(part, value=int(value)) if whole else part
    inside = isinstance(part, s.Call | s.ListOf) or (said and isinstance(part, tuple))
    return _mapped(part, lambda inner: _plain(inner, inside))


def _mapped(part: Any, change: Callable[[Any], Any]) -> Any:
    """A node, or several, with changed parts."""
    if isinstance(part, tuple):
        return tuple(map(change, part))
    if not isinstance(part, s.Node):
        return part
    inner = {item.name: change(getattr(part, item.name)) for item in fields(part)}
    inner.pop("at")
    return replace(part, **inner)
