"""Backends over models of torch: where weights lie, on what they run, what room they take."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import save_file

from visprog.errors import SettingsError, ToolError, VisprogError, WeightsError
from visprog.execution.cache import call_key
from visprog.tool import Model, Output
from visprog_tools.hub.backend import HubBackend
from visprog_tools.hub.devices import Place, place_of, size_of
from visprog_tools.hub.entries import MODELS
from visprog_tools.hub.loading import load_module
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.residence import Residence
from visprog_tools.hub.snapshots import HubModel, Snapshot

WIDE = 100  # numbers in a row of the toy model
PLACE = Place("cpu", "float32")


class Toy(torch.nn.Module):  # type: ignore[misc]
    """Multiplies what it gets by a matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.eye(WIDE))


def toy_folder(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    save_file({"weight": torch.eye(WIDE)}, path / "model.safetensors")
    (path / "config.json").write_text("{}")
    return path


class Doubles(HubBackend):
    """Doubles the brightness it is asked of. A call of brightness 13 goes wrong, and more than
    `room` calls at once take too much memory."""

    name = "doubles"
    serves = ("brightness",)
    weights = "clip-base"
    room: ClassVar[int] = 100
    sizes: ClassVar[list[int]] = []

    def make(self, found: Snapshot) -> Any:
        return Toy()

    def work(
        self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any
    ) -> list[Output | VisprogError]:
        self.sizes.append(len(calls))
        if len(calls) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        values = torch.tensor([call["value"] for call in calls], dtype=torch.float32)
        if 13 in values:
            raise RuntimeError("13 brings bad luck")
        made = torch.stack([value * module.weight[0, 0] * 2 for value in values])
        return [Output(float(value)) for value in made]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return toy_folder(tmp_path / "toy")


@pytest.fixture
def doubles(folder: Path) -> Doubles:
    Doubles.sizes, Doubles.room = [], 100
    return Doubles({"weights.clip-base": str(folder), "device": "cpu"})


def asked(*values: float) -> list[dict[str, Any]]:
    return [{"value": value} for value in values]


def test_a_batch_goes_through_the_module_at_once(doubles: Doubles) -> None:
    doubles.ready()
    made = doubles.run("brightness", asked(1, 2, 3))
    assert [one.value for one in made if isinstance(one, Output)] == [2, 4, 6]
    assert Doubles.sizes == [3]


def test_an_error_is_of_its_own_call_only(doubles: Doubles) -> None:
    made = doubles.run("brightness", asked(1, 13, 3))
    assert made[0] == Output(2.0) and made[2] == Output(6.0)
    assert isinstance(made[1], ToolError)
    assert str(made[1]) == "brightness failed in doubles: RuntimeError: 13 brings bad luck"


def test_out_of_memory_it_takes_fewer_at_a_time_and_says_so(doubles: Doubles) -> None:
    Doubles.room = 2
    made = doubles.run("brightness", asked(*range(7)))
    assert [one.value for one in made if isinstance(one, Output)] == [2.0 * n for n in range(7)]
    assert Doubles.sizes == [7, 3, 1, 1, 1, 1, 1, 1, 1]
    assert all("was out of memory: run 1 at a time" in one.notices[0] for one in made)  # type: ignore[union-attr]


def test_out_of_memory_for_one_call_is_an_error(doubles: Doubles) -> None:
    Doubles.room = 0
    made = doubles.run("brightness", asked(1, 2))
    assert all("has no memory left, even for one call" in str(one) for one in made)


def test_the_trace_tells_of_revision_dtype_and_device(doubles: Doubles, folder: Path) -> None:
    model = doubles.model
    assert (model.id, model.licence) == (MODELS["clip-base"].id, "MIT")
    assert (model.dtype, model.device) == ("float32", "cpu")
    assert model.revision.startswith("local ")
    (folder / "config.json").write_text('{"other": 1}')
    other = Doubles(doubles.options).model
    assert other.revision != model.revision
    keys = {call_key("t", "b", one, {}) for one in (model, other, replace(model, dtype="float16"))}
    assert len(keys) == 3
    assert call_key("t", "b", Model("a", "b"), {}) == call_key("t", "b", Model("a", "c"), {})


def test_absent_weights_are_named_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", "/nowhere")
    absent = Doubles({"device": "cpu"})
    assert absent.model.revision == ""
    with pytest.raises(WeightsError, match=r"visprog models pull clip-base.*--weights clip-base="):
        absent.ready()
    (made,) = absent.run("brightness", asked(1))
    assert isinstance(made, WeightsError)
    with pytest.raises(WeightsError, match="no folder"):
        Doubles({"weights.clip-base": "/nowhere/at/all", "device": "cpu"}).ready()


@pytest.mark.parametrize(
    "content", [b"", b"1234", b"\xff" * 64, (8).to_bytes(8, "little") + b"nonsense"]
)
def test_a_damaged_file_of_weights_is_told_of(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(WeightsError, match="is no file of weights"):
        Doubles({"weights.clip-base": str(folder), "device": "cpu"}).ready()


def test_a_folder_without_safetensors_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(WeightsError, match="no weights in the safetensors format"):
        Doubles({"weights.clip-base": str(folder), "device": "cpu"}).ready()


def test_a_licence_that_is_not_commercial_wants_a_flag(folder: Path) -> None:
    model = MODELS["depth-pro"]
    with pytest.raises(SettingsError, match=r"not for commercial use.*--non-commercial"):
        model.find({f"weights.{model.name}": str(folder)})
    named = {f"weights.{model.name}": str(folder), "non_commercial": "yes"}
    assert model.find(named).folder == folder


def test_a_file_of_the_hub_is_verified_by_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    commit = "0" * 39 + "1"
    repo = tmp_path / "models--some--model"
    kept, content = repo / "blobs", b"weights" * 100
    kept.mkdir(parents=True)
    blob = kept / hashlib.sha256(content).hexdigest()
    blob.write_bytes(content)
    snapshot = repo / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").symlink_to(blob)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    model = HubModel("some", "some/model", "MIT", 1)
    assert model.verify() == snapshot
    assert model.find({}).revision == commit
    blob.write_bytes(content + b"!")
    with pytest.raises(WeightsError, match=r"damaged.*visprog models pull some"):
        model.verify()


# -- room


def toy() -> Toy:
    return Toy()


SIZE = WIDE * WIDE * 4


def test_a_model_is_loaded_once_for_all_threads() -> None:
    home, made = Residence(PLACE), []

    def make() -> Toy:
        made.append(1)
        return Toy()

    def use() -> None:
        with home.use("a", SIZE, make) as module:
            assert isinstance(module, Toy)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and home.used == SIZE


def test_the_model_used_least_lately_makes_room() -> None:
    home = Residence(replace(PLACE, budget=2 * SIZE))
    for name in ("a", "b", "a", "c"):
        with home.use(name, SIZE, toy):
            assert home.used <= 2 * SIZE
    assert (home.loads, home.evictions) == (3, 1)
    with home.use("a", SIZE, toy):
        assert home.loads == 3  # it was b that went
    with home.use("b", SIZE, toy):
        assert home.loads == 4


def test_a_model_in_use_is_waited_for() -> None:
    home, order = Residence(replace(PLACE, budget=SIZE)), []
    begun, go = threading.Event(), threading.Event()

    def first() -> None:
        with home.use("a", SIZE, toy):
            begun.set()
            go.wait()
            order.append("a")

    def second() -> None:
        with home.use("b", SIZE, toy):
            order.append("b")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    begun.wait()
    threads[1].start()
    go.set()
    for thread in threads:
        thread.join()
    assert order == ["a", "b"] and home.used == SIZE


def test_a_model_larger_than_the_budget_is_refused() -> None:
    home = Residence(replace(PLACE, budget=SIZE - 1))
    with pytest.raises(WeightsError, match=r"may hold.*--memory"), home.use("a", SIZE, toy):
        pass


def test_a_load_that_fails_leaves_nothing_behind() -> None:
    home = Residence(replace(PLACE, budget=SIZE))

    def broken() -> Toy:
        raise WeightsError("broken")

    with pytest.raises(WeightsError), home.use("a", SIZE, broken):
        pass
    with home.use("b", SIZE, toy):
        assert home.used == SIZE


def test_what_is_remembered_keeps_to_its_bytes() -> None:
    kept = Remembered(1000)
    for n in range(5):
        kept.put(f"p{n}", torch.zeros(100))  # 400 bytes
        assert kept.size <= 1000
    assert "p4" in kept and "p3" in kept and kept.get("p2") is None
    kept.put("large", torch.zeros(1000))
    assert kept.get("large") is None and "p4" in kept
    kept.put("p4", (torch.zeros(10), [torch.zeros(10)]))
    assert kept.size == 400 + 80


# -- devices and options


@pytest.mark.parametrize(
    ("text", "size"), [("20GB", 20 * 10**9), ("512 MiB", 512 * 2**20), ("1.5GB", 15 * 10**8)]
)
def test_a_size_is_read(text: str, size: int) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "0", "twenty", "1TBB", "1e9"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="want a size"):
        size_of(text)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "cuda:x", "tpu", "../etc"])
