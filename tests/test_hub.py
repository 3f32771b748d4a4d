"""Backends over models of torch: where weights lie, on what they run, what room they take."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
import transformers
from safetensors.torch import save_file

import visprog_tools
from visprog.errors import SettingsError, ToolError, VisprogError, WeightsError
from visprog.execution.cache import call_key
from visprog.tool import Catalogue, Model, Output
from visprog_tools import hub
from visprog_tools.hub.backend import HubBackend
from visprog_tools.hub.devices import Place, place_of, size_of
from visprog_tools.hub.entries import MODELS
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.rehearsal import WORDS, call, rehearsal
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.snapshots import HubModel, Snapshot

WIDE = 100  # numbers in a row of the toy model


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


# -- files of transformers


def test_weights_that_lack_some_do_not_load(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(WeightsError, match=r"lacks weights of CLIPModel: \S+ and \d+ more"):
        load_module(transformers.CLIPModel, Snapshot(folder, ""), torch.float32)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ('{"model_type": "siglip"}', "has weights of siglip, not of CLIPModel"),
        ("{", "has no configuration"),
        ("{}", "has no configuration"),
        ("[]", "has no configuration"),
        (None, "has no configuration"),
    ],
)
def test_weights_of_another_type_do_not_load(folder: Path, config: str | None, why: str) -> None:
    (folder / "config.json").unlink()
    if config is not None:
        (folder / "config.json").write_text(config)
    with pytest.raises(WeightsError, match=why):
        load_module(transformers.CLIPModel, Snapshot(folder, ""), torch.float32)


def test_weights_of_a_relative_with_the_same_names_do_not_load(tmp_path: Path) -> None:
    config = transformers.RobertaConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    transformers.RobertaModel(config).save_pretrained(tmp_path)
    found = Snapshot(tmp_path, "")
    load_module(transformers.RobertaModel, found, torch.float32)
    with pytest.raises(WeightsError, match="has weights of roberta, not of XLMRobertaModel"):
        load_module(transformers.XLMRobertaModel, found, torch.float32)
    load_module(transformers.XLMRobertaModel, found, torch.float32, ("xlm-roberta", "roberta"))


def letters() -> dict[str, int]:
    return {piece: place for place, piece in enumerate(("!", "a", "b</w>", "ab</w>"))}


TOKENIZERS: dict[str, Callable[[Path], Any]] = {
    "BertTokenizer": lambda to: transformers.BertTokenizer(
        {w: n for n, w in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "dog"))}
    ).save_pretrained(to),
    "CLIPTokenizer": lambda to: transformers.CLIPTokenizer(letters(), []).save_pretrained(to),
    "Siglip2Tokenizer": lambda to: transformers.Siglip2Tokenizer(
        {w: n for n, w in enumerate(("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "a"))}, []
    ).save_pretrained(to),
}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_a_tokenizer_without_a_vocabulary_is_refused(name: str, tmp_path: Path) -> None:
    kind = getattr(transformers, name)
    TOKENIZERS[name](tmp_path)
    found = Snapshot(tmp_path, "")
    assert load_processor(kind, found).get_vocab()
    whole = json.loads((tmp_path / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").unlink()  # what tells of its class and its settings is there
    with pytest.raises(WeightsError, match=r"has no vocabulary: want tokenizer\.json"):
        load_processor(kind, found)
    special = {one["content"] for one in whole["added_tokens"]}
    vocab = whole["model"]["vocab"]
    if isinstance(vocab, dict):
        whole["model"]["vocab"] = {word: n for word, n in vocab.items() if word in special}
        (tmp_path / "tokenizer.json").write_text(json.dumps(whole))
        with pytest.raises(WeightsError, match=r"empty vocabulary|does not load"):
            load_processor(kind, found)


def test_a_vocabulary_without_its_merges_is_none(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps(letters()))
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(WeightsError, match="merges"):
        load_processor(transformers.CLIPTokenizer, Snapshot(tmp_path, ""))
    (tmp_path / "merges.txt").write_text("#version: 0.2\na b</w>\n")
    assert load_processor(transformers.CLIPTokenizer, Snapshot(tmp_path, "")).get_vocab()


# -- what goes to the device


@pytest.mark.parametrize("kind", [transformers.BatchEncoding, transformers.BatchFeature, dict])
def test_what_processors_make_goes_to_the_device(doubles: Doubles, kind: Any) -> None:
    half = Doubles({**doubles.options, "dtype": "bfloat16"})
    told = half.tensors(
        kind({"ids": torch.ones(2, dtype=torch.long), "pixels": torch.ones(2), "sizes": [(1, 2)]})
    )
    assert told["ids"].dtype == torch.long and told["pixels"].dtype == torch.bfloat16
    assert told["sizes"] == [(1, 2)] and {*told} == {"ids", "pixels", "sizes"}


# -- warm-up


class Looks(Doubles):
    """As Doubles does, of pictures."""

    name = "looks"
    serves = ("depth",)
    batch = 3
    seen: ClassVar[list[str]] = []

    def work(
        self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any
    ) -> list[Output | VisprogError]:
        self.seen.extend(f"{tool} {call['image'].key}" for call in calls)
        if self.options.get("broken"):
            raise ToolError("no numbers")
        return [Output(1.0) for _ in calls]


def test_a_model_is_warmed_up_when_it_is_asked_for(folder: Path) -> None:
    options = {"weights.clip-base": str(folder), "device": "cpu"}
    Looks.seen.clear()
    Looks(options).ready()
    assert Looks.seen == []
    Looks({**options, "warm_up": "yes"}).ready()
    assert len({*Looks.seen}) == Looks.batch and all(one.startswith("depth") for one in Looks.seen)
    with pytest.raises(ToolError, match="no numbers"):
        Looks({**options, "warm_up": "yes", "broken": "yes"}).ready()
    Doubles({**options, "warm_up": "yes"}).ready()  # of a word of a plug-in nothing is known


def test_made_up_calls_fit_their_words() -> None:
    catalogue = Catalogue.of(visprog_tools)
    for word in WORDS:
        if word in catalogue.tools:
            assert {*call(word, 0)} == {*catalogue.tools[word].names}, word
    for kind in Catalogue.of(hub).backends.values():
        tool, calls = rehearsal(kind.serves, 3)
        assert (tool in kind.serves or tool == "embed") and len(calls) == 3, kind.name
