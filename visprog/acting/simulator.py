"""What skills do to the world, step by step: whether each can be done, and what holds after it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from visprog.acting.skills import ANY, Fact, Ground, Skill, Skills, said

State = frozenset[Ground]
STATES = 20_000  # that a search looks at
LONGEST = 4  # actions that it puts before one that cannot be done yet


@dataclass(frozen=True)
class Action:
    """A skill done with things, by their names."""

    skill: str
    things: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.skill}({', '.join(self.things)})"


def faults(skill: Skill, things: Mapping[str, str], state: State) -> list[str]:
    """Why a skill cannot be done now; none where it can."""
    made = []
    if len(set(things.values())) < len(things):
        made.append("it takes different things, and two of these are one")
    for fact in skill.needs:
        if _holds(fact, things, state) != fact.holds:
            told = said(fact.about(things))
            made.append(f"it needs {told}" if fact.holds else f"it needs that {told} does not hold")
    return made


def after(skill: Skill, things: Mapping[str, str], state: State) -> State:
    """What holds when it is done: first some facts end, then others begin."""
    gone = [fact.about(things) for fact in skill.makes if not fact.holds]
    kept = {fact for fact in state if not any(_fits(fact, one) for one in gone)}
    return frozenset(kept | {fact.about(things) for fact in skill.makes if fact.holds})


def simulate(skills: Skills, actions: Sequence[Action]) -> tuple[State, list[str]]:
    """What holds at the end, and what cannot be done: a plan without faults can be carried out."""
    state, told = skills.start, []
    for number, action in enumerate(actions, 1):
        skill = skills.by_name[action.skill]
        things = dict(zip(skill.takes, action.things, strict=True))
        told += [f"step {number}, {action}: {why}" for why in faults(skill, things, state)]
        state = after(skill, things, state)
    return state, told


def completed(skills: Skills, wanted: Sequence[Action]) -> list[Action] | None:
    """The actions with others before those that could not be done yet; None where a search over at
    most LONGEST more finds none. The fewest that do are taken."""
    state, made = skills.start, list[Action]()
    things = tuple(dict.fromkeys(thing for action in wanted for thing in action.things))
    for action in wanted:
        before = _found(skills, state, action, things)
        if before is None:
            return None
        for one in (*before, action):
            state = after(skills.by_name[one.skill], _named(skills, one), state)
            made.append(one)
    return made


def _found(
    skills: Skills, start: State, wanted: Action, things: Sequence[str]
) -> tuple[Action, ...] | None:
    """The shortest way to a state in which an action can be done: a breadth-first search."""
    goal, taken = skills.by_name[wanted.skill], _named(skills, wanted)
    waiting: deque[tuple[State, tuple[Action, ...]]] = deque([(start, ())])
    seen = {start}
    while waiting and len(seen) < STATES:
        state, way = waiting.popleft()
        if not faults(goal, taken, state):
            return way
        if len(way) == LONGEST:
            continue
        for skill in skills.by_name.values():
            for chosen in permutations(things, len(skill.takes)):
                action = Action(skill.name, chosen)
                named = _named(skills, action)
                reached = after(skill, named, state)
                if reached not in seen and not faults(skill, named, state):
                    seen.add(reached)
                    waiting.append((reached, (*way, action)))
    return None


def _named(skills: Skills, action: Action) -> dict[str, str]:
    return dict(zip(skills.by_name[action.skill].takes, action.things, strict=True))


def _holds(fact: Fact, things: Mapping[str, str], state: State) -> bool:
    wanted = fact.about(things)
    return any(_fits(one, wanted) for one in state)


def _fits(fact: Ground, wanted: Ground) -> bool:
    return (
        fact[0] == wanted[0]
        and len(fact[1]) == len(wanted[1])
        and all(ANY in (a, b) or a == b for a, b in zip(fact[1], wanted[1], strict=True))
    )
