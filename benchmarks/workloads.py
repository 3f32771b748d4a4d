"""The programs that the engines run. Each is deterministic: the same number gives the same program.

A program is a text in the subset of Python that all engines share, whose last line returns the
answer; beside it stands what peers without a language build theirs from: its steps, or the name and
words of its template.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

THINGS = (
    *("dog", "cat", "man", "woman", "car", "table", "chair", "ball", "bottle", "shirt"),
    *("tree", "sign", "bag", "horse", "cup", "hat", "bench", "window", "plate", "phone"),
)
SCENES = (
    *("Is it indoors?", "Is it sunny?", "What is the weather like?"),
    *("Is this a kitchen?", "How many people are there?"),
)
PICTURES = 20


@dataclass(frozen=True)
class Step:
    """`out = tool(args)`. `tool`: of the stubs, or a comparison; `args`: variables and texts."""

    out: str
    tool: str
    args: tuple[str, ...]

    def variables(self) -> set[str]:
        """Those it needs: of a model call the picture only."""
        return {self.args[0]} if self.tool in ("loc", "vqa") else set(self.args)


@dataclass(frozen=True)
class Program:
    """`steps`: of a straight program, the answer being what `result` names; else `template` is the
    name of the function below that wrote it, and `words` what it was given."""

    number: int
    picture: int
    source: str
    steps: tuple[Step, ...] = ()
    result: str = ""
    template: str = ""
    words: dict[str, str] = field(default_factory=dict)

    def python(self, last: str) -> str:
        """The text with another last line, such as `answer = {}`, in place of `return ...`."""
        body, _, value = self.source.rpartition("return ")
        return body + last.format(value)


# -- straight: 5 to 8 steps, questions about 20 pictures interleaved

SIGNS = {"more": "{} > {}", "same": "{} == {}", "both": '{} > 0 and {} == "yes"'}


def compare(sign: str, left: Any, right: Any) -> bool:
    """What a step with one of SIGNS gives, for peers that do not read the text."""
    if sign == "more":
        return bool(left > right)
    return bool(left == right) if sign == "same" else bool(left > 0 and right == "yes")


class _Straight:
    """Writes one program. The draws, and their order, are the workload: they fix its counts."""

    def __init__(self, rng: random.Random, things: list[str]) -> None:
        self.rng = rng
        self.steps: list[Step] = []
        self.first = self.draw(things)
        self.second = self.first
        while self.second == self.first:
            self.second = self.draw(things)

    def draw(self, things: list[str]) -> str:
        return self.rng.choices(things, weights=[6, 4, 3, 2, 1, 1])[0]

    def add(self, out: str, tool: str, *args: str) -> None:
        self.steps.append(Step(out, tool, args))

    def counts(self) -> str:
        for place, thing in enumerate((self.first, self.second)):
            self.add(f"box{place}", "loc", "image", thing)
            self.add(f"n{place}", "count", f"box{place}")
        self.add("answer", "more", "n0", "n1")
        return "answer"

    def colors(self) -> str:
        for place, thing in enumerate((self.first, self.second)):
            self.add(f"box{place}", "loc", "image", thing)
            self.add(f"part{place}", "crop", "image", f"box{place}")
            self.add(f"a{place}", "vqa", f"part{place}", f"What color is the {thing}?")
        self.add("answer", "same", "a0", "a1")
        return "answer"

    def beside(self) -> str:
        side = "crop_left_of" if self.rng.random() < 0.5 else "crop_right_of"
        self.add("box0", "loc", "image", self.first)
        self.add("part0", side, "image", "box0")
        self.add("box1", "loc", "part0", self.second)
        self.add("part1", "crop", "part0", "box1")
        self.add("answer", "vqa", "part1", f"What is the {self.second} doing?")
        return "answer"

    def there(self) -> str:
        scene = self.rng.choice(SCENES[:2])
        self.add("box0", "loc", "image", self.first)
        self.add("n0", "count", "box0")
        self.add("a0", "vqa", "image", scene)
        self.add("a1", "vqa", "image", f"Is there a {self.second}?")
        self.add("answer", "both", "n0", "a0")
        return "answer"

    def color(self) -> str:
        self.add("box0", "loc", "image", self.first)
        self.add("part0", "crop", "image", "box0")
        self.add("a0", "vqa", "part0", f"What color is the {self.first}?")
        self.add("a1", "vqa", "image", self.rng.choice(SCENES))
        return "a0"


def _line(step: Step) -> str:
    if step.tool in SIGNS:
        return f"{step.out} = {SIGNS[step.tool].format(*step.args)}"
    args = list(step.args)
    if step.tool in ("loc", "vqa"):
        args[1] = f'"{args[1]}"'
    return f"{step.out} = {step.tool}({', '.join(args)})"


def straight(count: int, pictures: int = PICTURES, *, grow: bool = False) -> Iterator[Program]:
    """Programs without branches. 200 have 1,240 steps and 600 model calls, 344 of them distinct.

    `grow`: ten programs a picture, one picture after another, instead of `pictures` in turn.
    """
    rng = random.Random(7)
    kinds = (_Straight.counts, _Straight.colors, _Straight.beside, _Straight.there, _Straight.color)
    known = [rng.sample(THINGS, 6) for _ in range(pictures)]
    for number in range(count):
        picture = number % pictures
        writer = _Straight(rng, known[picture])
        result = kinds[(number // pictures + picture) % 5](writer)
        lines = [*map(_line, writer.steps), f"return {result}"]
        shown = number // 10 if grow else picture
        yield Program(number, shown, "\n".join(lines) + "\n", tuple(writer.steps), result)


# -- control: branches, loops over detected regions, comprehensions, helpers

TEMPLATES = {
    "counted": """\
