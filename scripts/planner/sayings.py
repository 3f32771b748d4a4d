"""Ways to ask: frames around a clause, a wh-clause or a noun phrase, whatever it is about."""

from __future__ import annotations

import random

from words import expand

WHERE = (
    "(|||| in the (image|picture|photo|scene|shot|photograph|frame)| in this (image|picture|photo)"
    "| here| anywhere| in view)"
)
SAID = (
    "(Is it (true|correct|the case)|Would you say|Can (you|we) say|Do you (think|agree|believe)"
    "|Could it be|Am I right"
    "|Is it right) that {s}?"
)
CHECK = (
    "(Can|Could) you (tell me|check|see|verify|say) (if|whether) {s}?"
    "|(Tell me|Check|Verify|Find out|Determine|Let me know|Say|See) (if|whether) {s}."
    "|(I want|I would like|I need|I'd like) to know (if|whether) {s}.|I wonder (if|whether) {s}."
    "|Please (check|verify|tell me) (if|whether) {s}."
    "|(True or false|Yes or no|Right or wrong): {s}.|{s}(, (right|correct"
    "|yes or no|true or false|am I right|is that so|is that right|isn't it|don't you think)?|.|?)"
    "|Does it look like {s}?|I (think|believe|would say) {s}. (Is that right|Am I right|Correct)?"
    "|(Is this statement true|Is the following true): {s}(.|?)"
)
WONDER = (
    "(Tell me|Say|Find out|Let me know|Determine|Work out|Please say|Please tell me|Report) {s}."
    "|(Can|Could) you (tell me|say|see|work out) {s}?|Do you (know|see) {s}?"
    "|(I want|I need|I would like|I'd like) to know {s}.|I wonder {s}.|Any idea {s}?"
    "|What I want to know is {s}.|Help me find out {s}.|(Please|Kindly) work out {s}."
)
GIVE = (
    "(What is|What's) {s}?|(Give|Tell|Show) me {s}.|(State|Name|Report|Find|Identify|Describe) {s}."
    "|(Can|Could) you (give|tell) me {s}?|I (want|need|would like) to know {s}.|{s}(?|, please.)"
)


def _cased(text: str) -> str:
    return text[:1].upper() + text[1:]


def say(rng: random.Random, pattern: str) -> str:
    """One reading of a pattern, as a sentence."""
    return _cased(expand(pattern, rng))


def whether(rng: random.Random, asked: str, clause: str, rate: float = 0.3) -> str:
    """A yes/no question: as asked, or at `rate` as a clause that is to be checked."""
    if rng.random() > rate:
        return say(rng, asked)
    frame = f"({SAID})" if rng.random() < 0.3 else f"({CHECK})"
    return say(rng, frame.replace("{s}", expand(clause, rng)))


def which(rng: random.Random, asked: str, clause: str = "", noun: str = "") -> str:
    """A wh-question: as asked, with a clause ("what color the dog is"), or by a noun phrase."""
    forms = [(asked, "{s}")] * 4
    forms += [(clause, f"({WONDER})")] * 2 if clause else []
    forms += [(noun, f"({GIVE})")] * 2 if noun else []
    said, frame = rng.choice(forms)
    return say(rng, frame.replace("{s}", expand(said, rng)))
