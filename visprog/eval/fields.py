"""Fields of questions, as files have them. What is not as it should be is a ValueError."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from visprog.eval.scoring import KINDS, number


def answer_of(row: Mapping[str, Any], kind: str = "str", key: str = "answer") -> str:
    """The answer of a row, as a text. Raises ValueError: it has none, or it is no single one, or
    not of its kind."""
    answer = row.get(key)
    if answer is None:
        raise ValueError(
            f"it has no {key!r}: what has no answers, such as a test split, has no score"
        )
    if isinstance(answer, bool):
        answer = "yes" if answer else "no"
    if not isinstance(answer, (str, int, float)):
        raise ValueError(f"want one {key}, got {answer!r}")
    if not str(answer).strip():
        raise ValueError(f"its {key} is empty")
    if kind in ("int", "float") and number(answer) is None:
        raise ValueError(f"the answer {answer!r} is no number")
    return unicode_of(answer)


def unicode_of(value: Any) -> str:
    """A value as a text. Raises ValueError: it has half of a surrogate pair, which JSON can write
    and no file or model can take."""
    text = str(value)
    text.encode()
    return text


def kind_of(name: Any) -> str:
    """Raises ValueError: it is no answer type."""
    if name not in KINDS:
        raise ValueError(f"answerType {name!r} is not one of {', '.join(KINDS)}")
    return str(name)


def box_of(box: Any, kind: Any = "str") -> tuple[float, float, float, float] | None:
    """Raises ValueError: it is no box, or there is none where the answer is one."""
    if box is None and kind != "box":
        return None
    left, top, right, bottom = four(box, "answerBox [left, top, right, bottom]")
    if right < left or bottom < top:
        raise ValueError(f"the box {box!r} ends before it begins")
    return left, top, right, bottom


def four(listed: Any, wanted: str) -> tuple[float, float, float, float]:
    """Raises ValueError: it is no list of four numbers; `wanted` is what it says of that."""
    sides = listed if isinstance(listed, (list, tuple)) else ()
    numbers = [number(side) for side in sides if isinstance(side, (int, float))]
    if len(sides) != 4 or len(numbers) != 4 or None in numbers:
        raise ValueError(f"want {wanted}, got {listed!r}")
    first, second, third, fourth = (float(side) for side in sides)
    return first, second, third, fourth


def truth_of(value: Any) -> bool:
    """Raises ValueError: it is neither true nor false."""
    if not isinstance(value, bool):
        raise ValueError(f"want isBalanced true or false, got {value!r}")
    return value


def group_of(groups: Mapping[str, Any], name: str) -> str | None:
    """Raises ValueError: it is neither a text nor null."""
    group = groups.get(name)
    if group is not None and not isinstance(group, str):
        raise ValueError(f"want the {name} group as a text or null, got {group!r}")
    return group


def program_of(steps: Any) -> tuple[Mapping[str, Any], ...]:
    """Raises ValueError: it is no list of steps."""
    if not isinstance(steps, (list, tuple)) or not all(isinstance(step, dict) for step in steps):
        raise ValueError("want semantic, the functional program, as a list of steps")
    return tuple(steps)


_ID = re.compile(r"""'([^']*)'|"([^"]*)"|(\w+)""")


def ids_of(listed: Any) -> tuple[str, ...]:
    """A list of ids, or the text of one: parquet files have "['1', '2']". It is only read.
    Raises ValueError: it is neither."""
    if not isinstance(listed, str):
        return tuple(map(str, listed or ()))
    if listed.strip() and not re.fullmatch(r"\[[\s,]*\]", _ID.sub("", listed).strip()):
        raise ValueError(f"want entailed as a list of ids, got {listed!r}")
    return tuple("".join(parts) for parts in _ID.findall(listed))
