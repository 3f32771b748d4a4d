"""Steps as actions that can be done in their order: what "it" and "them" mean, what is done for
each of several things, and what has to be done before. The simulator judges every way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice

from visprog.acting.reading import Mention, Phrase, Pronoun, Step
from visprog.acting.simulator import Action, State, after_all, completed_from, simulate_from
from visprog.acting.skills import Skills
from visprog.errors import PlanError
from visprog.lang.words import singular

MOST_WAYS = 16  # to understand the pronouns of a request, that are tried

Group = tuple[str, ...]  # names of things; one alone is "it"


@dataclass(frozen=True)
class Loop:
    """Actions that are done for each of the things with a name, which they call `each_NAME`."""

    over: str
    body: tuple[Action, ...]


@dataclass(frozen=True)
class Order:
    """What is done, and about which `things`: what is said of them, by name."""

    things: Mapping[str, Phrase]
    parts: tuple[Action | Loop, ...]


@dataclass(frozen=True)
class _Asked:
    """A step whose things are known: groups of names by its parameters. `each`: as of a step."""

    skill: str
    groups: tuple[Group, ...]
    each: bool


@dataclass(frozen=True)
class _Way:
    """What is to be done so far; `added`: how many of the actions nobody asked for."""

    state: State
    parts: tuple[Action | Loop, ...] = ()
    added: int = 0


@dataclass
class _Names:
    """Names for phrases. The same words mean the same thing, and a noun alone the one that was said
    with more before: "the red cup ... the cup"."""

    things: dict[str, Phrase] = field(default_factory=dict)

    def of(self, phrase: Phrase) -> str:
        for name, other in self.things.items():
            if other.text.lower() == phrase.text.lower():
                return name
        alike = [
            name
            for name, other in self.things.items()
            if (singular(other.head), other.many) == (singular(phrase.head), phrase.many)
        ]
        if alike and phrase.text.lower() in (f"the {phrase.head}", f"all the {phrase.head}"):
            if len(alike) > 1:
                raise PlanError(f"{phrase.text!r} is not understood: more than one was spoken of")
            return alike[0]
        name = f"thing_{len(self.things) + 1}"
        self.things[name] = phrase
        return name


def order(steps: Sequence[Step], skills: Skills) -> Order:
    """The way to do the steps with the fewest actions added. A pronoun means what was said before
    it and makes that way; of equal ones, what was acted on last.

    Raises:
        PlanError: there is none, or nothing that a pronoun may mean.
    """
    names = _Names()
    said = [[_named(one, names) for one in step.things.values()] for step in steps]
    best: _Way | None = None
    meant: Sequence[_Asked] = ()
    for asked in islice(_meanings(steps, said, names.things), MOST_WAYS):
        meant = meant or asked
        way = _done(asked, skills, names.things)
        if way and (best is None or way.added < best.added):
            best = way
    if best is None:
        listed = ", ".join(_told(one, names.things) for one in meant)
        raise PlanError(f"no few actions before it make {listed} possible by what the skills need")
    return Order(names.things, best.parts)


def _named(mention: Mention, names: _Names) -> Group | Pronoun:
    return mention if isinstance(mention, Pronoun) else tuple(map(names.of, mention))


def _told(asked: _Asked, things: Mapping[str, Phrase]) -> str:
    said = (" and ".join(things[name].text for name in group) for group in asked.groups)
    return f"{asked.skill}({', '.join(said)})"


# -- pronouns


def _meanings(
    steps: Sequence[Step],
    said: Sequence[Sequence[Group | Pronoun]],
    things: Mapping[str, Phrase],
    before: tuple[_Asked, ...] = (),
) -> Iterator[Sequence[_Asked]]:
    """The steps with each meaning that their pronouns may have, the likeliest first."""
    if len(before) == len(steps):
        yield before
        return
    step = steps[len(before)]
    for groups in _chosen(said[len(before)], before, things):
        yield from _meanings(
            steps, said, things, (*before, _Asked(step.skill.name, groups, step.each))
        )


def _chosen(
    said: Sequence[Group | Pronoun], before: Sequence[_Asked], things: Mapping[str, Phrase]
) -> Iterator[tuple[Group, ...]]:
    if not said:
        yield ()
        return
    first = said[0]
    groups = _antecedents(first, before, things) if isinstance(first, Pronoun) else [first]
    for group in groups:
        for rest in _chosen(said[1:], before, things):
            yield group, *rest


def _antecedents(
    pronoun: Pronoun, before: Sequence[_Asked], things: Mapping[str, Phrase]
) -> Sequence[Group]:
    """What a pronoun may mean: of the steps before it the last first, of each what is acted on."""
    known = list(dict.fromkeys(group for step in reversed(before) for group in step.groups))
    several = [group for group in known if len(group) > 1 or things[group[0]].many]
    if pronoun.many:  # else a pair, such as scissors
        found = several or [group for group in known if things[group[0]].head.endswith("s")]
    else:
        found = [group for group in known if len(group) == 1]
    if not found:
        raise PlanError(f"{pronoun.text!r} is not understood: nothing before it is meant by it")
    return found


# -- what is done, and what before it


def _done(asked: Sequence[_Asked], skills: Skills, things: Mapping[str, Phrase]) -> _Way | None:
    """The way to do all steps with the fewest actions added; None where there is none.

    Steps that go on about the same several things are done step by step, or thing by thing where
    "it" speaks of one of them or where that takes fewer: an arm that holds one thing cannot pick up
    all of them first.
    """
    single = tuple(name for name, phrase in things.items() if not phrase.many)
    way: _Way | None = _Way(skills.start)
    for group, run in groupby(asked, lambda step: _several(step, things)):
        steps = list(run)
        by_step = [(name, [step]) for step in steps for name in group] or [("", steps)]
        by_thing = [(name, steps) for name in group]
        orders = (by_thing, by_step) if any(step.each for step in steps) else (by_step, by_thing)
        ways = [
            made
            for blocks in orders
            if blocks and way and (made := _all_done(way, blocks, group, single, skills, things))
        ]
        way = min(ways, key=lambda made: made.added, default=None)
    return way


def _several(asked: _Asked, things: Mapping[str, Phrase]) -> Group:
    """The several things that a step is about, if any."""
    found = [group for group in asked.groups if len(group) > 1 or things[group[0]].many]
    if len(set(found)) > 1:
        raise PlanError(f"{_told(asked, things)}: several things in two places; say them apart")
    return found[0] if found else ()


def _all_done(
    way: _Way,
    blocks: Sequence[tuple[str, Sequence[_Asked]]],
    group: Group,
    single: tuple[str, ...],
    skills: Skills,
    things: Mapping[str, Phrase],
) -> _Way | None:
    """The way on, block by block: some steps with one name in the place of the group."""
    for name, steps in blocks:
        many = bool(name) and things[name].many
        one = f"each_{name}" if many else name
        wanted = [
            Action(step.skill, tuple(one if it == group else it[0] for it in step.groups))
            for step in steps
        ]
        made = (
            _repeated(way, name, wanted, single, skills)
            if many
            else _extended(way, wanted, single, skills)
        )
        if made is None:
            return None
        way = made
    return way


def _extended(
    way: _Way, wanted: Sequence[Action], things: tuple[str, ...], skills: Skills
) -> _Way | None:
    made = completed_from(skills, way.state, wanted, things)
    if made is None:
        return None
    state = after_all(skills, way.state, made)
    return _Way(state, (*way.parts, *made), way.added + len(made) - len(wanted))


def _repeated(
    way: _Way, over: str, wanted: Sequence[Action], things: tuple[str, ...], skills: Skills
) -> _Way | None:
    """A loop that can be gone through any number of times, as two things show: what only the first
    needs is done before it, such as to open the box that all are put in."""
    one, other = f"each_{over}", f"other_{over}"
    first = completed_from(skills, way.state, wanted, (*things, one))
    if first is None:
        return None
    again = [_renamed(action, one, other) for action in wanted]
    second = completed_from(skills, after_all(skills, way.state, first), again, (*things, other))
    if second is None:
        return None
    body = tuple(_renamed(action, other, one) for action in second)
    before = list(first)
    for action in body:
        if action not in before:
            return None
        before.remove(action)
    whole = [*before, *body, *second]
    if any(one in action.things for action in before) or simulate_from(skills, way.state, whole)[1]:
        return None
    added = len(before) + len(body) - len(wanted)
    state = after_all(skills, way.state, whole)
    return _Way(state, (*way.parts, *before, Loop(over, body)), way.added + added)


def _renamed(action: Action, name: str, other: str) -> Action:
    return Action(action.skill, tuple(other if it == name else it for it in action.things))
