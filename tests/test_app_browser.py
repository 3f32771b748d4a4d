"""The app in a real browser, headless, with the embedded planner and tools."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[str]:
    """The address of a server that the test starts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(folder)}
    with subprocess.Popen(
        [sys.executable, "app.py", *options], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert f"http://127.0.0.1:{port}" in server.stdout.readline()
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("app")) as made:
        yield made


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


def type_question(page: Page, question: str) -> None:
    page.get_by_label("Question", exact=True).fill(question)


def ask(page: Page, question: str) -> None:
    """Ask, and wait for the answer and what can be downloaded of it."""
    turns = page.locator("#turns .turn")
    before = turns.count()
    type_question(page, question)
    page.click("#ask")
    expect(turns).to_have_count(before + 1, timeout=SECONDS)
    expect(page.locator("#ask")).to_be_enabled(timeout=SECONDS)


def answer(page: Page) -> str:
    return str(page.locator("#turns .turn").first.locator(".answer").inner_text())


def write_program(page: Page, program: str) -> None:
    """Put a program into the editor, in place of what is there."""
    if not page.locator("#run").is_visible():
        page.get_by_role("button", name="Program: edit it").click()
    editor = page.locator("#program .cm-content")
    editor.wait_for()
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(program)


LONG = "x = image\nfor n in range(400):\n    x = blur_background(x, [])\nreturn x"


def test_a_question_is_answered_with_its_program_steps_and_evidence(page: Page) -> None:
    give(page, DOGS)
    ask(page, "How many dogs are there?")
    assert answer(page) == "2"
    turn = page.locator("#turns .turn").first
    assert 'detect(image, "dog")' in turn.locator(".code").first.inner_text()
    assert turn.locator(".code .call").first.inner_text() == "detect"  # highlighted
    assert turn.locator(".evidence img").evaluate("img => img.naturalWidth") > 100
    turn.locator("summary", has_text="steps").click()
    cards = turn.locator(".card")
    assert cards.count() == 2 and "NanoDet" in cards.first.inner_text()
    assert cards.first.locator("img").evaluate("img => img.naturalWidth") > 100
    ask(page, "Is there a bicycle?")  # of the same picture
    assert answer(page) == "no"
    assert page.locator("#turns .turn").count() == 2
    assert "2 questions" in page.locator("#cost").inner_text()
    assert "answered: no" in page.locator("#said [role=status]").inner_text()


def test_an_answer_is_taken_away_as_a_page_and_as_a_picture(page: Page) -> None:
    give(page, DOGS)
    ask(page, "How many dogs are there?")
    for name, begin in (("Trace page", b"<!doctype html>"), ("Annotated picture", b"\x89PNG")):
        with page.expect_download(timeout=SECONDS) as download:
            page.get_by_role("link", name=name).click()
        saved = Path(download.value.path()).read_bytes()
        assert saved.startswith(begin)
        assert name != "Trace page" or b"How many dogs are there?" in saved


def test_an_edit_is_shown_and_several_pictures_are_asked_about(page: Page) -> None:
    give(page, DOGS, CAT)
    ask(page, "Are there more dogs in the left one?")
    assert answer(page) == "yes"
    page.get_by_role("button", name="Make everything grey").click()  # an example, its own picture
    expect(page.locator("#pictures img")).to_have_count(1, timeout=SECONDS)
    expect(page.locator("#turns .turn")).to_have_count(1, timeout=SECONDS)
    assert page.locator("#turns .evidence img").count() == 1
    assert "color_pop" in page.locator("#turns .code").first.inner_text()


def test_a_video_is_asked_about(page: Page) -> None:
    page.get_by_role("button", name="Which way does the cat move").click()  # an example
    expect(page.locator("#turns .turn")).to_have_count(1, timeout=SECONDS)
    assert answer(page) == "right"
    assert "track(video" in page.locator("#turns .code").first.inner_text()
    assert page.locator("#turns .evidence img").first.evaluate("img => img.naturalWidth") > 100


def test_what_cannot_be_answered_says_why(page: Page) -> None:
    page.click("#ask")
    expect(page.locator("#live .error")).to_contain_text("no question", timeout=SECONDS)
    type_question(page, "Is there a dog?")
    page.click("#ask")
    expect(page.locator("#live .error")).to_contain_text("no picture", timeout=SECONDS)
    give(page, DOGS)
    ask(page, "How many lamps are there?")
    verdict = page.locator("#turns .verdict").first
    assert "Abstained" in verdict.inner_text() and "80 classes" in verdict.inner_text()
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("stepwise").check()
    ask(page, "How many dogs are there?")
    verdict = page.locator("#turns .verdict").first
    assert "Failed" in verdict.inner_text() and "stepwise" in verdict.inner_text()


def test_what_is_written_stays_text(page: Page) -> None:
    give(page, DOGS)
    evil = "<img src=x onerror=document.title='evil'>${document.title='evil'}{{value}}"
    ask(page, f"{evil}?")
    assert page.locator("#turns .asked").first.inner_text() == f"{evil}?"
    write_program(page, f'return "{evil}"')
    page.click("#run")
    expect(page.locator("#turns .turn")).to_have_count(2, timeout=SECONDS)
    assert answer(page) == evil
    assert page.locator("img[src=x]").count() == 0 and page.title() == "visprog"


