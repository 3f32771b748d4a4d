"""Templates of questions whether something is there."""

from __future__ import annotations

import words
from sayings import WHERE, say, whether
from things import Things

Pair = tuple[str, str]


def there_is(t: Things) -> Pair:
    x = t.thing(rate=0.45, best=False)
    if t.rng.random() < 0.5:
        s = x.a
        asked = (
            f"(Is there {s}{WHERE}|Is there {s}{WHERE}|Do you see {s}{WHERE}|Can you (see"
            f"|find|spot) {s}{WHERE}"
            f"|Does (the|this) (image|picture|photo|scene) (show|contain|have|include) {s}"
            f"|Is {s} (visible|present|shown|to be seen)|Can {s} be (seen|found){WHERE}"
            f"|Have we got {s} here"
            f"|Does {s} appear{WHERE}|Any {x.bare}{WHERE}|Is there any {x.bare}{WHERE}"
            f"|Are you able to see {s})?"
        )
        return whether(
            t.rng, asked, f"(there is {s}{WHERE}|{s} is (visible|present)|you can see {s})"
        ), f"exists({x.many})"
    s = x.plural
    asked = (
        f"(Are there (any|some|) {s}{WHERE}|Do you see (any|some|) {s}{WHERE}"
        f"|Can you (see|find|spot) any {s}{WHERE}"
        "|Does (the|this) (image|picture|photo|scene) (show|contain|have"
        f"|include) (any |){s}|Are (any |){s} (visible|present|shown)"
        f"|Any {s}{WHERE}|Can (any |){s} be (seen|found))?"
    )
    return whether(
        t.rng, asked, f"(there are (any |some |){s}{WHERE}|(any |){s} are (visible|present))"
    ), f"exists({x.many})"


def there_is_no(t: Things) -> Pair:
    x = t.thing(rate=0.3, best=False)
    asked = (
        f"(Is there no {x.bare}{WHERE}|Are there no {x.plural}{WHERE}|Is the (image"
        f"|picture|photo|scene) (free of|without) {x.plural}"
        f"|Are {x.plural} (missing|absent|not there)"
        f"|Is there not a single {x.bare}{WHERE}|Does the (picture"
        f"|photo) have no {x.plural}"
        f"|Does the (picture|photo|image|scene) lack {x.plural}"
        f"|Is (the picture|the photo|this image) missing {x.a}|Are there zero {x.plural}{WHERE}"
        f"|Is {x.a} (missing|absent|nowhere to be seen)|No {x.plural}{WHERE}"
        f"|Are {x.plural} missing from the (picture|photo|image|scene)"
        f"|Is there a lack of {x.plural}{WHERE}|Aren't there any {x.plural}{WHERE}"
        f"|Isn't there (any |){x.a}{WHERE})?"
    )
    clause = (
        f"(there is no {x.bare}{WHERE}|there are no {x.plural}{WHERE}|there (is not|isn't) {x.a}"
        f"{WHERE}|{x.a} is missing|{x.plural} are (missing|absent)|no {x.plural} are visible"
        f"|no {x.bare} is (visible|there|present))"
    )
    q = whether(t.rng, asked, clause)
    if q.startswith(("Isn't", "Aren't")):
        return q.replace("any a ", "a ").replace("any an ", "an "), f"exists({x.many})"
    return q, f"not exists({x.many})"


def somebody(t: Things) -> Pair:
    who = "(anyone|anybody|someone|somebody|any person|a person)"
    if t.rng.random() < 0.35:
        pose = t.rng.choice(words.LOOKS["pose"])
        asked = (
            f"(Is {who} {pose}{WHERE}|Can you see {who} {pose}|Is there {who} (who is "
            f"|){pose}{WHERE}|Do you see {who} {pose})?"
        )
        return whether(
            t.rng, asked, f"({who} is {pose}|there is {who} {pose})"
        ), f'exists(filter(detect(image, "person"), "{pose}"))'
    if t.rng.random() < 0.2:
        q = say(
            t.rng,
            f"(Is {who} (there|here|around|visible|in the picture)|Can you see {who}"
            "|Is the (place|scene|photo) (empty of people|without people)"
            f"|Do you see {who}{WHERE}|Is nobody (there|around)|Is no one in the picture)?",
        )
        negative = "nobody" in q.lower() or "no one" in q.lower() or "people" in q
        return q, ("not " if negative else "") + 'exists(detect(image, "person"))'
    if t.rng.random() < 0.5:
        relation = t.rng.choice(words.ACTIVE + ["wearing", "holding"] * 4 + ["on", "in"])
        ing, sings, _, kinds = words.RELATIONS[relation]
        y = t.anchor(0, kinds)
        to = t.rng.choice([y.the, y.bare if y.are else y.a])
        asked = (
            f"(Is {who} {ing} {to}{WHERE}|Is there {who} {ing} {to}"
            f"|Can you see {who} {ing} {to}|Do you see {who} (who|that) {sings} {to})?"
        )
        return whether(
            t.rng, asked, f"{who} is {ing} {to}"
        ), f'exists(related(detect(image, "person"), "{relation}", {y.one}))'
    word = t.rng.choice(list(words.SPATIAL))
    y = t.anchor(0)
    said = t.rng.choice(words.SPATIAL[word].split("|"))
    asked = (
        f"(Is {who} (standing |sitting |){said} {y.the}|Is there {who} {said} {y.the}"
        f"|Do you see {who} {said} {y.the})?"
    )
    return whether(
        t.rng, asked, f"(there is {who}|{who} is) {said} {y.the}"
    ), f'exists({word}(detect(image, "person"), {y.one}))'


