"""The page of a trace: it stands alone, shows everything, and lets nothing hostile through."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.pages import CAT, GUESS, HOSTILE, LINES, RAMP, STREET, Seen, assert_links, step, trace
from visprog.highlight import highlight
from visprog.planning import Attempt, Round
from visprog.render import CARDS, DRAWN, page
from visprog.tool import Model
from visprog.trace import Vote
from visprog.values import Depth, Flow, Image, Region, Text, Unknown, Value, Video


def test_it_says_everything() -> None:
    seen = Seen(page(trace(
        step([CAT], tool="detect", args={"image": STREET, "name": "cat"},
             notices=("one left out",)),
        step(1, cached=True),
        step(2.5, model=GUESS),
        notices=("planned twice",), unit="metres",
    )))  # fmt: skip
    for words in (
        "How many cats?", "Answered", "1 metres", "scripted", "embedded", "1.25 s, 0.50 s of it",
        "3, 1 from the cache", 'detect(image, "cat")', "x = count(1 region)", "one left out",
        "1 region: cat 0.90 at (10, 5, 40, 30)", "planned twice", "rules of visprog",
        "Apache-2.0", "heuristic", "ground plane", "0.50 s", "cached", "2.5", "line 1",
    ):  # fmt: skip
        assert words in seen.text, words


@pytest.mark.parametrize(
    ("status", "word"),
    [("answered", "Answered"), ("abstained", "Abstained"), ("failed", "Failed")],
)
def test_status_and_reason(status: str, word: str) -> None:
    html = page(trace(status=status, answer="", reason="no weights"))
    assert f'<section class="verdict {status}"' in html
    assert word in Seen(html).text
    assert "no weights" in html


def test_unknown_and_failed_steps() -> None:
    html = page(trace(step(Unknown("80 classes only")), step(None, error="out of memory")))
    assert 'class="card unknown"' in html
    assert 'class="card wrong"' in html
    assert "80 classes only" in html
    assert "out of memory" in html


def test_nothing_is_fetched_and_nothing_runs() -> None:
    html = page(trace(step([CAT]), step(STREET)))
    seen = Seen(html)
    assert "<script" not in html
    assert "http" not in re.sub(r'http-equiv="', "", html)
    assert not re.search(r"url\(|@import|\bsrcset|<link|<iframe|<form", html)
    assert "default-src 'none'" in html
    for address in seen.having("src"):
        assert re.match(r"data:image/(jpeg|png);base64,[A-Za-z0-9+/=]+$", address)
    assert_links(seen)


def test_hostile_text_stays_text() -> None:
    region, text = Region(STREET, (0, 0, 9, 9), HOSTILE), Text(STREET, HOSTILE, (0, 0, 9, 9))
    model = Model(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    image = Image(STREET.pixels, HOSTILE)
    values: list[Value] = [HOSTILE, [HOSTILE], {HOSTILE: HOSTILE}, [region], text, image,
                           Unknown(HOSTILE)]  # fmt: skip
    steps = [
        step(v, name=HOSTILE, tool=HOSTILE, args={HOSTILE: v}, notices=(HOSTILE,), model=model)
        for v in values
    ]
    html = page(trace(
        *steps, step(None, error=HOSTILE), question=HOSTILE, images=(image, STREET),
        program=f'x = "{HOSTILE}"  # {HOSTILE}', planner=HOSTILE, tools=HOSTILE, value=[region],
        answer=HOSTILE, reason=HOSTILE, notices=(HOSTILE, LINES), unit=HOSTILE, model=model,
        attempts=(Attempt(HOSTILE, LINES), Attempt(LINES, HOSTILE, HOSTILE)), earlier=tuple(steps),
        votes=(Vote(HOSTILE, 1, HOSTILE, HOSTILE, LINES),), confidence=0.5, mode=HOSTILE,
        rounds=(Round(HOSTILE, LINES), Round(LINES, HOSTILE, faulty=True)),
    ))  # fmt: skip
    html.encode()  # no lone surrogates
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", html)
    seen = Seen(html)
    known = "html head meta title style body main header div figure img figcaption p h1 section svg"
    known += " path ul ol li dl dt dd h2 h3 code span a b i footer pre details summary"
    known += " table thead tbody tr th td"
    assert {tag for tag, _ in seen.tags} <= set(known.split())
    names = {name for _, attributes in seen.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert "<script>alert('x')</script>" in seen.text  # shown, as text


@pytest.mark.parametrize(
    "value",
    [
        CAT,
        [CAT, Region(STREET, (0, 0, 64, 48), "road", 0.5, np.ones((48, 64), bool))],
        Text(STREET, "STOP", (1, 1, 20, 10)),
        STREET,
        Depth(STREET, RAMP),
        Flow(STREET, np.ones((48, 64, 2), np.float32)),
        Video((STREET, STREET), 25),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_are_drawn(value: Value) -> None:
    without = Seen(page(trace(step(3)))).having("src")
    assert len(Seen(page(trace(step(value)))).having("src")) == len(without) + 1


def test_an_answer_that_is_a_place_is_drawn() -> None:
    seen = Seen(page(trace(value=CAT, answer="cat")))
    assert "the answer: cat 0.90 at (10, 5, 40, 30)" in seen.having("alt")


def test_without_program_steps_and_pictures() -> None:
    seen = Seen(page(trace(program="", images=(), status="failed", answer="", reason="no plan")))
    assert "There is no program." in seen.text
    assert "No step was run." in seen.text


def test_long_runs_stay_small() -> None:
    html = page(trace(*[step([CAT])] * (CARDS + 100)))
    assert html.count("<img") == DRAWN + 1
    assert f"Only the first {CARDS} of {CARDS + 100} steps are shown." in html
    assert len(html) < 4_000_000


def test_save(tmp_path: Path) -> None:
    trace(step(), question=HOSTILE).save(tmp_path / "why.html")
    assert (tmp_path / "why.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("code", "html"),
    [
        ("return 1", '<span class="keyword">return</span> <span class="number">1</span>'),
        ("f(x) # <b>", '<span class="call">f</span>(x) <span class="comment"># &lt;b&gt;</span>'),
        ('"#"', '<span class="string">&quot;#&quot;</span>'),
        ("x = '\\'", "x = <span class=\"string\">&#x27;\\&#x27;</span>"),
        ("", ""),
    ],
)  # fmt: skip
def test_highlight(code: str, html: str) -> None:
    assert highlight(code) == html


def test_highlight_takes_time_in_line_with_length() -> None:
    for text in ("'" * 100_000, '"\\' * 50_000, "1e" * 50_000, "a" * 100_000, "1_" * 50_000):
        highlight(text)
