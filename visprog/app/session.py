"""What one user's chat holds: the pictures, the turns, and what it has cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from visprog.agent import Answer
from visprog.planning import Usage
from visprog.render.elements import figure, text
from visprog.show import describe
from visprog.summary import counted, seconds
from visprog.values import Image, Video

THUMBNAIL = 320  # pixels of its longer side
SHOWN = 8  # pictures


@dataclass(frozen=True)
class Chat:
    """`images`: those asked about; `turns`: HTML of the turns that are over; `answer`: the last."""

    images: tuple[Image | Video, ...] = ()
    turns: tuple[str, ...] = ()
    answer: Answer | None = None
    questions: int = 0
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    cached: int = 0

    def about(self, images: tuple[Image | Video, ...]) -> Chat:
        """The same chat about other pictures; their turns begin anew."""
        return replace(self, images=images, turns=(), answer=None)

    def after(self, turn: str, answer: Answer | None, kept: int) -> Chat:
        """With one turn more, of which the last `kept` stay."""
        if answer is None:
            return replace(self, turns=(*self.turns, turn)[-kept:], questions=self.questions + 1)
        trace = answer.trace
        return replace(
            self,
            turns=(*self.turns, turn)[-kept:],
            answer=answer,
            questions=self.questions + 1,
            seconds=self.seconds + trace.seconds,
            usage=self.usage + trace.usage,
            calls=self.calls + len(trace.steps),
            cached=self.cached + sum(step.cached for step in trace.steps),
        )

    @property
    def pictures(self) -> str:
        """Thumbnails, as HTML."""
        if not self.images:
            return '<p class="none">No picture yet.</p>'
        each = "".join(_thumbnail(image) for image in self.images[:SHOWN])
        more = len(self.images) - SHOWN
        rest = f'<p class="none">and {counted(more, "more picture")}</p>' if more > 0 else ""
        return f'<div class="thumbs">{each}</div>{rest}'

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
        if self.usage.cost:
            parts.append(f"${self.usage.cost:.4f}")
        return f'<p class="cost">This chat: {text(", ".join(parts))}</p>'


def _thumbnail(image: Image | Video) -> str:
    kind = "video" if isinstance(image, Video) else "picture"
    size = f"{image.width} × {image.height}"
    name = describe(image.name, 60) if image.name else kind
    drawn = figure(image, f"{kind} {name}", THUMBNAIL)
    return f"<figure>{drawn}<figcaption>{text(name)}, {size}</figcaption></figure>"
