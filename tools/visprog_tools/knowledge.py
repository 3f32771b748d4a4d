"""Facts from the language model that plans. What it says is data: short lines of text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from visprog.errors import SettingsError, ToolError
from visprog.tool import Backend, Model, Output
from visprog.values import Unknown, Value

LONGEST = 200  # characters of an answer
MOST = 50  # facts of one question
UNSURE = "I DO NOT KNOW"

ONE = (
    "Answer with a word or a short phrase, and nothing else. If you do not know, answer "
    f"{UNSURE}.\n\nQuestion: {{question}}"
)
SEVERAL = (
    "Answer with at most {n} short names or phrases, one on each line, the most important first, "
    f"without numbers and nothing else. If you do not know, answer {UNSURE}.\n\n"
    "Question: {question}"
)
BULLET = re.compile(r"^\s*(?:[-*\u2022]|\d{1,2}[.)])\s+")
SAID = "said by a language model, which may be wrong; no tool checked it"


class Knowledge(Backend):
    """Asks the language model that plans; where that answers no questions, it abstains."""

    name = "language-model"
    serves = ("ask", "facts")
    model = Model("the language model that plans", "as of the planner", kind="weights")
    device = "remote"
    lanes = 4
    consults = True

    @property
    def parameters(self) -> Mapping[str, Value]:
        return {"consulted": self.consulted}

    def ask(self, question: str) -> Output | Unknown:
        said = self._lines("ask", ONE.format(question=_asked("ask", question)))
        return said if isinstance(said, Unknown) else Output(said[0], (SAID,))

    def facts(self, question: str, n: int) -> Output | Unknown:
        if not 1 <= n <= MOST:
            raise ToolError(f"facts: want 1 to {MOST} facts, got {n}")
        text = SEVERAL.format(question=_asked("facts", question), n=n)
        said = self._lines("facts", text)
        return said if isinstance(said, Unknown) else Output(said[:n], (SAID,))

    def _lines(self, tool: str, text: str) -> list[str] | Unknown:
        if self.consult is None:
            return Unknown(f"{tool}: no language model is at hand in this run")
        try:
            said = self.consult(text)
        except SettingsError as error:  # the planner is none that answers questions
            return Unknown(f"{tool}: {error}")
        lines = [_line(line) for line in said.splitlines()]
        made = list(dict.fromkeys(line for line in lines if line))
        if not made or made[0].upper().startswith(UNSURE):
            return Unknown(f"{tool}: the language model does not know")
        return made


def _asked(tool: str, question: str) -> str:
    text = " ".join(question.split())
    if not text:
        raise ToolError(f"{tool}: want a question, got an empty text")
    return text


def _line(text: str) -> str:
    """A line of a reply as a short text, without what makes it a list."""
    shown = "".join(c if c.isprintable() else " " for c in BULLET.sub("", text))
    return " ".join(shown.split()).strip("\"' ").rstrip(".")[:LONGEST]
