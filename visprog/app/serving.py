"""Serves the page: its queue, its bounds, and what of the machine it may read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from visprog.app.settings import AppSettings
from visprog.errors import SettingsError

EXAMPLES = (
    ("dogs.jpg", "How many dogs are there?"),
    ("wine.jpg", "Is there a bottle to the left of a wine glass?"),
    ("cat.jpg", "Make everything grey except the cat."),
    ("astronaut.jpg", "Who is in front of the flag?"),
    ("postcard.gif", "Which way does the cat move?"),
)
HOST, PORT = "127.0.0.1", 7860
PILLOW_CAP = 64 * 10**6  # pixels that Pillow may decode at all
CHATS = 1000  # that the server remembers


def serve(
    settings: AppSettings | None = None,
    *,
    host: str | None = None,
    port: int | None = None,
    examples: Path | None = None,
    block: bool = True,
) -> Any:
    """Serve the app until it is stopped, or in the background.

    Args:
        host, port: by default `GRADIO_SERVER_NAME` and `GRADIO_SERVER_PORT`, or 127.0.0.1 and 7860.
        examples: the folder of the example pictures, if any.
        block: wait for the end; else the server's page is given, whose `close()` ends it.

    Raises:
        SettingsError: gradio is not installed, the port is taken, or the first planner or a profile
            cannot be had.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise SettingsError("the app wants gradio: pip install 'visprog[app]'") from error
    from PIL import Image

    from visprog.app.handlers import Handlers
    from visprog.app.kept import Kept

    Image.MAX_IMAGE_PIXELS = PILLOW_CAP
    chosen = settings or AppSettings()
    kept = Kept(_folder(), 1.25 * chosen.kept_seconds, chosen.disk)
    shown = [(examples / name, text) for name, text in EXAMPLES] if examples else []
    handlers = Handlers(chosen, kept, [(path, text) for path, text in shown if path.is_file()])
    try:
        for profile in chosen.profiles:
            handlers.agents.of(chosen.planners[0], profile)
        handlers.agents.usual.expect_planner()
        address, given = host or os.environ.get("GRADIO_SERVER_NAME") or HOST, _port(port)
        page = _launched(handlers, address, given)
    except BaseException:
        handlers.close()
        raise
    print(f"visprog is at http://{address}:{given}", flush=True)
    if block:
        try:
            page.block_thread()
        finally:
            handlers.close()
    return page


def _launched(handlers: Any, host: str, port: int) -> Any:
    from visprog.app.look import style, theme
    from visprog.app.page import build

    chosen = handlers.settings
    page = build(handlers)
    page.queue(max_size=chosen.waiting, default_concurrency_limit=chosen.together, api_open=False)
    try:
        server, _, _ = page.launch(
            server_name=host,
            server_port=port,
            theme=theme(),
            css=style(),
            allowed_paths=[],
            max_file_size=chosen.upload,
            ssr_mode=False,
            share=False,
            quiet=True,
            show_error=False,
            footer_links=[],
            prevent_thread_lock=True,
            state_session_capacity=CHATS,
            enable_monitoring=False,
            mcp_server=False,
            run_history=False,
            pwa=False,
        )
    except OSError as error:
        raise SettingsError(f"cannot serve on {host}:{port}: {error}") from error
    server.router.routes.insert(0, handlers.kept.route())
    handlers.kept.hold()
    return page


def _folder() -> Path:
    """Of what users send and download; gradio takes it from the environment. Its own, below that
    which is given: it is deleted at the end."""
    given = os.environ.get("GRADIO_TEMP_DIR")
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
    made = tempfile.mkdtemp(prefix="visprog-app-", dir=given)
    os.environ["GRADIO_TEMP_DIR"] = made
    return Path(made).resolve()


def _port(given: int | None) -> int:
    known = os.environ.get("GRADIO_SERVER_PORT", "")
    if given is not None or not known:
        return given or PORT
    if not known.isdecimal() or not 0 < int(known) < 65536:
        raise SettingsError(f"GRADIO_SERVER_PORT: want a port, 1 to 65535, got {known!r}")
    return int(known)
