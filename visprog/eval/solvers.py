"""What answers the questions of an evaluation: an agent, a model without a picture, or a guess."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from visprog.agent import Agent
from visprog.errors import ImageError, PlanError, VisprogError
from visprog.eval.gqa_programs import translate
from visprog.eval.questions import Question
from visprog.eval.results import Outcome
from visprog.lang.words import whole
from visprog.planning.chat import MOST, ChatModel, Message
from visprog.trace import ABSTAINED, ANSWERED, DIRECT, FAILED

Solve = Callable[[Iterable[Question]], Iterator[Outcome]]
Program = Callable[[Question], str]

BLIND = (
    "You are asked about a picture that you cannot see. Guess the likeliest answer. Reply with one "
    "word or a short phrase, and nothing else; where it is a yes-or-no question, with yes or no."
)
LONGEST = 200  # characters of an answer
FOUND = 4096  # pictures whose files are remembered


def agent_solver(agent: Agent, images: Path, program: Program | None = None) -> Solve:
    """Answers by an agent, many questions together, in their order.

    `program`: gives each question's program, so that no planner is needed.
    """

    @lru_cache(maxsize=FOUND)  # questions about a picture often come together
    def pictures(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(str, Question("", names, "", "").pictures(images)))

    def solve(questions: Iterable[Question]) -> Iterator[Outcome]:
        order: deque[Outcome | None] = deque()  # of those begun: None, or why it was not run

        def jobs() -> Iterator[tuple[list[str], str] | tuple[list[str], str, str]]:
            for question in questions:
                try:
                    text = program(question) if program else ""
                except VisprogError as error:
                    order.append(_failed(error))
                    continue
                try:
                    given = list(pictures(question.images))
                except VisprogError as error:  # it is not in the folder
                    order.append(replace(_failed(ImageError(str(error))), program=text))
                    continue
                order.append(None)
                yield (given, question.text, text) if program else (given, question.text)

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


def blind_solver(model: ChatModel, most: int = MOST) -> Solve:
    """Answers by a language model that sees no picture. `most`: tokens of one reply."""

    def answer(question: Question) -> Outcome:
        begin = time.perf_counter()
        options = f"\nChoose one of: {', '.join(question.options)}" if question.options else ""
        messages = [Message("system", BLIND), Message("user", question.text + options)]
        try:
            made = model.complete(messages, most=most)
        except VisprogError as error:
            return _failed(error)
        said = made.text.rpartition("</think>")[2].partition("<think>")[0]  # not its reasoning
        text = " ".join(said.split())[:LONGEST]
        seconds = time.perf_counter() - begin
        return Outcome(
            ANSWERED if text else ABSTAINED,
            text,
            text or None,
            reason="" if text else "the model said nothing",
            seconds=seconds,
            plan_seconds=seconds,
            tokens=made.usage.prompt_tokens + made.usage.completion_tokens,
            cost=made.usage.cost,
            mode=DIRECT,
            planner=model.model,
        )

    def solve(questions: Iterable[Question]) -> Iterator[Outcome]:
        pool = ThreadPoolExecutor(max(1, model.lanes), thread_name_prefix="visprog blind")
        ahead: deque[Future[Outcome]] = deque()
        try:
            for question in questions:
                ahead.append(pool.submit(answer, question))
                if len(ahead) >= 2 * max(1, model.lanes):
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:  # also where the answers are not wanted to their end
            pool.shutdown(wait=False, cancel_futures=True)

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
