"""The planner in the wheel: a small language model, fine-tuned on questions and programs.

It decodes under the grammar of the toolset and the question, so that what it writes is a program
over words of the question. It reads English only.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visprog.errors import PlanError, ProgramError, WeightsError
from visprog.lang import syntax as s
from visprog.lang.format import write
from visprog.lang.grammar import grammar
from visprog.lang.parse import parse
from visprog.lang.unnest import unnest
from visprog.lang.words import spans
from visprog.planning.llama import Llama, Unfinished
from visprog.planning.omissions import read_back
from visprog.planning.planner import OMISSION, Attempt, Plan
from visprog.tool import Model, Toolset

PROMPT = "Question: {question}\nProgram:\n"
NAME = "SmolLM2-135M-Instruct, fine-tuned for visprog"
MAX_TOKENS = 256  # of a program
CONTEXT = 1024  # tokens of question and program
SURPRISE = 3.2  # of a program read back, from which others are drawn
REDRAWS, TEMPERATURE = 3, 1.0
MARGIN = 1.0
ENGLISH_SHARE = 0.8  # of the letters of a question that are a to z


class EmbeddedPlanner:
    """Programs from the weights of a GGUF file, on the CPU. Loads them before its first plan.

    One thread unless more are asked for: threads of llama.cpp wait for each other in busy loops,
    and with other work on the machine two took fifty times as long as one (measured).
    """

    name = "embedded"

    def __init__(
        self, weights: Path, threads: int | None = None, model: Model | None = None
    ) -> None:
        """`model`: what the trace says of the weights; else their hash is computed on loading."""
        self._weights = weights
        self._threads = threads or 1
        self._lock = threading.Lock()
        self._llama: Llama | None = None
        self._model = model

    def load(self) -> None:
        """Read the weights, unless they are read.

        Raises:
            WeightsError: they are absent or damaged.
        """
        with self._lock:
            self._ready()

    def plan(self, question: str, tools: Toolset, inputs: Mapping[str, Any]) -> Plan:
        started = time.perf_counter()
        _expect_english(question)
        rules = grammar(tools, question=question, variables=False, inputs=inputs)
        prompt = PROMPT.format(question=" ".join(question.split()))
        with self._lock:  # one context, one question at a time
            llama, model = self._ready()
            drafts = _drafts(
                question,
                lambda draft: llama.complete(
                    prompt,
                    grammar=rules,
                    stop="\n",
                    most=MAX_TOKENS,
                    temperature=TEMPERATURE if draft else 0.0,
                    seed=draft,
                ),
            )
        best = min(drafts, key=lambda draft: draft.cost)
        if best.program is None:
            raise PlanError(drafts[0].fault)
        others = tuple(
            Attempt("" if draft.program is None else write(draft.program), draft.fault, OMISSION)
            for draft in drafts
            if draft is not best
        )
        notices = (best.fault,) if best.cost >= SURPRISE and best.fault else ()
        text = write(unnest(best.program, tools))  # the model nests calls; people read lines
        return Plan(text, model, time.perf_counter() - started, notices, attempts=others)

    def _ready(self) -> tuple[Llama, Model]:
        if self._llama is None:
            if not self._weights.is_file():
                raise WeightsError(
                    f"the embedded planner has no weights at {self._weights}: install visprog "
                    "again, or choose another planner with --planner"
                )
            self._llama = Llama(self._weights, threads=self._threads, context=CONTEXT)
        if self._model is None:
            with self._weights.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._model = Model(NAME, "Apache-2.0", f"sha256 {digest[:12]}")
        return self._llama, self._model


@dataclass(frozen=True)
class _Draft:
    """One program, or none; `fault`: why not, or what it leaves out; `cost`: less is better."""

    program: s.Program | None
    fault: str
    cost: float


def _drafts(question: str, complete: Callable[[int], str]) -> list[_Draft]:
    """The likeliest program; where that leaves out what it should say, a few drawn ones too."""
    made: list[_Draft] = []
    for number in range(1 + REDRAWS):
        try:
            program = parse(complete(number))
            reading = read_back(question, program)
        except (ProgramError, Unfinished) as error:  # the grammar has no limit of depth or length
            fault = f"the embedded planner lost its way: {error}"
            made.append(_Draft(None, fault, math.inf))
            continue
        # one that was drawn must be clearly better than the likeliest
        made.append(_Draft(program, reading.told, reading.surprise + (MARGIN if number else 0.0)))
        if made[-1].cost < SURPRISE:
            break
    return made


def _expect_english(question: str) -> None:
    """Refuse what the model was not trained for; it would answer all the same."""
    letters = [character for character in question if character.isalpha()]
    english = sum(character.isascii() for character in letters)
    if not letters:
        raise PlanError("the question has no words")
    if english < ENGLISH_SHARE * len(letters):
        raise PlanError(
            "the embedded planner reads English only: ask in English, or choose a planner that "
            "reads other languages, such as --planner openai:MODEL"
        )
    if not spans(question):
        raise PlanError(
            f"the embedded planner finds nothing to look for in {question[:80]!r}: name a thing"
        )
