"""What answers the questions of an evaluation: an agent, a model without a picture, or a guess."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from visprog.agent import Agent
from visprog.errors import PlanError, SettingsError, VisprogError
from visprog.eval.gqa_programs import translate
from visprog.eval.questions import Question
from visprog.eval.results import Outcome
from visprog.lang.words import whole
from visprog.planning.chat import ChatModel, Message
from visprog.trace import ANSWERED, DIRECT, FAILED

Solve = Callable[[Iterable[Question]], Iterator[Outcome]]
Program = Callable[[Question], str]

BLIND = (
    "You are asked about a picture that you cannot see. Guess the likeliest answer. Reply with one "
    "word or a short phrase, and nothing else; where it is a yes-or-no question, with yes or no."
)
LONGEST = 200  # characters of an answer


def agent_solver(agent: Agent, images: Path, program: Program | None = None) -> Solve:
    """Answers by an agent, many questions together, in their order.

    `program`: gives each question's program, so that no planner is needed.
    """

    def solve(questions: Iterable[Question]) -> Iterator[Outcome]:
        order: deque[Outcome | None] = deque()  # of those begun: None, or why it was not run

        def jobs() -> Iterator[tuple[list[Path], str] | tuple[list[Path], str, str]]:
            for question in questions:
                try:
                    text = program(question) if program else ""
                    pictures = list(question.pictures(images))
                except VisprogError as error:
                    order.append(_failed(error))
                    continue
                order.append(None)
                yield (pictures, question.text, text) if program else (pictures, question.text)

        for answer in agent.batch(jobs()):
            while (failed := order.popleft()) is not None:
                yield failed
            yield Outcome.of(answer)
        yield from (failed for failed in order if failed is not None)

    return solve


def _failed(error: VisprogError) -> Outcome:
    name = type(error).__name__
    return Outcome(FAILED, reason=f"{name}: {error}", error=name)


def reference_program(question: Question) -> str:
    """The question's own functional program in our language.

    Raises:
        PlanError: it has none, or one with an operation that GQA does not have.
    """
    return translate(question.program)


def vqa_program(question: Question) -> str:
    """The program that leaves all to the module for free questions.

    Raises:
        PlanError: the question is about several pictures, which that module does not see together.
    """
    if len(question.images) > 1:
        raise PlanError(f"vqa sees one picture, and this question has {len(question.images)}")
    return f'return vqa(image, "{whole(question.text)}")\n'


def blind_solver(model: ChatModel) -> Solve:
    """Answers by a language model that sees no picture."""

    def solve(questions: Iterable[Question]) -> Iterator[Outcome]:
        for question in questions:
            begin = time.perf_counter()
            options = f"\nChoose one of: {', '.join(question.options)}" if question.options else ""
            messages = [Message("system", BLIND), Message("user", question.text + options)]
            try:
                made = model.complete(messages)
            except VisprogError as error:
                yield _failed(error)
                continue
            text = " ".join(made.text.split())[:LONGEST]
            yield Outcome(
                ANSWERED,
                text,
                text,
                seconds=time.perf_counter() - begin,
                tokens=made.usage.prompt_tokens + made.usage.completion_tokens,
                cost=made.usage.cost,
                mode=DIRECT,
            )

    return solve


def guess(questions: Iterable[Question]) -> Iterator[Outcome]:
    """Answers without looking: 1 for a number; yes where that is an option or the question has
    none; else the first option."""
    for question in questions:
        if question.kind in ("int", "float"):
            text = "1"
        else:
            options = question.options
            text = options[0] if options and "yes" not in options else "yes"
        yield Outcome(ANSWERED, text, text, mode=DIRECT)


def replayed(programs: dict[str, str]) -> Program:
    """The programs that were planned before, by the questions' ids."""

    def program(question: Question) -> str:
        if not programs.get(question.id):
            raise PlanError("the planner gave no program")
        return programs[question.id]

    return program


def without_words(words: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Words to leave out of a toolset.

    Raises:
        SettingsError: there is no such word.
    """
    names = tuple(dict.fromkeys(words))
    for name in names:
        if name not in set(known):
            raise SettingsError(f"no tool {name!r} to leave out")
    return names
