"""What language models are told: the conversations that ask for programs, and mend them.

The texts are files of the folder `prompts/`; `visprog.planning.templates` reads and fills them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from visprog.errors import PlanError, SettingsError
from visprog.helper_library import Library
from visprog.lang.functions import FUNCTIONS
from visprog.planning.chat import Message
from visprog.planning.exemplars import Exemplar, Likeness, read_exemplars
from visprog.planning.planner import Attempt, Round
from visprog.planning.replies import program_of
from visprog.planning.signatures import (
    closed_words,
    functions_text,
    helpers_text,
    inputs_text,
    properties_text,
    tools_text,
)
from visprog.planning.templates import fill, join_sections, read_sections, without_unknown
from visprog.planning.turns import asked, cut, estimated_tokens, exemplar_turns, said
from visprog.tool import Toolset
from visprog.values import Image

K = 8  # exemplars
LEFT_OUT = "(left out here, for want of room)"
BUDGET = 6_000  # tokens, as `estimated_tokens` counts them
ROUNDS = 8  # of a program written a few lines at a time
PACKAGE = Path(__file__).resolve().parents[1]
ANSWERING = "How to answer"  # the section of system.md that stepwise.md has its own of
HELPERS, KEEPING = "Helpers of this project", "New helpers"  # sections of system.md

_SYSTEM = {"Tools": ["tools"], "Language": ["functions", "properties"], ANSWERING: []}
_HELPED = {HELPERS: ["helpers"], KEEPING: []}  # what it has besides, where there is a library
_REPAIR = {"Static": ["fault"], "Runtime": ["fault"]}
_STEPWISE = {ANSWERING: ["rounds"], "Shown": ["shown"], "Last": ["shown"], "Fault": ["fault"]}
_KEPT = 64  # sets of tools whose texts are remembered

V = TypeVar("V")


class Prompts:
    """Makes conversations of questions: the system prompt, exemplars, the question, its attempts.

    Exemplars are turns of the conversation, not a block of text: a model takes up the form of its
    own earlier answers. (SmolLM2-135M, 11 questions: after turns all 11 answers came without a
    fence and 4 passed the check, after a block 2 and 1.) The system prompt is the same for all
    questions, so that a provider may keep what it computed of it. The exemplar most like the
    question stands last, next to it. Only those are shown that pass the check with the tools and
    inputs at hand.

    Safe to use from several threads.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        k: int = K,
        budget: int = BUDGET,
        exemplars: Sequence[Exemplar] | Path | None = None,
        library: Library | None = None,
    ) -> None:
        """
        Args:
            folder: has system.md, repair.md, stepwise.md and exemplars.md; by default our own.
            k: how many exemplars a question gets, at most.
            budget: tokens of a conversation, estimated. What does not fit is left out: first
                exemplars, as few as will do, then the docs of the tools, then earlier attempts.
            exemplars: others than the folder's, or their file.
            library: of the helpers that programs may call, for the same tools; it may grow.

        Raises:
            SettingsError: a file is missing or has another form; numbers out of range.
        """
        if k < 0 or budget < 1:
            raise SettingsError(f"prompts want k >= 0 and budget >= 1, got {k} and {budget}")
        self.folder = folder or prompts_folder()
        self.k, self.budget = k, budget
        self.helper_library = library
        wanted = {**_SYSTEM, **(_HELPED if library else {})}
        self._system = read_sections(self.folder / "system.md", wanted)
        self._repair = read_sections(self.folder / "repair.md", _REPAIR)
        self._stepwise = read_sections(self.folder / "stepwise.md", _STEPWISE)
        if exemplars is None or isinstance(exemplars, Path):
            exemplars = read_exemplars(exemplars or self.folder / "exemplars.md")
        self.exemplars = tuple(exemplars)
        self._likeness: dict[object, Likeness] = {}
        self._texts: dict[object, str] = {}

    program_of = staticmethod(program_of)

    def messages(
        self,
        question: str,
        tools: Toolset,
        inputs: Mapping[str, Any],
        attempts: Sequence[Attempt] = (),
    ) -> list[Message]:
        """The conversation that asks for a program, or for a better one than `attempts`.

        Raises:
            SettingsError: the tools and the question alone are over the budget.
            PlanError: the last attempt is.
        """
        chosen = self._chosen(question, tools, inputs)
        last = Message("user", asked(question, inputs))

        def conversation(tries: Sequence[Attempt], docs: bool, most: int) -> list[Message]:
            turns = [turn for one in reversed(chosen[:most]) for turn in exemplar_turns(one)]
            mending = [turn for attempt in tries for turn in self._mending(attempt)]
            system = self._system_text(tools, docs, self._system[ANSWERING])
            return [Message("system", system), *turns, last, *mending]

        for start in range(len(attempts) or 1):  # the earliest is left out first
            made = self._fitting(partial(conversation, attempts[start:]), len(chosen))
            if made is not None:
                return made
        raise self._too_large(conversation((), False, 0), "the last attempt and its fault")

    def stepwise(
        self,
        question: str,
        tools: Toolset,
        inputs: Mapping[str, Any],
        rounds: Sequence[Round] = (),
        *,
        most: int = ROUNDS,
        images: Sequence[Image] = (),
    ) -> list[Message]:
        """The conversation that asks for the next lines of a program, after those of `rounds`.

        Exemplars are a block before the question here: as turns they would teach to answer in one.
        Where there is no room, the values of the earliest rounds are left out, with their pictures.

        Raises:
            SettingsError: the tools and the question alone are over the budget.
            PlanError: the lines of all rounds and the values of the last are.
        """
        chosen = self._chosen(question, tools, inputs)
        answering = fill(self._stepwise[ANSWERING], {"rounds": str(most)})

        def conversation(later: Sequence[Round], docs: bool, count: int) -> list[Message]:
            turns = [turn for n, one in enumerate(later, 1) for turn in self._next(one, most - n)]
            whole = [
                f"{asked(one.question, one.inputs)}\n{one.program}"
                for one in reversed(chosen[:count])
            ]
            parts = ["Whole programs for other questions:", *whole, "Now:"] if whole else []
            first = "\n\n".join([*parts, asked(question, inputs)])
            system = self._system_text(tools, docs, answering)
            return [Message("system", system), Message("user", first, tuple(images)), *turns]

        for start in range(len(rounds) or 1):  # the earliest is left out first
            bare = [replace(one, shown=LEFT_OUT, pictures=()) for one in rounds[:start]]
            made = self._fitting(partial(conversation, [*bare, *rounds[start:]]), len(chosen))
            if made is not None:
                return made
        raise self._too_large(conversation((), False, 0), "the rounds and their values")

    # -- parts

    def _fitting(
        self, make: Callable[[bool, int], list[Message]], most: int
    ) -> list[Message] | None:
        """The fullest conversation within the budget; None where there is none."""
        for docs in (True, False):
            for count in range(most, -1, -1):
                made = make(docs, count)
                if estimated_tokens(made) <= self.budget:
                    return made
        return None

    def _too_large(self, least: Sequence[Message], rest: str) -> PlanError | SettingsError:
        size = estimated_tokens(least)
        if size <= self.budget:
            return PlanError(f"{rest} do not fit into the prompt's {self.budget} tokens")
        return SettingsError(
            f"the signatures of the tools and the question take about {size} tokens, the prompt's "
            f"budget is {self.budget}: raise it, or choose fewer tools"
        )

    def _chosen(self, question: str, tools: Toolset, inputs: Mapping[str, Any]) -> list[Exemplar]:
        if not self.k:
            return []
        key = _identity(tools), inputs_text(inputs)
        likeness = self._likeness.get(key)
        if likeness is None:
            fitting = [one for one in self.exemplars if one.fits(tools, inputs)]
            likeness = Likeness(fitting, closed_words(tools))
            _remember(self._likeness, key, likeness)
        return likeness.choose(question, self.k)

    def _system_text(self, tools: Toolset, docs: bool, answering: str) -> str:
        helpers = self.helper_library.fitting if self.helper_library else {}
        key = _identity(tools), docs, answering, helpers_text(helpers, docs=True)
        text = self._texts.get(key)
        if text is None:
            known = {*tools, *FUNCTIONS}
            unused = {*(() if helpers else [HELPERS]), *(() if self.helper_library else [KEEPING])}
            used = {name: body for name, body in self._system.items() if name not in unused}
            fitting = {name: without_unknown(body, known) for name, body in used.items()}
            sections = {name: body for name, body in fitting.items() if body}
            values = {
                "tools": tools_text(tools, docs=docs),
                "helpers": helpers_text(helpers, docs=docs),
                "functions": functions_text(),
                "properties": properties_text(),
            }
            text = fill(join_sections({**sections, ANSWERING: answering}), values)
            _remember(self._texts, key, text)
        return text

    def _mending(self, attempt: Attempt) -> tuple[Message, Message]:
        template = self._repair["Runtime" if attempt.kind == "runtime" else "Static"]
        return said(attempt.program), Message("user", fill(template, {"fault": cut(attempt.fault)}))

    def _next(self, one: Round, left: int) -> tuple[Message, Message]:
        template = self._stepwise["Fault" if one.faulty else "Shown" if left > 1 else "Last"]
        told = {"shown": one.shown, "fault": cut(one.shown), "left": str(left)}
        return said(one.lines), Message("user", fill(template, told), one.pictures)


def prompts_folder(package: Path = PACKAGE) -> Path:
    """Where our own prompts are: inside the installed package, or beside it in a checkout."""
    installed = package / "prompts"
    return installed if installed.is_dir() else package.parent / "prompts"


def _identity(tools: Toolset) -> tuple[str, ...]:
    """What the prompts of a set of tools hang on."""
    return tuple(f"{spec.family} {spec.signature} {spec.doc}" for spec in tools.values())


def _remember(known: dict[Any, V], key: object, value: V) -> None:
    if len(known) >= _KEPT:
        known.clear()
    known[key] = value
