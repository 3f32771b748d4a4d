"""The columns of an evaluation: the same questions, answered in several ways beside each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from visprog.errors import SettingsError
from visprog.eval.answering import REFERENCE, Agents
from visprog.eval.questions import Question
from visprog.eval.results import Result
from visprog.eval.solvers import (
    Solve,
    agent_solver,
    blind_solver,
    guess,
    reference_program,
    replayed,
    vqa_program,
)
from visprog.planning.chat import ChatPlanner

PROGRAM, VQA, BLIND, GUESS = "program", "vqa", "blind", "guess"
ORACLE, PLANNED = "oracle", "planned-oracle"
ABOUT = {
    PROGRAM: "planned programs over the tools",
    VQA: "the module for free questions alone",
    BLIND: "the language model alone, without a picture",
    GUESS: "yes, the first option, or 1, without looking",
    ORACLE: "the questions' own programs over the scene graphs",
    PLANNED: "planned programs over the scene graphs",
}
OWN = "the questions' own programs over the tools"  # under the planner REFERENCE


@dataclass(frozen=True)
class Column:
    """One way to answer. `open`: gives what answers; it is given the results of the column PROGRAM.
    `why`: why it cannot be had, where it cannot."""

    name: str
    about: str
    open: Callable[[Sequence[Result]], Solve] | None = None
    why: str = ""


def columns(
    agents: Agents,
    asked: Sequence[Question],
    wanted: Sequence[str] | None = None,
    ablate: Sequence[str] = (),
    solve: Solve | None = None,
) -> list[Column]:
    """The columns of a run, the one of programs first.

    Args:
        wanted: names of columns; by default all that can be had. One that is asked for by name and
            cannot be had is refused.
        ablate: words of the tools that one more column does without.
        solve: what answers the column of programs, instead of an agent.

    Raises:
        SettingsError: an unknown column, one that cannot be had, an unknown word.
    """
    names = (PROGRAM, VQA, BLIND, GUESS, ORACLE, PLANNED)
    for name in wanted or ():
        if name not in names:
            raise SettingsError(f"no column {name!r}; known: {', '.join(names)}")
    made = [_program(agents, solve)]
    for name in names[1:]:
        if wanted is None or name in wanted:
            column = _MAKERS[name](agents, asked)
            if wanted is not None and column.why:
                raise SettingsError(f"no column {name}: {column.why}")
            made.append(column)
    if ablate:
        made.append(_ablated(agents, ablate))
    return made


def _program(agents: Agents, solve: Solve | None) -> Column:
    def opened(_: Sequence[Result]) -> Solve:
        return solve or agent_solver(agents.main, agents.by.images, _own(agents))

    return Column(PROGRAM, OWN if _own(agents) else ABOUT[PROGRAM], opened)


def _own(agents: Agents) -> Callable[[Question], str] | None:
    """Gives the questions' own programs, where these stand for a planner."""
    return reference_program if agents.by.planner == REFERENCE else None


def _vqa(agents: Agents, asked: Sequence[Question]) -> Column:
    if VQA not in agents.tools():
        return Column(VQA, ABOUT[VQA], why=f"the profile {agents.by.tools} has no word vqa")
    if all(len(question.images) > 1 for question in asked):
        return Column(VQA, ABOUT[VQA], why="all questions are about several pictures")
    return Column(
        VQA,
        ABOUT[VQA],
        lambda _: agent_solver(agents.running(), agents.by.images, vqa_program),
    )


def _blind(agents: Agents, asked: Sequence[Question]) -> Column:
    def opened(_: Sequence[Result]) -> Solve:
        planner = agents.main.planner
        if not isinstance(planner, ChatPlanner):
            raise SettingsError(f"no column {BLIND}: {planner.name} writes programs only")
        return blind_solver(planner.model, planner.most)

    name = agents.by.planner
    if name.partition(":")[0] in ("embedded", "scripted", REFERENCE):
        why = f"the planner {name} writes programs only, it answers no questions"
        return Column(BLIND, ABOUT[BLIND], why=why)
    return Column(BLIND, ABOUT[BLIND], opened)


def _guess(agents: Agents, asked: Sequence[Question]) -> Column:
    return Column(GUESS, ABOUT[GUESS], lambda _: guess)


def _oracle(agents: Agents, asked: Sequence[Question]) -> Column:
    by = agents.by
    why = ""
    if not by.scene_graphs:
        why = "no scene graphs are given (--scene-graphs)"
    elif not any(question.program for question in asked):
        why = "the questions have no programs of their own"
    elif by.planner == REFERENCE and by.tools == ORACLE:
        why = "it is the same as the column of programs"
    if why:
        return Column(ORACLE, ABOUT[ORACLE], why=why)
    return Column(
        ORACLE,
        ABOUT[ORACLE],
        lambda _: agent_solver(agents.running(ORACLE), by.images, reference_program),
    )


def _planned(agents: Agents, asked: Sequence[Question]) -> Column:
    by = agents.by

    def opened(results: Sequence[Result]) -> Solve:
        programs = {result.id: result.program for result in results}
        return agent_solver(agents.running(ORACLE), by.images, replayed(programs))

    if not by.scene_graphs:
        return Column(PLANNED, ABOUT[PLANNED], why="no scene graphs are given (--scene-graphs)")
    if by.planner == REFERENCE or by.tools == ORACLE:
        return Column(PLANNED, ABOUT[PLANNED], why="it is the same as another column")
    return Column(PLANNED, ABOUT[PLANNED], opened)


def _ablated(agents: Agents, words: Sequence[str]) -> Column:
    tools, names = agents.tools(), tuple(dict.fromkeys(words))
    for name in names:
        if name not in tools:
            raise SettingsError(f"no tool {name!r} to leave out")

    def opened(_: Sequence[Result]) -> Solve:
        return agent_solver(agents.planning(tools.without(names)), agents.by.images, _own(agents))

    about = OWN if _own(agents) else ABOUT[PROGRAM]
    return Column(f"without-{'-'.join(names)}", f"{about}, without {', '.join(names)}", opened)


_MAKERS = {VQA: _vqa, BLIND: _blind, GUESS: _guess, ORACLE: _oracle, PLANNED: _planned}
