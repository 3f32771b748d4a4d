"""One turn of a chat as HTML, while it goes on and when it is over. Whatever a model or a user
wrote is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

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
OWN = "Your program"
WAITING = '<p class="waiting"><span class="dot" aria-hidden="true"></span>{}</p>'


class Turn:
    """A question, and what was told of it so far.

    Args:
        question: "" where a program is run without one.
        number: of the turn in its chat.
        linked: takes embedded pictures out of HTML, to where the page finds them.
    """

    def __init__(
        self, question: str, number: int, linked: Callable[[str], str] = lambda html: html
    ) -> None:
        self.question, self.number = question, number
        self.program = ""
        self.answer: Answer | None = None
        self._linked = linked
        self._cards = Cards(())
        self._steps: list[str] = []
        self._left = 0  # steps that have no card
        self._before = ""
        self._told = self._evidence = self._notices = self._cost = ""
        self.doing = "reading the picture"

    def begin(self, images: Sequence[Image | Video]) -> None:
        """The pictures that the steps are about."""
        self._cards = Cards(images)

    def take(self, event: Event) -> None:
        """Note an event."""
        match event:
            case Planning(planner):
                self.doing = f"planning with {describe(planner, 60)}"
            case Rejected(attempt):
                head = f'Attempt <b class="flag">{text(refusal(attempt))}</b>'
                body = code(attempt.program) + listing(attempt.fault)
                self._before += details(head, body, kind="fold wrong")
                self._steps.clear()
            case Planned(program):
                self.program, self.doing = program, "running"
            case Looked(one):
                self._before += details("Shown to the planner", listing(one.shown), kind="fold")
            case Stepped(step):
                if len(self._steps) < CARDS:
                    prefix = f"turn-{self.number}-"
                    card = self._cards.one(len(self._steps) + 1, step, prefix)
                    self._steps.append(self._linked(card))
                else:
                    self._left += 1
            case Answered(answer):
                self.answer, self.program = answer, answer.program or self.program
                self._tell(answer)

    def failed(self, reason: str) -> None:
        """There is no answer to tell of."""
        self._told = (
            '<section class="verdict failed" aria-label="Answer"><p class="status">Failed</p>'
            f'<div class="reason">{listing(reason)}</div></section>'
        )

    def _tell(self, answer: Answer) -> None:
        trace = answer.trace
        direct = f'<p class="direct">{directly(trace)}.</p>' if trace.mode == DIRECT else ""
        self._told = verdict(trace) + direct
        drawn = figure(evidence_of(answer), "the evidence", 720)
        if drawn:
            self._evidence = self._linked(f'<figure class="evidence">{drawn}</figure>')
        self._notices = notices(trace.notices)
        cached = sum(step.cached for step in trace.steps)
        known = f", {counted(cached, 'step')} from the cache" if cached else ""
        planned = f", {seconds(trace.plan_seconds)} of it planning" if trace.plan_seconds else ""
        self._cost = f'<p class="cost">{seconds(trace.seconds)}{planned}{known}</p>'

    def html(self, downloads: Mapping[str, str] | None = None) -> str:
        """The turn as it stands. `downloads`: their names, and where the page finds them."""
        asked = describe(self.question, 2000) or OWN
        body = f'<h2 class="asked" dir="auto">{text(asked)}</h2>'
        program = f'<div class="program">{code(self.program)}</div>' if self.program else ""
        if self._told:
            beside = f'<div class="beside">{program}{self._cost}{_links(downloads or {})}</div>'
            body += f'{self._told}<div class="pair">{self._evidence}{beside}</div>{self._notices}'
        else:
            body += WAITING.format(text(f"{self.doing} …")) + program
        body += self._before + self._work(over=bool(self._told))
        label = text(f"Question {self.number}")
        return f'<article class="turn" aria-label="{label}">{body}</article>'

    def _work(self, *, over: bool) -> str:
        if not self._steps:
            return ""
        cards = self._steps if over else self._steps[-LATEST:]
        left = f'<p class="none">and {counted(self._left, "more step")}</p>' if self._left else ""
        steps = f'<div class="steps"><ol>{"".join(cards)}</ol>{left}</div>'
        head = counted(len(self._steps) + self._left, "step")
        return details(head, steps, shown=not over, kind="fold")

    @property
    def said(self) -> str:
        """What came of it in a line, as HTML, for those who do not see the page."""
        if self.answer is None:
            return "failed" if self._told else text(self.doing)
        told = self.answer.text or self.answer.reason
        return text(f"{self.answer.status}: {describe(told, 300)}")


def _links(downloads: Mapping[str, str]) -> str:
    each = "".join(
        f'<a class="give" href="{text(address)}" download>{text(name)}</a>'
        for name, address in downloads.items()
    )
    return f'<p class="gives">{each}</p>' if each else ""


def evidence_of(answer: Answer) -> object:
    """What the answer rests on, as far as it can be drawn: its value, or else what the last steps
    gave that can be."""
    for value in (answer.value, *(step.value for step in reversed(answer.trace.steps))):
        if isinstance(value, (Image, Region, Text, Depth, Flow, list)) and _seen(value):
            return value
    return None


def _seen(value: object) -> bool:
    return draw(value, 64) is not None