def test_a_device_that_is_not_there_is_refused(device: str) -> None:
    with pytest.raises(SettingsError, match="no device"):
        place_of({"device": device})


def test_where_models_run_is_chosen_and_can_be_told() -> None:
    assert place_of({"device": "cpu"}) == Place("cpu", "float32", 0)
    told = place_of({"device": "cpu", "dtype": "bfloat16", "memory": "1GB"})
    assert told == Place("cpu", "bfloat16", 10**9)
    with pytest.raises(SettingsError, match="no dtype"):
        place_of({"device": "cpu", "dtype": "int3"})


def test_one_backend_serves_on_each_device(folder: Path) -> None:
    made = Doubles.replicas({"device": "cpu, cuda:1"})
    assert [one.options["device"] for one in made] == ["cpu", "cuda:1"]


def test_the_table_names_each_model_once() -> None:
    assert len({model.id for model in MODELS.values()}) == len(MODELS)
    for name, model in MODELS.items():
        assert model.name == name and model.licence and model.size > 10**6
        assert not model.bundled


def test_weights_that_lack_some_do_not_load(folder: Path) -> None:
    from transformers import CLIPModel

    with pytest.raises(WeightsError, match=r"lacks weights of CLIPModel: \S+ and \d+ more"):
        load_module(CLIPModel, Snapshot(folder, ""), torch.float32)
    (folder / "config.json").write_text("{")
    with pytest.raises(WeightsError, match="does not load"):
        load_module(CLIPModel, Snapshot(folder, ""), torch.float32)
