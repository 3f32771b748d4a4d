"""The planner over a chat model, its ledger, the completions that are kept, and GGUF files."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import visprog_tools
from visprog.errors import BudgetError, PlanError, SettingsError, WeightsError
from visprog.execution.store import Store
from visprog.lang.check import check
from visprog.lang.grammar import grammar
from visprog.lang.parse import parse
from visprog.planning.chat import ChatPlanner, Completion, Message
from visprog.planning.completions import KeptModel, completion_key
from visprog.planning.ledger import Budget, Ledger, Price, prompt_estimate
from visprog.planning.local import GGUFModel
from visprog.planning.planner import Attempt, Usage
from visprog.planning.providers import ChatSettings, chat_model, make_planner
from visprog.tool import Catalogue, Model, Toolset
from visprog.values import Image

CATALOGUE = Catalogue.of(visprog_tools)
TOOLS = CATALOGUE.toolset("embedded")
INPUTS = {"image": Image}
WEIGHTS = Path(visprog_tools.__file__).parent / "weights" / "planner.gguf"
QUESTION = "How many dogs are left of the bus?"
SAID = [Message("system", "You write programs."), Message("user", QUESTION)]


class Told:
    """A model that says what it was asked with, and counts."""

    name = "told"
    model = Model("told", "none", kind="rules")
    sees = True
    lanes = 3
    identity = "told 1"

    def __init__(self, ledger: Ledger | None = None, fault: Exception | None = None) -> None:
        self.ledger = ledger or Ledger()
        self.fault = fault
        self.asked: list[Any] = []

    def complete(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        most: int = 10,
        seed: int | None = None,
        grammar: str | None = None,
    ) -> Completion:
        with self.ledger.call(messages, most) as call:
            self.asked.append((messages, temperature, most, seed, grammar))
            if self.fault:
                raise self.fault
            call.tell(10, 5)
        return Completion(f"return {len(self.asked)}", call.usage, "stop")


class Plain:
    """Prompts of one message a question or attempt."""

    def messages(
        self,
        question: str,
        tools: Toolset,
        inputs: Mapping[str, Any],
        attempts: Sequence[Attempt] = (),
    ) -> list[Message]:
        return [Message("user", question), *(Message("user", a.fault) for a in attempts)]

    def program_of(self, text: str) -> str:
        return text


# -- the planner


def test_the_planner_asks_its_model() -> None:
    model = Told()
    planner = ChatPlanner(model, Plain(), temperature=0.5, most=99)
    plan = planner.plan(QUESTION, TOOLS, INPUTS, [Attempt("return x", "no x")])
    assert (planner.name, planner.lanes, planner.sees, planner.repairs) == ("told", 3, True, True)
    assert plan.text == "return 1" and plan.usage.calls == 1 and plan.model is model.model
    said = [Message("user", QUESTION), Message("user", "no x")]
    assert model.asked == [(said, 0.5, 99, None, None)]


def test_samples_differ_in_their_seed() -> None:
    model = Told()
    planner = ChatPlanner(model, Plain())
    for index in range(2):
        planner.sample(index).plan(QUESTION, TOOLS, INPUTS)
    assert [(temperature, seed) for _, temperature, _, seed, _ in model.asked] == [
        (0.7, 0),
        (0.7, 1),
    ]


def test_a_role_that_is_none() -> None:
    with pytest.raises(ValueError, match=r"Message.role: want one of .* got 'tool'"):
        Message("tool", "x")  # type: ignore[arg-type]


# -- the ledger


def test_the_ledger_adds_up() -> None:
    ledger = Ledger(price=Price.of("1,10"))
    model = Told(ledger)
    for _ in range(3):
        model.complete(SAID)
    assert (ledger.total.calls, ledger.total.prompt_tokens) == (3, 30)
    assert ledger.total.cost == pytest.approx(3 * 60e-6) and ledger.untold == 0
    assert Told().complete(SAID).usage.cost is None


def test_a_call_that_fails_counts_its_seconds() -> None:
    model = Told(Ledger(), PlanError("no"))
    with pytest.raises(PlanError):
        model.complete(SAID)
    assert model.ledger.total.calls == 1 and model.ledger.total.seconds > 0
    assert model.ledger.untold == 0


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (Budget(tokens=78), "budget of 78 tokens is used up: 60 taken, and the next call may take"),
        (Budget(cost=78e-6), r"budget of \$7.8e-05 is used up"),
    ],
)
def test_no_call_exceeds_the_budget(budget: Budget, message: str) -> None:
    model = Told(Ledger(budget, Price(1.0, 1.0)))
    with pytest.raises(BudgetError, match=message):
        for _ in range(9):
            model.complete([Message("user", "a")], most=10)
    assert len(model.asked) == 4  # 15 tokens each, and 19 set aside for the next


def test_calls_at_once_share_the_budget() -> None:
    ledger = Ledger(Budget(tokens=100))
    with ledger.call([], 60) as first:
        first.tell(1, 1)
        with pytest.raises(BudgetError, match="60 taken"), ledger.call([], 60):
            pass
    with ledger.call([], 60) as call:
        call.tell(1, 1)
    assert (ledger.total.calls, ledger.total.prompt_tokens) == (2, 2)


def test_threads_never_exceed_the_budget() -> None:
    model = Told(Ledger(Budget(tokens=1000)))

    def ask(_: int) -> bool:
        try:
            model.complete([Message("user", "a")], most=10)
        except BudgetError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(ask, range(200)))
    total = model.ledger.total
    assert total.prompt_tokens + total.completion_tokens <= 1000
    assert sum(made) == total.calls >= 50


def test_a_budget_of_seconds() -> None:
    ledger = Ledger(Budget(seconds=100))
    with ledger.call(SAID, 10) as call:
        assert 99 < call.seconds_left <= 100
    ledger.add(Usage(seconds=100))
    with (
        pytest.raises(BudgetError, match=r"100 seconds is used up: 100\.0 taken"),
        ledger.call([], 1),
    ):
        pass


@pytest.mark.parametrize("text", ["", "1", "a,b", "1,2,3", "-1,2", "nan,1", "1,inf"])
def test_prices_that_are_none(text: str) -> None:
    with pytest.raises(SettingsError, match="want a price"):
        Price.of(text)


def test_budgets_that_are_none() -> None:
    for number in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(SettingsError, match="want a budget of cost above 0"):
            Budget(cost=number)
    with pytest.raises(SettingsError, match="wants the price of the model: --price"):
        Ledger(Budget(cost=1.0))


def test_prompts_are_not_estimated_too_low() -> None:
    picture = Image(np.zeros((4, 4, 3), np.uint8))
    assert prompt_estimate([Message("user", "return count(dogs)")]) >= 7
    assert prompt_estimate([Message("user", "\u56fe" * 30)]) >= 30
    assert prompt_estimate([Message("user", "", (picture,))]) >= 1600


# -- completions that are kept


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "kept")
    yield made
    made.close()


def test_a_completion_is_made_once(store: Store) -> None:
    model = Told()
    kept = KeptModel(model, store)
    first, again = kept.complete(SAID), kept.complete(SAID)
    assert first.text == again.text == "return 1" and len(model.asked) == 1
    assert again.usage == Usage(calls=1, cached=1) and first.usage.cached == 0
    assert (model.ledger.total.calls, model.ledger.total.cached) == (2, 1)
    assert store.stats().tools.keys() == {"completion"}
    assert (kept.name, kept.sees, kept.lanes, kept.model) == ("told", True, 3, model.model)


def test_another_process_finds_it(store: Store) -> None:
    KeptModel(Told(), store).complete(SAID)
    other = Store(store.path.parent)
    silent = Told(fault=PlanError("asked"))
    assert KeptModel(silent, other).complete(SAID).text == "return 1"
    other.close()


def test_samples_are_kept_by_seed_and_others_not(store: Store) -> None:
    model = Told()
    kept = KeptModel(model, store)
    texts = [kept.complete(SAID, temperature=1.0, seed=seed).text for seed in (0, 1, 0)]
    assert texts == ["return 1", "return 2", "return 1"]
    texts = [kept.complete(SAID, temperature=1.0).text for _ in range(2)]
    assert texts == ["return 3", "return 4"]


def test_errors_are_not_kept(store: Store) -> None:
    model = Told(fault=PlanError("no"))
    kept = KeptModel(model, store)
    for _ in range(2):
        with pytest.raises(PlanError):
            kept.complete(SAID)
    assert len(model.asked) == 2 and store.stats().entries == 0


def test_a_key_hangs_on_everything() -> None:
    one, two = (Image(np.full((4, 4, 3), shade, np.uint8)) for shade in (1, 2))
    kinds = [
        ("a", [Message("user", "x")], 0.0, 10, None, None),
        ("b", [Message("user", "x")], 0.0, 10, None, None),
        ("a", [Message("user", "y")], 0.0, 10, None, None),
        ("a", [Message("system", "x")], 0.0, 10, None, None),
        ("a", [Message("user", "x", (one,))], 0.0, 10, None, None),
        ("a", [Message("user", "x", (two,))], 0.0, 10, None, None),
        ("a", [Message("user", "x"), Message("user", "")], 0.0, 10, None, None),
        ("a", [Message("user", "x")], 0.5, 10, None, None),
        ("a", [Message("user", "x")], 0.0, 11, None, None),
        ("a", [Message("user", "x")], 0.0, 10, 0, None),
        ("a", [Message("user", "x")], 0.0, 10, None, "root ::= [a]"),
    ]
    keys = [completion_key(*kind) for kind in kinds]
    assert len(set(keys)) == len(kinds)
    assert keys == [completion_key(*kind) for kind in kinds]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"text": 1, "finish": "stop"}', b"\xff"])
def test_what_is_no_completion_is_made_again(store: Store, data: bytes) -> None:
    key = completion_key(Told.identity, SAID, 0.0, 1024, None, None)
    store.put_many([(key, data)])
    assert KeptModel(Told(), store).complete(SAID).text == "return 1"
    assert KeptModel(Told(fault=PlanError("asked")), store).complete(SAID).text == "return 1"


def test_a_replay_asks_no_model(store: Store) -> None:
    KeptModel(Told(), store).complete(SAID)
    replay = KeptModel(Told(fault=PlanError("asked")), store, replay=True)
    assert replay.complete(SAID).text == "return 1"
    with pytest.raises(PlanError, match="no completion of told"):
        replay.complete(SAID, most=9)
    with pytest.raises(PlanError, match="cannot be replayed"):
        replay.complete(SAID, temperature=1.0)


# -- a GGUF file


@pytest.fixture(scope="module")
def gguf() -> GGUFModel:
    return GGUFModel(WEIGHTS, context=1024)


def test_a_gguf_file_keeps_to_the_grammar(gguf: GGUFModel) -> None:
    rules = grammar(TOOLS, question=QUESTION, variables=False, inputs=INPUTS)  # one line: it ends
    plan = ChatPlanner(gguf, Plain(), most=200)._plan(SAID, rules)
    parse(plan.text)
    assert plan.usage.prompt_tokens > 5 and plan.usage.completion_tokens > 3
    assert plan.usage.cost == 0.0 and plan.model.revision.startswith("sha256 ")


def test_a_gguf_file_says_the_same_twice(gguf: GGUFModel) -> None:
    rules = grammar(TOOLS, question=QUESTION, variables=False, inputs=INPUTS)
    first, again = (gguf.complete(SAID, grammar=rules, most=200) for _ in range(2))
    assert first.text == again.text and first.finish == "stop"
    check(parse(first.text), TOOLS, INPUTS)
    warm = {gguf.complete(SAID, temperature=2.0, seed=3, most=9).text for _ in range(2)}
    assert len(warm) == 1 and gguf.complete(SAID, most=2).finish == "length"


@pytest.mark.parametrize(
    ("messages", "rules", "message"),
    [
        ([Message("user", "dog " * 2000)], None, "exceeds the available context"),
        (SAID, "root ::= nothing", "grammar"),
        ([Message("user", "?", (Image(np.zeros((2, 2, 3), np.uint8)),))], None, "no pictures"),
    ],
)
def test_what_a_gguf_file_does_not_take(
    gguf: GGUFModel, messages: list[Message], rules: str | None, message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        gguf.complete(messages, grammar=rules)


def test_a_gguf_file_ends_in_time() -> None:
    rules = 'root ::= "a\\n"{500}'
    slow = GGUFModel(WEIGHTS, context=1024, total=0.05)
    with pytest.raises(PlanError, match=r"took more than 0\.05 s"):
        slow.complete(SAID, grammar=rules, most=900)
    short = GGUFModel(WEIGHTS, context=256)
    with pytest.raises(PlanError, match="came to no end within 256 tokens"):
        short.complete(SAID, grammar=rules, most=900)


def test_gguf_planners_of_a_name(tmp_path: Path) -> None:
    planner = make_planner(f"gguf:{WEIGHTS}", CATALOGUE, prompts=Plain())
    assert planner.name == f"gguf:{WEIGHTS}"
    with pytest.raises(WeightsError, match="there is no file of weights"):
        chat_model(f"gguf:{tmp_path}/none.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"PK")
    with pytest.raises(WeightsError, match="not a GGUF file"):
        chat_model(f"gguf:{tmp_path}/bad.gguf").complete(SAID)
    with pytest.raises(SettingsError, match="takes no --base-url"):
        chat_model(f"gguf:{WEIGHTS}", settings=ChatSettings(base_url="http://127.0.0.1:1"))


def test_a_server_of_llama_cpp_through_langchain(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the planner to llama.cpp's own server, over HTTP and back."""
    import xllamacpp

    key = "a-key-of-this-test-only"
    params = xllamacpp.CommonParams()
    params.model.path = str(WEIGHTS)
    params.n_ctx, params.n_parallel, params.verbosity = 1024, 1, -1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup = params.fit_params = params.ui = False
    params.hostnames, params.port, params.api_keys = ["127.0.0.1"], 0, [key]
    served = xllamacpp.Server(params)
    address = served.listening_address
    monkeypatch.setenv("OPENAI_API_KEY", key)
    settings = ChatSettings(base_url=f"{address}/v1", most=100)
    planner = make_planner("openai:embedded", CATALOGUE, chat=settings, prompts=Plain())
    try:
        assert isinstance(planner, ChatPlanner)
        plan = planner.model.complete([Message("user", QUESTION)], most=40)
        assert "detect(" in plan.text and plan.usage.completion_tokens > 5
        monkeypatch.setenv("OPENAI_API_KEY", "another-key-0123")
        wrong = make_planner("openai:embedded", CATALOGUE, chat=settings, prompts=Plain())
        with pytest.raises(SettingsError, match="does not accept OPENAI_API_KEY") as caught:
            wrong.plan(QUESTION, TOOLS, INPUTS)
        assert "another-key" not in str(caught.value)
    finally:
        del served
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{address}/health", timeout=5)
    json.dumps(plan.usage.__dict__)
