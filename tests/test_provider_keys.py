"""Keys of providers, which nothing shows; budgets; and chat planners from their names."""

from __future__ import annotations

import base64
import logging
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import provider_server as server
from tests.asking import (
    CATALOGUE,
    INPUTS,
    KEY,
    QUESTION,
    QUICK,
    SAID,
    TOOLS,
    Asking,
    asked_models,
    set_keys,
)
from tests.provider_server import provider, says
from visprog.errors import BudgetError, PlanError, SettingsError
from visprog.execution.store import Store
from visprog.planning.chat import ChatPlanner
from visprog.planning.completions import KeptModel
from visprog.planning.ledger import Budget, Ledger, Price
from visprog.planning.prompts import Prompts
from visprog.planning.providers import ChatSettings, make_planner


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    set_keys(monkeypatch)


@pytest.fixture
def asking() -> Iterator[Asking]:
    with asked_models() as ask:
        yield ask


# -- keys


@pytest.mark.parametrize("name", ["openai", "anthropic", "google_genai"])
@pytest.mark.parametrize("padding", [0, 225, 235, 240])
def test_a_key_that_a_server_tells_is_hidden(
    asking: Asking, name: str, padding: int, caplog: pytest.LogCaptureFixture
) -> None:
    def tells(handler: server.Handler) -> None:
        words = "x" * padding + " ".join(map(str, handler.headers.values()))
        server.fails(500, words)(handler)

    with caplog.at_level(logging.DEBUG):
        for behaviour in (server.echoes, tells):
            _, model = asking(behaviour, provider=name)
            with pytest.raises((PlanError, SettingsError)) as caught:
                model.complete(SAID)
            shown = f"{caught.value!r} {caught.value} {model!r} {vars(model)} {model.model}"
            assert not any(KEY[:size] in shown for size in (len(KEY), 12))
    assert KEY not in caplog.text


def test_a_key_in_a_completion_is_hidden(asking: Asking) -> None:
    _, model = asking(says(f'return "{KEY}"'))
    assert model.complete(SAID).text == 'return "***"'


