"""Skills of a robot, as a TOML file tells of them: what each takes, needs and makes true.

start = ["free()"]                                # what holds at first; all else does not
[skills.pick]
about = "take a thing with the gripper"
takes = ["thing"]                                 # things of the picture
needs = ["free()"]                                # `not holding(_)`: holding nothing at all
makes = ["holding(thing)", "not free()"]
says = ["pick up {thing}", "take {thing}"]        # how people ask for it
"""

from __future__ import annotations

import keyword
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError
from visprog.tool import Param, ToolSpec
from visprog.values import Region

FAMILY = "act"
ANY = "_"  # whatever it is, in a fact that is needed or ends
KEYS = {"about", "takes", "needs", "makes", "says"}

_FACT = re.compile(r"(not\s+)?([a-z]\w*)\s*\(([^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")

Ground = tuple[str, tuple[str, ...]]  # a fact about things: its name and theirs


@dataclass(frozen=True)
class Fact:
    """`args`: parameters of a skill, or ANY; `holds`: False for what does not hold."""

    name: str
    args: tuple[str, ...]
    holds: bool = True

    def about(self, things: Mapping[str, str]) -> Ground:
        """The fact of these things."""
        return self.name, tuple(things.get(arg, arg) for arg in self.args)

    def __str__(self) -> str:
        return ("" if self.holds else "not ") + said((self.name, self.args))


@dataclass(frozen=True)
class Skill:
    """`says`: patterns of what people say, with its parameters in braces."""

    name: str
    about: str
    takes: tuple[str, ...]
    needs: tuple[Fact, ...] = ()
    makes: tuple[Fact, ...] = ()
    says: tuple[str, ...] = ()

    @property
    def spec(self) -> ToolSpec:
        """The skill as programs see it: what they call gives the action in words."""

        def act(**things: Region) -> str:
            return f"{self.name}({', '.join(one.label for one in things.values())})"

        params = tuple(Param(name, Region) for name in self.takes)
        return ToolSpec(self.name, params, str, self.about, FAMILY, True, act)


@dataclass(frozen=True)
class Skills:
    """By name; `start`: the facts that hold at first."""

    by_name: Mapping[str, Skill]
    start: frozenset[Ground] = frozenset()


def said(fact: Ground) -> str:
    return f"{fact[0]}({', '.join(fact[1])})"


def read_skills(path: Path) -> Skills:
    """The skills of a file.

    Raises:
        SettingsError: it cannot be read, or is not in that form.
    """
    try:
        made = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"skills {path}: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"skills {path}: not TOML: {error}") from error
    try:
        if unknown := sorted(made.keys() - {"start", "skills"}):
            raise ValueError(f"unknown {unknown[0]!r}; known: start, [skills.NAME]")
        table = made.get("skills") or {}
        skills = {name: _skill(name, told) for name, told in table.items()}
        if not skills:
            raise ValueError("there are no skills: want [skills.NAME]")
        start = frozenset(fact.about({}) for fact in _facts("start", made.get("start", ()), ()))
    except ValueError as error:
        raise SettingsError(f"skills {path}: {error}") from error
    return Skills(skills, start)


def _skill(name: str, told: Any) -> Skill:
    if not isinstance(told, dict) or (unknown := sorted(told.keys() - KEYS)):
        raise ValueError(f"{name}: unknown {unknown[0]!r}" if isinstance(told, dict) else name)
    _expect_name(name, name)
    takes = tuple(_texts(f"{name}.takes", told.get("takes", ())))
    for param in takes:
        _expect_name(name, param)
    if len(set(takes)) < len(takes):
        raise ValueError(f"{name}: two things that it takes have one name")
    says = tuple(_texts(f"{name}.says", told.get("says", ())))
    for pattern in says:
        if sorted(_SLOT.findall(pattern)) != sorted(takes):
            raise ValueError(f"{name}: {pattern!r} wants each of {list(takes)} in braces, once")
    return Skill(
        name,
        " ".join(_texts(f"{name}.about", [told.get("about", "")])),
        takes,
        tuple(_facts(f"{name}.needs", told.get("needs", ()), takes)),
        tuple(_facts(f"{name}.makes", told.get("makes", ()), takes)),
        says,
    )


def _expect_name(skill: str, name: str) -> None:
    if not re.fullmatch(r"[a-z]\w{0,40}", name) or keyword.iskeyword(name):
        raise ValueError(f"{skill}: {name!r} cannot be a name: want lower-case letters")


def _texts(where: str, listed: Any) -> Sequence[str]:
    if not isinstance(listed, (list, tuple)) or not all(isinstance(one, str) for one in listed):
        raise ValueError(f"{where}: want a list of texts, got {listed!r}")
    return [" ".join(one.split()) for one in listed]


def _facts(where: str, listed: Any, takes: Sequence[str]) -> Sequence[Fact]:
    made = []
    for text in _texts(where, listed):
        found = _FACT.fullmatch(text)
        if found is None:
            raise ValueError(f"{where}: {text!r} is no fact: want name(thing, ...)")
        args = tuple(arg for part in found[3].split(",") if (arg := part.strip()))
        for arg in args:
            if arg not in (*takes, ANY) or (arg == ANY and where.endswith("start")):
                raise ValueError(f"{where}: {text!r} is about {arg!r}, which it does not take")
        made.append(Fact(found[2], args, found[1] is None))
    if where == "start" and not all(fact.holds for fact in made):
        raise ValueError("start: say what holds; what is not said does not hold")
    return made
