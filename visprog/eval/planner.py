"""`visprog eval planner`: how well a planner writes programs, measured without pictures.

Of each question's program: whether it parses, whether it fits the tools, whether it is the same as
the reference in canonical form, and whether it is equivalent: the same, or with the same answers on
random scene graphs. Each result is written to `results.jsonl` as it comes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from visprog.agent import Agent
from visprog.errors import ParseError, ProgramError, SettingsError, VisprogError, WeightsError
from visprog.eval.equivalence import Differential, Verdict, graphs_of
from visprog.eval.planner_report import planner_report, write_planner_report
from visprog.eval.progress import progress
from visprog.eval.references import Reference, load_references
from visprog.inputs import clean_question, input_kinds
from visprog.lang import syntax as s
from visprog.lang.checked import Checker
from visprog.lang.parse import parse
from visprog.planning import Planner
from visprog.planning.providers import ChatSettings
from visprog.tool import Catalogue, Toolset

REFERENCE = "reference"  # the planner that writes the reference itself
ORACLE = "oracle"  # the profile that answers from scene graphs
NO_REFERENCE, NO_PROGRAM = "no reference", "no program"
NO_PARSE, NO_CHECK = "does not parse", "does not check"


@dataclass(frozen=True)
class Result:
    """One line of `results.jsonl`.

    `verdict`: one of equivalence's VERDICTS, or why it did not come to one; `reason`: in words;
    `decided`: False where the answers on scene graphs could not tell;
    `worlds`: on how many both programs ran; `difference`: {graph, reference, program}: scene graphs
    on which the answers differ, and the two answers; `seconds`: of the planner.
    """

    id: str
    question: str
    reference: str
    program: str
    parse: bool
    check: bool
    same: bool
    equivalent: bool
    verdict: str
    decided: bool = True
    reason: str = ""
    worlds: int = 0
    difference: Mapping[str, Any] | None = None
    seconds: float = 0.0
    operations: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)


def evaluate(
    questions: Path,
    planner: str | Planner,
    tools: str,
    out: Path | None = None,
    limit: int | None = None,
    *,
    graphs: int = 50,
    seed: int = 0,
    chat: ChatSettings | None = None,
) -> dict[str, Any]:
    """Plan the questions and compare the programs with their references.

    Args:
        questions: a file, as `load_references` reads it; at most `limit` of them.
        planner: a planner or its name, or `reference` for the reference programs themselves.
        tools: the profile whose signatures the planner is given and its programs must fit.
        chat: how a chat model is asked, where the planner is one.
        out: the folder to write `results.jsonl`, `report.json` and `report.md` into, if any.
        graphs: how many scene graphs programs of different text are compared on.
        seed: of the scene graphs.

    Returns:
        The report, as in `report.json`.

    Raises:
        SettingsError: a file is missing or of another form; an unknown planner or profile.
        KeyboardInterrupt: it was stopped; the report is of the questions that were done.
    """
    asked = load_references(questions, limit)
    begin, stopped = time.perf_counter(), False
    results: list[Result] = []
    with ExitStack() as stack:
        judge = stack.enter_context(_Judge(planner, tools, graphs, seed, chat))
        lines = None
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            lines = stack.enter_context((out / "results.jsonl").open("w", encoding="utf-8"))
        try:
            for reference in progress(asked, "questions"):
                results.append(judge.result(reference))
                if lines is not None:
                    lines.write(json.dumps(asdict(results[-1]), ensure_ascii=False) + "\n")
                    lines.flush()
        except KeyboardInterrupt:  # what is done is kept, and told before it stops
            stopped = True
    if stopped and not results:
        raise KeyboardInterrupt
    told = {"questions": str(questions), "planner": judge.name, "tools": tools, "limit": limit}
    told |= {"graphs": graphs, "seed": seed}
    report = planner_report(results, told, time.perf_counter() - begin)
    if stopped:
        report["stopped"] = f"after {len(results)} of {len(asked)} questions"
    if out is not None:
        write_planner_report(report, out)
    if stopped:
        raise KeyboardInterrupt
    return report


class _Judge:
    """Has programs written, and judges them."""

    def __init__(
        self,
        planner: str | Planner,
        tools: str,
        graphs: int,
        seed: int,
        chat: ChatSettings | None,
    ) -> None:
        agent = Agent(None if planner == REFERENCE else planner, tools, chat=chat)
        self.tools = agent.tools
        self.checker = Checker(agent.tools)
        self.planner = None if planner == REFERENCE else agent.planner  # told now if unknown
        self.name = self.planner.name if self.planner else REFERENCE
        self.differential = Differential(_oracle(), graphs, seed)

    def __enter__(self) -> _Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.differential.close()

    def result(self, asked: Reference) -> Result:
        made: dict[str, Any] = {
            "id": asked.id,
            "question": asked.question,
            "reference": asked.program,
            "program": "",
            "types": dict(asked.types or {}),
        }
        reason = asked.reason
        if not reason:
            try:
                for right in (asked.program, *asked.also):
                    self.checker(right, input_kinds(asked.pictures))
            except ProgramError as error:
                reason = f"the reference is at fault: {error}"
        if reason:
            return _failed(made, NO_REFERENCE, reason)
        made["operations"] = asked.operations or _calls(asked.program)
        begin = time.perf_counter()
        try:
            made["program"] = self._write(asked)
        except (SettingsError, WeightsError):  # no question will have a program
            raise
        except VisprogError as error:
            made["seconds"] = round(time.perf_counter() - begin, 4)
            return _failed(made, NO_PROGRAM, f"{type(error).__name__}: {error}")
        made["seconds"] = round(time.perf_counter() - begin, 4)
        return self._judged(asked, made)

    def _write(self, asked: Reference) -> str:
        if self.planner is None:
            return asked.program
        kinds = input_kinds(asked.pictures)
        return self.planner.plan(clean_question(asked.question), self.tools, kinds).text

    def _judged(self, asked: Reference, made: dict[str, Any]) -> Result:
        program = made["program"]
        try:
            self.checker(program, input_kinds(asked.pictures))
        except ParseError as error:
            return _failed(made, NO_PARSE, str(error))
        except ProgramError as error:
            return _failed(made, NO_CHECK, str(error), parse=True)
        try:
            verdict = self._compared(asked, program)
        except ProgramError as error:
            reason = f"it does not fit the tools of the oracle: {error}"
            return _failed(made, NO_CHECK, reason, parse=True, check=True)
        return Result(
            **made,
            parse=True,
            check=True,
            same=verdict.kind == "same",
            equivalent=verdict.equivalent,
            verdict=verdict.kind,
            decided=verdict.decided,
            worlds=verdict.worlds,
            difference=_difference(verdict),
        )

    def _compared(self, asked: Reference, program: str) -> Verdict:
        """With the reference; where they differ, with the first other right program that agrees."""
        verdict = self.differential.compare(asked.program, program, asked.pictures)
        for right in asked.also:
            if verdict.equivalent:
                break
            other = self.differential.compare(right, program, asked.pictures)
            verdict = other if other.equivalent else verdict
        return verdict


def _failed(
    made: Mapping[str, Any], verdict: str, reason: str, *, parse: bool = False, check: bool = False
) -> Result:
    return Result(
        **made,
        parse=parse,
        check=check,
        same=False,
        equivalent=False,
        verdict=verdict,
        reason=reason,
    )


def _difference(verdict: Verdict) -> dict[str, Any] | None:
    found = verdict.difference
    if found is None:
        return None
    return {
        "graph": graphs_of(found.world),
        "reference": found.reference.to_json(),
        "program": found.written.to_json(),
    }


def _calls(program: str) -> tuple[str, ...]:
    """The words that a program calls, each once."""
    calls = (node.func for node in s.walk(parse(program)) if isinstance(node, s.Call))
    return tuple(sorted(set(calls)))


def _oracle() -> Callable[[Path], Toolset]:
    catalogue = Catalogue.installed()

    def tools(file: Path) -> Toolset:
        return catalogue.toolset(ORACLE, {"scene_graphs": str(file)})

    return tools
