"""A plug-in of one file, as docs/plug-ins.md has it, installed in an environment of its own."""

from __future__ import annotations

import json
import re
import site
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "visprog-mine"
version = "1.0"
[tool.hatch.build.targets.wheel]
only-include = ["my_tools.py"]
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has what this one has, and the plug-in."""
    folder = tmp_path_factory.mktemp("plugin")
    toml, code = re.findall(
        r"```(?:toml|python)\n(.*?)```", (ROOT / "docs/plug-ins.md").read_text("utf-8"), re.DOTALL
    )[:2]
    project = folder / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT + toml)
    (project / "my_tools.py").write_text(code)
    venv.create(folder / "env", with_pip=False, symlinks=True)
    made = folder / "env" / "bin" / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([made, "-c", where], capture_output=True, text=True, check=True)
    inherited = "".join(f"import site; site.addsitedir({p!r})\n" for p in site.getsitepackages())
    (Path(packages.stdout.strip()) / "inherited.pth").write_text(inherited)
    install = [sys.executable, "-m", "pip", "--python", str(made), "install", "--quiet"]
    install += ["--no-index", "--no-deps", "--no-build-isolation", str(project)]
    subprocess.run(install, check=True, capture_output=True)
    return made


def told(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    run = [str(python), "-m", "visprog.cli", *arguments]
    return subprocess.run(run, capture_output=True, text=True, check=False)


def test_its_backend_serves_and_the_trace_names_it(python: Path, tmp_path: Path) -> None:
    program = tmp_path / "ask.vp"
    program.write_text('dog = largest(detect(image, "dog"))\nreturn shape_ratio(dog)\n')
    picture = str(ROOT / "examples" / "dogs.jpg")
    mix = tmp_path / "mix.toml"
    mix.write_text('profile = "embedded"\n[tools]\ndetect = "middle"\n')
    run = told(python, "run", str(program), picture, "--tools", str(mix), "--json")
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout)
    assert answer["tools"] == "embedded,detect=middle"
    (found,) = [step for step in answer["steps"] if step["tool"] == "detect"]
    assert found["model"].startswith("the middle of the picture")
    assert [region["label"] for region in found["value"]] == ["dog"]


def test_the_command_line_lists_what_it_brings(python: Path) -> None:
    assert "middle" in told(python, "tools", "detect").stdout
    assert "wider than high" in told(python, "tools", "shape_ratio").stdout
    assert told(Path(sys.executable), "tools", "shape_ratio").returncode == 2  # only there
