"""smolagents: the interpreter that its CodeAgent runs programs with, one for each program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from smolagents.local_python_executor import LocalPythonExecutor
from stubs import PURE
from workloads import Program

from engines import Engine, Pictures
from visprog.values import Image, Region


class Smolagents(Engine):
    """One program after another: it has no way to run several."""

    title = "smolagents LocalPythonExecutor"
    package = "smolagents"

    def answers(self, programs: Iterable[Program], pictures: Pictures) -> Iterator[tuple[int, Any]]:
        models = {"loc": self.models.loc, "vqa": self.models.vqa}
        tools: dict[str, Any] = {**models, **PURE, "final_answer": lambda answer: answer}
        for program in programs:
            executor = LocalPythonExecutor([])
            executor.send_tools(tools)
            executor.send_variables(
                {"image": pictures(program.picture), "Image": Image, "Region": Region}
            )
            yield program.number, executor(program.python("final_answer({})")).output