def joined(t: Things) -> Pair:
    x, y = t.thing(rate=0.2, depth=0, best=False), t.thing(rate=0.2, depth=0, best=False)
    a, b, p, q = x.a, y.a, x.plural, y.plural
    e, f = f"exists({x.many})", f"exists({y.many})"
    asked, clause, program = t.rng.choice(
        [
            (
                f"(Are there both {a} and {b}{WHERE}|Are both {a} and {b} (visible|present"
                f"|there|shown)|Is there {a} and (also |){b}{WHERE}|Do you see {a} (and"
                f"|as well as|together with) {b}{WHERE}"
                f"|Are there (both |){p} and {q}{WHERE}|Are (both |){p} and {q} (visible"
                "|present)|Does the (picture|photo|scene) (show|have|contain) (both "
                f"|){a} and {b}|Can you see {p} as well as {q})?",
                f"(there are both {p} and {q}{WHERE}|both {a} and {b} are (visible|present))",
                f"{e} and {f}",
            ),
            (
                f"(Is there (either |){a} or {b}{WHERE}|Are there (either |)(any "
                f"|){p} or {q}{WHERE}|Do you see (either |){a} or {b}{WHERE}|Can (either "
                f"|){a} or {b} be seen|Are there {p} or (maybe |){q}{WHERE}"
                f"|Does the picture (show|have) (either |){p} or {q}"
                f"|Is at least one of {a} and {b} (visible|there))?",
                f"there is (either |){a} or {b}{WHERE}",
                f"{e} or {f}",
            ),
            (
                f"(Is there {a} but (no|not a|not any) {y.bare}{WHERE}"
                f"|Are there {p} but no {q}{WHERE}|Do you see {a} but no {y.bare}"
                f"|Is {a} (present|visible|there) (while|but) {b} (is|) (missing|absent|not there)"
                f"|Are {p} (present|there) with no {q} (in sight|around|)"
                f"|Is there {a} (and no|without any|without a) {y.bare}{WHERE}"
                f"|Does the (picture|photo) (show|have) {p} but not {q}|Are {p} (visible"
                f"|present) (while|and) {q} (are not|are missing|are absent))?",
                f"(there is {a} but no {y.bare}{WHERE}|there are {p} but no {q})",
                f"{e} and not {f}",
            ),
            (
                f"(Is there neither {a} nor {b}{WHERE}|Are there neither {p} nor {q}{WHERE}"
                f"|Are both {a} and {b} (missing|absent)|Is the (picture|scene) free of (both "
                f"|){p} and {q}|Are there no {p} and no {q}{WHERE})?",
                f"(there is neither {a} nor {b}|there are neither {p} nor {q}){WHERE}",
                f"not {e} and not {f}",
            ),
        ]
    )
    return whether(t.rng, asked, clause), program


def between(t: Things) -> Pair:
    x, y, z = t.thing(rate=0.2, depth=0, best=False), t.plain(), t.plain()
    one = f"right_of(left_of({x.many}, {z.one}), {y.one})"
    two = f"right_of(left_of({x.many}, {y.one}), {z.one})"
    space = f"(between|between|in between|in the space between) {y.the} and {z.the}"
    if t.rng.random() < 0.3:
        return say(
            t.rng,
            f"(How many {x.plural} are (there |){space}|Count the {x.plural} {space}"
            f"|Number of {x.plural} {space})?",
        ), f"count({one}) + count({two})"
    asked = (
        f"(Is there {x.a} {space}|Is {x.a} (placed |standing |sitting |){space}"
        f"|Are there (any |){x.plural} {space}|Does {x.a} (stand|sit|lie) {space}"
        f"|Do you see {x.a} {space}|Can you see any {x.plural} {space})?"
    )
    return whether(t.rng, asked, f"there is {x.a} {space}"), f"exists({one}) or exists({two})"
