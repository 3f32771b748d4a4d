"""Chat models through LangChain, against a real server on this machine."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import numpy as np
import pytest

from tests import provider_server as server
from tests.asking import (
    INPUTS,
    KEY,
    QUESTION,
    QUICK,
    SAID,
    SHORT,
    TOOLS,
    Asking,
    asked_models,
    set_keys,
)
from tests.provider_server import PROGRAM, Behaviour, provider, says
from visprog.errors import PlanError, ProgramError, SettingsError
from visprog.lang.check import check
from visprog.lang.parse import parse
from visprog.planning.chat import ChatPlanner, Message
from visprog.planning.clients import Timeouts
from visprog.planning.faults import Retries
from visprog.planning.ledger import Ledger, Price
from visprog.planning.planner import Attempt, Plan
from visprog.planning.prompts import Prompts
from visprog.planning.remote import RemoteModel
from visprog.values import Image


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    set_keys(monkeypatch)


@pytest.fixture
def asking() -> Iterator[Asking]:
    with asked_models() as ask:
        yield ask


def plan_of(model: RemoteModel, *attempts: Attempt) -> Plan:
    return ChatPlanner(model, Prompts()).plan(QUESTION, TOOLS, INPUTS, attempts)


# -- what is sent, and what comes back


def test_a_program(asking: Asking) -> None:
    asked, model = asking(says(PROGRAM), ledger=Ledger(price=Price(2.0, 10.0)))
    plan = plan_of(model)
    check(parse(plan.text), TOOLS, INPUTS)
    assert plan.text.strip() == PROGRAM and plan.notices == ()
    assert (plan.usage.calls, plan.usage.prompt_tokens, plan.usage.completion_tokens) == (
        1,
        100,
        20,
    )
    assert plan.usage.cost == pytest.approx(0.0004) and plan.usage.seconds > 0
    assert model.ledger.total == plan.usage
    assert plan.model.id == "openai:tested" and plan.model.kind == "weights"
    (request,) = asked.asked
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["model"] == "tested" and request.body["temperature"] == 0.0
    assert request.body["messages"][0]["role"] == "system"
    assert QUESTION in request.body["messages"][-1]["content"]


def test_a_failed_attempt_is_told(asking: Asking) -> None:
    asked, model = asking()
    plan_of(model, Attempt("return cont(image)", "line 1, column 8: no tool 'cont'"))
    said = [message["content"] for message in asked.asked[0].body["messages"]]
    assert any("no tool 'cont'" in text for text in said)


def test_pictures_are_sent_as_jpeg(asking: Asking) -> None:
    asked, model = asking(sees=True)
    large = Image(np.zeros((1500, 3000, 3), np.uint8))
    model.complete([Message("user", "What?", (large,))])
    text, picture = asked.asked[0].body["messages"][0]["content"]
    kind, _, data = picture["image_url"]["url"].partition(",")
    assert text == {"type": "text", "text": "What?"} and kind == "data:image/jpeg;base64"
    assert model.sees and base64.b64decode(data)[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    "text",
    [
        f"```python\n{PROGRAM}\n```",
        f"Sure! Here is the program:\n\n```\n{PROGRAM}\n```\nIt counts the dogs.",
        f"Here is the program.\n\n{PROGRAM}\n\nIt counts the dogs.",
    ],
    ids=["fence", "fence and prose", "prose"],
)
def test_a_program_with_things_around_it(asking: Asking, text: str) -> None:
    _, model = asking(says(text))
    assert plan_of(model).text.strip() == PROGRAM


def test_another_language_is_not_run(asking: Asking) -> None:
    java = "public class Main {\n  public static int count() {\n    return 1;\n  }\n}"
    _, model = asking(says(f"```java\n{java}\n```"))
    with pytest.raises((PlanError, ProgramError), match=r"line \d|no program"):
        check(parse(plan_of(model).text), TOOLS, INPUTS)


# -- faults


@pytest.mark.parametrize(
    "first",
    [
        server.fails(429, "slow down", Retry_After="0.05"),
        server.fails(429, "slow down", Retry_After_Ms="50"),
        server.fails(500),
        server.fails(503, "overloaded"),
        server.fails(529, "overloaded"),
        server.cut,
        server.drops,
        server.gives(200, b'{"choices": ['),
    ],
    ids=["429", "429 ms", "500", "503", "529", "cut", "dropped", "malformed"],
)
def test_what_passes_is_asked_again(asking: Asking, first: Behaviour) -> None:
    asked, model = asking(first, says("return 1"))
    assert model.complete(SAID).text == "return 1"
    assert len(asked.asked) == 2 and model.ledger.total.calls == 1


def test_the_provider_says_when_to_ask_again(asking: Asking) -> None:
    asked, model = asking(server.fails(429, Retry_After="0.5"), says("return 1"))
    begin = time.monotonic()
    model.complete(SAID)
    assert time.monotonic() - begin >= 0.5 and len(asked.asked) == 2


@pytest.mark.parametrize("as_date", [False, True])
def test_a_wait_that_is_too_long_is_not_waited_for(asking: Asking, as_date: bool) -> None:
    wait = formatdate(time.time() + 3600, usegmt=True) if as_date else "3600"
    asked, model = asking(server.fails(429, "tomorrow", Retry_After=wait))
    with pytest.raises(PlanError, match=r"429: tomorrow; it asks to wait 3[56]\d\d s"):
        model.complete(SAID)
    assert len(asked.asked) == 1


@pytest.mark.parametrize(
    ("behaviour", "message", "tries"),
    [
        (server.fails(500), "after 3 tries: HTTP 500: something broke", 3),
        (server.cut, "after 3 tries: the connection failed", 3),
        (server.gives(200, b'{"choices": ['), "after 3 tries: its reply is no JSON", 3),
        (server.fails(400, "too long"), "HTTP 400: too long", 1),
        (server.gives(200, b"null"), "its reply cannot be read", 1),
        (server.gives(200, {}), "its reply cannot be read", 1),
        (server.gives(200, {"choices": []}), "its reply cannot be read", 1),
        (
            server.gives(429, {"error": {"message": "pay", "code": "insufficient_quota"}}),
            "HTTP 429: pay",
            1,
        ),
        (says(""), "wrote nothing", 1),
        (says(" \n"), "wrote nothing", 1),
        (says(None), "wrote nothing", 1),
        (says("", finish="length"), "used up its tokens", 1),
        (says(None, refusal="I cannot help with that"), "refuses: I cannot help with that", 1),
        (says("so", finish="content_filter"), "refuses: content_filter", 1),
    ],
)
def test_what_does_not_pass(asking: Asking, behaviour: Behaviour, message: str, tries: int) -> None:
    asked, model = asking(behaviour)
    with pytest.raises(PlanError, match=message) as caught:
        model.complete(SAID)
    assert "openai:tested" in str(caught.value) and len(asked.asked) == tries
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_a_program_that_was_cut_off_is_none(asking: Asking) -> None:
    _, model = asking(says("return count(dogs)", finish="length"))
    with pytest.raises(PlanError, match="no end within 1024 tokens"):
        plan_of(model)


@pytest.mark.parametrize("name", ["openai", "anthropic", "ollama", "google_genai"])
def test_a_server_that_hangs_is_left(asking: Asking, name: str) -> None:
    _, model = asking(
        server.hangs, provider=name, timeouts=SHORT, retries=Retries(attempts=2, first=0.01)
    )
    with pytest.raises(PlanError, match="after 2 tries: no answer in time"):
        model.complete(SAID)


@pytest.mark.parametrize("name", ["openai", "anthropic", "ollama", "google_genai"])
def test_a_body_without_an_end_is_left(asking: Asking, name: str) -> None:
    _, model = asking(server.trickles, provider=name, timeouts=Timeouts(5.0, 5.0, 0.5))
    with pytest.raises(PlanError, match="no answer in time"):
        model.complete(SAID)


def test_a_server_that_is_not_there() -> None:
    with provider() as gone:
        pass
    model = RemoteModel("openai", "tested", base_url=gone.url, retries=QUICK)
    with pytest.raises(PlanError, match="after 3 tries: the connection failed"):
        model.complete(SAID)


@pytest.mark.parametrize("name", ["temperature", "seed"])
def test_a_parameter_that_a_model_does_not_take(asking: Asking, name: str) -> None:
    asked, model = asking(server.fails(400, f"Unsupported parameter: '{name}'"), says("return 1"))
    for _ in range(2):
        assert model.complete(SAID, seed=1).text == "return 1"
    assert [name in request.body for request in asked.asked] == [True, False, False]
    assert model.notices == (f"openai:tested takes no {name}: it uses its own",)


@pytest.mark.parametrize(
    ("status", "message"), [(401, "does not accept OPENAI_API_KEY"), (404, "is not there")]
)
def test_wrong_settings(asking: Asking, status: int, message: str) -> None:
    asked, model = asking(server.fails(status))
    with pytest.raises(SettingsError, match=message):
        model.complete(SAID)
    assert len(asked.asked) == 1


# -- several at once


def test_many_threads_ask_at_once(asking: Asking) -> None:
    meeting = threading.Barrier(4, timeout=20)

    def meets(handler: server.Handler) -> None:
        meeting.wait()
        says("return 1")(handler)

    asked, model = asking(meets)
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: model.complete(SAID), range(4)))
    assert model.lanes >= 4 and len(asked.asked) == 4
    assert model.ledger.total.calls == len(made) == 4


# -- the other providers


ANTHROPIC = server.gives(
    200,
    {
        "id": "1",
        "type": "message",
        "role": "assistant",
        "model": "tested",
        "content": [{"type": "text", "text": "return 1"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 11, "output_tokens": 5},
    },
)
GOOGLE = server.gives(
    200,
    {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "return 1"}]}, "finishReason": "STOP"}
        ],
        "usageMetadata": {
            "promptTokenCount": 11,
            "candidatesTokenCount": 5,
            "totalTokenCount": 16,
        },
    },
)
OLLAMA = server.gives(
    200,
    json.dumps(
        {
            "model": "tested",
            "created_at": "2026-01-01T00:00:00Z",
            "message": {"role": "assistant", "content": "return 1"},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 11,
            "eval_count": 5,
        }
    ).encode()
    + b"\n",
)


@pytest.mark.parametrize(
    ("name", "answer", "most"),
    [
        ("anthropic", ANTHROPIC, ("max_tokens",)),
        ("google_genai", GOOGLE, ("generationConfig", "maxOutputTokens")),
        ("ollama", OLLAMA, ("options", "num_predict")),
    ],
)
def test_other_providers(asking: Asking, name: str, answer: Behaviour, most: tuple[str]) -> None:
    asked, model = asking(server.fails(500), answer, provider=name)
    made = model.complete(SAID, most=77, seed=5)
    assert (made.text, made.finish) == ("return 1", "stop")
    assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (11, 5)
    body = asked.asked[-1].body
    for part in most:
        body = body[part]
    assert body == 77 and len(asked.asked) == 2


def test_ollama_does_not_cut_prompts(asking: Asking) -> None:
    asked, model = asking(OLLAMA, provider="ollama")
    model.complete(SAID, seed=5)
    assert asked.asked[0].body["options"] | {"num_ctx": 0} == {
        "temperature": 0.0,
        "seed": 5,
        "num_predict": 1024,
        "num_ctx": 0,
    }
    assert asked.asked[0].body["options"]["num_ctx"] >= 16_000
