"""What imports what, and what `import visprog` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import visprog

ROOT = Path(__file__).parents[1]
ENGINE, TOOLS = ROOT / "visprog", ROOT / "tools" / "visprog_tools"

LAYERS = (  # each imports from those before it; those of one line, not from each other
    "errors",
    "values mixes",
    "tool codec exif",
    "lang",
    "helper_library",
    "planning execution show settings decoding canvas labels",
    "images trace highlight fields",
    "answers inputs isolation recent scale summary videos",
    "bulk drafting drawing voting",
    "stepping clips",
    "agent",
    "render",
    "terminal doctor cachedir eval helpers_command",
    "saving",
    "app acting",
    "options",
    "eval_commands app_command acting_command",
    "cli",
)
LEVEL = {name: level for level, line in enumerate(LAYERS) for name in line.split()}
HEAVY = {
    *("torch", "transformers", "gradio", "onnxruntime", "cv2", "PIL", "xllamacpp", "rich"),
    *("langchain", "rapidocr", "ray"),
}


def imports(path: Path) -> Iterator[str]:
    """The modules that a module imports at its top level, `TYPE_CHECKING` blocks left out."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            if module == "visprog":  # `from visprog import values`
                yield from (f"visprog.{alias.name}" for alias in node.names)
            else:
                yield module


def imported_from(path: Path, package: str) -> set[str]:
    """The parts of a package that a module imports: `lang` for `visprog.lang.types`."""
    names = (name.split(".") for name in imports(path))
    return {name[1] if len(name) > 1 else "" for name in names if name[0] == package}


def part_of(path: Path) -> str:
    return path.relative_to(ENGINE).with_suffix("").parts[0]


MODULES = sorted(path for path in ENGINE.rglob("*.py") if path != ENGINE / "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ENGINE)))
def test_imports_point_one_way(path: Path) -> None:
    part = part_of(path)
    assert part in LEVEL, f"visprog.{part} has no layer in this test"
    above = {
        other
        for other in imported_from(path, "visprog") - {part}
        if other not in LEVEL or LEVEL[other] >= LEVEL[part]
    }
    assert not above


def test_the_engine_never_imports_the_tools() -> None:
    assert [path for path in MODULES if "visprog_tools" in path.read_text("utf-8")] == []


def test_the_tools_import_errors_values_and_tool_only() -> None:
    used = {name for path in TOOLS.rglob("*.py") for name in imported_from(path, "visprog")}
    assert used <= {"errors", "values", "tool"}


def loaded_by(statement: str) -> set[str]:
    """The modules that a new process has after a statement."""
    code = f"{statement}\nimport sys\nprint(' '.join(sys.modules))"
    run = [sys.executable, "-I", "-c", code]
    return set(subprocess.run(run, capture_output=True, text=True, check=True).stdout.split())


def test_importing_the_tools_loads_nothing_heavy() -> None:
    loaded = loaded_by("import visprog, visprog_tools")
    assert "visprog_tools" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_importing_the_agent_loads_nothing_heavy() -> None:
    assert loaded_by("from visprog import Agent, Planner, Toolset").isdisjoint(HEAVY)


def test_importing_the_command_line_loads_no_numpy() -> None:
    assert "numpy" not in loaded_by("import visprog.cli")


def test_importing_visprog_loads_no_other_module_of_ours() -> None:
    loaded = loaded_by("import visprog")
    assert {name for name in loaded if name.startswith("visprog")} == {"visprog"}
    assert "numpy" not in loaded


def test_public_names_are_sorted_and_importable() -> None:
    assert visprog.__all__ == sorted(visprog.__all__)
    assert dir(visprog) == visprog.__all__
    for name in visprog.__all__:
        assert getattr(visprog, name) is not None


def test_public_names_are_those_that_type_checkers_see() -> None:
    tree = ast.parse((ENGINE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        (node.module, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    lazy = {(home, name) for name, home in visprog._HOME.items()}
    assert seen == lazy
    assert sorted(visprog._HOME) == visprog.__all__


def test_no_public_name_is_a_module_of_ours() -> None:
    """Else importing the module would replace what the name means."""
    assert LEVEL.keys().isdisjoint(visprog.__all__)


def test_other_names_are_absent() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Agnet'"):
        _ = visprog.Agnet
