"""Several programs for one question: the answer that most of them give, and how many agree.

Programs are told apart by their canonical form, answers by their words. An abstention or a failure
is no vote for an answer, but counts among the samples (self-consistency, arXiv:2203.11171).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from visprog.answers import Answer
from visprog.errors import ProgramError
from visprog.lang import format, parse
from visprog.planning import Usage
from visprog.trace import ANSWERED, Vote


def elected(answers: Iterable[Answer], samples: int) -> Iterator[Answer]:
    """Of every so many answers in a row, which are of one question, the one that is elected."""
    waiting = iter(answers)
    while of_one := list(islice(waiting, samples)):
        yield elect(of_one)


def elect(answers: Sequence[Answer]) -> Answer:
    """The answer that most samples give, the earliest of equals; its trace has all votes.

    Where no sample answered, it is the outcome that most have, and no sample agrees.
    """
    answered = [answer for answer in answers if answer.status == ANSWERED]
    voters = answered or answers
    counts = Counter(map(_outcome, voters))
    first = max(voters, key=lambda answer: counts[_outcome(answer)])
    agree = counts[_outcome(first)] if answered else 0
    trace = replace(
        first.trace,
        votes=tuple(_votes(answers)),
        confidence=agree / len(answers),
        usage=sum((answer.trace.usage for answer in answers), Usage()),
        plan_seconds=sum(answer.trace.plan_seconds for answer in answers),
        seconds=max(answer.trace.seconds for answer in answers),
    )
    return Answer(trace)


def _outcome(answer: Answer) -> tuple[str, str]:
    return answer.status, answer.text.lower() if answer.status == ANSWERED else ""


def _votes(answers: Sequence[Answer]) -> Iterator[Vote]:
    """One vote for each program and what came of it, those of most samples first."""
    found = Counter((_canonical(answer.program), *_outcome(answer)) for answer in answers)
    shown = {(_canonical(answer.program), *_outcome(answer)): answer for answer in answers}
    for key, count in found.most_common():
        answer = shown[key]
        yield Vote(answer.program, count, answer.status, answer.text, answer.reason)


def _canonical(program: str) -> str:
    try:
        return format(parse(program))
    except ProgramError:
        return program
