"""What the page's events do."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from visprog.agent import Event, Stepped
from visprog.app.agents import Agents
from visprog.app.asking import events_of
from visprog.app.session import Chat
from visprog.app.settings import AppSettings
from visprog.app.turn import Turn, evidence_of
from visprog.app.uploads import load_uploads
from visprog.app.words import words_of
from visprog.errors import ProgramError, SettingsError, VisprogError
from visprog.render.elements import text
from visprog.saving import save

OFTEN = 0.25  # seconds: steps that come faster are shown together
EMPTY = (
    '<div class="empty"><p>Drop a picture, ask a question, and watch how it is answered.</p></div>'
)


class Shown(NamedTuple):
    """What the page shows of a chat: the values of its components, in their order."""

    turns: str
    live: str
    chat: Chat
    program: Any
    faults: str
    cost: str
    trace: Any
    picture: Any
    question: Any


class Handlers:
    """The page's events, over the agents that all users share."""

    def __init__(self, settings: AppSettings, folder: Path) -> None:
        """`folder`: of files that users may download."""
        self.settings, self.agents, self._folder = settings, Agents(settings), folder
        self._pool = ThreadPoolExecutor(settings.together, thread_name_prefix="visprog app")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.agents.close()

    # -- events

    def upload(self, files: Sequence[str] | None, chat: Chat | None) -> tuple[Chat, str, str, str]:
        """Pictures, thumbnails, what is wrong with them, and the turns, which begin anew."""
        chat = chat or Chat()
        try:
            images = load_uploads(self._any(), files, self.settings.pictures)
        except VisprogError as error:
            left = chat.about(())
            return left, _framed(left.pictures), _framed(_wrong(str(error))), _turns(left)
        made = chat.about(images)
        return made, _framed(made.pictures), "", _turns(made)

    async def ask(
        self, question: str, chat: Chat | None, planner: str, profile: str, mode: str
    ) -> AsyncIterator[Shown]:
        """Answer a question about the chat's pictures, telling of every event."""
        chat = chat or Chat()
        asked = question.strip()[: self.settings.question]

        def stream() -> Iterator[Event]:
            if not chat.images:
                raise SettingsError("there is no picture yet: drop one first")
            return self.agents.of(planner, profile, mode).stream(chat.images, asked)

        if asked:
            async for shown in self._told(stream, asked, chat):
                yield shown

    async def run(
        self, program: str, chat: Chat | None, planner: str, profile: str
    ) -> AsyncIterator[Shown]:
        """Run an edited program on the chat's pictures."""
        chat = chat or Chat()

        def stream() -> Iterator[Event]:
            if not chat.images:
                raise SettingsError("there is no picture yet: drop one first")
            agent = self.agents.of(planner, profile)
            return agent.stream_program(program[: self.settings.program], chat.images)

        async for shown in self._told(stream, "", chat, program):
            yield shown

    def check(self, program: str, chat: Chat | None, planner: str, profile: str) -> str:
        """The checker's faults of a program, with line and caret."""
        chat = chat or Chat()
        if not program.strip():
            return ""
        try:
            self.agents.of(planner, profile).check(program[: self.settings.program], chat.images)
        except ProgramError as error:
            return _framed(f'<pre class="faults" role="alert">{text(str(error))}</pre>')
        except VisprogError as error:
            return _framed(_wrong(str(error)))
        return _framed('<p class="fine" role="status">No faults.</p>')

    def words(self, profile: str) -> str:
        """The tab of tools."""
        return words_of(self.agents.of(self.settings.planners[0], profile).tools)

    def stopped(self, chat: Chat | None) -> tuple[str, str]:
        """What is shown after the button that stops: the turns that are over."""
        return _turns(chat or Chat()), _framed('<p class="none" role="status">Stopped.</p>')

    # -- how

    def _any(self) -> Any:
        return self.agents.of(self.settings.planners[0], self.settings.profiles[0])

    async def _told(
        self,
        stream: Callable[[], Iterator[Event]],
        asked: str,
        chat: Chat,
        program: str = "",
    ) -> AsyncIterator[Shown]:
        import gradio as gr

        turn = Turn(asked, chat.images, chat.questions + 1)
        turn.program = program
        same, past = gr.skip(), _turns(chat, empty="")
        try:
            events = events_of(stream, self._pool, self.settings.seconds)
            cost, asks = _framed(chat.cost), "" if asked else same
            yield Shown(past, _framed(turn.html), chat, same, "", cost, same, same, asks)
            shown = time.monotonic()
            async for event in events:
                turn.take(event)
                if isinstance(event, Stepped) and time.monotonic() < shown + OFTEN:
                    continue
                shown = time.monotonic()
                written = turn.program if turn.program and not program else same
                live = _framed(turn.html)
                yield Shown(past, live, chat, written, "", cost, same, same, same)
            over, html = chat.after(turn.html, turn.answer, self.settings.kept), turn.html
        except VisprogError as error:
            html = turn.failed(str(error))
            over = chat.after(html, None, self.settings.kept)
        trace, picture = self._files(over)
        given, drawn = (
            gr.DownloadButton(value=file, interactive=file is not None) for file in (trace, picture)
        )
        written = turn.program if turn.program and not program else same
        yield Shown(_turns(over), "", over, written, "", _framed(over.cost), given, drawn, same)

    def _files(self, chat: Chat) -> tuple[str | None, str | None]:
        """The trace's page and the annotated picture of the last answer."""
        if chat.answer is None:
            return None, None
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        trace = folder / "trace.html"
        chat.answer.trace.save(trace)
        value: Any = evidence_of(chat.answer)
        if value is None:
            return str(trace), None
        (picture, *_), _ = save(value, (), folder / "answer.png")
        return str(trace), str(picture)


def _turns(chat: Chat, empty: str = EMPTY) -> str:
    return _framed("".join(reversed(chat.turns)) or empty)


def _framed(html: str) -> str:
    """Our own HTML in the frame of our own style."""
    return f'<div class="vp">{html}</div>' if html else ""


def _wrong(reason: str) -> str:
    return f'<p class="error" role="alert">{text(reason)}</p>'
