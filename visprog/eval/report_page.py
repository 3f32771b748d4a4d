"""The report of an evaluation as one HTML page that stands alone: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from visprog.errors import VisprogError
from visprog.eval.questions import Question
from visprog.eval.results import Result
from visprog.highlight import highlight
from visprog.images import load
from visprog.render.elements import figure, left_out, section, text

STYLES = (Path(__file__).parents[1] / "page.css", Path(__file__).with_name("report.css"))
ROWS = 60  # of a plot
SHOWN = 24  # questions in the gallery
SIDE = 420  # pixels of a picture in it
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(
    report: Mapping[str, Any],
    results: Mapping[str, Sequence[Result]],
    asked: Mapping[str, Question],
    images: Path,
) -> str:
    """The page of a report, as `make_report` gives it.

    Args:
        results: by column; `asked`: the questions by their ids; `images`: the folder of pictures.
    """
    main = results["program"]
    body = "".join(
        (
            _head(report),
            section("figures", "Figures", _tiles(report)),
            section("columns", "Columns, on the same questions", _columns(report)),
            section("by-type", "Right answers by type", _types(report)),
            section("without-answer", "Questions without an answer", _failures(report)),
            section("time", "Where time goes", _time(report)),
            section("gallery-head", "Wrong or without an answer", _gallery(main, asked, images)),
            section("run", "The run", _run(report)),
        )
    )
    return document(f"visprog: {report['task']}", body)


def document(title: str, body: str) -> str:
    """A whole page around `body`, which is HTML."""
    style = "".join(path.read_text("utf-8") for path in STYLES)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{style}</style></head>\n"
        f'<body><main class="report">{body}</main></body></html>\n'
    )


def bars(rows: Iterable[tuple[str, float, float | None, float | None, str]], kind: str = "") -> str:
    """A plot: a name, a share (0 to 1), the ends of its interval or None, and a note, in a row."""
    each = list(rows)
    made = "".join(_bar(*row, kind) for row in each[:ROWS])
    return (
        f'<div class="sheet bars">{made}</div>{left_out(len(each), ROWS, "rows")}' if each else ""
    )


def _bar(
    name: str, rate: float, low: float | None, high: float | None, note: str, kind: str
) -> str:
    reach = ""
    if low is not None and high is not None:
        reach = f'<line class="reach" x1="{100 * low:.2f}" x2="{100 * high:.2f}" y1="9" y2="9"/>'
    return (
        f'<div class="bar"><span>{text(name) or "(none)"}</span>'
        f'<svg viewBox="0 0 100 18" preserveAspectRatio="none" role="img" '
        f'aria-label="{rate:.1%}"><rect class="track" width="100" height="18" rx="2"/>'
        f'<rect class="part {kind}" width="{100 * min(1.0, rate):.2f}" height="18" rx="2"/>{reach}'
        f'</svg><span class="n">{text(note)}</span></div>'
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], numbers: int = 1) -> str:
    """A table of texts; those of the columns from `numbers` on stand to the right."""

    def cells(tag: str, row: Sequence[object]) -> str:
        made = (
            f"<{tag}{' class=n' if place >= numbers else ''}>{text(str(cell))}</{tag}>"
            for place, cell in enumerate(row)
        )
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(cells("td", row) for row in rows)
    return f'<div class="sheet"><table>{cells("th", heads)}{body}</table></div>' if body else ""


def _head(report: Mapping[str, Any]) -> str:
    stopped = f" Stopped {report['stopped']}." if "stopped" in report else ""
    drawn = f" Drawn by the protocol {report['protocol']}." if report.get("protocol") else ""
    return (
        f'<p class="brand">visprog</p><h1>{text(str(report["task"]))}: planner '
        f"{text(report['planner'])}, tools {text(report['tools'])}</h1>"
        f'<p class="lead">{report["n"]:,} questions, {report["n_balanced"]:,} of them balanced.'
        f"{text(drawn + stopped)}</p>"
    )


def _tiles(report: Mapping[str, Any]) -> str:
    shares = {name: value for name, value in report["metrics"].items() if name != "distribution"}
    made = [(name.replace("_", " "), _percent(value)) for name, value in shares.items()]
    if "distribution" in report["metrics"]:
        made.append(("distribution, lower is better", f"{report['metrics']['distribution']:.3f}"))
    made += [(name, _percent(one["rate"])) for name, one in report["status"].items()]
    made.append(("repaired", _percent(report["repaired"]["rate"])))
    made.append(("seconds a question, median", f"{report['seconds']['median']:.2f}"))
    tiles = (
        f'<div class="tile"><b>{text(n)}</b><span>{text(name)}</span></div>' for name, n in made
    )
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _columns(report: Mapping[str, Any]) -> str:
    plot = bars(
        (f"{name}: {one['about']}", one["rate"], one["low"], one["high"], _note(one))
        for name, one in report["columns"].items()
    )
    heads = ("program less", "difference", "95 %", "only program right", "only it right", "p")
    rows = [
        (
            one["column"],
            f"{one['difference']:+.3f}",
            f"{one['low']:+.3f} to {one['high']:+.3f}",
            one["only_first"],
            one["only_second"],
            f"{one['p']:.2g}",
        )
        for one in report["comparisons"]
    ]
    pairs = table(heads, rows)
    absent = table(("not measured", "why"), report["unavailable"].items(), numbers=2)
    sets = ""
    if any(name in report["columns"] for name in ("vqa", "blind")):
        sets = (
            f'<p class="lead">{len(report["solved_only_with_tools"])} questions are solved only '
            f"with tools, {len(report['broken_by_tools'])} are broken by them.</p>"
        )
    return f"{plot}<h3>In pairs (bootstrap, McNemar)</h3>{pairs}{sets}{absent}"


def _types(report: Mapping[str, Any]) -> str:
    made = ""
    for key, head in (
        ("structural", "Structural"),
        ("semantic", "Semantic"),
        ("types", "Detailed"),
    ):
        table_of = {name: one for name, one in report[key].items() if name}
        rows = [
            (name, one["rate"], one["low"], one["high"], _note(one))
            for name, one in sorted(table_of.items(), key=lambda pair: -pair[1]["n"])
        ]
        made += f"<h3>{head}</h3>{bars(rows)}" if rows else ""
    return made


def _failures(report: Mapping[str, Any]) -> str:
    kinds = [(kind, one) for kind, one in report["failures"].items() if one["rate"]]
    rows = ((kind, one["rate"], one["low"], one["high"], _note(one)) for kind, one in kinds)
    reasons = table(("reason", "times"), report["reasons"].items())
    if not kinds:
        return '<p class="lead">There are none.</p>'
    return f"{bars(rows, 'bad')}<h3>Reasons</h3>{reasons}"


def _time(report: Mapping[str, Any]) -> str:
    spent = {name: n for name, n in report["seconds"]["by_tool"].items() if n > 0}
    total = sum(spent.values())
    return bars((name, n / total, None, None, f"{n:.1f} s") for name, n in spent.items())


def _gallery(results: Sequence[Result], asked: Mapping[str, Question], images: Path) -> str:
    wrong = [result for result in results if not result.correct]
    kinds: dict[tuple[str, str], list[Result]] = {}
    for result in wrong:
        kinds.setdefault((result.failure, result.detailed), []).append(result)
    spread = [
        one for place in range(SHOWN) for of in kinds.values() for one in of[place : place + 1]
    ]
    shown = "".join(_miss(result, asked[result.id], images) for result in spread[:SHOWN])
    more = left_out(len(wrong), SHOWN, "such questions")
    return f'<div class="gallery">{shown}</div>{more}' if shown else ""


def _miss(result: Result, question: Question, images: Path) -> str:
    try:
        pictures = "".join(
            figure(load(path), question.text, SIDE) for path in question.pictures(images)[:2]
        )
    except VisprogError:  # the result says why
        pictures = ""
    answer = f"answered {result.answer!r}" if result.status == "answered" else result.status
    reason = f'<p class="why">{text(result.reason.splitlines()[0])}</p>' if result.reason else ""
    program = f"<pre>{highlight(result.program.strip())}</pre>" if result.program else ""
    return (
        f'<article class="miss">{pictures}<div class="body">'
        f'<p class="asked">{text(result.question)}</p>'
        f"<p>{text(answer)}, the truth is {text(repr(result.truth))}</p>{reason}{program}"
        "</div></article>"
    )


def _run(report: Mapping[str, Any]) -> str:
    models = [
        (word, made["id"], made["revision"] or "-", made["licence"])
        for word, made in (report.get("models") or {}).items()
    ]
    versions = ", ".join(
        f"{name} {number}" for name, number in (report.get("versions") or {}).items()
    )
    command = f"<pre class=code>{text(report.get('command', ''))}</pre>"
    listed = table(("word", "model", "revision", "licence"), models, numbers=4)
    return f'{command}<p class="lead">{text(versions)}; seed {report.get("seed", 0)}</p>{listed}'


def _note(one: Mapping[str, Any]) -> str:
    return f"{one['rate']:.1%} of {one['n']:,}"


def _percent(value: float | None) -> str:
    return "not computed" if value is None else f"{value:.1%}"
