"""Where the pictures of questions lie: files in a folder, found by their names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePath

from visprog.errors import SettingsError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".JPG", ".JPEG", ".PNG")
DEEPEST = 3  # folders inside each other that are looked through


def find_picture(folder: Path, name: str) -> Path:
    """The file of a picture.

    It is looked for by its path in the folder, with one of SUFFIXES where it comes without one. A
    name without a path may also be that of the only such file in the folders inside, as datasets
    have them (`train/17/...`, `val2017/...`).

    Raises:
        SettingsError: there is none, or there are two, or the name leads out of the folder.
    """
    given = PurePath(name)
    if given.is_absolute() or ".." in given.parts:
        raise SettingsError(f"the picture {name!r} lies outside {folder}")
    for candidate in _spellings(name):
        path = folder / candidate
        if os.path.isfile(path):
            return path
    if len(given.parts) == 1 and folder.is_dir():
        files = _inside(str(folder), folder.stat().st_mtime_ns)
        found = [path for one in _spellings(name) for path in files.get(one, ())]
        if len(found) > 1:
            raise SettingsError(f"two pictures {name} in {folder}: {found[0]} and {found[1]}")
        if found:
            return Path(found[0])
    wanted = name if given.suffix in SUFFIXES else f"{name}.jpg (or .png ...)"
    raise SettingsError(f"no picture {wanted} in {folder}")


def _spellings(name: str) -> Iterator[str]:
    yield name
    for suffix in SUFFIXES:
        yield name + suffix


@lru_cache(maxsize=4)
def _inside(folder: str, changed: int) -> dict[str, list[str]]:
    """The files of the folders in a folder, by their names. `changed`: when the folder was, so that
    what is remembered is of the folder as it is."""
    made: dict[str, list[str]] = {}
    levels = [[entry.path for entry in os.scandir(folder) if entry.is_dir()]]
    for _ in range(DEEPEST):
        deeper: list[str] = []
        for inner in levels[-1]:
            for entry in os.scandir(inner):
                if entry.is_dir():
                    deeper.append(entry.path)
                else:
                    made.setdefault(entry.name, []).append(entry.path)
        levels.append(deeper)
    return {name: sorted(paths) for name, paths in made.items()}