def test_a_program_is_edited_checked_and_run_again(page: Page) -> None:
    give(page, DOGS)
    ask(page, "How many dogs are there?")
    page.get_by_role("button", name="Program: edit it").click()
    expect(page.locator("#program .cm-content")).to_contain_text("detect(image", timeout=SECONDS)
    write_program(page, 'return coun(detect(image, "dog"))')
    faults = page.locator("#faults .faults")
    expect(faults).to_contain_text("did you mean", timeout=SECONDS)
    assert re.search(r"line 1, column \d+", faults.inner_text()) and "^" in faults.inner_text()
    page.click("#run")
    expect(page.locator("#turns .turn")).to_have_count(2, timeout=SECONDS)
    assert "Failed" in page.locator("#turns .turn").first.inner_text()
    write_program(page, 'return 40 + count(detect(image, "dog"))')
    expect(page.locator("#faults")).to_contain_text("No faults", timeout=SECONDS)
    page.click("#run")
    expect(page.locator("#turns .turn")).to_have_count(3, timeout=SECONDS)
    assert answer(page) == "42"


def test_steps_appear_as_they_end_and_a_run_is_stopped(page: Page) -> None:
    give(page, CAT)
    expect(page.locator("#stop")).to_be_disabled()
    write_program(page, LONG)
    page.click("#run")
    expect(page.locator("#live .card").first).to_be_visible(timeout=SECONDS)
    expect(page.locator("#live summary")).to_contain_text(re.compile("[3-9] steps"))
    expect(page.locator("#ask")).to_be_disabled()
    page.click("#stop")
    expect(page.locator("#live")).to_contain_text("Stopped", timeout=SECONDS)
    ask(page, "Is there a cat?")  # the place is free again
    assert answer(page) == "yes" and page.locator("#turns .turn").count() == 1
    write_program(page, LONG)
    page.click("#run")
    expect(page.locator("#live .card").first).to_be_visible(timeout=SECONDS)
    page.set_input_files("#files input[type=file]", DOGS)  # one more picture stops it too
    expect(page.locator("#pictures img")).to_have_count(2, timeout=SECONDS)
    expect(page.locator("#turns .turn")).to_have_count(0, timeout=SECONDS)
    ask(page, "Are there more dogs in the right one?")
    assert answer(page) == "yes" and page.locator("#turns .turn").count() == 1


def test_two_users_see_their_own_only(browser: Browser, url: str) -> None:
    contexts = [browser.new_context() for _ in range(2)]
    one, other = (opened(context, url) for context in contexts)
    give(one, DOGS)
    give(other, CAT)
    type_question(one, "How many dogs are there?")
    type_question(other, "Is there a cat?")
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
    type_question(good, "How many dogs are there?")
    good.click("#ask")
    bad.set_input_files("#files input[type=file]", str(hostile))
    expect(bad.locator("#trouble .error")).to_contain_text("bomb.png", timeout=SECONDS)
    assert str(tmp_path) not in bad.locator("#trouble").inner_text()
    assert bad.locator("#pictures img").count() == 0
    expect(good.locator("#turns .turn")).to_have_count(1, timeout=SECONDS)
    assert answer(good) == "2"
    for context in contexts:
        context.close()


def test_a_question_too_many_is_refused_and_the_others_wait(
    browser: Browser, tmp_path: Path
) -> None:
    with serving(tmp_path, "--together", "1", "--waiting", "1") as address:
        contexts = [browser.new_context() for _ in range(3)]
        first, second, third = (opened(context, address) for context in contexts)
        for page in (first, second, third):
            give(page, CAT)
        write_program(first, LONG)
        first.click("#run")
        expect(first.locator("#live .card").first).to_be_visible(timeout=SECONDS)
        type_question(second, "Is there a cat?")
        second.click("#ask")
        expect(second.locator("#live")).to_contain_text("waiting for its turn", timeout=SECONDS)
        second.wait_for_timeout(500)
        type_question(third, "Is there a cat?")
        third.click("#ask")
        expect(third.locator("#live .error")).to_contain_text("busy", timeout=SECONDS)
        expect(third.locator("#ask")).to_be_enabled()
        first.click("#stop")
        expect(second.locator("#turns .turn")).to_have_count(1, timeout=SECONDS)
        for context in contexts:
            context.close()


def test_the_keyboard_is_enough(page: Page) -> None:
    give(page, DOGS)
    question = page.get_by_label("Question", exact=True)
    question.focus()
    page.keyboard.type("How many dogs are there?")
    page.keyboard.press("Enter")
    expect(page.locator("#turns .turn")).to_have_count(1, timeout=SECONDS)
    expect(page.locator("#ask")).to_be_enabled(timeout=SECONDS)
    reached = set()
    question.focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("e => (e = document.activeElement).id || e.className || e.tagName")
        )
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY", reached
    page.keyboard.press("Enter")
    expect(page.locator("#turns .card").first).to_be_visible()


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
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 200) == (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    over = "all => all.filter(e => e.getBoundingClientRect().right > 391).map(e => e.outerHTML)"
    assert page.locator("#turns *, #composer *, #pictures *").evaluate_all(over) == []
    page.get_by_role("tab", name="Tools").click()
    expect(page.locator("#words td").first).to_contain_text("nanodet", timeout=SECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert elsewhere == []
    context.close()


def test_whatever_can_be_used_or_seen_has_a_name(page: Page) -> None:
    give(page, DOGS)
    ask(page, "How many dogs are there?")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Program: edit it").click()
    page.locator("#program .cm-content").wait_for()
    named = """all => all.filter(e => {
        const labels = [...(e.labels || [])].map(l => l.innerText).join("");
        const by = document.getElementById(e.getAttribute("aria-labelledby") || "-");
        return !(e.ariaLabel || labels.trim() || e.innerText.trim() || e.title || e.alt || by);
    }).map(e => e.outerHTML.slice(0, 200))"""
    used = "button:visible, input, select, textarea, summary, [role=textbox], img:visible"
    used += ", a:not([data-testid=download-link])"  # that of gradio is out of sight
    assert page.locator(used).evaluate_all(named) == []
