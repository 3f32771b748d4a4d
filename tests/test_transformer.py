"""Planners of transformers models, with a tiny one that is made and trained here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import visprog_tools
from visprog.errors import BudgetError, PlanError, SettingsError, WeightsError
from visprog.lang.check import check
from visprog.lang.grammar import grammar
from visprog.lang.parse import parse
from visprog.planning.chat import ChatPlanner, Message
from visprog.planning.ledger import Budget, Ledger
from visprog.planning.providers import ChatSettings, make_planner
from visprog.planning.transformer import TransformersModel
from visprog.tool import Catalogue
from visprog.values import Image

CATALOGUE = Catalogue.of(visprog_tools)
TOOLS = CATALOGUE.toolset("embedded")
INPUTS = {"image": Image}
QUESTION = "How many dogs are left of the bus?"
PROGRAM = 'dogs = detect(image, "dog")\nreturn count(dogs)\n'
SAID = [Message("system", "Write."), Message("user", QUESTION)]
RULES = grammar(TOOLS, question=QUESTION, variables=False, inputs=INPUTS)
TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
END = "<|end|>"


class Plain:
    def messages(self, question: str, *_: object) -> list[Message]:
        return [Message("system", "Write."), Message("user", question)]

    def program_of(self, text: str) -> str:
        return text


def made_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([RULES, PROGRAM, QUESTION], trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END)
    made.chat_template = TEMPLATE
    return made


def taught(model: Any, tokenizer: Any) -> None:
    """Train a model until it answers the question with the program."""
    import torch

    said = [{"role": message.role, "content": message.text} for message in SAID]
    prompt = tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
    start = len(tokenizer(prompt)["input_ids"])
    tokens = torch.tensor([tokenizer(prompt)["input_ids"] + tokenizer(PROGRAM + END)["input_ids"]])
    wanted = tokens.clone()
    wanted[:, :start] = -100
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(200):
        loss = model(input_ids=tokens, labels=wanted).loss
        if float(loss.detach()) < 0.02:
            return
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    raise AssertionError(f"the tiny model did not learn: {loss}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkpoint of a tiny Llama. Its output is wider than its tokenizer, as is usual."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tokenizer = made_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer) + 10,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=None,
    )
    model = LlamaForCausalLM(config)
    taught(model, tokenizer)
    made = tmp_path_factory.mktemp("checkpoints") / "tiny-llama"
    model.save_pretrained(made)
    tokenizer.save_pretrained(made)
    yield made
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model(folder: Path) -> TransformersModel:
    return TransformersModel(str(folder))


def test_a_planner_of_a_folder(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    planner = make_planner(f"hf:{folder}", CATALOGUE, prompts=Plain())
    plan = planner.plan(QUESTION, TOOLS, INPUTS)
    assert plan.text == PROGRAM
    check(parse(plan.text), TOOLS, INPUTS)
    assert planner.name == f"hf:{folder}" and plan.model.id == "tiny-llama"
    assert plan.usage.prompt_tokens > 10 and plan.usage.completion_tokens > 5
    assert plan.usage.cost == 0.0 and capfd.readouterr() == ("", "")


def test_a_torchvision_that_was_built_for_another_torch_does_not_matter(folder: Path) -> None:
    """In a new process, where nothing has declared what it lacks. A language model wants none."""
    code = (
        "from visprog.planning.chat import Message\n"
        "from visprog.planning.transformer import TransformersModel\n"
        f"made = TransformersModel({str(folder)!r}).complete([Message('user', 'dog')], most=2)\n"
        "import sys; print(made.finish, 'torchvision' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "length False\n", run.stderr


def test_what_it_writes_is_of_the_grammar(model: TransformersModel) -> None:
    ended = 0
    for seed in range(6):
        made = model.complete(SAID, temperature=2.0, seed=seed, most=400, grammar=RULES)
        if made.finish == "stop":  # one that wanders may come to no end
            check(parse(made.text), TOOLS, INPUTS)
            ended += 1
    assert ended >= 2


def test_a_seed_makes_it_say_the_same(model: TransformersModel) -> None:
    import torch

    state = torch.get_rng_state()
    texts = [model.complete(SAID, temperature=2.0, seed=s, most=20).text for s in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    assert torch.equal(state, torch.get_rng_state())  # nobody else's chance is changed


def test_where_it_ends(model: TransformersModel) -> None:
    assert model.complete(SAID, most=3).finish == "length"
    with pytest.raises(PlanError, match="no end within 3 tokens"):
        ChatPlanner(model, Plain(), most=3).plan(QUESTION, TOOLS, INPUTS)
    with pytest.raises(PlanError, match="takes 512 tokens; the prompt alone has"):
        model.complete([Message("user", "dog " * 2000)])
    with pytest.raises(PlanError, match="takes no pictures"):
        model.complete([Message("user", "?", (Image(np.zeros((2, 2, 3), np.uint8)),))])
    with pytest.raises(PlanError, match="the grammar cannot be read: Rule 'nothing' not found"):
        model.complete(SAID, grammar="root ::= nothing")


def test_it_ends_in_time(folder: Path) -> None:
    slow = TransformersModel(str(folder), total=1e-6)
    with pytest.raises(PlanError, match="took more than 1e-06 s"):
        slow.complete(SAID)
    poor = TransformersModel(str(folder), ledger=Ledger(Budget(seconds=1e-9)))
    with pytest.raises(BudgetError, match="budget of seconds is used up"):
        poor.complete(SAID)


@pytest.mark.parametrize("template", ["", NO_SYSTEM + TEMPLATE])
def test_other_templates(folder: Path, tmp_path: Path, template: str) -> None:
    for file in folder.iterdir():
        if "chat_template" not in file.name:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    if template:
        (tmp_path / "chat_template.jinja").write_text(template, encoding="utf-8")
    made = TransformersModel(str(tmp_path)).complete(SAID, most=5)
    assert made.usage.completion_tokens <= 5


def test_models_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(WeightsError, match="has no language model that can be read"):
        TransformersModel(str(tmp_path)).load()
    monkeypatch.setenv("VISPROG_OFFLINE", "1")
    with pytest.raises(WeightsError, match="not on this machine, and VISPROG_OFFLINE"):
        TransformersModel("nobody/has-this").load()
    with pytest.raises(SettingsError, match="takes no --base-url"):
        make_planner("hf:a/b", CATALOGUE, chat=ChatSettings(base_url="http://127.0.0.1:1"))


def test_packages_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visprog.planning.transformer.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"wants torch, .*: pip install 'visprog\[models\]'"):
        make_planner("hf:a/b", CATALOGUE)


def test_pickled_weights_are_not_read(folder: Path, tmp_path: Path) -> None:
    import torch

    for file in folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(WeightsError, match="safetensors"):
        TransformersModel(str(tmp_path)).load()
