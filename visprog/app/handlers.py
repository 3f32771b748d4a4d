"""What the page's events do."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copyfile
from typing import Any, NamedTuple

from visprog.agent import Agent, Event, Stepped
from visprog.app.agents import Agents
from visprog.app.asking import Halt, told
from visprog.app.downloads import downloads_of
from visprog.app.kept import Kept
from visprog.app.session import Chat, thumbnails
from visprog.app.settings import AppSettings
from visprog.app.turn import WAITING, Turn
from visprog.app.uploads import load_uploads
from visprog.app.words import words_of
from visprog.errors import ProgramError, QuestionError, VisprogError
from visprog.render.elements import text
from visprog.values import Image, Video

OFTEN = 0.2  # seconds: steps that come faster are shown together
SPARE = 4  # threads for each question at once: one whose run was stopped may end a batch first
SAME: Any = {"__type__": "update"}  # leaves a component as it is
BUSY = {"__type__": "update", "interactive": False}
FREE = {"__type__": "update", "interactive": True}
EMPTY = (
    '<div class="empty"><p>Drop a picture, ask a question, and watch how it is answered.</p>'
    "<p>Or begin with one of the examples.</p></div>"
)
Pictures = tuple[Image | Video, ...]
Events = Callable[[Agent, Pictures, threading.Event], Iterator[Event]]


class Shown(NamedTuple):
    """What the page shows of a chat: the values of its components, in their order."""

    turns: Any = SAME
    live: Any = SAME
    said: Any = SAME
    chat: Any = SAME
    program: Any = SAME
    cost: Any = SAME
    question: Any = SAME
    ask: Any = SAME
    run: Any = SAME
    stop: Any = SAME


OVER = Shown(ask=FREE, run=FREE, stop=BUSY)
STOPPED = OVER._replace(live='<div class="vp"><p class="none">Stopped.</p></div>', said="stopped")


class Given(NamedTuple):
    """What the page shows of the files that were given."""

    chat: Chat
    pictures: str
    trouble: str
    turns: str
    live: str = ""
    ask: Any = FREE
    run: Any = FREE
    stop: Any = BUSY


class Handlers:
    """The page's events, over the agents that all users share."""

    def __init__(
        self, settings: AppSettings, kept: Kept, examples: Sequence[tuple[Path, str]] = ()
    ) -> None:
        self.settings, self.agents, self.kept = settings, Agents(settings), kept
        self.examples = tuple(examples)
        self._pool = ThreadPoolExecutor(settings.together * SPARE, thread_name_prefix="visprog app")

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.agents.close()
        self.kept.close()

    # -- pictures

    def upload(self, files: Sequence[str] | None, chat: Chat | None) -> Given:
        """Look at files; the turns begin anew."""
        chat = chat or Chat()
        chat.requests.stop(quiet=True)
        paths = [str(file) for file in files or ()]
        try:
            images = load_uploads(self.agents.usual, paths, self.settings)
        except VisprogError as error:
            made = chat.about(())
            return Given(made, "", framed(wrong(str(error))), turns_of(made))
        made = chat.about(paths)
        return Given(made, framed(self.kept.linked(thumbnails(images))), "", turns_of(made))

    def example(self, number: int, chat: Chat | None) -> tuple[Any, ...]:
        """The files and the question of an example, and what is shown of them."""
        path, question = self.examples[number]
        copy = self.kept.place() / path.name
        copyfile(path, copy)
        return [str(copy)], question, *self.upload([str(copy)], chat)

    # -- questions and programs

    def begin(self, words: str, chat: Chat | None) -> Shown:
        """What is shown at once, while a question or a program waits for its turn."""
        refused = self._refused(words, chat)
        if refused:
            return Shown(live=framed(wrong(refused)), said=text(refused))
        if chat is None or not chat.requests.begin():
            return Shown()  # one goes on
        waiting = framed(WAITING.format("waiting for its turn …"))
        return Shown(live=waiting, said="working", ask=BUSY, run=BUSY, stop=FREE)

    async def ask(
        self, question: str, chat: Chat | None, planner: str, profile: str, mode: str
    ) -> AsyncIterator[Shown]:
        """Answer a question about the chat's pictures, telling of every event."""

        def events(agent: Agent, images: Pictures, until: threading.Event) -> Iterator[Event]:
            return agent.stream(images, question, until=until)

        async for shown in self._entered(question, chat, (planner, profile, mode), events):
            yield shown

    async def run(
        self, program: str, chat: Chat | None, planner: str, profile: str
    ) -> AsyncIterator[Shown]:
        """Run an edited program on the chat's pictures."""

        def events(agent: Agent, images: Pictures, until: threading.Event) -> Iterator[Event]:
            return agent.stream_program(program, images, until=until)

        async for shown in self._entered("", chat, (planner, profile), events):
            yield shown

    def check(self, program: str, chat: Chat | None, planner: str, profile: str) -> str:
        """The checker's faults of a program, with line and caret."""
        chat = chat or Chat()
        if not program.strip():
            return ""
        try:
            self._within(program)
            agent = self.agents.of(planner, profile)
            agent.check(program, load_uploads(agent, chat.files, self.settings))
        except ProgramError as error:
            return framed(f'<pre class="faults" role="alert" tabindex="0">{text(str(error))}</pre>')
        except VisprogError as error:
            return framed(wrong(str(error)))
        return framed('<p class="fine" role="status">No faults.</p>')

    def stop(self, chat: Chat | None) -> Shown:
        """Stop what waits or runs; what runs tells of it itself."""
        if chat and chat.requests.stop():
            return Shown(stop=BUSY)
        return STOPPED

    def crowded(self, chat: Chat | None) -> Shown:
        """What is shown where the server takes no further question."""
        if chat:
            chat.requests.refused()
        reason = "the server is busy and takes no further question now: try again in a while"
        return OVER._replace(live=framed(wrong(reason)), said=text(reason))

    def words(self, profile: str) -> str:
        """The tab of tools."""
        return framed(words_of(self.agents.of(self.settings.planners[0], profile).tools))

    # -- how

    async def _entered(
        self, question: str, chat: Chat | None, choice: tuple[str, ...], events: Events
    ) -> AsyncIterator[Shown]:
        """What is told of a request whose turn has come, if it is still wanted."""
        halt = chat.requests.enter() if chat else None
        if chat is None or halt is None:
            return
        try:
            if question:
                yield Shown(question="")
            async for shown in self._told(question, chat, choice, events, halt):
                yield shown
        finally:
            over = chat.requests.leave(halt)
        if over:  # and there is room for the next
            yield STOPPED if halt.told else OVER

    async def _told(
        self, question: str, chat: Chat, choice: tuple[str, ...], events: Events, halt: Halt
    ) -> AsyncIterator[Shown]:
        turn = Turn(question, chat.questions + 1, self.kept.linked)

        def work(until: threading.Event) -> Generator[Shown, None, None]:
            yield _live(turn)
            agent = self.agents.of(*choice)
            images = load_uploads(agent, chat.files, self.settings)
            turn.begin(images)
            shown = 0.0
            for event in events(agent, images, until):
                turn.take(event)
                if not isinstance(event, Stepped) or time.monotonic() > shown + OFTEN:
                    shown = time.monotonic()
                    yield _live(turn)
            if turn.answer is not None:
                yield self._over(turn, chat)
                yield self._over(turn, chat, downloads_of(turn.answer, self.kept))

        over = False
        try:
            async for shown in told(work, self._pool, self.settings.seconds, halt):
                over = shown.chat is not SAME
                yield shown
        except VisprogError as error:
            if not over:  # else only its files could not be made
                turn.failed(str(error))
            yield self._over(turn, chat)

    def _over(self, turn: Turn, chat: Chat, downloads: dict[str, str] | None = None) -> Shown:
        made = chat.after(turn.html(downloads), turn.answer, self.settings.kept)
        program = turn.program if turn.question and turn.program else SAME
        cost = framed(made.cost)
        return Shown(turns_of(made), "", turn.said, made, program, cost)

    def _refused(self, words: str, chat: Chat | None) -> str:
        """Why there is nothing to do, or ""."""
        try:
            self._within(words)
        except QuestionError as error:
            return str(error)
        if not words.strip():
            return "there is no question yet: type one first"
        return "" if chat and chat.files else "there is no picture yet: drop one first"

    def _within(self, words: str) -> None:
        if len(words) > self.settings.program:
            raise QuestionError(f"at most {self.settings.program:,} characters are taken")


def _live(turn: Turn) -> Shown:
    program = turn.program if turn.question and turn.program else SAME
    return Shown(live=framed(turn.html()), said=turn.said, program=program)


def turns_of(chat: Chat) -> str:
    return framed("".join(chat.turns) or EMPTY)


def framed(html: str) -> str:
    """Our own HTML in the frame of our own style."""
    return f'<div class="vp">{html}</div>' if html else ""


def wrong(reason: str) -> str:
    return f'<p class="error" role="alert">{text(reason)}</p>'
