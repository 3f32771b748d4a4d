"""The app in a real browser, headless, with the embedded planner and tools."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.hostile_images import png

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), "")
DEMANDED = os.environ.get("VISPROG_DEMAND_BROWSER") == "1"
DOGS, WINE, CAT = (str(ROOT / "examples" / name) for name in ("dogs.jpg", "wine.jpg", "cat.jpg"))
SECONDS = 60_000  # milliseconds that anything may take on a busy machine

pytestmark = pytest.mark.skipif(
    not (CHROMIUM or DEMANDED), reason="there is no Chromium on this machine"
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server that the test starts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("app")
    env = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(folder)}
    with subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert f"http://127.0.0.1:{port}" in line
        yield f"http://127.0.0.1:{port}/"
        server.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield opened(context, url)
    context.close()


def opened(context: Any, url: str) -> Page:
    page: Page = context.new_page()
    page.set_default_timeout(SECONDS)
    page.goto(url)
    page.wait_for_selector("#ask")
    return page


def give(page: Page, *files: str) -> None:
    page.set_input_files("#files input[type=file]", list(files))
    expect(page.locator("#pictures img")).to_have_count(len(files), timeout=SECONDS)


def ask(page: Page, question: str) -> None:
    """Ask, and wait for the answer."""
    turns = page.locator("#turns .turn")
    before = turns.count()
    page.locator("#question textarea, #question input").fill(question)
    page.click("#ask")
    expect(turns).to_have_count(before + 1, timeout=SECONDS)


def answer(page: Page) -> str:
    return str(page.locator("#turns .turn").first.locator(".answer").inner_text())


def test_a_question_is_answered_with_its_program_steps_and_evidence(page: Page) -> None:
    give(page, DOGS)
    ask(page, "How many dogs are there?")
    assert answer(page) == "2"
    turn = page.locator("#turns .turn").first
    assert 'detect(image, "dog")' in turn.locator(".code").first.inner_text()
    assert turn.locator(".evidence img").is_visible()
    turn.locator("summary", has_text="steps").click()
    cards = turn.locator(".card")
    assert cards.count() == 2 and "NanoDet" in cards.first.inner_text()
    ask(page, "Is there a bicycle?")  # of the same picture
    assert answer(page) == "no"
    assert page.locator("#turns .turn").count() == 2
    assert "2 questions" in page.locator("#cost").inner_text()
    with page.expect_download(timeout=SECONDS) as download:
        page.get_by_role("link", name="Trace").or_(page.get_by_role("button", name="Trace")).click()
    saved = Path(download.value.path()).read_text("utf-8")
    assert "Is there a bicycle?" in saved and "<!doctype html>" in saved


def test_what_cannot_be_answered_says_why(page: Page) -> None:
    give(page, DOGS)
    ask(page, "How many lamps are there?")
    verdict = page.locator("#turns .verdict").first
    assert "Abstained" in verdict.inner_text() and "80 classes" in verdict.inner_text()
    ask(page, "<img src=x onerror=alert(1)>?")
    assert page.locator("#turns img[src=x]").count() == 0


def test_a_program_is_edited_checked_and_run_again(page: Page) -> None:
    give(page, DOGS)
    ask(page, "How many dogs are there?")
    page.locator("#editing button").first.click()
    editor = page.locator("#program .cm-content")
    editor.wait_for()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.type('return coun(detect(image, "dog"))')
    faults = page.locator("#faults .faults")
    expect(faults).to_contain_text("did you mean", timeout=SECONDS)
    assert re.search(r"line 1, column \d+", faults.inner_text()) and "^" in faults.inner_text()
    page.click("#run")
    expect(page.locator("#turns .turn")).to_have_count(2, timeout=SECONDS)
    assert "Failed" in page.locator("#turns .turn").first.inner_text()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.type('return 40 + count(detect(image, "dog"))')
    expect(page.locator("#faults")).to_contain_text("No faults", timeout=SECONDS)
    page.click("#run")
    expect(page.locator("#turns .turn")).to_have_count(3, timeout=SECONDS)
    assert answer(page) == "42"


def test_a_run_that_takes_long_is_stopped(page: Page) -> None:
    give(page, CAT)
    page.locator("#editing button").first.click()
    editor = page.locator("#program .cm-content")
    editor.wait_for()
    editor.click()
    loop = "x = image\nfor n in range(900):\n    x = blur_background(x, [])\nreturn x"
    page.keyboard.insert_text(loop)
    page.click("#run")
    expect(page.locator("#live .waiting")).to_be_visible(timeout=SECONDS)
    page.click("#stop")
    expect(page.locator("#live")).to_contain_text("Stopped", timeout=SECONDS)
    ask(page, "Is there a cat?")  # the place is free again
    assert answer(page) == "yes"


def test_two_users_see_their_own_only(browser: Browser, url: str) -> None:
    contexts = [browser.new_context() for _ in range(2)]
    one, other = (opened(context, url) for context in contexts)
    give(one, DOGS)
    give(other, CAT)
    for page, question in ((one, "How many dogs are there?"), (other, "Is there a cat?")):
        page.locator("#question textarea, #question input").fill(question)
    one.click("#ask")
    other.click("#ask")
    for page in (one, other):
        expect(page.locator("#turns .turn")).to_have_count(1, timeout=SECONDS)
    assert (answer(one), answer(other)) == ("2", "yes")
    assert "cat" not in one.locator("#turns").inner_text()
    one.reload()
    one.wait_for_selector("#ask")
    assert one.locator("#turns .turn").count() == 0  # a new chat
    give(one, CAT)
    ask(one, "Is there a cat?")
    assert answer(one) == "yes"
    for context in contexts:
        context.close()


def test_a_hostile_file_is_refused_while_others_go_on(
    browser: Browser, url: str, tmp_path: Path
) -> None:
    hostile = tmp_path / "bomb.png"
    hostile.write_bytes(png(20000, 20000, bits=1, colour=0))  # 400 Mpx
    contexts = [browser.new_context() for _ in range(2)]
    good, bad = (opened(context, url) for context in contexts)
    give(good, DOGS)
    good.locator("#question textarea, #question input").fill("How many dogs are there?")
    good.click("#ask")
    bad.set_input_files("#files input[type=file]", str(hostile))
    expect(bad.locator("#trouble .error")).to_contain_text("bomb.png", timeout=SECONDS)
    assert str(tmp_path) not in bad.locator("#trouble").inner_text()
    assert bad.locator("#pictures img").count() == 0
    expect(good.locator("#turns .turn")).to_have_count(1, timeout=SECONDS)
    assert answer(good) == "2"
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_fetches_nothing_from_elsewhere(
    browser: Browser, url: str, scheme: Any
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    elsewhere: list[str] = []

    def note(request: Any) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            elsewhere.append(request.url)

    page.on("request", note)
    page.goto(url)
    page.wait_for_selector("#ask")
    give(page, DOGS)
    ask(page, "How many dogs are there?")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("tab", name="Tools").click()
    expect(page.locator("#words td").first).to_contain_text("(", timeout=SECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert elsewhere == []
    named = "(e.ariaLabel || e.innerText.trim() || e.title)"
    unnamed = f"all => all.filter(e => e.offsetParent && !{named}).length"
    assert page.locator("button").evaluate_all(unnamed) == 0
    context.close()
