"""What every worker of an `Isolation` is given before it is forked: limits, and the tools."""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import wraps
from typing import Any

from visprog import decoding
from visprog.codec.layout import arrays_of
from visprog.errors import SettingsError, ToolError
from visprog.execution.limits import Limits
from visprog.execution.sources import code_of
from visprog.tool import Backend, Model, Output, Toolset, ToolSpec

LATER = ("char", "ctypeslib", "fft", "linalg", "ma", "polynomial", "random", "rec", "strings")
Place = tuple[str, str, str, bool]  # of a tool, as in `Setup.tools`


@dataclass(frozen=True)
class Setup:
    """What every worker of an `Isolation` is given.

    `tools`: (name, module, the function's name in it, whether a backend serves it); `memory`: bytes
    beyond what a worker begins with; `seconds`: of processor time, in all its life; `jobs`: how
    many it does; `message`: bytes of the largest message.
    """

    tools: tuple[Place, ...]
    limits: Limits
    image_limits: decoding.Limits
    memory: int
    seconds: int
    jobs: int
    message: int

    @classmethod
    def of(cls, sent: Mapping[str, Any]) -> Setup:
        return cls(
            **{
                **sent,
                "tools": tuple(map(tuple, sent["tools"])),
                "limits": Limits(**sent["limits"]),
                "image_limits": decoding.Limits(**sent["image_limits"]),
            }
        )

    def to_send(self) -> dict[str, Any]:
        return asdict(self)


class _Elsewhere(Backend):
    """Stands for a backend of the main process: a tool that it serves is asked for."""

    name = "elsewhere"
    serves = ()
    model = Model("elsewhere", "")


def import_all(tools: Toolset) -> None:
    """Import what pure tools import when they are called: a worker can open no file.

    That is what the functions of their modules import, and what numpy keeps for later.
    """
    modules = {spec.func.__module__ for spec in tools.values() if spec.pure}
    names = {f"numpy.{part}" for part in LATER}
    for module in modules:
        with contextlib.suppress(OSError, TypeError):  # its source is nowhere
            tree = ast.parse(inspect.getsource(importlib.import_module(module)))
            functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
            names.update(name for function in functions for name in _imports(function))
    for name in sorted(names):
        with contextlib.suppress(ImportError):  # an extra, or no module: told when it is wanted
            importlib.import_module(name)


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def toolset(tools: tuple[Place, ...]) -> Toolset:
    """The same tools as in the main process, by importing their modules.

    Raises:
        SettingsError: a tool is not where it says it is from.
    """
    specs: list[ToolSpec] = []
    elsewhere = _Elsewhere({})
    for name, module, place, _ in tools:
        found: Any = getattr(importlib.import_module(module), place, None)
        spec = getattr(found, "__visprog_tool__", None)
        if not isinstance(spec, ToolSpec) or spec.name != name:
            raise SettingsError(f"there is no tool {name} in the module {module}")
        specs.append(_keyed(spec) if spec.pure else spec)
    return Toolset(specs, {name: elsewhere for name, _, _, served in tools if served})


def _keyed(spec: ToolSpec) -> ToolSpec:
    """The tool, its pictures known by their content at once.

    The main process, which does not believe that they are of the call that is said to have made
    them, knows them by nothing else.
    """
    func = spec.func

    @wraps(func)
    def call(**args: Any) -> Any:
        try:
            made = func(**args)
        except ImportError as error:
            raise ToolError(
                f"{spec.name} imports a module when it is called ({error}), and an isolated "
                "program can open no file; import it where the tool's module is imported"
            ) from None
        for part in arrays_of([made.value if isinstance(made, Output) else made]):
            _ = part.key
        return made

    code_of(call)  # read now: later there are no files
    return replace(spec, func=call)
