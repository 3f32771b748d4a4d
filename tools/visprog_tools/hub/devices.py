"""Where models of torch run, and in which precision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from visprog.errors import SettingsError

BF16 = (8, 0)  # CUDA capability from which bfloat16 is quick (Ampere)
DTYPES = ("bfloat16", "float16", "float32")
UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "MIB": 2**20, "GIB": 2**30}
SPARE = 0.1  # of a card's memory, for what the models compute
NO_MEMORY = ("out of memory", "can't allocate memory", "alloc_failed")  # torch's words for it


@dataclass(frozen=True)
class Place:
    """`device`: as torch names it; `dtype`: one of DTYPES; `budget`: bytes of weights that may lie
    on it at once, 0 for no bound."""

    device: str
    dtype: str
    budget: int = 0

    @property
    def torch_dtype(self) -> Any:
        import torch

        return getattr(torch, self.dtype)

    @property
    def kind(self) -> str:
        """The device without its number: results do not hang on that."""
        return self.device.partition(":")[0]


def place_of(options: Mapping[str, str]) -> Place:
    """Where models run, from the options `device` (auto), `dtype` (auto) and `memory` (such as
    20GB; by default the card's own, less a tenth, and on the CPU unbounded).

    Raises:
        SettingsError: torch is not installed, there is no such device, or an option is malformed.
    """
    if find_spec("torch") is None:
        raise SettingsError("models of the hub want torch: pip install 'visprog[models]'")
    import torch

    device = options.get("device") or "auto"
    if device == "auto":
        device = "cuda:0" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        device = "cuda:0"
    _expect(device)
    dtype = options.get("dtype") or "auto"
    if dtype == "auto":
        dtype = _usual(device)
    if dtype not in DTYPES:
        raise SettingsError(f"no dtype {dtype!r}; known: auto, {', '.join(DTYPES)}")
    wanted = options.get("memory", "")
    return Place(device, dtype, size_of(wanted) if wanted else _own_memory(device))


def size_of(text: str) -> int:
    """Bytes, from a text such as 20GB or 512MiB.

    Raises:
        SettingsError
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]i?B)?", text.strip(), re.IGNORECASE)
    size = int(float(found[1]) * UNITS.get((found[2] or "").upper(), 0)) if found else 0
    if size < 1:
        raise SettingsError(f"want a size such as 20GB or 512MiB, got {text!r}")
    return size


def _expect(device: str) -> None:
    import torch

    number = device.removeprefix("cuda:")
    if device.startswith("cuda:") and number.isdecimal():
        count = torch.cuda.device_count()
        if int(number) >= count:
            raise SettingsError(f"no device {device!r}: torch sees {count} CUDA devices")
    elif device == "mps":
        if not torch.backends.mps.is_available():
            raise SettingsError("no device 'mps': torch cannot use it here")
    elif device != "cpu":
        raise SettingsError(f"no device {device!r}; known: auto, cpu, cuda, cuda:NUMBER, mps")


def _usual(device: str) -> str:
    if not device.startswith("cuda:"):
        return "float32"
    import torch

    return "bfloat16" if torch.cuda.get_device_capability(device) >= BF16 else "float16"


def _own_memory(device: str) -> int:
    if not device.startswith("cuda:"):
        return 0
    import torch

    return int(torch.cuda.get_device_properties(device).total_memory * (1 - SPARE))


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch says so: there is one class of it for cards, and plain
    RuntimeErrors for processors and for what libraries of cards tell."""
    import torch

    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in text for words in NO_MEMORY)


def free_memory(device: str) -> None:
    """Give what torch keeps in reserve back to the card."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()


def free_main_memory() -> float:
    """Bytes that may still be taken; infinite where the system does not tell."""
    try:
        told = Path("/proc/meminfo").read_text("ascii")
    except OSError:
        return float("inf")
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", told, re.MULTILINE)
    return int(found[1]) * 1024 if found else float("inf")
