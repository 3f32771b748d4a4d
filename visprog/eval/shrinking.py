"""From a world that shows something to a small one that shows it too."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from visprog.eval.worlds import World

Key = tuple[int, str]  # of a thing: its picture and its name there


def shrink(world: World, shows: Callable[[Sequence[World]], Sequence[bool]]) -> World:
    """The world without things that do not matter: without any one of those that are left it does
    not show it.

    Args:
        shows: of each of some worlds, whether it does.
    """
    while keys := [(place, key) for place, graph in enumerate(world) for key in graph["objects"]]:
        free = [
            key
            for key, shown in zip(keys, shows([_without(world, {k}) for k in keys]), strict=True)
            if shown
        ]
        if not free:
            break
        rest = _without(world, free)
        world = rest if len(free) > 1 and shows([rest])[0] else _without(world, free[:1])
    return world


def _without(world: World, gone: Collection[Key]) -> World:
    return tuple(_cut(graph, {key for at, key in gone if at == n}) for n, graph in enumerate(world))


def _cut(graph: dict[str, Any], gone: Collection[str]) -> dict[str, Any]:
    """A scene graph without some things and without the relations to them."""
    objects = {
        key: {**thing, "relations": [e for e in thing["relations"] if e["object"] not in gone]}
        for key, thing in graph["objects"].items()
        if key not in gone
    }
    return {**graph, "objects": objects}
