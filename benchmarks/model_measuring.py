"""One backend of the hub measured in a process of its own: prints one JSON object."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import resource
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from visprog.errors import ToolError, VisprogError
from visprog.tool import Catalogue
from visprog_tools import hub
from visprog_tools.hub.backend import HubBackend
from visprog_tools.hub.entries import MODELS
from visprog_tools.hub.rehearsal import call, rehearsal
from visprog_tools.hub.residence import residence
from visprog_tools.hub.vision_operators import declare_operators

MATRIX = 2048  # side of the matrices by whose product a processor's speed is told
TOKENS = 64  # that OCR models may write here: with weights of chance they never end
BOUND = {"got_ocr": 64, "florence": {"caption": 64, "ocr": 64}}
BOXES = (1, 20)  # of one picture

# Dense bfloat16 (float16 on cards before Ampere), in 1e12 operations a second, by the makers'
# data sheets; the first name that the card's has in it.
PEAKS = {
    "H200": 989.0, "H100 NVL": 835.0, "H100 PCIe": 756.0, "H100": 989.0, "B200": 2250.0,
    "A100": 312.0, "A30": 165.0, "A10": 125.0, "L40S": 362.0, "L40": 181.0, "L4": 121.0,
    "RTX 4090": 165.0, "RTX 3090": 71.0, "V100": 125.0, "T4": 65.0,
}  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("name")
    asked.add_argument("--device", default="auto")
    asked.add_argument("--dtype", default="auto")
    asked.add_argument("--batches", default="1,8,32")
    asked.add_argument("--repetitions", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=600.0, help="of one batch, at most")
    asked.add_argument("--folder", help="of true weights")
    asked.add_argument("--scratch", help="where weights of chance are written")
    args = asked.parse_args()
    warnings.simplefilter("ignore")
    declare_operators()
    for module, most in BOUND.items():
        importlib.import_module(f"visprog_tools.hub.{module}").MOST = most  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory(dir=args.scratch) as scratch:
        print(json.dumps(measure(args, Path(scratch))))


def measure(args: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    options = {"device": args.device, "dtype": args.dtype, "non_commercial": "yes"}
    kind: Any = Catalogue.of(hub).backends.get(args.name) or _embedder(args.name)
    folder, random = _weights(args, scratch, kind(options))
    backend: Any = kind({**options, f"weights.{kind.weights}": str(folder)})
    place = backend.place
    memory = Memory(place.device)
    began = time.perf_counter()
    backend.ready()
    told: dict[str, Any] = {
        "name": args.name,
        "random": random,
        "dtype": place.dtype,
        "device": device_name(place.device),
        "parameters": backend.found.parameters,
        "card_bytes": MODELS[kind.weights].size,
        "weights_bytes": residence(place.device).used,
        "load_seconds": time.perf_counter() - began,
        "load_peak_bytes": memory.peak(),
    }
    tool = rehearsal(backend.serves, 0)[0]
    told["tool"] = tool
    fresh = Fresh(tool)
    flops, first = counted(backend, tool, fresh(1))
    if 2 * first < args.seconds:  # texts, which are remembered, were encoded with it
        flops, first = counted(backend, tool, fresh(1))
    if not flops:
        raise ToolError(f"{tool} by {args.name} did not go through its network")
    peak, source = peak_of(place.device, place.torch_dtype)
    told |= {"flops_a_picture": flops, "peak_flops": peak, "peak_source": source}
    told["batches"] = [*batches(args, backend, fresh, first, memory)]
    for row in told["batches"]:
        if "seconds" in row:
            row["share_of_peak"] = flops * row["pictures_a_second"] / peak
    if tool == "segment" and first * len(BOXES) < args.seconds:
        told["boxes"] = {
            str(boxes): statistics.median(
                timed(backend, tool, [call(tool, fresh.next(), boxes)])
                for _ in range(args.repetitions)
            )
            for boxes in BOXES
        }
    peaks = [row["peak_bytes"] for row in told["batches"] if "peak_bytes" in row]
    told["peak_bytes"] = max([told["load_peak_bytes"], *peaks])
    return told


def batches(
    args: argparse.Namespace, backend: Any, fresh: Fresh, first: float, memory: Memory
) -> Iterator[dict[str, Any]]:
    """`first`: seconds of the first call, which stands for a call alone where one more would take
    too long."""
    each = first
    for many in map(int, args.batches.split(",")):
        if each * many <= args.seconds:
            memory.reset()
            times = [timed(backend, fresh.tool, fresh(many)) for _ in range(args.repetitions)]
        elif many == 1:
            times = [first]
        else:
            yield {"batch": many, "skipped_seconds": each * many}
            continue
        seconds = statistics.median(times)
        each = seconds / many
        yield {
            "batch": many,
            "seconds": seconds,
            "pictures_a_second": 1 / each,
            "peak_bytes": memory.peak(),
            "first": times == [first],
        }


def _embedder(name: str) -> Any:
    """One of those that serve no word, and so are in no catalogue."""
    from visprog_tools.hub import features

    return next(one for one in vars(features).values() if getattr(one, "name", None) == name)


def _weights(args: argparse.Namespace, scratch: Path, backend: HubBackend) -> tuple[Path, bool]:
    """Where they lie, and whether they are of chance, made here."""
    if args.folder:
        return Path(args.folder), False
    try:
        return backend.found.folder, False
    except VisprogError:
        from random_weights import make

        return make(args.name, scratch, backend.place.dtype), True


class Fresh:
    """Calls about pictures that no call before was about, as backends remember pictures."""

    def __init__(self, tool: str) -> None:
        self.tool, self._seed = tool, 0

    def next(self) -> int:
        self._seed += 1
        return self._seed

    def __call__(self, many: int) -> list[dict[str, Any]]:
        return [call(self.tool, self.next()) for _ in range(many)]


def timed(backend: HubBackend, tool: str, calls: Sequence[Mapping[str, Any]]) -> float:
    """Seconds that calls take together. An error of one ends all."""
    clock = clock_of(backend.place.device)
    began = clock()
    for result in backend.run(tool, calls):
        if isinstance(result, VisprogError):
            raise result
        if any("out of memory" in notice for notice in result.notices):
            raise MemoryError(result.notices[0])
    if backend.place.device.startswith("cuda"):
        torch.cuda.synchronize(backend.place.device)
    return clock() - began


def clock_of(device: str) -> Callable[[], float]:
    """Of what passes; on a processor, in one thread, of what this process had of it: others may
    share the machine."""
    alone = device == "cpu" and torch.get_num_threads() == 1
    return time.process_time if alone else time.perf_counter


def counted(
    backend: HubBackend, tool: str, calls: Sequence[Mapping[str, Any]]
) -> tuple[int, float]:
    """Floating-point operations of calls in products of matrices, convolutions and attention (what
    else a network does is not counted), and seconds, a little of them for the counting."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        seconds = timed(backend, tool, calls)
    return int(counter.get_total_flops()), seconds


