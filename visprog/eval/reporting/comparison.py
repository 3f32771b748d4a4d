"""Two runs beside each other: lines of Markdown, and an HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visprog.eval.reporting import markdown, words
from visprog.eval.reporting.changes import RUNS, changes
from visprog.eval.reporting.elements import chip, command, contents, document, table
from visprog.eval.reporting.plots import Bar, bars, colour, differences
from visprog.render.elements import details, left_out, section
from visprog.render.elements import text as escaped
from visprog.show import describe
from visprog.summary import counted

LISTED = 20  # questions of each kind in text on a terminal
IDS = 1_000  # of changed programs on the page
CHANGED = "changed"
KINDS = {"fixed": "right in the second run only", "broken": "right in the first run only"}


def lines(made: Mapping[str, Any], listed: int = LISTED) -> list[str]:
    """A comparison in lines; `listed`: at most so many questions of each kind."""
    rows = [
        (
            name,
            made[name]["folder"],
            f"{made[name]['planner']}, {made[name]['tools']}",
            f"{made[name]['rate']:.3f}",
            markdown.span(made[name]),
            *(made[name]["status"][status] for status in ("abstained", "failed")),
            f"{made[name]['seconds_mean']:.2f}",
        )
        for name in RUNS
    ]
    heads = ("run", "folder", "planner, tools", "right", "95 %", "abstained", "failed", "seconds")
    told = markdown.table(heads, rows)[1:]
    told += ["", f"{made['n']} questions in pairs: second less first {_gap(made)}."]
    if made["balanced"]:
        one = made["balanced"]
        told.append(f"Of {one['n']} balanced ones: second less first {_gap(one)}.")
    for name in RUNS:
        if ids := made["left_out"][name]:
            few = ", ".join(map(markdown.plain, ids[:5])) + (", ..." if len(ids) > 5 else "")
            told.append(f"Left out: {len(ids)} questions that only the {name} run has ({few}).")
    told += _types(made)
    for kind, about in KINDS.items():
        told += ["", f"{kind.capitalize()}, {about}: {len(made[kind])}"]
        shown = made[kind][:listed]
        told += [_line(one) for one in shown]
        if len(made[kind]) > len(shown):
            told.append(f"- ... and {len(made[kind]) - len(shown)} more")
    return [*told, "", f"Programs that mean something else: {made['programs_changed']}."]


def _line(one: Mapping[str, Any]) -> str:
    said = (describe(one[name], 80) for name in ("id", "question", *RUNS, "truth"))
    name, question, first, second, truth = map(markdown.plain, said)
    return f"- {name}: {question} ({first} -> {second}; truth: {truth})"


def _types(made: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            name,
            one["n"],
            f"{one['first']:.3f}",
            f"{one['second']:.3f}",
            f"{one['difference']:+.3f}",
            f"{one['low']:+.3f} to {one['high']:+.3f}",
            f"{one['p']:.2g}",
        )
        for name, one in made["types"].items()
        if name
    ]
    return markdown.table(("type", "questions", *RUNS, "difference", "95 %", "McNemar p"), rows)


def _gap(one: Mapping[str, Any]) -> str:
    return (
        f"{one['difference']:+.3f} (95 %: {one['low']:+.3f} to {one['high']:+.3f}, "
        f"McNemar p {one['p']:.2g})"
    )


def page(made: Mapping[str, Any]) -> str:
    """The HTML page of a comparison."""
    parts = {
        "runs": ("The runs", _runs(made)),
        "types": ("Differences by type", _differences(made)),
        **{kind: (kind.capitalize(), changes(made[kind], kind)) for kind in KINDS},
        "changed": ("Changed programs", _changed(made)),
        "settings": ("What they were made with", _settings(made)),
    }
    shown = {name: part for name, part in parts.items() if part[1]}
    body = "".join(section(name, title, part) for name, (title, part) in shown.items())
    links = contents({name: title for name, (title, _) in shown.items()})
    return document("two runs compared", f"{_head(made)}{links}{body}")


def _head(made: Mapping[str, Any]) -> str:
    kind = words.side(made)
    verdict = {"good": "The second run is better.", "bad": "The second run is worse."}.get(
        kind, "The two runs are not told apart."
    )
    left = "".join(
        f"<li>{chip('left out', 'doubt')} <span>{len(ids):,} questions that only the {name} run has"
        f"</span></li>"
        for name, ids in made["left_out"].items()
        if ids
    )
    counts = "".join(
        f"<li>{chip(f'{len(made[kind]):,} {kind}', shade)} <span>{about}</span></li>"
        for (kind, about), shade in zip(KINDS.items(), ("good", "bad"), strict=True)
    )
    counts += f"<li>{chip(f'{len(made[CHANGED]):,} {CHANGED}')} <span>programs that mean something "
    counts += "else</span></li>"
    balanced = ""
    if one := made["balanced"]:
        balanced = f"<p>{words.points(one['difference'])} over {one['n']:,} balanced ones, 95 %: "
        balanced += (
            f"{words.points_interval(one)}, McNemar p {escaped(words.probability(one['p']))}</p>"
        )
    return (
        '<header class="hero"><p class="brand">visprog evaluation</p>'
        f'<h1>{verdict}</h1><p class="chips">{chip("column " + made["column"])}'
        f"{chip(counted(made['n'], 'question') + ' in pairs')}</p>"
        '<div class="split"><div class="score"><p class="label">second less first, in points</p>'
        f'<p class="big {kind or "soft"}">{words.points(made["difference"])}</p>'
        f"<p>{_sure(made)}</p>"
        f'{balanced}</div><div class="worth"><h2>question by question</h2>'
        f"<ul>{counts}{left}</ul></div></div></header>"
    )


def _sure(one: Mapping[str, Any]) -> str:
    p = escaped(words.probability(one["p"]))
    return f"95 %: {words.points_interval(one)}, McNemar p {p}"


def _runs(made: Mapping[str, Any]) -> str:
    plot = bars(
        Bar(
            f"{name}: {describe(of['folder'], 60)}",
            of["rate"],
            of["low"],
            of["high"],
            words.of(of),
            f"planner {of['planner']}, tools {of['tools']}" if of["planner"] else "",
            colour(place),
        )
        for place, name in enumerate(RUNS)
        if (of := made[name])
    )
    rows = [
        (
            name,
            *(f"{of['status'][status]:,}" for status in ("abstained", "failed")),
            f"{of['repaired']:,}",
            f"{of['calls_a_question']:.1f}",
            words.seconds(of["seconds_mean"]),
            f"{of['tokens_a_question']:,.0f}",
            words.dollars(of["dollars_a_question"]),
        )
        for name in RUNS
        if (of := made[name])
    ]
    heads = ("run", "abstained", "failed", "repaired", "calls each", "time each", "tokens each")
    return f"{plot}{table((*heads, 'cost each'), rows)}"


def _differences(made: Mapping[str, Any]) -> str:
    key = "types" if any(made["types"]) else "structural"
    named = {name: one for name, one in made[key].items() if name}
    ordered = sorted(named.items(), key=lambda pair: -pair[1]["n"])
    plot = differences(
        Bar(
            name,
            one["difference"],
            one["low"],
            one["high"],
            f"{words.points(one['difference'])} of {one['n']:,}",
            kind=words.side(one) or "soft",
        )
        for name, one in ordered
    )
    rows = [
        (
            name,
            f"{one['n']:,}",
            words.percent(one["first"]),
            words.percent(one["second"]),
            words.points(one["difference"]),
            words.points_interval(one),
            words.probability(one["p"]),
        )
        for name, one in ordered[:200]
    ]
    heads = ("type", "questions", *RUNS, "difference", "95 %", "McNemar p")
    return f"{plot}{table(heads, rows)}"


def _changed(made: Mapping[str, Any]) -> str:
    ids = made["changed"]
    if not ids:
        return ""
    listed = f'<p class="ids">{escaped(", ".join(ids[:IDS]))}</p>'
    head = f"Questions whose program means something else <span class='count'>{len(ids):,}</span>"
    return details(head, listed + left_out(len(ids), IDS, "questions"), kind="fold")


def _settings(made: Mapping[str, Any]) -> str:
    rows = [
        (name, *(describe(value, 400) if value not in (None, "") else "-" for value in values))
        for name, values in made["settings"].items()
        if name != "models"
    ]
    rows += _models(*made["settings"].get("models", [None, None]))
    shown = table(("what differs", *RUNS), rows, words=(0, 1, 2))
    return shown + "".join(command(made[name]["command"]) for name in RUNS)


def _models(first: Any, second: Any) -> list[tuple[str, str, str]]:
    """The words that other models serve."""
    a, b = (one if isinstance(one, dict) else {} for one in (first, second))
    rows = []
    for word in sorted(a.keys() | b.keys()):
        if a.get(word) != b.get(word):
            its = (one.get(word) or {} for one in (a, b))
            named = [" ".join(filter(None, (i.get("id"), i.get("revision")))) or "-" for i in its]
            rows.append((f"model of {word}", named[0], named[1]))
    return rows
