"""What the planner of a trace took, and how far its samples agree, in a few words."""

from __future__ import annotations

from collections.abc import Sequence

from visprog.planning import OMISSION, RUNTIME, STATIC, Attempt, Round, Usage
from visprog.trace import ANSWERED, Trace

REFUSALS = {
    STATIC: "did not pass the check",
    RUNTIME: "failed in its run",
    OMISSION: "was set aside: it does not say all that was asked",
}


def seconds(taken: float) -> str:
    """A time as people write it: `under 1 ms`, `12 ms`, `1.20 s`."""
    if taken < 0.0995:
        return "under 1 ms" if taken < 0.001 else f"{taken * 1000:.0f} ms"
    return f"{taken:.2f} s" if taken < 10 else f"{taken:.0f} s"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def dollars(cost: float | None) -> str:
    """What calls cost, with the digits that matter where it is less than a dollar."""
    if cost is None:
        return "price not known"
    if cost >= 1:
        return f"${cost:,.2f}"
    return f"${cost:.2g}" if cost >= 0.0001 else "under $0.0001" if cost > 0 else "no cost"


def usage_parts(usage: Usage) -> list[str]:
    """What a planner's calls took; nothing where it made none."""
    if not usage.calls:
        return []
    made = [counted(usage.calls, "call")]
    if usage.cached:
        made[0] += f", {usage.cached:,} from the cache"
    if usage.prompt_tokens or usage.completion_tokens:
        made.append(f"{usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out")
    elif usage.calls > usage.cached:
        made.append("tokens not told")
    return [*made, dollars(usage.cost), seconds(usage.seconds)]


def agreement(trace: Trace) -> str:
    """How many samples agree: `4 of 5 samples agree`; "" where there were none."""
    total = sum(vote.count for vote in trace.votes)
    if trace.confidence is None or not total:
        return ""
    agree = round(trace.confidence * total)
    if not agree:
        return f"none of {counted(total, 'sample')} has an answer"
    return f"{agree} of {counted(total, 'sample')} agree" + ("s" if total == 1 else "")


def confidence(trace: Trace) -> str:
    """`Confidence 80 % (4 of 5 samples agree)`; "" where there is none."""
    if trace.confidence is None:
        return ""
    among = agreement(trace)
    return f"Confidence {trace.confidence:.0%}".replace("%", " %") + (
        f" ({among})" if among else ""
    )


def directly(trace: Trace) -> str:
    """Says that a model was asked for the answer itself, not for a program."""
    how = "Answered by" if trace.status == ANSWERED else "Asked of"
    return f"{how} the language model directly; no tool looked at the picture"


def refusal(attempt: Attempt) -> str:
    """Why a program was not accepted: for its check, its run, or what it leaves out."""
    return REFUSALS.get(attempt.kind, "was not accepted")


def round_lines(program: str, rounds: Sequence[Round]) -> list[tuple[int, int] | None]:
    """The first and the last line of the program that each round wrote, from 1; None for one that
    was not run, and for all where the program is not made of their lines."""
    lines = [line.strip() for line in program.splitlines()]
    at, spans = 0, list[tuple[int, int] | None]()
    for one in rounds:
        written = [] if one.faulty else [line.strip() for line in one.lines.splitlines()]
        written = [line for line in written if line]
        if not written:
            spans.append(None)
            continue
        first = 0
        for line in written:
            while at < len(lines) and not lines[at]:
                at += 1
            if at == len(lines) or lines[at] != line:
                return [None] * len(rounds)
            at += 1
            first = first or at
        spans.append((first, at))
    return spans