def peak_of(device: str, dtype: Any) -> tuple[float, str]:
    """Operations a second that could be, and how that is known."""
    name = device_name(device)
    for card, peak in PEAKS.items():
        if card in name:
            return peak * 1e12, f"data sheet, dense bfloat16, {card}"
    matrix = torch.randn(MATRIX, MATRIX, device=device).to(dtype)

    clock = clock_of(device)

    def product() -> float:
        began = clock()
        (matrix @ matrix).sum().item()
        return clock() - began

    product()
    return 2 * MATRIX**3 / min(product() for _ in range(5)), f"product of {MATRIX} x {MATRIX} here"


def device_name(device: str) -> str:
    if device.startswith("cuda"):
        return str(torch.cuda.get_device_name(device))
    told = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", told.read_text()) if told.is_file() else None
    threads = torch.get_num_threads()
    return f"{found[1] if found else device}, {threads} thread{'s' * (threads > 1)}"


class Memory:
    """The most that lay on a card, or in main memory of this process, since `reset`."""

    def __init__(self, device: str) -> None:
        self._card = device if device.startswith("cuda") else ""
        self.reset()

    def reset(self) -> None:
        if self._card:
            torch.cuda.reset_peak_memory_stats(self._card)
            return
        with suppress(OSError):  # then it is the most since the process began
            Path("/proc/self/clear_refs").write_text("5")

    def peak(self) -> int:
        if self._card:
            return int(torch.cuda.max_memory_allocated(self._card))
        told = Path("/proc/self/status")
        found = re.search(r"VmHWM:\s+(\d+) kB", told.read_text()) if told.is_file() else None
        if found:
            return int(found[1]) * 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
