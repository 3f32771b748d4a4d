"""Answer questions about pictures by short programs over vision tools.

import visprog

agent = visprog.Agent()
answer = agent.ask("street.jpg", "How many people are left of the bus?")
print(answer.text, answer.status, answer.program)
answer.trace.save("why.html")

Whoever writes tools imports `visprog.tool`: the decorator `tool` of that module has its name.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from visprog.agent import (
        Agent,
        Answer,
        Answered,
        Looked,
        Planned,
        Planning,
        Rejected,
        Stepped,
    )
    from visprog.errors import (
        CheckError,
        Diagnostic,
        EvaluationError,
        ImageError,
        LimitError,
        ParseError,
        PlanError,
        ProgramError,
        QuestionError,
        RunError,
        SettingsError,
        ToolError,
        ToolTimeout,
        VideoError,
        VisprogError,
        WeightsError,
    )
    from visprog.execution import Limits
    from visprog.planning import Plan, Planner
    from visprog.tool import Backend, Catalogue, Model, Output, Toolset, Words
    from visprog.trace import StepRecord, Trace
    from visprog.values import Depth, Flow, Image, Region, Text, Unknown, Video

__all__ = [
    "Agent",
    "Answer",
    "Answered",
    "Backend",
    "Catalogue",
    "CheckError",
    "Depth",
    "Diagnostic",
    "EvaluationError",
    "Flow",
    "Image",
    "ImageError",
    "LimitError",
    "Limits",
    "Looked",
    "Model",
    "Output",
    "ParseError",
    "Plan",
    "PlanError",
    "Planned",
    "Planner",
    "Planning",
    "ProgramError",
    "QuestionError",
    "Region",
    "Rejected",
    "RunError",
    "SettingsError",
    "StepRecord",
    "Stepped",
    "Text",
    "ToolError",
    "ToolTimeout",
    "Toolset",
    "Trace",
    "Unknown",
    "Video",
    "VideoError",
    "VisprogError",
    "WeightsError",
    "Words",
]

_HOMES = {
    "visprog.agent": "Agent Answer Answered Looked Planned Planning Rejected Stepped",
    "visprog.errors": (
        "CheckError Diagnostic EvaluationError ImageError LimitError ParseError PlanError "
        "ProgramError QuestionError RunError SettingsError ToolError ToolTimeout VideoError "
        "VisprogError WeightsError"
    ),
    "visprog.execution": "Limits",
    "visprog.planning": "Plan Planner",
    "visprog.tool": "Backend Catalogue Model Output Toolset Words",
    "visprog.trace": "StepRecord Trace",
    "visprog.values": "Depth Flow Image Region Text Unknown Video",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """A public name is imported when it is first used: `import visprog` itself costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'visprog' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
