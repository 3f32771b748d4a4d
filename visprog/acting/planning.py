"""From a request to a plan: a program over skills and tools that is checked, run to find the things
that it is about, and simulated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from visprog.acting.grounding import finder
from visprog.acting.ordering import Loop, order
from visprog.acting.reading import read
from visprog.acting.simulator import Action, State, simulate
from visprog.acting.skills import Skills, said
from visprog.agent import Agent, Answer
from visprog.errors import SettingsError, VisprogError
from visprog.tool import Toolset
from visprog.trace import ANSWERED
from visprog.values import Region, Unknown

PLANNED, REFUSED = "planned", "refused"
ASKED = (
    "Plan for a robot: return the list of the actions that are to be done, in order, each a call "
    "of one of the words of the family `act`. The request: {request}"
)
POINT = "point"  # the word that tells where a thing is in space

MakeAgent = Callable[[Toolset], Agent]


@dataclass(frozen=True)
class ActionPlan:
    """What came of a request.

    `status`: planned; refused, where `faults` say what could not be carried out; or as of the
    answer, abstained or failed, with its `reason`. `things`: by name, the regions that the actions
    are about; `points`: where they are in space, metres [x, y, z], or why that is not known;
    `state`: what holds at the end.
    """

    request: str
    status: str
    reason: str
    program: str
    actions: tuple[Action, ...]
    things: Mapping[str, Region]
    points: Mapping[str, list[float] | str]
    state: State
    faults: tuple[str, ...]
    answer: Answer | None = None

    def to_json(self) -> dict[str, Any]:
        """Numbers and texts only."""
        return {
            "request": self.request,
            "status": self.status,
            "reason": self.reason,
            "program": self.program,
            "actions": [{"skill": one.skill, "things": list(one.things)} for one in self.actions],
            "things": {name: self._thing(name) for name in self.things},
            "state": sorted(map(said, self.state)),
            "faults": list(self.faults),
        }

    def _thing(self, name: str) -> dict[str, Any]:
        region, at = self.things[name], self.points.get(name, "")
        told = {"label": region.label, "box": list(region.box), "score": region.score}
        where = {"point": at} if isinstance(at, list) else {"point": None, "why": at}
        return {**told, **where}


def plan_actions(
    image: Any,
    request: str,
    skills: Skills,
    tools: Toolset,
    make: MakeAgent,
    program: str | None = None,
) -> ActionPlan:
    """Plan a request over a robot's skills.

    A planner that writes programs over any words writes one over the skills. The embedded one knows
    no words of others: the request is read by what the skills say, and it finds the things; where
    an action cannot be done yet, a search puts others before it.

    Args:
        image: as of `Agent.ask`; `make`: an agent over a toolset; `program`: instead of one that
            a planner writes.

    Raises:
        SettingsError: a skill has the name of a tool.
    """
    for name in skills.by_name:
        if name in tools or name in tools.unserved:
            raise SettingsError(f"the skill {name!r} has the name of a tool: choose another")
    with make(tools.plus([skill.spec for skill in skills.by_name.values()])) as agent:
        try:
            if program is None and agent.planner.name == "embedded":
                program = _read(request, skills, agent)
            asked = ASKED.format(request=request)
            answer = (
                agent.ask(image, asked) if program is None else agent.run(program, image, request)
            )
        except VisprogError as error:
            return _empty(request, "failed", str(error), program or "")
        return _judged(request, skills, agent, answer)


def _judged(request: str, skills: Skills, agent: Agent, answer: Answer) -> ActionPlan:
    if answer.status != ANSWERED:
        return replace(_empty(request, answer.status, answer.reason, answer.program), answer=answer)
    names: dict[tuple[Any, ...], str] = {}
    things: dict[str, Region] = {}
    actions = []
    for step in answer.trace.steps:
        if step.tool not in skills.by_name:
            continue
        taken = [_name(region, names, things) for region in step.args.values()]
        actions.append(Action(step.tool, tuple(taken)))
    state, told = simulate(skills, actions)
    if not actions:
        told = ["the program calls no skill, or found nothing to call one for"]
    points = {name: _point(agent.tools, region) for name, region in things.items()}
    return ActionPlan(
        request,
        REFUSED if told else PLANNED,
        "; ".join(told),
        answer.program,
        tuple(actions),
        things,
        points,
        state,
        tuple(told),
        answer,
    )


def _empty(request: str, status: str, reason: str, program: str) -> ActionPlan:
    return ActionPlan(request, status, reason, program, (), {}, {}, frozenset(), ())


def _name(region: Any, names: dict[tuple[Any, ...], str], things: dict[str, Region]) -> str:
    """The name of a thing: its label, with a number where another has that one."""
    key = region.image.key, region.label, region.box
    if key not in names:
        taken = sum(name.partition(" #")[0] == region.label for name in things)
        names[key] = region.label if not taken else f"{region.label} #{taken + 1}"
        things[names[key]] = region
    return names[key]


def _point(tools: Toolset, region: Region) -> list[float] | str:
    backend = tools.backend(POINT)
    if backend is None:
        return "no tool of this profile tells where things are in space"
    backend.ready()
    (made,) = backend.run(POINT, [{"region": region}])
    if isinstance(made, VisprogError):
        return str(made)
    if isinstance(made.value, Unknown):
        return made.value.reason
    return [float(number) for number in made.value]  # type: ignore[union-attr]


# -- requests in words, for a planner that knows no skills


def _read(request: str, skills: Skills, agent: Agent) -> str:
    """A program for a request that is made of what the skills say.

    Raises:
        PlanError: a part of it is not understood, or cannot be done.
    """
    made = order(read(request, skills), skills)
    finders = "".join(finder(f"find_{name}", phrase, agent) for name, phrase in made.things.items())
    things = "".join(f"{name} = find_{name}(image)\n" for name in made.things)
    if not any(isinstance(part, Loop) for part in made.parts):
        return f"{finders}{things}return [{', '.join(map(str, made.parts))}]\n"
    lines = "".join(map(_line, made.parts))
    return f"{finders}{things}actions = []\n{lines}return actions\n"


def _line(part: Action | Loop) -> str:
    """A statement that adds what is to be done to the list of actions."""
    if isinstance(part, Action):
        return f"actions += [{part}]\n"
    calls = ", ".join(map(str, part.body))
    return f"for each_{part.over} in {part.over}:\n    actions += [{calls}]\n"
