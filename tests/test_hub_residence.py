"""Which models lie on a device: loaded once, within a budget that is measured, by any threads."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from visprog.errors import WeightsError
from visprog.tool import Output
from visprog_tools.hub import residence as home_of
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.devices import out_of_memory
from visprog_tools.hub.loading import load_module
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.residence import Residence, residence
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.hub.turns import Turns

WIDE = 100  # numbers in a row of the toy model
SIZE = WIDE * WIDE * 4  # bytes


class Toy(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, wide: int = WIDE) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.eye(wide))


class Moved:
    """A module that only says where it lies; `sizes`: of its numbers, bytes."""

    def __init__(self) -> None:
        self.places: list[str] = []
        self.weight = torch.zeros(WIDE, WIDE)

    def to(self, place: str) -> Moved:
        self.places.append(place)
        return self

    def parameters(self) -> Iterator[Any]:
        yield self.weight

    def buffers(self) -> Iterator[Any]:
        yield from ()


@pytest.fixture(autouse=True)
def homes(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of what other tests loaded."""
    monkeypatch.setattr(home_of, "_HOMES", {})


def in_threads(*works: Callable[[], None]) -> None:
    """All at once; an error of any is an error here."""
    errors: list[BaseException] = []

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "it hangs"
    if errors:
        raise errors[0]


# -- one device


def test_a_model_is_loaded_once_for_all_threads() -> None:
    home, made = Residence("cpu"), []

    def make() -> Toy:
        made.append(1)
        return Toy()

    def use() -> None:
        with home.use("a", SIZE, make) as module:
            assert isinstance(module, Toy)

    in_threads(*[use] * 8)
    assert len(made) == 1 and home.used == SIZE


def test_the_model_used_least_lately_makes_room() -> None:
    home = Residence("cpu")
    for name in ("a", "b", "a", "c"):
        with home.use(name, SIZE, Toy, 2 * SIZE):
            assert home.used <= 2 * SIZE
    assert (home.loads, home.evictions) == (3, 1)
    with home.use("a", SIZE, Toy, 2 * SIZE):
        assert home.loads == 3  # it was b that went
    with home.use("b", SIZE, Toy, 2 * SIZE):
        assert home.loads == 4


def test_from_a_card_a_model_goes_to_main_memory_and_back() -> None:
    home = Residence("cuda:0")
    first, second = Moved(), Moved()
    for name, module in (("a", first), ("b", second), ("a", first), ("b", second)):
        with home.use(name, SIZE, lambda one=module: one, SIZE):  # type: ignore[misc]
            assert home.used == SIZE
    assert home.loads == 2 and home.evictions == 3
    assert first.places == ["cpu", "cuda:0", "cpu"] and second.places == ["cpu", "cuda:0"]


def test_where_main_memory_is_full_it_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_of, "free_main_memory", lambda: SIZE)
    home = Residence("cuda:0")
    for name in ("a", "b", "a"):
        with home.use(name, SIZE, Moved, SIZE):
            pass
    assert home.loads == 3 and home.used == SIZE


def test_a_model_in_use_is_waited_for() -> None:
    home, order = Residence("cpu"), []
    begun, go = threading.Event(), threading.Event()

    def first() -> None:
        with home.use("a", SIZE, Toy, SIZE):
            begun.set()
            go.wait()
            order.append("a")

    def second() -> None:
        begun.wait()
        threading.Timer(0.05, go.set).start()
        with home.use("b", SIZE, Toy, SIZE):
            order.append("b")

    in_threads(first, second)
    assert order == ["a", "b"] and home.used == SIZE


def test_two_that_wait_for_the_same_model_load_it_once() -> None:
    home = Residence("cpu")
    begun, go = threading.Event(), threading.Event()

    def holder() -> None:
        with home.use("a", SIZE, Toy, SIZE):
            begun.set()
            go.wait()

    def waiter() -> None:
        begun.wait()
        threading.Timer(0.05, go.set).start()
        with home.use("b", SIZE, Toy, SIZE):
            pass

    in_threads(holder, *[waiter] * 6)
    assert home.loads == 2 and home.used == SIZE


def test_models_that_wait_for_each_other_are_told_so() -> None:
    home = Residence("cpu")
    with (
        home.use("a", SIZE, Toy, SIZE),
        pytest.raises(WeightsError, match=r"b finds no room on cpu beside .*--memory"),
        home.use("b", SIZE, Toy, SIZE),
    ):
        pass
    with home.use("b", SIZE, Toy, SIZE):
        assert home.used == SIZE
    both, failed = threading.Barrier(2), []

    def pair(mine: str, other: str) -> None:
        with home.use(mine, SIZE, Toy, 2 * SIZE):
            both.wait()
            try:
                with home.use(other, SIZE, Toy, 2 * SIZE):
                    pass
            except WeightsError:
                failed.append(mine)

    in_threads(lambda: pair("c", "d"), lambda: pair("e", "f"))
    assert len(failed) == 1  # the other one found room once it had gone


