"""Tables in parquet files: GQA's questions and pictures as `lmms-lab/GQA` has them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError

BATCH = 256  # rows of pictures in memory at once
MAGIC = {b"\xff\xd8\xff": ".jpg", b"\x89PN": ".png", b"RIF": ".webp"}


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a table.

    Raises:
        SettingsError: pyarrow is not installed, or the file cannot be read.
    """
    return [row for batch in _batches(path, None) for row in batch]


def extract_pictures(folder: Path, wanted: Collection[str], into: Path) -> Path:
    """Write those pictures of a folder's tables (`id`, `image`) that are wanted as files named by
    their ids, unless they are there, and give the folder of these.

    Raises:
        SettingsError: pyarrow is not installed; a table cannot be read or has no pictures.
    """
    into.mkdir(parents=True, exist_ok=True)
    missing = set(wanted) - {path.stem for path in into.iterdir()}
    for path in sorted(folder.glob("*.parquet")) if missing else ():
        for batch in _batches(path, ["id", "image"]):
            for row in batch:
                if (name := str(row["id"])) in missing:
                    _write(into, name, row["image"], path)
                    missing.discard(name)
    return into


def _write(into: Path, name: str, image: Any, path: Path) -> None:
    data = image.get("bytes") if isinstance(image, dict) else image
    if not isinstance(data, bytes) or (suffix := MAGIC.get(data[:3])) is None:
        raise SettingsError(f"{path}: {name} is no JPEG, PNG or WebP picture")
    if Path(name).name != name or name.startswith("."):
        raise SettingsError(f"{path}: {name!r} cannot be the name of a file")
    part = into / f".{name}.part"
    part.write_bytes(data)
    part.replace(into / f"{name}{suffix}")


def _batches(path: Path, columns: list[str] | None) -> Iterator[list[dict[str, Any]]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise SettingsError("parquet files want pyarrow: pip install 'visprog[eval]'") from error
    try:
        with pyarrow.parquet.ParquetFile(path) as table:
            for batch in table.iter_batches(BATCH, columns=columns):
                made: list[dict[str, Any]] = batch.to_pylist()
                if columns and made and not made[0].keys() >= set(columns):
                    raise SettingsError(f"{path}: want the columns {', '.join(columns)}")
                yield made
    except (OSError, pyarrow.ArrowException) as error:
        raise SettingsError(f"{path}: not a parquet table: {error}") from error