found = loc(image, "{crowd}")
total = 0
for region in found:
    if vqa(part(region), "Is the {thing} near it?") == "yes":
        total += 1
return total
""",
    "branched": """\
found = loc(image, "{thing}")
if count(found) > 1 and vqa(image, "{scene}") == "yes":
    beside = crop_left_of(image, found)
    answer = vqa(crop(beside, loc(beside, "{other}")), "What color is the {other}?")
else:
    answer = vqa(crop(image, found), "What is the {thing} doing?")
return answer
""",
    "filtered": """\
found = loc(image, "{crowd}")
kept = [r for r in found if vqa(part(r), "Is it next to the {thing}?") == "yes"]
colors = [vqa(part(r), "What color is it?") for r in kept]
return f"{{len(kept)}} of {{count(found)}}, red {{len([c for c in colors if c == 'red'])}}"
""",
    "helped": """\
def alike(picture: Image, first: str, second: str) -> bool:
    one = vqa(crop(picture, loc(picture, first)), "What color is it?")
    two = vqa(crop(picture, loc(picture, second)), "What color is it?")
    return one == two

names = ["{thing}", "{other}", "{third}"]
return len([name for name in names if alike(image, name, "{fourth}")])
""",
    "nested": """\
def inner(region: Region, name: str) -> int:
    inside = part(region)
    return len([r for r in loc(inside, name) if vqa(part(r), "Is it small?") == "yes"])

most = 0
for region in loc(image, "{crowd}"):
    here = inner(region, "{thing}s")
    if here > most:
        most = here
return most
""",
}


def control(count: int, pictures: int = PICTURES) -> Iterator[Program]:
    """Programs with control flow, five templates in turn; iterations do not need each other."""
    rng = random.Random(11)
    known = [rng.sample(THINGS, 6) for _ in range(pictures)]
    names = tuple(TEMPLATES)
    for number in range(count):
        picture = number % pictures
        thing, other, third, fourth = rng.sample(known[picture], 4)
        words = {
            **{"thing": thing, "other": other, "third": third, "fourth": fourth},
            **{"crowd": rng.choice(known[picture][:3]) + "s", "scene": rng.choice(SCENES[:2])},
        }
        template = names[(number // pictures + picture) % len(names)]
        source = TEMPLATES[template].format(**words)
        yield Program(number, picture, source, template=template, words=words)


# -- wide: few pictures, many questions, hardly any asked twice

FANNED = """\
questions = [{questions}]
answers = [vqa(image, question) for question in questions]
agreed = len([answer for answer in answers if answer == "yes"])
if agreed > {half}:
    verdict = vqa(image, f"Is the scene {{agreed}} of {many} a {thing}?")
else:
    verdict = "no"
return f"{{agreed}} {{verdict}}"
"""


def asked(words: dict[str, str]) -> list[str]:
    """The questions of a wide program."""
    return [f"Is it a {words['thing']} of sort {sort}?" for sort in words["sorts"].split()]


def wide(count: int, pictures: int = 4) -> Iterator[Program]:
    """Programs that put 8 to 12 questions to one picture at once, and one more after them."""
    rng = random.Random(13)
    for number in range(count):
        many = rng.randint(8, 12)
        sorts = rng.sample(range(10_000), many)
        words = {"thing": rng.choice(THINGS), "sorts": " ".join(map(str, sorts))}
        words |= {"many": str(many), "half": str(many // 2)}
        questions = ", ".join(f'"{question}"' for question in asked(words))
        source = FANNED.format(questions=questions, **words)
        yield Program(number, number % pictures, source, template="fanned", words=words)


WORKLOADS = {"straight": straight, "control": control, "wide": wide}