def test_a_model_larger_than_the_budget_is_refused() -> None:
    home = Residence("cpu")
    with (
        pytest.raises(WeightsError, match=r"may hold.*--memory"),
        home.use("a", SIZE, Toy, SIZE - 1),
    ):
        pass


def test_a_model_larger_than_foretold_makes_room_all_the_same() -> None:
    home = Residence("cpu")
    with home.use("a", SIZE, Toy, 2 * SIZE):
        pass
    with home.use("b", 1, lambda: Toy(2 * WIDE), 5 * SIZE):
        assert home.used == 5 * SIZE
    with home.use("c", 1, Toy, 5 * SIZE):
        assert home.used == 5 * SIZE and home.evictions == 1
    with (
        pytest.raises(WeightsError, match="may hold"),
        home.use("d", 1, lambda: Toy(3 * WIDE), 5 * SIZE),
    ):
        pass
    assert home.used <= 5 * SIZE


def test_a_load_that_fails_leaves_nothing_behind() -> None:
    home = Residence("cpu")

    def broken() -> Toy:
        raise WeightsError("broken")

    with pytest.raises(WeightsError, match="broken"), home.use("a", SIZE, broken, SIZE):
        pass
    with home.use("b", SIZE, Toy, SIZE):
        assert home.used == SIZE