@pytest.mark.parametrize("name", ["openai", "anthropic", "ollama"])
def test_a_password_in_the_address_is_sent_and_not_shown(
    asking: Asking, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        asked, model = asking(server.echoes, provider=name, login="someone:pass%21word-1@")
        with pytest.raises(SettingsError) as caught:
            model.complete(SAID)
    sent = base64.b64encode(b"someone:pass!word-1").decode()
    headers = {name.lower(): value for name, value in asked.asked[0].headers.items()}
    assert headers["authorization"] == f"Basic {sent}"
    shown = f"{caught.value} {model!r} {model.model} {model.name} {model.identity} {caplog.text}"
    assert not any(secret in shown for secret in ("pass!word-1", "pass%21word-1", sent))


def test_nothing_of_a_key_is_kept(asking: Asking, tmp_path: Path) -> None:
    _, model = asking(login="someone:password-1@")
    store = Store(tmp_path)
    plan = ChatPlanner(KeptModel(model, store), Prompts()).plan(QUESTION, TOOLS, INPUTS)
    store.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in (KEY, "password-1"):
        assert secret.encode() not in kept + pickle.dumps(plan) + repr(plan).encode()


# -- from a name


def test_a_planner_of_a_name(tmp_path: Path) -> None:
    with provider() as asked:
        settings = ChatSettings(base_url=asked.url, price=Price(1.0, 1.0), retries=QUICK)
        store = Store(tmp_path)
        planner = make_planner("openai:tested", CATALOGUE, chat=settings, store=store)
        first, again = (planner.plan(QUESTION, TOOLS, INPUTS) for _ in range(2))
        assert isinstance(planner, ChatPlanner) and planner.name == "openai:tested"
        assert planner.repairs and planner.lanes > 1 and not planner.sees
        assert first.text == again.text and len(asked.asked) == 1
        assert (first.usage.cached, again.usage.cached) == (0, 1)
        assert planner.usage == first.usage + again.usage
        assert again.usage.cost == 0.0 and again.usage.prompt_tokens == 0
        store.close()
        planner.close()


def test_a_budget_ends_calls(asking: Asking) -> None:
    asked, model = asking(ledger=Ledger(Budget(tokens=1300)))
    model.complete(SAID)
    with pytest.raises(BudgetError, match="1300 tokens is used up: 120 taken"):
        model.complete(SAID, most=1200)
    assert len(asked.asked) == 1


def test_a_budget_of_seconds_ends_a_call_that_hangs(asking: Asking) -> None:
    _, model = asking(server.hangs, ledger=Ledger(Budget(seconds=0.4)))
    with pytest.raises(BudgetError, match="budget of seconds is used up"):
        model.complete(SAID)
    with pytest.raises(BudgetError, match=r"budget of 0\.4 seconds is used up"):
        model.complete(SAID)


def test_tokens_that_are_not_told(asking: Asking) -> None:
    asked, model = asking(says("return 1", usage=None), ledger=Ledger(Budget(tokens=90_000)))
    made = model.complete(SAID)
    assert made.usage.cost is None and model.ledger.untold == 1
    assert "does not tell how many tokens" in model.notices[0]
    with pytest.raises(BudgetError, match="budget of tokens cannot be kept"):
        model.complete(SAID)
    assert len(asked.asked) == 1


@pytest.mark.parametrize(
    ("name", "variables", "message"),
    [
        ("openai:tested", {"OPENAI_API_KEY": ""}, "wants a key: set OPENAI_API_KEY"),
        ("anthropic:tested", {"ANTHROPIC_API_KEY": ""}, "set ANTHROPIC_API_KEY"),
        (
            "google_genai:tested",
            {"GOOGLE_API_KEY": "", "GEMINI_API_KEY": ""},
            "set GOOGLE_API_KEY or GEMINI_API_KEY",
        ),
        ("openai:tested", {"VISPROG_OFFLINE": "1"}, "VISPROG_OFFLINE"),
        ("ollama:tested", {"VISPROG_OFFLINE": "1", "OLLAMA_HOST": "192.0.2.1:80"}, "the network"),
        ("nobody_knows:tested", {}, "nobody_knows:tested cannot be set up: .*[Uu]nsupported"),
        (
            "groq:tested",
            {"GROQ_API_KEY": KEY},
            r"pip install 'visprog\[llm\]', or .*langchain-groq",
        ),
        ("openai:", {}, "no planner 'openai:'; known: embedded"),
        ("gpt", {}, "no planner 'gpt'"),
        ("C:\\x.vp", {}, "no planner"),
    ],
)
def test_names_that_make_no_planner(
    name: str, variables: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=message):
        make_planner(name, CATALOGUE)


@pytest.mark.parametrize("url", ["localhost:80", "ftp://a/b", "http://", "http://[::1", "x"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(SettingsError, match="want the base URL"):
        make_planner("openai:tested", CATALOGUE, chat=ChatSettings(base_url=url))


def test_without_langchain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "langchain.chat_models", None)
    with pytest.raises(SettingsError, match=r"wants LangChain: pip install 'visprog\[llm\]'"):
        make_planner("openai:tested", CATALOGUE)


def test_a_server_of_ones_own_needs_no_key_and_no_network(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("VISPROG_OFFLINE", "1")
    asked, model = asking(says("return 1"))
    assert model.complete(SAID).text == "return 1"
    assert asked.asked[0].headers["authorization"] == "Bearer none"


@pytest.mark.parametrize("host", ["", "0.0.0.0", "127.0.0.1:99", "http://localhost:99"])
def test_ollama_on_this_machine_needs_no_network(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISPROG_OFFLINE", "1")
    monkeypatch.setenv("OLLAMA_HOST", host)
    planner = make_planner("ollama:tested", CATALOGUE)
    assert isinstance(planner, ChatPlanner) and planner.lanes == 1
    planner.close()
