"""Mixes of tools: which backend serves which word, on the command line or in a TOML file.

profile = "hub-8gb"          # what it starts from, maybe several with commas
[tools]
detect = "owlv2-large"       # a backend for a word
[options]
device = "cuda:0"            # as on the command line: dtype, memory, compile, ...
"mine.threshold" = "0.4"     # of a plug-in
[weights]
owlv2-large = "owlv2"        # where the weights of a model lie, relative to this file
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError

SUFFIX = ".toml"
TABLES = ("tools", "options", "weights")
OPTIONS = ("scene_graphs", "device", "dtype", "memory", "compile", "warm_up", "non_commercial")


def flat(mix: str) -> tuple[list[str], dict[str, str]]:
    """The parts of a mix, profiles and `tool=backend`, and the options that its files set.

    Raises:
        SettingsError: a file is absent or not a mix.
    """
    parts: list[str] = []
    options: dict[str, str] = {}
    for part in filter(None, (text.strip() for text in mix.split(","))):
        if part.lower().endswith(SUFFIX) and "=" not in part:
            more, told = _read(Path(part))
            parts += more
            options |= told
        else:
            parts.append(part)
    return parts, options


def _read(path: Path) -> tuple[list[str], dict[str, str]]:
    try:
        made = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"tools {path}: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise SettingsError(f"tools {path}: not TOML: {error}") from error
    unknown = sorted(made.keys() - {"profile", *TABLES})
    if unknown:
        raise SettingsError(f"tools {path}: unknown {unknown[0]!r}; known: profile, {TABLES}")
    profile = made.get("profile", "")
    if not isinstance(profile, str) or SUFFIX in profile:
        raise SettingsError(f"tools {path}: want the name of a profile, got {profile!r}")
    tools, options, weights = (_table(path, made, name) for name in TABLES)
    parts = [text for part in profile.split(",") if (text := part.strip())]
    parts += [f"{word}={backend}" for word, backend in tools.items()]
    for name in options:
        if name not in OPTIONS and "." not in name:  # those of a plug-in have its name before them
            raise SettingsError(f"tools {path}: unknown option {name!r}; known: {OPTIONS}")
    places = {f"weights.{name}": str(path.parent / place) for name, place in weights.items()}
    return parts, {**options, **places}


def _table(path: Path, made: Mapping[str, Any], name: str) -> dict[str, str]:
    table = made.get(name, {})
    if not isinstance(table, dict):
        raise SettingsError(f"tools {path}: want a table [{name}], got {table!r}")
    found: dict[str, str] = {}
    for key, value in table.items():
        if value is False:
            continue  # a switch that is off, as if it were not there
        if value is not True and not (isinstance(value, str) and value):
            raise SettingsError(f"tools {path}: want a text for {name}.{key}, got {value!r}")
        found[key.replace("-", "_") if name == "options" else key] = (
            "yes" if value is True else value
        )
    return found
