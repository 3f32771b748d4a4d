"""One turn of a chat as HTML, while it goes on and when it is over. Whatever a model or a user
wrote is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from visprog.agent import Answer, Answered, Event, Looked, Planned, Planning, Rejected, Stepped
from visprog.drawing import draw
from visprog.render.elements import code, details, figure, listing, notices, text
from visprog.render.steps import CARDS, Cards
from visprog.render.verdict import verdict
from visprog.show import describe
from visprog.summary import counted, directly, refusal, seconds
from visprog.trace import DIRECT
from visprog.values import Depth, Flow, Image, Region, Text, Video

LATEST = 8  # steps shown while a program runs
WAITING = '<p class="waiting" role="status"><span class="dot"></span>{}</p>'


class Turn:
    """A question, and what was told of it so far."""

    def __init__(self, question: str, images: Sequence[Image | Video], number: int) -> None:
        self.question, self.number = question, number
        self.program = ""
        self.answer: Answer | None = None
        self._images = images
        self._cards = Cards(images)
        self._steps: list[str] = []
        self._before = ""
        self._doing = "waiting for a place in the queue"

    def take(self, event: Event) -> None:
        """Note an event."""
        match event:
            case Planning(planner):
                self._doing = f"planning with {describe(planner, 60)}"
            case Rejected(attempt):
                head = f'Attempt <b class="flag">{text(refusal(attempt))}</b>'
                body = code(attempt.program) + listing(attempt.fault)
                self._before += details(head, body, kind="fold wrong")
                self._steps.clear()
            case Planned(program):
                self.program, self._doing = program, "running"
            case Looked(one):
                self._before += details("Shown to the planner", listing(one.shown), kind="fold")
            case Stepped(step):
                if len(self._steps) < CARDS:
                    prefix = f"turn-{self.number}-"
                    self._steps.append(self._cards.one(len(self._steps) + 1, step, prefix))
            case Answered(answer):
                self.answer, self.program = answer, answer.program or self.program

    @property
    def html(self) -> str:
        """The turn as it stands."""
        asked = describe(self.question, 2000) or "A program of one's own"
        body = f'<h2 class="asked" dir="auto">{text(asked)}</h2>'
        if self.answer is None:
            body += (
                WAITING.format(text(f"{self._doing} ...")) + self._before + self._work(open=True)
            )
        else:
            body += self._told(self.answer) + self._before + self._work(open=False)
        return f'<article class="turn" aria-label="Question {self.number}">{body}</article>'

    def failed(self, reason: str) -> str:
        """The turn, where there is no answer to tell of."""
        asked = text(describe(self.question, 2000))
        return (
            f'<article class="turn"><h2 class="asked" dir="auto">{asked}</h2>'
            f'<section class="verdict failed" aria-label="Answer"><p class="status">Failed</p>'
            f'<div class="reason">{listing(reason)}</div></section>{self._before}'
            f"{self._work(open=True)}</article>"
        )

    def _told(self, answer: Answer) -> str:
        trace = answer.trace
        direct = f'<p class="direct">{directly(trace)}.</p>' if trace.mode == DIRECT else ""
        evidence = figure(evidence_of(answer), "the evidence", 720)
        shown = f'<figure class="evidence">{evidence}</figure>' if evidence else ""
        taken = f'<p class="cost">{seconds(trace.seconds)}, of it planning {_plan(answer)}</p>'
        return verdict(trace) + direct + shown + notices(trace.notices) + taken

    def _work(self, *, open: bool) -> str:
        if not self.program:
            return ""
        program = f'<div class="program">{code(self.program)}</div>'
        if not self._steps:
            return program
        cards = self._steps[-LATEST:] if open else self._steps
        steps = f'<div class="steps"><ol>{"".join(cards)}</ol></div>'
        head = f"{counted(len(self._steps), 'step')}"
        return program + details(head, steps, shown=open, kind="fold")


def _plan(answer: Answer) -> str:
    return seconds(answer.trace.plan_seconds)


def evidence_of(answer: Answer) -> object:
    """What the answer rests on, as far as it can be drawn: its value, or else what the last steps
    gave that can be."""
    for value in (answer.value, *(step.value for step in reversed(answer.trace.steps))):
        if isinstance(value, (Image, Region, Text, Depth, Flow, list)) and _seen(value):
            return value
    return None


def _seen(value: object) -> bool:
    return draw(value, 64) is not None
