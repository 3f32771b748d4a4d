"""Files for a while: pictures that the page shows, pages and pictures that users download, and the
uploads beside them. Names cannot be guessed, the old are deleted, and so are the oldest where all
together would take too much room."""

from __future__ import annotations

import base64
import re
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ADDRESS = "kept"  # of a file: ADDRESS/TOKEN/NAME, beside the page
EMBEDDED = re.compile(r'src="data:image/(png|jpeg);base64,([A-Za-z0-9+/=]+)"')
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,}")
SHOWN = {".png": "image/png", ".jpeg": "image/jpeg"}  # in the page; others are only downloaded
SWEEP_SECONDS = 10.0


class Kept:
    """Files below a folder, which is emptied of those that are too old or too many.

    Args:
        folder: of uploads too; nothing else may be in it.
        seconds: how long a file stays; `size`: bytes of all of them.
    """

    def __init__(self, folder: Path, seconds: float, size: int) -> None:
        self.folder, self.seconds, self.size = folder, seconds, size
        self._own = folder / ADDRESS
        self._own.mkdir(parents=True, exist_ok=True)
        self._held: frozenset[Path] = frozenset()
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="visprog sweep", daemon=True).start()

    def place(self) -> Path:
        """A new folder; what is in it is at `address` of its path."""
        made = self._own / secrets.token_urlsafe(24)
        made.mkdir()
        return made

    def address(self, path: Path) -> str:
        """Where the page finds a file of a `place`."""
        return path.relative_to(self.folder).as_posix()

    def linked(self, html: str) -> str:
        """Our own HTML with its embedded pictures as files, which a browser fetches once."""

        def link(found: re.Match[str]) -> str:
            path = self.place() / f"picture.{found[1]}"
            path.write_bytes(base64.b64decode(found[2]))
            return f'src="{self.address(path)}"'

        return EMBEDDED.sub(link, html)

    def route(self) -> Any:
        """The server's route for them. A page is only given as a download: whatever is in it, it
        does not run beside ours."""
        from starlette.responses import FileResponse, Response
        from starlette.routing import Route

        def serve(request: Any) -> Response:
            path = self._own / request.path_params["token"] / request.path_params["name"]
            known = TOKEN.fullmatch(path.parent.name) and path.parent.parent == self._own
            if not known or path.is_symlink() or not path.is_file():
                return Response(status_code=404)
            shown = SHOWN.get(path.suffix)
            headers = {
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "private, max-age=3600",
            }
            return FileResponse(
                path,
                headers=headers,
                media_type=shown or "application/octet-stream",
                filename=path.name,
                content_disposition_type="inline" if shown else "attachment",
            )

        return Route(f"/{ADDRESS}/{{token}}/{{name}}", serve)

    def hold(self) -> None:
        """Never delete what is there now: the page itself is made of it."""
        self._held = frozenset(path for _, _, path in self._files())

    def sweep(self) -> None:
        """Delete what is too old, and the oldest of what is too much."""
        now, left = time.time(), self.size
        files = sorted(self._files(), key=lambda file: file[0], reverse=True)
        for changed, size, path in files:
            left -= size
            if left < 0 or now - changed > self.seconds:
                path.unlink(missing_ok=True)
                if path.parent not in (self.folder, self._own) and not any(path.parent.iterdir()):
                    path.parent.rmdir()

    def close(self) -> None:
        """Delete all of them."""
        self._over.set()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in self.folder.rglob("*"):
            try:
                state = path.lstat()
            except FileNotFoundError:
                continue
            if path not in self._held and not stat.S_ISDIR(state.st_mode):
                yield state.st_ctime, state.st_size, path  # a copy may have its source's mtime

    def _watch(self) -> None:
        while not self._over.wait(SWEEP_SECONDS):
            try:
                self.sweep()
            except OSError:  # a file that someone else deleted meanwhile: the next round
                continue
