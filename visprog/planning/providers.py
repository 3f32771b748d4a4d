"""From a planner's name, as on the command line, to the planner."""

from __future__ import annotations

from pathlib import Path

from visprog.errors import SettingsError
from visprog.planning.planner import Planner
from visprog.planning.scripted import ScriptedPlanner
from visprog.tool import Catalogue, Model

WEIGHTS = "planner"  # the name under which a package offers the embedded planner's weights


def make_planner(name: str, catalogue: Catalogue, threads: int = 0) -> Planner:
    """The planner of a name: `embedded` or `scripted:FILE`.

    `threads`: for a planner that runs on the processor; 0 for its own choice.

    Raises:
        SettingsError: there is no such planner, or its file cannot be read.
        WeightsError: the embedded planner's weights are absent.
    """
    kind, _, rest = name.partition(":")
    if kind == "scripted" and rest:
        return ScriptedPlanner(Path(rest))
    if name == "embedded":
        from visprog.planning.embedded import EmbeddedPlanner

        if WEIGHTS not in catalogue.weights:
            raise SettingsError("no installed package offers the weights of the embedded planner")
        weights = catalogue.weights[WEIGHTS]
        model = Model(weights.id, weights.licence, weights.revision)
        return EmbeddedPlanner(weights.where(), threads or None, model)
    raise SettingsError(f"no planner {name!r}; known: embedded, scripted:FILE")
