"""Users at once in the app, each in a page of a real browser: waiting times and memory.

python benchmarks/app_load.py [--users 20] [--seconds 120] [--hostile]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from visprog.eval.stats import percentile  # noqa: E402

QUESTIONS = (
    ("dogs.jpg", "How many dogs are there?"),
    ("cat.jpg", "Is there a cat?"),
    ("wine.jpg", "Is there a bottle to the left of a wine glass?"),
    ("astronaut.jpg", "Is there a person?"),
)
PATIENCE = 120_000  # milliseconds
KEPT = 20  # turns of a chat that stay


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--hostile", action="store_true", help="a hostile upload every second")
    asked = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    run = [sys.executable, "app.py"]
    with subprocess.Popen(run, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        server.stdout.readline()
        made = asyncio.run(load(f"http://127.0.0.1:{port}/", server.pid, asked))
        server.kill()
    print(json.dumps(made, indent=1))


async def load(url: str, pid: int, asked: argparse.Namespace) -> dict[str, Any]:
    """What came of the questions of all users."""
    from playwright.async_api import async_playwright

    waits: list[float] = []
    errors: list[str] = []
    refused = [0]
    async with async_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        pages = [await _opened(browser, url, number) for number in range(asked.users)]
        before, end = memory(pid), time.monotonic() + asked.seconds
        users = [_user(page, number, end, waits, errors) for number, page in enumerate(pages)]
        watched: list[Any] = [_watch(pid, end)]
        if asked.hostile:
            page = await browser.new_page()
            await page.goto(url)
            watched.append(_attack(page, end, refused))
        *_, peaks = await asyncio.gather(*users, *watched[1:], watched[0])
        after = memory(pid)
        await browser.close()
    return {
        "users": asked.users,
        "seconds": asked.seconds,
        "questions": len(waits),
        "errors": len(errors),
        "error": errors[:1],
        "hostile_refused": refused[0] if asked.hostile else None,
        "p50": round(percentile(waits, 50), 2),
        "p95": round(percentile(waits, 95), 2),
        "memory_mb": {"before": before, "peak": peaks, "after": after},
    }


async def _opened(browser: Any, url: str, number: int) -> Any:
    page = await (await browser.new_context()).new_page()
    page.set_default_timeout(PATIENCE)
    await page.goto(url)
    await page.wait_for_selector("#ask")
    picture = ROOT / "examples" / QUESTIONS[number % len(QUESTIONS)][0]
    await page.set_input_files("#files input[type=file]", str(picture))
    await page.wait_for_selector("#pictures img")
    return page


async def _user(page: Any, number: int, end: float, waits: list[float], errors: list[str]) -> None:
    question = QUESTIONS[number % len(QUESTIONS)][1]
    turns = page.locator("#turns .turn")
    while time.monotonic() < end:
        if await turns.count() >= KEPT:  # a new picture begins a new chat
            return
        begin, before = time.monotonic(), await turns.count()
        try:
            await page.locator("#question textarea, #question input").fill(question)
            await page.click("#ask")
            await page.wait_for_function(
                f"document.querySelectorAll('#turns .turn').length > {before}"
            )
            if await page.locator("#turns .verdict.failed").count():
                errors.append(await page.locator("#turns .verdict.failed").first.inner_text())
        except Exception as error:  # counted, whatever it is
            errors.append(f"{type(error).__name__}: {error}")
        waits.append(time.monotonic() - begin)
        await page.wait_for_selector("#ask:enabled")  # what can be downloaded is made last


async def _watch(pid: int, end: float) -> int:
    peak = 0
    while time.monotonic() < end:
        peak = max(peak, memory(pid))
        await asyncio.sleep(1)
    return peak


async def _attack(page: Any, end: float, refused: list[int]) -> None:
    from tests.hostile_images import png

    with tempfile.TemporaryDirectory() as folder:
        bomb = Path(folder, "bomb.png")
        bomb.write_bytes(png(20000, 20000, bits=1, colour=0))
        while time.monotonic() < end:
            await page.set_input_files("#files input[type=file]", str(bomb))
            await page.wait_for_selector("#trouble .error")
            refused[0] += 1
            await page.locator("#files button[aria-label]").last.click()
            await asyncio.sleep(1)


def memory(pid: int) -> int:
    """MB that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1000


if __name__ == "__main__":
    main()
