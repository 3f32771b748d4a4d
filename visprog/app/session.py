"""What one user's chat holds: names of files, turns as HTML, and what it has cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from visprog.agent import Answer
from visprog.app.asking import Requests
from visprog.planning import Usage
from visprog.render.elements import figure, text
from visprog.show import describe
from visprog.summary import counted, dollars, seconds
from visprog.values import Image, Video

THUMBNAIL = 320  # pixels of its longer side
SHOWN = 8  # pictures


@dataclass(frozen=True)
class Chat:
    """`files`: of the pictures asked about; `turns`: HTML of those that are over, the last first;
    `requests`: the same in all its states. Pictures are not held: there may be a thousand chats."""

    files: tuple[str, ...] = ()
    turns: tuple[str, ...] = ()
    questions: int = 0
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    cached: int = 0
    requests: Requests = field(default_factory=Requests, compare=False)

    def about(self, files: Sequence[str]) -> Chat:
        """The same chat about other pictures; its turns begin anew."""
        return replace(self, files=tuple(files), turns=())

    def after(self, turn: str, answer: Answer | None, kept: int) -> Chat:
        """With one turn more, of which the last `kept` stay."""
        turns = (turn, *self.turns)[:kept]
        if answer is None:
            return replace(self, turns=turns, questions=self.questions + 1)
        trace = answer.trace
        return replace(
            self,
            turns=turns,
            questions=self.questions + 1,
            seconds=self.seconds + trace.seconds,
            usage=self.usage + trace.usage,
            calls=self.calls + len(trace.steps),
            cached=self.cached + sum(step.cached for step in trace.steps),
        )

    @property
    def cost(self) -> str:
        """What it took so far, in words."""
        if not self.questions:
            return ""
        parts = [counted(self.questions, "question"), seconds(self.seconds)]
        known = f", {self.cached} of them from the cache" if self.cached else ""
        parts.append(f"{counted(self.calls, 'step')}{known}")
        tokens = self.usage.prompt_tokens + self.usage.completion_tokens
        if tokens:
            parts.append(f"{tokens:,} tokens")
        if self.usage.calls:
            parts.append(dollars(self.usage.cost))
        return f'<p class="cost">This session: {text(", ".join(parts))}</p>'


def thumbnails(images: Sequence[Image | Video]) -> str:
    """Pictures in small, as HTML."""
    if not images:
        return ""
    each = "".join(map(_thumbnail, images[:SHOWN]))
    more = len(images) - SHOWN
    rest = f'<p class="none">and {counted(more, "more picture")}</p>' if more > 0 else ""
    return f'<div class="thumbs">{each}</div>{rest}'


def _thumbnail(image: Image | Video) -> str:
    kind = "video" if isinstance(image, Video) else "picture"
    size = f"{image.width} × {image.height}"
    if isinstance(image, Video):
        size += f", {seconds(image.seconds)}"
    name = describe(image.name, 60) if image.name else kind
    drawn = figure(image, f"{kind} {name}", THUMBNAIL)
    return f"<figure>{drawn}<figcaption>{text(name)}, {size}</figcaption></figure>"