def test_a_load_out_of_memory_is_tried_again_without_the_idle_ones() -> None:
    home, tries = Residence("cpu"), []
    with home.use("idle", SIZE, Toy):
        pass

    def make() -> Toy:
        tries.append(home.used)
        if home.used:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return Toy()

    with home.use("a", SIZE, make):
        assert tries == [SIZE, 0]

    def never() -> Toy:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    with (
        pytest.raises(WeightsError, match="cpu has no memory left for b: choose a smaller"),
        home.use("b", SIZE, never),
    ):
        pass


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 8 bytes"), True),
        (RuntimeError("shapes do not fit"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_known_by_its_words(error: Exception, is_it: bool) -> None:
    assert out_of_memory(error) is is_it


# -- backends


class Adds(HubBackend):
    """Adds the sum of its weights, which is WIDE, to a value."""

    name = "adds"
    serves = ("add",)
    weights = "clip-base"
    wide = WIDE

    def make(self, found: Snapshot) -> Any:
        return Toy(self.wide).to(self.place.torch_dtype)

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        values = torch.tensor([call["value"] for call in calls]) + module.weight.float().sum()
        return [Output(float(value)) for value in values]


KINDS = [type(f"Adds{n}", (Adds,), {"name": f"adds-{n}"}) for n in range(4)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_file({"weight": torch.eye(WIDE)}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


def made(kind: type[HubBackend], folder: Path, **options: str) -> HubBackend:
    return kind({"weights.clip-base": str(folder), "device": "cpu", **options})


def test_one_card_has_one_budget_whatever_the_dtype(folder: Path) -> None:
    budget = {"memory": f"{SIZE}"}
    made(KINDS[0], folder, **budget).ready()
    made(KINDS[1], folder, dtype="bfloat16", **budget).ready()
    assert residence("cpu").used == SIZE // 2
    made(KINDS[2], folder, dtype="bfloat16", **budget).ready()
    assert residence("cpu").used == SIZE


def test_one_model_in_two_dtypes_is_two_models(folder: Path) -> None:
    for dtype in ("float32", "bfloat16", "float32"):
        one = made(KINDS[0], folder, dtype=dtype)
        assert one.run("add", [{"value": 1.0}]) == [Output(101.0)]
    assert residence("cpu").loads == 2 and residence("cpu").used == SIZE + SIZE // 2


def test_heads_that_stay_float32_are_reckoned_as_such(tmp_path: Path) -> None:
    tensors = {"backbone.weight": torch.zeros(100), "head.weight": torch.zeros(10)}
    save_file(tensors, tmp_path / "model.safetensors")
    found = Snapshot(tmp_path, "")
    assert found.room(2) == 220 and found.room(4) == 440
    assert found.room(2, r"head\.") == found.room(2, r"(?!backbone\.)") == 240


def test_threads_hammer_models_that_do_not_fit_together(folder: Path) -> None:
    backends = [made(kind, folder, memory=f"{2 * SIZE}") for kind in KINDS]
    home, over = residence("cpu"), []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(40):
            value = float(chance.randrange(1000))
            calls = [{"value": value + n} for n in range(chance.randrange(1, 4))]
            results = chance.choice(backends).run("add", calls)
            assert results == [Output(call["value"] + WIDE) for call in calls]
            if home.used > 2 * SIZE:
                over.append(home.used)

    in_threads(*[lambda seed=seed: work(seed) for seed in range(8)])
    assert not over and home.evictions > 0
    assert home.loads == home.evictions + home.used // SIZE


class Slow:
    """A class of transformers that takes a while to load, and what the process has meanwhile."""

    config_class = SimpleNamespace(model_type="toy")

    def __init__(self) -> None:
        self.begun, self.end = threading.Event(), threading.Event()

    def from_pretrained(self, *_: Any, **__: Any) -> Any:
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.bfloat16)
        self.begun.set()
        self.end.wait(10)
        torch.set_default_dtype(before)
        return Toy(), {"missing_keys": [], "mismatched_keys": []}


def test_nothing_is_computed_while_the_defaults_of_torch_are_others(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "toy"}')
    slow, dtypes = Slow(), []

    class Loads(Adds):
        name = "loads"

        def make(self, found: Snapshot) -> Any:
            return load_module(slow, found, torch.bfloat16)

    class Makes(Adds):
        name = "makes"

        def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
            dtypes.append(torch.zeros(1).dtype)
            return [Output(1.0)]

    maker = made(Makes, folder)
    maker.ready()

    def compute() -> None:
        slow.begun.wait(10)
        threading.Timer(0.1, slow.end.set).start()
        maker.run("add", [{"value": 1.0}])

    in_threads(made(Loads, folder).ready, compute, compute)
    assert dtypes == [torch.float32] * 2


def test_a_load_waits_for_what_is_computed_and_for_nothing_for_ever() -> None:
    turns, order = Turns(patience=0.2), []
    begun, go = threading.Event(), threading.Event()

    def compute() -> None:
        with turns.computing():
            begun.set()
            go.wait(10)
            order.append("computed")
            with turns.loading():  # it waits for itself the least
                order.append("loaded inside")
            with turns.computing(), turns.loading(), turns.loading():
                pass

    def load() -> None:
        begun.wait(10)
        threading.Timer(0.05, go.set).start()
        with turns.loading():
            order.append("loaded")

    in_threads(compute, load)
    assert order[0] == "computed" and {*order[1:]} == {"loaded", "loaded inside"}
    stuck = threading.Event()

    def hang() -> None:
        with turns.computing():
            stuck.wait(10)

    def load_beside() -> None:
        with turns.loading():
            stuck.set()

    in_threads(hang, load_beside)


def test_threads_hammer_what_is_remembered() -> None:
    kept = Remembered(40 * 400)

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(500):
            key = chance.randrange(100)
            found = kept.get(f"{key}")
            assert found is None or float(found[0]) == key
            kept.put(f"{key}", torch.full((100,), float(key)))
            assert kept.size <= kept.most

    in_threads(*[lambda seed=seed: work(seed) for seed in range(8)])


def test_no_room_on_the_device_is_the_error_of_each_call(folder: Path) -> None:
    class Broken(Adds):
        name = "broken"

        def make(self, found: Snapshot) -> Any:
            raise torch.OutOfMemoryError("CUDA out of memory")

    results = made(Broken, folder).run("add", [{"value": 1.0}, {"value": 2.0}])
    assert [type(one) for one in results] == [WeightsError] * 2
    assert all("cpu has no memory left for broken" in str(one) for one in results)


def test_one_call_that_is_too_much_is_tried_without_the_idle_models(folder: Path) -> None:
    made(KINDS[0], folder).ready()

    class Greedy(Adds):
        name = "greedy"

        def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
            if residence("cpu").used > SIZE:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().work(tool, calls, module)

    assert made(Greedy, folder).run("add", [{"value": 1.0}]) == [Output(101.0)]


# -- what a process takes, measured

MEGABYTES = 48  # of one model
MEASURE = """
import json, re, sys
from pathlib import Path
import torch
from tests.test_hub_residence import Adds, made
from visprog_tools.hub.residence import residence

def resident():  # bytes that are this process's own; a file that is read does not count
    told = Path("/proc/self/status").read_text()
    return int(re.search(r"RssAnon:\\s+(\\d+) kB", told)[1]) * 1024

torch.set_num_threads(1)
folder, memory = Path(sys.argv[1]), sys.argv[2]
options = {"memory": memory} if memory else {}
kinds = [type(f"Large{n}", (Adds,), {"name": f"large-{n}", "wide": 3464}) for n in range(6)]
made(Adds, folder, **options).run("add", [{"value": 1.0}])
before, most = resident(), 0
for _ in range(2):
    for kind in kinds:
        made(kind, folder, **options).run("add", [{"value": 1.0}])
        most = max(most, resident() - before)
print(json.dumps({"most": most, "loads": residence("cpu").loads}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="wants /proc/self/status")
def test_a_budget_of_main_memory_is_kept_by_the_process(folder: Path) -> None:
    save_file({"weight": torch.zeros(3464, 3464)}, folder / "model.safetensors")

    def measured(memory: str) -> dict[str, int]:
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(folder), memory],
            capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent,
        )  # fmt: skip
        told: dict[str, int] = json.loads(done.stdout)
        return told

    free, bound = measured(""), measured("100MB")
    million = 10**6
    assert free["loads"] == 7 and free["most"] > 6 * 0.9 * MEGABYTES * million
    assert bound["loads"] == 13 and bound["most"] < (100 + MEGABYTES) * million
