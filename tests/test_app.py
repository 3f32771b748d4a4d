"""The app without a browser: its handlers, its bounds, its files, and what it shows."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.hostile_images import png
from visprog.agent import Agent, Planned
from visprog.app.agents import Agents
from visprog.app.asking import told
from visprog.app.handlers import BUSY, FREE, OVER, SAME, STOPPED, Handlers, Shown
from visprog.app.kept import Kept
from visprog.app.session import Chat
from visprog.app.settings import AppSettings
from visprog.app.turn import Turn
from visprog.app.uploads import load_uploads
from visprog.app.words import words_of
from visprog.errors import (
    ImageError,
    LimitError,
    QuestionError,
    SettingsError,
    ToolError,
    VisprogError,
)
from visprog.tool import Backend, Catalogue, Model, tool
from visprog.values import Image

ROOT = Path(__file__).resolve().parents[1]
DOGS, CAT, WINE = (ROOT / "examples" / name for name in ("dogs.jpg", "cat.jpg", "wine.jpg"))
DAY = 24 * 3600.0


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path / "kept", DAY, 10**9)
    yield made
    made.close()


@pytest.fixture(scope="module")
def handlers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handlers]:
    files = Kept(tmp_path_factory.mktemp("app"), DAY, 10**9)
    made = Handlers(AppSettings(together=2), files, [(DOGS, "How many dogs are there?")])
    yield made
    made.close()


def upload(handlers: Handlers, folder: Path, *sources: Path) -> Chat:
    """A chat about copies of files, as the server has them."""
    copies = [shutil.copyfile(source, folder / source.name) for source in sources]
    given = handlers.upload([str(copy) for copy in copies], None)
    assert given.trouble == ""
    return given.chat


def asked(handlers: Handlers, chat: Chat | None, question: str, *choice: str) -> list[Shown]:
    async def each() -> list[Shown]:
        chosen = choice or ("embedded", "embedded", "whole")
        handlers.begin(question, chat)
        return [shown async for shown in handlers.ask(question, chat, *chosen)]

    return ended(asyncio.run(each()))


def ran(handlers: Handlers, chat: Chat, program: str) -> list[Shown]:
    async def each() -> list[Shown]:
        handlers.begin(program, chat)
        return [shown async for shown in handlers.run(program, chat, "embedded", "embedded")]

    return ended(asyncio.run(each()))


def ended(shown: list[Shown]) -> list[Shown]:
    """Without the last, which makes room for the next request, and no other does."""
    assert [one for one in shown if one.ask is not SAME] == shown[-1:] == [OVER] * bool(shown)
    return shown[:-1]


# -- questions


def test_a_question_shows_its_program_then_steps_then_the_answer(
    handlers: Handlers, tmp_path: Path
) -> None:
    chat = upload(handlers, tmp_path, DOGS)
    shown = asked(handlers, chat, "How many dogs are there?")
    lives = [one.live for one in shown if isinstance(one.live, str)]
    assert "planning with embedded" in "".join(lives)
    programs = [one.program for one in shown if one.program is not SAME]
    assert programs[-1] == 'dog = detect(image, "dog")\nreturn count(dog)\n'
    last = shown[-1]
    assert last.live == "" and last.said == "answered: 2"
    assert '<p class="answer" dir="auto">2</p>' in last.turns
    assert "NanoDet" in last.turns and "Apache-2.0" in last.turns
    assert "data:image" not in last.turns and 'src="kept/' in last.turns
    assert "1 question" in last.cost and "2 steps" in last.cost
    assert last.turns.count("download>") == 2  # the page of its trace, and the picture
    assert str(handlers.kept.folder) not in last.turns


def test_a_further_question_is_about_the_same_pictures(handlers: Handlers, tmp_path: Path) -> None:
    chat = upload(handlers, tmp_path, DOGS)
    first = asked(handlers, chat, "Is there a dog?")[-1].chat
    second = asked(handlers, first, "Is there a bicycle?")[-1]
    assert second.turns.index("bicycle?") < second.turns.index("a dog?")  # the last comes first
    assert second.chat.questions == 2 and second.said == "answered: no"


def test_several_pictures_go_into_one_question(handlers: Handlers, tmp_path: Path) -> None:
    chat = upload(handlers, tmp_path, DOGS, CAT)
    shown = ran(handlers, chat, 'return count(detect(image, "dog")) + count(detect(image2, "cat"))')
    assert shown[-1].said == "answered: 3"


def test_an_abstention_says_why_and_what_would_help(handlers: Handlers, tmp_path: Path) -> None:
    last = asked(handlers, upload(handlers, tmp_path, DOGS), "How many lamps are there?")[-1]
    assert "Abstained" in last.turns and "knows 80 classes" in last.turns
    assert "a larger model could" in last.turns


def test_what_is_not_offered_is_refused(handlers: Handlers, tmp_path: Path) -> None:
    chat = upload(handlers, tmp_path, DOGS)
    last = asked(handlers, chat, "Is there a dog?", "scripted:/etc/passwd", "embedded", "whole")[-1]
    assert "is not offered here" in last.turns and last.chat.questions == 1
    last = asked(handlers, chat, "Is there a dog?", "embedded", "embedded", "stepwise")[-1]
    assert "Failed" in last.turns  # the embedded planner writes whole programs


@pytest.mark.parametrize(
    ("question", "reason"),
    [("", "no question yet"), (" \n", "no question yet"), ("x" * 20_001, "at most 20,000")],
)
def test_what_is_no_question_is_told_at_once(
    handlers: Handlers, tmp_path: Path, question: str, reason: str
) -> None:
    chat = upload(handlers, tmp_path, DOGS)
    assert reason in handlers.begin(question, chat).live
    assert asked(handlers, chat, question) == []


def test_a_question_too_long_is_refused_not_cut(handlers: Handlers, tmp_path: Path) -> None:
    last = asked(handlers, upload(handlers, tmp_path, DOGS), "How many dogs? " * 200)[-1]
    assert "at most 2000" in last.turns


def test_there_is_no_question_without_a_picture(handlers: Handlers) -> None:
    assert "no picture yet" in handlers.begin("Is there a dog?", None).live
    assert asked(handlers, None, "Is there a dog?") == []


def test_pictures_that_are_gone_are_asked_for_again(handlers: Handlers, tmp_path: Path) -> None:
    chat = upload(handlers, tmp_path, DOGS)
    Path(chat.files[0]).unlink()
    last = asked(handlers, chat, "Is there a dog?")[-1]
    assert "dogs.jpg is no longer here" in last.turns and str(tmp_path) not in last.turns


def test_an_example_brings_its_picture_and_its_question(handlers: Handlers) -> None:
    files, question, chat, pictures, *_ = handlers.example(0, None)
    assert question == "How many dogs are there?" and chat.files == tuple(files)
    assert "682 × 1024" in pictures and Path(files[0]).is_relative_to(handlers.kept.folder)


# -- programs


def test_a_program_of_ones_own_is_checked_and_run(handlers: Handlers, tmp_path: Path) -> None:
    chat = upload(handlers, tmp_path, DOGS)
    faults = handlers.check('return coun(detect(image, "dog"))', chat, "embedded", "embedded")
    assert "line 1, column 8" in faults and "did you mean" in faults and "       ^<" in faults
    assert "No faults" in handlers.check("return 1", chat, "embedded", "embedded")
    assert "image2" in handlers.check("return image2", chat, "embedded", "embedded")
    failed = ran(handlers, chat, "return coun(1)")[-1]
    assert "Failed" in failed.turns and "did you mean" in failed.turns
    assert failed.program is SAME  # what the user wrote stays in the editor
    assert ran(handlers, chat, 'return 40 + count(detect(image, "dog"))')[-1].said == "answered: 42"


def test_what_users_and_models_write_is_text(handlers: Handlers, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    last = ran(handlers, upload(handlers, tmp_path, DOGS), f"return '{evil}'  # {evil}")[-1]
    assert evil not in last.turns + last.said and "&lt;img" in last.turns
    turn = Turn(evil, 1)
    turn.failed(f"{evil} was not found")
    assert evil not in turn.html() and evil not in turn.said


# -- uploads


def test_a_hostile_file_is_refused_by_name_before_it_is_decoded(
    handlers: Handlers, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png(20000, 20000, bits=1, colour=0))
    given = handlers.upload([str(bomb)], None)
    assert "bomb.png" in given.trouble and "million pixels" in given.trouble
    assert str(tmp_path) not in given.trouble and given.chat.files == () and given.pictures == ""


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.png", b""), ("b.svg", b"<svg onload='x'/>"), ("c.jpg", b"\xff\xd8"), ("d.mp4", b"none")],
)
def test_what_is_no_picture_is_refused(
    handlers: Handlers, tmp_path: Path, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    given = handlers.upload([str(tmp_path / name)], None)
    assert name in given.trouble and given.chat.files == ()


def test_pictures_have_bounds_together(tmp_path: Path) -> None:
    agent = Agent()
    with pytest.raises(QuestionError, match="at most 2 pictures"):
        load_uploads(agent, [str(DOGS)] * 3, AppSettings(pictures=2))
    with pytest.raises(QuestionError, match="million pixels together"):
        load_uploads(agent, [str(DOGS), str(CAT)], AppSettings(pixels=800_000))
    with pytest.raises(ImageError, match=r"^gone\.png is no longer here"):
        load_uploads(agent, [str(tmp_path / "gone.png")], AppSettings())
    frames = tmp_path / "clip.gif"
    _write_gif(frames)
    with pytest.raises(VisprogError, match="alone"):
        load_uploads(agent, [str(DOGS), str(frames)], AppSettings())


def _write_gif(path: Path) -> None:
    from PIL import Image as pil

    shades = [pil.new("RGB", (32, 32), (40 * n, 0, 0)) for n in range(4)]
    shades[0].save(path, save_all=True, append_images=shades[1:], duration=100)


# -- threads and stopping


def test_items_come_as_they_are_made_and_errors_after_them() -> None:
    def stream(until: threading.Event) -> Generator[int, None, None]:
        yield 1
        yield 2
        raise ToolError("broken")

    async def each() -> list[int]:
        made = []
        with pytest.raises(ToolError, match="broken"):
            async for item in told(stream, pool, 5):
                made.append(item)
        return made

    with ThreadPoolExecutor(1) as pool:
        assert asyncio.run(each()) == [1, 2]


def test_a_defect_is_told_to_the_one_who_asked() -> None:
    def stream(until: threading.Event) -> Generator[int, None, None]:
        yield 1
        raise KeyError("what")

    async def each() -> None:
        async for _ in told(stream, pool, 5):
            pass

    with ThreadPoolExecutor(1) as pool, pytest.raises(VisprogError, match=r"defect.*KeyError"):
        asyncio.run(each())


@pytest.mark.parametrize("way", ["left", "late"])
def test_who_leaves_or_waits_too_long_stops_the_stream(way: str) -> None:
    closed = threading.Event()

    def stream(until: threading.Event) -> Generator[int, None, None]:
        try:
            yield 1
            assert until.wait(30)
            yield 2
        finally:
            closed.set()

    async def each() -> None:
        async with aclosing(told(stream, pool, 0.2)) as items:
            assert await anext(items) == 1
            if way == "late":
                with pytest.raises(LimitError, match=r"more than 0\.2 s"):
                    await anext(items)

    with ThreadPoolExecutor(1) as pool:
        asyncio.run(each())
        assert closed.wait(30)


@tool("look")
def tell(image: Image, name: str) -> str:
    """What there is to say."""
    raise NotImplementedError


class Slow(Backend):
    """Answers when it is let to."""

    name, serves, model = "slow", ("tell",), Model("slow", "Apache-2.0")
    asked: ClassVar[list[str]] = []
    begun, go = threading.Event(), threading.Event()

    def tell(self, image: Image, name: str) -> str:
        self.asked.append(name)
        self.begun.set()
        assert self.go.wait(60)
        return "so"


def test_a_stopped_run_ends_while_a_call_is_under_way_and_makes_no_further_one() -> None:
    module: Any = SimpleNamespace(tell=tell, Slow=Slow, __name__="tells")
    tools = Catalogue.of(module).toolset("tell=slow")
    picture, until = Image(np.zeros((4, 4, 3), np.uint8), "p"), threading.Event()
    program = 'a = tell(image, "a")\nb = tell(image, a)\nreturn a + b'
    events: list[Any] = []

    def work() -> None:
        events.extend(Agent(tools=tools).stream_program(program, picture, until=until))

    thread = threading.Thread(target=work)
    thread.start()
    assert Slow.begun.wait(60)
    until.set()
    thread.join(30)
    assert not thread.is_alive()  # though the call has not ended
    Slow.go.set()
    time.sleep(0.1)
    assert Slow.asked == ["a"] and [type(event) for event in events] == [Planned]


def test_a_request_that_waits_or_runs_is_stopped_and_the_next_one_goes_on(
    handlers: Handlers, tmp_path: Path
) -> None:
    chat = upload(handlers, tmp_path, DOGS)
    program = 'return count(detect(image, "dog"))'

    async def each() -> None:
        assert handlers.begin(program, chat).stop == FREE
        assert handlers.begin(program, chat) == Shown()  # one goes on
        assert handlers.stop(chat) == STOPPED  # it waited
        assert handlers.begin(program, chat).stop == FREE
        choice = (program, chat, "embedded", "embedded")
        assert [shown async for shown in handlers.run(*choice)] == []  # the one that was stopped
        running = handlers.run(*choice)
        assert "reading" in (await anext(running)).live
        assert handlers.stop(chat) == Shown(stop=BUSY)
        assert [shown async for shown in running][-1] == STOPPED
        handlers.begin(program, chat)
        running = handlers.run(*choice)
        await anext(running)
        upload(handlers, tmp_path, CAT)  # of another chat
        handlers.upload([str(tmp_path / "cat.jpg")], chat)
        assert handlers.begin(program, chat).stop == FREE
        assert [shown async for shown in running] == []  # quietly
        assert "2" in [shown async for shown in handlers.run(*choice)][-2].said
        handlers.begin(program, chat)
        assert "busy" in handlers.crowded(chat).said
        assert handlers.begin(program, chat).stop == FREE

    asyncio.run(each())


# -- files


def test_embedded_pictures_become_files_of_unguessable_names(kept: Kept) -> None:
    html = (
        '<img src="data:image/jpeg;base64,aGVsbG8=" alt="x"><img src="data:text/html;base64,aGk=">'
    )
    made = kept.linked(html)
    address = made.partition('src="')[2].partition('"')[0]
    place, token, name = address.split("/")
    assert (place, name) == ("kept", "picture.jpeg") and len(token) >= 32
    assert (kept.folder / address).read_bytes() == b"hello"
    assert 'src="data:text/html' in made  # only pictures are
    assert kept.linked(html) != made


def test_the_old_and_the_oldest_are_deleted_the_held_are_not(tmp_path: Path) -> None:
    kept = Kept(tmp_path, DAY, 250)
    (tmp_path / "mine").write_bytes(b"x" * 1000)
    kept.hold()
    paths = [kept.place() / "file" for _ in range(4)]
    for path in paths:
        path.write_bytes(b"x" * 100)
        time.sleep(0.02)
    kept.sweep()
    assert [path.exists() for path in paths] == [False, False, True, True]
    assert not paths[0].parent.exists() and (tmp_path / "mine").exists()
    kept.seconds = 0.0
    kept.sweep()
    assert not any(path.exists() for path in paths) and (tmp_path / "mine").exists()
    kept.close()
    assert not tmp_path.exists()


def test_files_are_served_by_their_whole_address_only(kept: Kept) -> None:
    pytest.importorskip("starlette")
    place = kept.place()
    (place / "trace.html").write_text("<script>alert(1)</script>")
    (place / "picture.png").write_bytes(b"png")
    (kept.folder / "secret").write_text("no")
    (place / "link.png").symlink_to(kept.folder / "secret")
    page, shown = (_got(kept, f"{place.name}/{name}") for name in ("trace.html", "picture.png"))
    assert page[0] == 200 and page[1]["content-disposition"].startswith("attachment")
    assert page[1]["content-type"] == "application/octet-stream"
    assert shown[0] == 200 and shown[1]["content-type"] == "image/png"
    assert shown[1]["x-content-type-options"] == "nosniff"
    for wrong in ("x/secret", f"{place.name}/link.png", f"{place.name}/none", f"{place.name}/.."):
        assert _got(kept, wrong)[0] == 404


def _got(kept: Kept, address: str) -> tuple[int, dict[str, str]]:
    """Status and headers of an address, from the route as a server calls it."""
    token, _, name = address.partition("/")
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/kept/{address}",
        "headers": [],
        "path_params": {"token": token, "name": name},
        "query_string": b"",
    }
    asyncio.run(kept.route().app(scope, receive, send))
    headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    return sent[0]["status"], headers


# -- chats, agents, words, settings


def test_a_chat_keeps_its_last_turns_and_counts_all() -> None:
    chat = Chat(files=("a.png",))
    for number in range(5):
        chat = chat.after(f"turn {number}", None, 3)
    assert chat.turns == ("turn 4", "turn 3", "turn 2") and chat.questions == 5
    other = chat.about(["b.png"])
    assert other.turns == () and other.files == ("b.png",) and other.questions == 5


def test_users_share_one_engine_whatever_their_mode() -> None:
    agents = Agents(AppSettings())
    whole = agents.usual
    assert agents.of("embedded", "embedded") is whole
    stepwise = agents.of("embedded", "embedded", "stepwise")
    assert stepwise is not whole and stepwise.engine is whole.engine
    assert stepwise.planner is whole.planner
    with pytest.raises(SettingsError, match="not offered"):
        agents.of("embedded", "mine.toml")
    agents.close()


def test_an_engine_is_shared_over_the_same_tools_only() -> None:
    agent = Agent()
    with pytest.raises(SettingsError, match="same Toolset"):
        Agent(engine=agent.engine)


def test_the_tab_of_tools_has_every_word_its_backend_and_its_licence() -> None:
    tools = Agent().tools
    html = words_of(tools)
    for name, spec in tools.items():
        assert f">{name}</span>(" in html, name
        assert spec.family in html
    assert "NanoDet" in html and "Apache-2.0" in html and "`" not in html


def test_the_style_fetches_nothing() -> None:
    from visprog.app.look import style

    made = style()
    assert "url(" not in made and "@import" not in made and "http" not in made
    assert made.count("{") == made.count("}") and ".dark {" in made


def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from visprog.app.serving import _port

    for wrong in ("nine", "0", "99999", "-1"):
        monkeypatch.setenv("GRADIO_SERVER_PORT", wrong)
        with pytest.raises(SettingsError, match="GRADIO_SERVER_PORT"):
            _port(None)
    monkeypatch.setenv("GRADIO_SERVER_PORT", "7001")
    assert (_port(None), _port(7002)) == (7001, 7002)
    monkeypatch.delenv("GRADIO_SERVER_PORT")
    assert _port(None) == 7860


def test_app_py_is_the_command(tmp_path: Path) -> None:
    assert len((ROOT / "app.py").read_text().splitlines()) <= 100
    env = {**os.environ, "GRADIO_TEMP_DIR": str(tmp_path)}
    run = [sys.executable, str(ROOT / "app.py"), "--planners", "nobody:none"]
    ended = subprocess.run(run, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2 and "nobody" in ended.stderr and "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []  # it leaves nothing behind
