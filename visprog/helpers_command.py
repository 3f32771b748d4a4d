"""The command that looks through a file of helpers."""

from __future__ import annotations

from pathlib import Path

from visprog.errors import ProgramError, SettingsError
from visprog.helper_library import read_helpers
from visprog.show import printable
from visprog.tool import Toolset


def look_through(action: str, path: Path, tools: Toolset) -> int:
    """Carry out `visprog helpers list` or `visprog helpers check`; the exit status.

    Raises:
        SettingsError: there is no such file, or it cannot be read or listed.
    """
    if not path.is_file():
        raise SettingsError(f"there is no file of helpers {path}")
    if action == "list":
        _list(path, tools)
        return 0
    try:
        faults = read_helpers(path, tools).faults
    except SettingsError as error:
        if not isinstance(error.__cause__, ProgramError):
            raise
        return _tell([error.__cause__])
    return _tell(list(faults.values()))


def _list(path: Path, tools: Toolset) -> None:
    helpers = read_helpers(path, tools)
    for name, one in helpers.defined.items():
        left_out = "  (left out: it does not fit these tools)" if name in helpers.faults else ""
        print(printable(one.signature) + left_out)
        if one.doc:
            print(f"    {printable(one.doc)}")
    if not helpers.defined:
        print("no helpers")


def _tell(errors: list[ProgramError]) -> int:
    """Print every fault once, in the order of the text."""
    found = {fault for error in errors for fault in error.diagnostics}
    for fault in sorted(found, key=lambda one: (one.line, one.column)):
        print(printable(str(fault)))
    print(f"{len(found)} fault{'s' if len(found) > 1 else ''}" if found else "no faults")
    return 1 if found else 0
