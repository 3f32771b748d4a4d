"""Where the command line keeps results between runs, and the command that looks after them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from visprog.execution.store import Store, StoreStats
from visprog.settings import Settings
from visprog.show import printable

UNITS = ("bytes", "kB", "MB", "GB")


def cache_directory(settings: Settings | None = None) -> Path:
    """The folder that VISPROG_CACHE_DIR names, else `visprog` where the platform keeps caches."""
    from platformdirs import user_cache_path

    chosen = (settings or Settings.of()).cache_dir
    return Path(chosen) if chosen else user_cache_path("visprog", appauthor=False)


def look_after(action: str, *, as_json: bool = False) -> int:
    """Carry out `visprog cache stats` or `visprog cache clear`; the exit status.

    Raises:
        SettingsError: the folder cannot be written.
    """
    store = Store(cache_directory())
    stats = store.clear() if action == "clear" else store.stats()
    left = store.stats()
    store.close()
    for notice in store.notices:
        print(printable(f"visprog: {notice}"), file=sys.stderr)
    if as_json:
        print(json.dumps(_plain(stats, stats.disk - left.disk if action == "clear" else None)))
    elif action == "clear":
        freed = size_text(max(0, stats.disk - left.disk))
        print(f"{_count(stats.entries)} deleted, {freed} freed: {printable(str(stats.path))}")
    else:
        _show(stats)
    return 1 if action == "clear" and left.entries else 0


def size_text(count: int) -> str:
    """A number of bytes as people write it, in powers of ten: `12.3 MB`."""
    size, unit = float(count), 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {UNITS[unit]}" if unit else f"{count} bytes"


def _show(stats: StoreStats) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    asked = stats.hits + stats.misses
    share = f" ({stats.hits / asked:.0%} of {asked} asked for)" if asked else ""
    held = f"{size_text(stats.bytes)} of at most {size_text(stats.limit)}"
    for label, text in (
        ("folder", printable(str(stats.path.parent))),
        ("results", f"{stats.entries} ({held})"),
        ("on disk", size_text(stats.disk)),
        ("found", f"{stats.hits}{share}"),
        ("damaged", f"{stats.corrupted}"),
    ):
        console.print(Text.assemble((f"{label:>9}  ", "dim"), text), soft_wrap=True)
    if stats.tools:
        table = Table("tool", "results", "size", box=None, header_style="dim")
        for tool, (entries, size) in stats.tools.items():
            table.add_row(Text(printable(tool)), str(entries), size_text(size))
        console.print(table)


def _plain(stats: StoreStats, freed: int | None) -> dict[str, object]:
    tools = {tool: {"entries": n, "bytes": size} for tool, (n, size) in stats.tools.items()}
    made = {**asdict(stats), "path": str(stats.path), "tools": tools}
    return made if freed is None else {**made, "freed": freed}


def _count(entries: int) -> str:
    return f"{entries} result{'' if entries == 1 else 's'}"
