"""Definitions of helpers: which call which, what they do whatever their names, and their docs."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from visprog.errors import lines_of
from visprog.lang import syntax as s
from visprog.lang.format import format, write

DOC = 300  # characters of what is said of a helper


def definitions(program: s.Program) -> dict[str, s.Def]:
    """By name; the first of equal names."""
    made: dict[str, s.Def] = {}
    for node in program.body:
        if isinstance(node, s.Def):
            made.setdefault(node.name, node)
    return made


def called_in(where: s.Program | s.Def) -> tuple[str, ...]:
    """The names that are called, in the order of the text."""
    program = where if isinstance(where, s.Program) else s.Program(where.body)
    return tuple(dict.fromkeys(n.func for n in s.walk(program) if isinstance(n, s.Call)))


def reached(names: Iterable[str], defs: Mapping[str, s.Def]) -> dict[str, s.Def]:
    """Those of the definitions that names lead to, in the order of the calls."""
    found: dict[str, s.Def] = {}
    waiting = list(names)[::-1]
    while waiting:
        name = waiting.pop()
        if name in defs and name not in found:
            found[name] = defs[name]
            waiting.extend(reversed(called_in(defs[name])))
    return found


def closure(node: s.Def, defs: Mapping[str, s.Def]) -> tuple[s.Def, ...]:
    """A helper and all that it needs, itself first."""
    return tuple(reached([node.name], {**defs, node.name: node}).values())


def form_of(node: s.Def, defs: Mapping[str, s.Def]) -> str:
    """What a helper does, whatever it and those that it calls are named."""
    return format(s.Program(closure(node, defs)))


def same(name: str, some: Mapping[str, s.Def], others: Mapping[str, s.Def]) -> bool:
    """Whether a name has the same definition in both, down to those that it calls."""
    one, other = (write(s.Program(closure(defs[name], defs))) for defs in (some, others))
    return one == other


def callees_first(defs: Mapping[str, s.Def]) -> Sequence[str]:
    done: dict[str, None] = {}
    waiting = list(defs)[::-1]
    begun: set[str] = set()
    while waiting:
        name = waiting[-1]
        inner = [other for other in called_in(defs[name]) if other in defs and other not in begun]
        if name in begun or not inner:
            done[name] = None
            waiting.pop()
        else:
            waiting.extend(inner)
        begun.add(name)
    return list(done)


def free_name(name: str, taken: set[str]) -> str:
    """A name like another that nothing has; it is taken then."""
    number = 2
    while (made := f"{name}_{number}") in taken:
        number += 1
    taken.add(made)
    return made


def renamed(node: s.Def, names: Mapping[str, str]) -> s.Def:
    """The definition, with the helpers that it is and calls named otherwise."""
    made: s.Def = _with_names(node, names) if names else node
    return made


def _with_names(value: Any, names: Mapping[str, str]) -> Any:
    if type(value) is tuple:  # a place, which has a type of its own, stays
        return tuple(_with_names(item, names) for item in value)
    if not isinstance(value, s.Node):
        return value
    changed = {key: _with_names(item, names) for key, item in vars(value).items()}
    if isinstance(value, s.Call):
        changed["func"] = names.get(value.func, value.func)
    elif isinstance(value, s.Def):
        changed["name"] = names.get(value.name, value.name)
    return type(value)(**changed)


def docs_of(source: str) -> dict[str, str]:
    """The comment above each definition of a text that was parsed, or the text it begins with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nodes = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    lines, made = lines_of(source), {}
    for node in nodes:
        above = node.lineno - 1
        while above and lines[above - 1].startswith("#"):
            above -= 1
        comment = " ".join(line.lstrip("#") for line in lines[above : node.lineno - 1])
        said = comment or ast.get_docstring(node) or ""
        shown = "".join(one if one.isprintable() else " " for one in said)
        made[node.name] = " ".join(shown.split())[:DOC]
    return made
