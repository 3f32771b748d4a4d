"""What needs no tools: a model that sees is asked first whether it answers a question by itself.

It answers at a look, without evidence, so all that comes of it says so. What it says is data.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from visprog.errors import PlanError, SettingsError
from visprog.planning.chat import MOST, ChatModel, ChatPlanner, Completion, Message
from visprog.planning.planner import Planner, Usage
from visprog.planning.prompts import prompts_folder
from visprog.planning.replies import shown
from visprog.planning.templates import fill, read_sections
from visprog.tool import Model
from visprog.values import Image

SIDE = 768  # pixels of the longer side of what is looked at
LONGEST = 200  # characters of an answer
TOOLS, ANSWER = "TOOLS", "ANSWER:"

_SECTIONS = {"Routing": [], "Asked": ["count", "question"]}
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_JOINERS = "\u200c\u200d"  # not printable by themselves, but parts of words in some scripts


@dataclass(frozen=True)
class Routed:
    """Where a question goes. `value`: the model's own answer, a bool for yes or no, an int for a
    whole number, else a text on one line; None where tools are to answer. `seconds`, `usage`: what
    the call took."""

    value: str | int | bool | None
    model: Model
    seconds: float
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)


class Router:
    """Sends questions to tools, or has a chat model answer them directly.

    Safe to use from several threads.
    """

    def __init__(self, model: ChatModel, *, most: int = MOST, folder: Path | None = None) -> None:
        """
        Args:
            most: tokens of the model's reply, its reasoning included.
            folder: has route.md; by default our own prompts.

        Raises:
            SettingsError: the model does not see; the prompt is missing or has another form.
        """
        if not model.sees:
            raise SettingsError(
                f"routing wants a model that takes pictures, and {model.name} is not known to: "
                "choose one that does or, if it does, say so: --sees, ChatSettings(sees=True)"
            )
        self.model, self.most = model, most
        self._prompt = read_sections((folder or prompts_folder()) / "route.md", _SECTIONS)

    @classmethod
    def of(cls, planner: Planner) -> Router:
        """The router over a planner's own model.

        Raises:
            SettingsError: it is no chat model, or one that does not see.
        """
        if not isinstance(planner, ChatPlanner):
            raise SettingsError(
                f"routing wants a chat model that takes pictures, and {planner.name} is no chat "
                "model: choose one, such as openai:MODEL, or do without routing"
            )
        return cls(planner.model, most=planner.most)

    def messages(self, question: str, images: Sequence[Image]) -> list[Message]:
        """The conversation that asks who answers, with the pictures made smaller."""
        told = {"count": str(len(images)), "question": " ".join(question.split())}
        asked = fill(self._prompt["Asked"], told)
        seen = tuple(map(smaller, images))
        return [Message("system", self._prompt["Routing"]), Message("user", asked, seen)]

    def route(self, question: str, images: Sequence[Image]) -> Routed:
        """Ask the model, in one call. A reply in neither form is no answer: it goes the way of
        tools, with a notice.

        Raises:
            PlanError, BudgetError, SettingsError: as of `ChatModel.complete`.
        """
        started = time.perf_counter()
        made = self.model.complete(self.messages(question, images), most=self.most)
        try:
            value = read_reply(_whole(made, self.most))
        except PlanError as error:
            value = None
            notice = f"routing: {error}; the question went to the tools"
        else:
            notice = f"answered by {self.model.name} directly: no tool was used, there is no "
            notice = "" if value is None else notice + "evidence to check"
        return Routed(
            value,
            self.model.model,
            time.perf_counter() - started,
            (*((notice,) if notice else ()), *getattr(self.model, "notices", ())),
            made.usage,
        )


def read_reply(text: str) -> str | int | bool | None:
    """The answer in a reply of the form `ANSWER: ...`; None for `TOOLS`.

    Space around the line does not count, nor does reasoning between `<think>` marks before it.

    Raises:
        PlanError: it has neither form, or an answer that is too long or not printable.
    """
    said = text.rpartition("</think>")[2].strip()
    if said == TOOLS:
        return None
    answer = said.removeprefix(ANSWER).strip()
    one = said.startswith(ANSWER) and ANSWER not in answer and len(said.splitlines()) == 1
    if not one or answer in ("", TOOLS):
        raise PlanError(f"the model's reply was neither {TOOLS} nor {ANSWER} ...: {shown(text)}")
    if len(answer) > LONGEST:
        raise PlanError(f"the model's answer has {len(answer)} characters, at most {LONGEST} count")
    if not all(c.isprintable() or c in _JOINERS or c.isspace() for c in answer):
        raise PlanError(f"the model's answer holds what cannot be printed: {shown(answer)}")
    return _typed(" ".join(answer.split()))


def _typed(answer: str) -> str | int | bool:
    """In the type that a program would give it; a text that only looks like a number, such as 007,
    stays one."""
    plain = answer.removesuffix(".").casefold()
    if plain in ("yes", "no"):
        return plain == "yes"
    if _WHOLE.fullmatch(plain) and str(int(plain)) == plain:
        return int(plain)
    return answer


def _whole(made: Completion, most: int) -> str:
    if made.finish == "length":  # the rest of it might have said something else
        raise PlanError(f"the model's reply came to no end within {most} tokens")
    return made.text


def smaller(image: Image, side: int = SIDE) -> Image:
    """A picture with no side longer than that, in pixels, and without its name, so that the model's
    completions are known again by what it sees."""
    if max(image.width, image.height) <= side:
        return Image(image.pixels)
    from PIL import Image as pil

    made = pil.fromarray(image.pixels)
    made.thumbnail((side, side), pil.Resampling.LANCZOS)
    return Image(np.array(made))
