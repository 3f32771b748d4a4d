"""The columns of an evaluation: the same questions, answered in several ways beside each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visprog.agent import Agent
from visprog.errors import SettingsError
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
    without_words,
)
from visprog.planning.chat import ChatPlanner

PROGRAM, VQA, BLIND, GUESS = "program", "vqa", "blind", "guess"
ORACLE, PLANNED = "oracle", "planned-oracle"
REFERENCE = "reference"  # the planner that takes each question's own functional program
ABOUT = {
    PROGRAM: "planned programs over the tools",
    VQA: "the module for free questions alone",
    BLIND: "the language model alone, without a picture",
    GUESS: "yes, the first option, or 1, without looking",
    ORACLE: "the questions' own programs over the scene graphs",
    PLANNED: "planned programs over the scene graphs",
}


@dataclass(frozen=True)
class Column:
    """One way to answer. `open`: gives what answers, and closes it; it is given the results of the
    column PROGRAM. `why`: why it cannot be had, where it cannot."""

    name: str
    about: str
    open: Callable[[Sequence[Result]], AbstractContextManager[Solve]] | None = None
    why: str = ""


@dataclass(frozen=True)
class Answering:
    """What answers: a planner's name, a profile, where the pictures and scene graphs are, and what
    else an agent is made with."""

    planner: str
    tools: str
    images: Path
    scene_graphs: Path | None
    settings: Mapping[str, Any]

    def agent(self, tools: str | Any = None, planner: str | None = None) -> Agent:
        """An agent; `tools`: others than the profile. Raises SettingsError."""
        settings = dict(self.settings)
        options = dict(settings.pop("options", None) or {})
        if self.scene_graphs:
            options["scene_graphs"] = str(self.scene_graphs)
        name = self.planner if planner is None else planner
        chosen = None if name == REFERENCE else name
        return Agent(chosen, tools or self.tools, options=options, **settings)

    def expect(self) -> None:
        """Find out what is wrong with the settings before a question is asked.

        Raises:
            SettingsError: an unknown planner or profile, or one that cannot do what is asked.
        """
        if self.planner == REFERENCE and self.settings.get("route"):
            raise SettingsError("the reference's programs leave nothing to route: name a planner")
        with self.agent() as agent:
            if self.planner != REFERENCE:
                agent.expect_planner()


def columns(
    by: Answering,
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
    made = [_program(by, solve)]
    for name in names[1:]:
        if wanted is None or name in wanted:
            column = _MAKERS[name](by, asked)
            if wanted is not None and column.why:
                raise SettingsError(f"no column {name}: {column.why}")
            made.append(column)
    if ablate:
        made.append(_ablated(by, ablate))
    return made


def _program(by: Answering, solve: Solve | None) -> Column:
    @contextmanager
    def opened(_: Sequence[Result]) -> Iterator[Solve]:
        if solve is not None:
            yield solve
            return
        with by.agent() as agent:
            if by.planner == REFERENCE:
                yield agent_solver(agent, by.images, reference_program)
            else:
                yield agent_solver(agent, by.images)

    return Column(PROGRAM, ABOUT[PROGRAM], opened)


def _vqa(by: Answering, asked: Sequence[Question]) -> Column:
    @contextmanager
    def opened(_: Sequence[Result]) -> Iterator[Solve]:
        with by.agent(planner=REFERENCE) as agent:
            yield agent_solver(agent, by.images, vqa_program)

    if by.settings.get("mode") == "stepwise":  # its agent takes no programs
        return Column(VQA, ABOUT[VQA], why="it is not measured in stepwise mode")
    if all(len(question.images) > 1 for question in asked):
        return Column(VQA, ABOUT[VQA], why="all questions are about several pictures")
    return Column(VQA, ABOUT[VQA], opened)


def _blind(by: Answering, asked: Sequence[Question]) -> Column:
    @contextmanager
    def opened(_: Sequence[Result]) -> Iterator[Solve]:
        with by.agent() as agent:
            assert isinstance(agent.planner, ChatPlanner)
            yield blind_solver(agent.planner.model)

    if by.planner.partition(":")[0] in ("embedded", "scripted", REFERENCE):
        why = f"the planner {by.planner} writes programs only, it answers no questions"
        return Column(BLIND, ABOUT[BLIND], why=why)
    return Column(BLIND, ABOUT[BLIND], opened)


def _guess(by: Answering, asked: Sequence[Question]) -> Column:
    return Column(GUESS, ABOUT[GUESS], lambda _: nullcontext(guess))


def _oracle(by: Answering, asked: Sequence[Question]) -> Column:
    @contextmanager
    def opened(_: Sequence[Result]) -> Iterator[Solve]:
        with by.agent(ORACLE, REFERENCE) as agent:
            yield agent_solver(agent, by.images, reference_program)

    if not by.scene_graphs:
        return Column(ORACLE, ABOUT[ORACLE], why="no scene graphs are given (--scene-graphs)")
    if not any(question.program for question in asked):
        return Column(ORACLE, ABOUT[ORACLE], why="the questions have no programs of their own")
    if by.planner == REFERENCE and by.tools == ORACLE:
        return Column(ORACLE, ABOUT[ORACLE], why="it is the same as the column of programs")
    return Column(ORACLE, ABOUT[ORACLE], opened)


def _planned(by: Answering, asked: Sequence[Question]) -> Column:
    @contextmanager
    def opened(results: Sequence[Result]) -> Iterator[Solve]:
        programs = {result.id: result.program for result in results}
        with by.agent(ORACLE, REFERENCE) as agent:
            yield agent_solver(agent, by.images, replayed(programs))

    if not by.scene_graphs:
        return Column(PLANNED, ABOUT[PLANNED], why="no scene graphs are given (--scene-graphs)")
    if by.planner == REFERENCE or by.tools == ORACLE:
        return Column(PLANNED, ABOUT[PLANNED], why="it is the same as another column")
    return Column(PLANNED, ABOUT[PLANNED], opened)


def _ablated(by: Answering, words: Sequence[str]) -> Column:
    with by.agent(planner=REFERENCE) as agent:
        tools = agent.tools
    kept = tools.without(without_words(words, tools))

    @contextmanager
    def opened(_: Sequence[Result]) -> Iterator[Solve]:
        with by.agent(kept) as agent:
            program = reference_program if by.planner == REFERENCE else None
            yield agent_solver(agent, by.images, program)

    listed = ", ".join(words)
    return Column(f"without-{'-'.join(words)}", f"planned programs without {listed}", opened)


_MAKERS = {VQA: _vqa, BLIND: _blind, GUESS: _guess, ORACLE: _oracle, PLANNED: _planned}
