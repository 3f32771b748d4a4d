"""What skills do to the world, step by step: whether each can be done, and what holds after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count, permutations

from visprog.acting.skills import ANY, Fact, Ground, Skill, Skills, said

State = frozenset[Ground]
ALONE = 400_000  # actions that a search tries before one that is wanted
TOGETHER = 40_000  # that one for all wanted actions together tries
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


def after_all(skills: Skills, state: State, actions: Sequence[Action]) -> State:
    """What holds when all are done."""
    return simulate_from(skills, state, actions)[0]


def simulate(skills: Skills, actions: Sequence[Action]) -> tuple[State, list[str]]:
    """What holds at the end, and what cannot be done: a plan without faults can be carried out."""
    return simulate_from(skills, skills.start, actions)


def simulate_from(
    skills: Skills, state: State, actions: Sequence[Action]
) -> tuple[State, list[str]]:
    """As `simulate`, from another state on."""
    told = []
    for number, action in enumerate(actions, 1):
        skill = skills.by_name[action.skill]
        things = dict(zip(skill.takes, action.things, strict=True))
        told += [f"step {number}, {action}: {why}" for why in faults(skill, things, state)]
        state = after(skill, things, state)
    return state, told


def completed(skills: Skills, wanted: Sequence[Action]) -> list[Action] | None:
    """The actions with others before those that could not be done yet; None where a search over at
    most LONGEST more before each finds none. The fewest are taken, as late as can be; in a long
    row, the fewest for each action.
    """
    return completed_from(skills, skills.start, wanted, ())


def completed_from(
    skills: Skills, state: State, wanted: Sequence[Action], things: Sequence[str]
) -> list[Action] | None:
    """As `completed`, from another state on. Others are done with the things of the wanted ones, or
    if that is no way, with `things` too."""
    own = tuple(dict.fromkeys(thing for action in wanted for thing in action.things))
    things = tuple(dict.fromkeys((*own, *things)))
    whole = _found(skills, state, wanted, own, TOGETHER)
    if whole is not None:
        return list(whole)
    made = list[Action]()
    for action in wanted:  # one by one: not always the fewest, but within reach
        some = _found(skills, state, [action], action.things, ALONE)
        if some is None:
            some = _found(skills, state, [action], things, ALONE)
        if some is None:
            return None
        made += some
        state = after_all(skills, state, some)
    return made


def _found(
    skills: Skills, start: State, wanted: Sequence[Action], things: Sequence[str], most: int
) -> tuple[Action, ...] | None:
    """The way through all that is wanted with the fewest other actions: a best-first search that
    tries at most `most` of these."""
    helping = _helping(skills, wanted)
    waiting: list[tuple[int, int, int, State, tuple[Action, ...]]] = [(0, 0, 0, start, ())]
    seen: set[tuple[int, State]] = set()
    order = count(1)  # of equal ones the first that was found
    tried = 0
    while waiting and tried < most:
        added, left, _, state, way = heappop(waiting)
        done = -left
        if done == len(wanted):
            return way
        if (done, state) in seen:
            continue
        seen.add((done, state))
        if not faults(skills.by_name[wanted[done].skill], _named(skills, wanted[done]), state):
            then = after_all(skills, state, [wanted[done]])
            heappush(waiting, (added, left - 1, next(order), then, (*way, wanted[done])))
        if added == LONGEST * len(wanted):
            continue
        for skill in helping:
            for chosen in permutations(things, len(skill.takes)):
                tried += 1
                action = Action(skill.name, chosen)
                named = _named(skills, action)
                if not faults(skill, named, state):
                    reached = after(skill, named, state)
                    if (done, reached) not in seen:
                        step = (added + 1, left, next(order), reached, (*way, action))
                        heappush(waiting, step)
    return None


def _helping(skills: Skills, wanted: Sequence[Action]) -> list[Skill]:
    """The skills that make or end a fact that the wanted ones need, or such skills themselves."""
    needed = {(fact.name, fact.holds) for one in wanted for fact in skills.by_name[one.skill].needs}
    found: list[Skill] = []
    before = -1
    while len(found) > before:
        before = len(found)
        for skill in skills.by_name.values():
            if skill not in found and any(
                (fact.name, fact.holds) in needed for fact in skill.makes
            ):
                found.append(skill)
                needed |= {(fact.name, fact.holds) for fact in skill.needs}
    return [skill for skill in skills.by_name.values() if skill in found]


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
