"""What a planner did besides: programs that were not accepted, and votes of several samples."""

from __future__ import annotations

from visprog.planning import RUNTIME
from visprog.render.elements import code, details, left_out, listing, section, text
from visprog.render.steps import EARLIER, Cards
from visprog.render.verdict import WORDS, icon
from visprog.show import describe
from visprog.summary import agreement, counted, refusal
from visprog.trace import Trace, Vote

ATTEMPTS = 20  # shown on a page
VOTES = 20


def attempts(trace: Trace, cards: Cards) -> str:
    """Programs that were not accepted, each with its fault, and the steps of those that ran."""
    ran = [attempt for attempt in trace.attempts if attempt.kind == RUNTIME]
    steps = _earlier(trace, cards)
    rows = ""
    for number, attempt in enumerate(trace.attempts[:ATTEMPTS], 1):
        its = steps if len(ran) == 1 and attempt is ran[0] else ""
        body = f'{code(attempt.program)}<p class="label">Why</p>{listing(attempt.fault)}{its}'
        head = f'Attempt {number} <b class="flag">{refusal(attempt)}</b>'
        rows += f"<li>{details(head, body, kind='fold wrong')}</li>"
        steps = "" if its else steps
    if not rows and not steps:
        return ""
    title = f"Steps of these programs <span class='soft'>{len(trace.earlier)}</span>"
    rest = f"<li>{details(title, steps, kind='fold')}</li>" if steps else ""
    more = left_out(len(trace.attempts), ATTEMPTS, "attempts")
    return section("attempts", "Not accepted", f'<ol class="folds">{rows}{rest}</ol>{more}')


def _earlier(trace: Trace, cards: Cards) -> str:
    made = cards.of(trace.earlier, EARLIER, "earlier-")
    if not made:
        return ""
    more = left_out(len(trace.earlier), EARLIER, "steps")
    head = f'<p class="label">{counted(len(trace.earlier), "step")} that ran</p>'
    return f'{head}<div class="steps">{made}</div>{more}'


def votes(trace: Trace) -> str:
    """The programs of several samples, and what came of each."""
    if not trace.votes:
        return ""
    rows = "".join(_vote(vote, _agrees(vote, trace)) for vote in trace.votes[:VOTES])
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Samples", "Outcome", "Answer"))
    among = agreement(trace)
    share = f"{trace.confidence:.0%}".replace("%", " %") if trace.confidence is not None else ""
    says = f'<p class="lead">{text(among[:1].upper() + among[1:])} ({share}).</p>' if among else ""
    more = left_out(len(trace.votes), VOTES, "votes")
    table = f"<table><thead><tr>{heads}</tr></thead>{rows}</table>"
    return section("votes", "Votes", f"{says}{table}{more}")


def _agrees(vote: Vote, trace: Trace) -> bool:
    same = vote.answer.lower() == trace.answer.lower()
    return trace.status == "answered" and vote.status == "answered" and same


def _vote(vote: Vote, agrees: bool) -> str:
    status = vote.status if vote.status in WORDS else "failed"
    said = describe(vote.answer or vote.fault.partition("\n")[0], 240)
    flag = ' <b class="flag">the answer</b>' if agrees else ""
    why = f'<p class="label">Why</p>{listing(vote.fault)}' if vote.fault not in ("", said) else ""
    chosen = ' class="agrees"' if agrees else ""
    program = details("Program", code(vote.program) + why, kind="bare")
    return f"""<tbody{chosen}><tr>
<td class="count">{vote.count}</td>
<td><span class="status {status}">{icon(status)}{WORDS[status]}</span></td>
<td><span dir="auto">{text(said)}</span>{flag}</td>
</tr><tr><td colspan="3">{program}</td></tr></tbody>"""
