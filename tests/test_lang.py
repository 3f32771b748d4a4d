"""Runs every chunk of tests/programs/*.vp and every example of the language's reference.

`### text` is a fault that its line must have (`5: text` also says its column); `# -> value` is what
the program gives; `# !! Name` is the error it ends with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import visprog.errors
from tests.fakes import checked, value_of
from visprog.errors import ProgramError
from visprog.trace import say

HERE = Path(__file__).parent
SPEC = HERE.parent / "visprog" / "lang" / "SPEC.md"


def chunks() -> Iterator[object]:
    for path in sorted(HERE.glob("programs/*.vp")):
        for number, chunk in enumerate(path.read_text(encoding="utf-8").split("---\n"), 1):
            yield pytest.param(chunk, id=f"{path.stem}-{number}")
    blocks = re.findall(r"```(?:vp|faults)\n(.*?)```", SPEC.read_text(encoding="utf-8"), re.S)
    for number, chunk in enumerate(blocks, 1):
        yield pytest.param(chunk, id=f"spec-{number}")


@pytest.mark.parametrize("chunk", list(chunks()))
def test_program(chunk: str) -> None:
    wanted = [
        (line, text)
        for line, row in enumerate(chunk.splitlines(), 1)
        for text in re.findall(r"### (.*)", row)
    ]
    source = re.sub(r"  # (?:->|!!) .*|  ###.*", "", chunk)
    if wanted:
        with pytest.raises(ProgramError) as caught:
            checked(source)
        found = caught.value.diagnostics
        assert {d.line for d in found} == {line for line, _ in wanted}, str(caught.value)
        for line, text in wanted:
            placed = re.match(r"(\d+): (.*)", text)
            column, message = placed.groups() if placed else ("", text)
            assert any(
                d.line == line and message in d.message and column in ("", str(d.column))
                for d in found
            ), f"line {line}: want {text!r} in\n{caught.value}"
        return
    expected = re.search(r"# (->|!!) (.*)", chunk)
    assert expected, "a chunk says what it gives"
    if expected[1] == "!!":
        with pytest.raises(getattr(visprog.errors, expected[2])):
            value_of(source)
    else:
        assert say(value_of(source)) == expected[2]


def test_all_faults_are_told_at_once_with_line_column_and_caret() -> None:
    source = 'a = detekt(image, "dog")\nb = count(5)\nreturn c\n'
    with pytest.raises(ProgramError) as caught:
        checked(source)
    assert (
        str(caught.value) == (HERE / "golden" / "faults.txt").read_text(encoding="utf-8").rstrip()
    )


def test_the_reference_has_examples_of_both_kinds() -> None:
    text = SPEC.read_text(encoding="utf-8")
    assert text.count("```vp") >= 8 and text.count("```faults") >= 4
