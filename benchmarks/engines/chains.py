"""langchain: a chain of runnables for each program, its independent steps in parallel.

A chain cannot be read from a program's text, so each template is built by hand, with the class that
langchain has for each construct: RunnableParallel, RunnableBranch, `map` over a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import itemgetter
from typing import Any

from langchain_core.runnables import (
    RunnableBranch,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from stubs import PURE, Models, count, crop, crop_left_of, part
from workloads import Program, Step, asked, compare

from engines import Engine, Pictures

Chain = Any  # a Runnable
TOGETHER = 32
Words = dict[str, str]


def of(func: Callable[[Any], Any]) -> Chain:
    return RunnableLambda(func)


class Chains:
    """Builds the chain of a program; its input is the picture."""

    def __init__(self, models: Models) -> None:
        self.loc, self.vqa = models.loc, models.vqa

    def chain(self, program: Program) -> Chain:
        if program.steps:
            return self.straight(program)
        built: Chain = getattr(self, program.template)(program.words)
        return built

    def straight(self, program: Program) -> Chain:
        """Level by level: every step whose arguments are there goes with those of its level."""
        known, waiting = {"image"}, list(program.steps)
        chain: Chain = of(lambda image: {"image": image})
        while waiting:
            level = [step for step in waiting if step.variables() <= known]
            chain |= RunnablePassthrough.assign(**{s.out: self.step(s) for s in level})
            known.update(step.out for step in level)
            waiting = [step for step in waiting if step not in level]
        return chain | of(lambda state: state[program.result])

    def step(self, step: Step) -> Chain:
        first, second = (*step.args, "")[:2]
        if step.tool in ("loc", "vqa"):
            model = self.loc if step.tool == "loc" else self.vqa
            return of(lambda state: model(state[first], second))
        if step.tool in PURE:
            return of(lambda state: PURE[step.tool](*(state[name] for name in step.args)))
        return of(lambda state: compare(step.tool, state[first], state[second]))

    def counted(self, words: Words) -> Chain:
        near = of(lambda region: self.vqa(part(region), f"Is the {words['thing']} near it?"))
        found = of(lambda image: self.loc(image, words["crowd"]))
        return found | near.map() | of(lambda answers: answers.count("yes"))

    def branched(self, words: Words) -> Chain:
        thing, other = words["thing"], words["other"]
        several = of(
            lambda state: (
                count(state["found"]) > 1 and self.vqa(state["image"], words["scene"]) == "yes"
            )
        )
        beside = RunnablePassthrough.assign(
            beside=of(lambda state: crop_left_of(state["image"], state["found"]))
        ) | RunnablePassthrough.assign(inner=of(lambda state: self.loc(state["beside"], other)))
        return RunnableParallel(
            image=RunnablePassthrough(), found=lambda im: self.loc(im, thing)
        ) | RunnableBranch(
            (
                several,
                beside
                | of(
                    lambda state: self.vqa(
                        crop(state["beside"], state["inner"]), f"What color is the {other}?"
                    )
                ),
            ),
            of(
                lambda state: self.vqa(
                    crop(state["image"], state["found"]), f"What is the {thing} doing?"
                )
            ),
        )

    def filtered(self, words: Words) -> Chain:
        question = f"Is it next to the {words['thing']}?"
        near = RunnableParallel(
            region=RunnablePassthrough(), near=lambda region: self.vqa(part(region), question)
        )
        color = of(lambda one: self.vqa(part(one["region"]), "What color is it?"))
        kept = of(lambda each: [one for one in each if one["near"] == "yes"])
        colored = RunnableParallel(all=of(len), colors=kept | color.map())
        return (
            of(lambda image: self.loc(image, words["crowd"]))
            | near.map()
            | colored
            | of(lambda s: f"{len(s['colors'])} of {s['all']}, red {s['colors'].count('red')}")
        )

    def helped(self, words: Words) -> Chain:
        def color(place: int) -> Chain:
            return of(lambda given: (given[0], self.loc(given[0], given[place]))) | of(
                lambda pair: self.vqa(crop(*pair), "What color is it?")
            )

        alike = RunnableParallel(one=color(1), two=color(2)) | of(lambda s: s["one"] == s["two"])
        names = [words["thing"], words["other"], words["third"]]
        given = of(lambda image: [(image, name, words["fourth"]) for name in names])
        return given | alike.map() | of(sum)

    def nested(self, words: Words) -> Chain:
        small = of(lambda region: self.vqa(part(region), "Is it small?"))
        inner = (
            of(lambda region: self.loc(part(region), words["thing"] + "s"))
            | small.map()
            | of(lambda answers: answers.count("yes"))
        )
        found = of(lambda image: self.loc(image, words["crowd"]))
        return found | inner.map() | of(lambda counts: max([0, *counts]))

    def fanned(self, words: Words) -> Chain:
        def verdict(state: Any) -> str:
            question = f"Is the scene {state['agreed']} of {words['many']} a {words['thing']}?"
            return self.vqa(state["image"], question)

        one = of(lambda pair: self.vqa(*pair))
        agreed = (
            of(lambda image: [(image, question) for question in asked(words)])
            | one.map()
            | of(lambda answers: answers.count("yes"))
        )
        return (
            RunnableParallel(image=RunnablePassthrough(), agreed=agreed)
            | RunnablePassthrough.assign(
                verdict=RunnableBranch(
                    (lambda state: state["agreed"] > int(words["half"]), of(verdict)),
                    of(lambda state: "no"),
                )
            )
            | of(lambda state: f"{state['agreed']} {state['verdict']}")
        )


class Langchain(Engine):
    """One program after another."""

    title = "langchain, a chain a program"
    package = "langchain-core"

    def answers(self, programs: Iterable[Program], pictures: Pictures) -> Iterator[tuple[int, Any]]:
        chains = Chains(self.models)
        for program in programs:
            yield program.number, chains.chain(program).invoke(pictures(program.picture))


class Threads(Langchain):
    """Programs side by side, as the branches of one RunnableParallel."""

    title = f"langchain, {TOGETHER} chains at once"

    def answers(self, programs: Iterable[Program], pictures: Pictures) -> Iterator[tuple[int, Any]]:
        chains, source = Chains(self.models), iter(programs)
        while some := list(islice(source, 200)):
            branches = {
                str(program.number): of(itemgetter(program.picture)) | chains.chain(program)
                for program in some
            }
            images = {program.picture: pictures(program.picture) for program in some}
            together = RunnableParallel(branches)
            made = together.invoke(images, config={"max_concurrency": TOGETHER})
            yield from ((int(number), answer) for number, answer in made.items())
