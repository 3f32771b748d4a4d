"""Whether two programs mean the same: by their text, or else by their answers on random worlds.

The worlds are drawn over the words of both programs. From many of them some are chosen on which
the reference's answers differ as evenly as can be had, and the oracle answers both programs there.
What that cannot decide is not taken for equivalent.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from visprog.errors import ProgramError, SettingsError
from visprog.eval.folding import canonical
from visprog.eval.outcomes import ANSWER, Outcome
from visprog.eval.shrinking import shrink
from visprog.eval.vocabulary import Vocabulary
from visprog.eval.worlds import SIDE, World, draw
from visprog.execution import Ended, Engine, Limits, run
from visprog.inputs import input_kinds, input_values
from visprog.lang.checked import Checked, Checker
from visprog.lang.parse import parse
from visprog.tool import Toolset
from visprog.values import Image, derive_keys

SAME, AGREES, DIFFERS, UNDECIDED, OPAQUE = "same", "agrees", "differs", "undecided", "opaque"
VERDICTS = (SAME, AGREES, DIFFERS, UNDECIDED, OPAQUE)
DRAWN = 100  # worlds a round
ROUNDS = 4
ABSTAINED = 0.2  # the most of the chosen worlds on which the reference has no answer
BALANCE = 0.3  # of the chosen worlds with other answers than the most frequent, from which to stop
VARIED = 0.1  # the least share of such worlds that decides anything
STRIDE = 10  # worlds that the written program answers together
LIMITS = Limits(steps=20_000, seconds=20.0)
PIXELS = np.zeros((SIDE, SIDE, 3), np.uint8)  # an oracle does not look at them


@dataclass(frozen=True)
class Difference:
    """A world on which two programs answer differently, as small as it can be, and the answers."""

    world: World
    reference: Outcome
    written: Outcome


@dataclass(frozen=True)
class Verdict:
    """`kind`: one of VERDICTS.

    SAME: one canonical text; AGREES: the same answers on `worlds` worlds, where the reference's
    varied; DIFFERS: on a world; UNDECIDED: the same answers, but they varied too little to say;
    OPAQUE: the same, but the oracle knows no answer of the reference on any world.
    """

    kind: str
    worlds: int = 0
    difference: Difference | None = None

    @property
    def equivalent(self) -> bool:
        return self.kind in (SAME, AGREES)

    @property
    def decided(self) -> bool:
        return self.kind not in (UNDECIDED, OPAQUE)


class Differential:
    """Compares programs by running both. To be closed."""

    def __init__(self, oracle: Callable[[Path], Toolset], graphs: int = 50, seed: int = 0) -> None:
        """
        Args:
            oracle: the tools that answer from a file of scene graphs.
            graphs: how many worlds two programs are compared on; `seed`: of the worlds.

        Raises:
            SettingsError: fewer than two graphs, on which no answer varies.
        """
        if graphs < 2:
            raise SettingsError(f"programs are compared on 2 graphs or more, not on {graphs}")
        self.graphs = graphs
        self.seed = seed
        self._oracle = oracle
        self._folder = TemporaryDirectory(prefix="visprog-worlds-")
        self._file = Path(self._folder.name) / "worlds.json"
        self._tools = oracle(self._file)
        self._checker = Checker(self._tools)

    def close(self) -> None:
        self._folder.cleanup()

    def __enter__(self) -> Differential:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def compare(self, reference: str, written: str, pictures: int = 1) -> Verdict:
        """Whether a written program means what the reference does.

        Raises:
            ProgramError: the written one does not fit the oracle's tools, and the reference does.
        """
        kinds = input_kinds(pictures)
        texts = parse(reference), parse(written)
        if canonical(texts[0]) == canonical(texts[1]):
            return Verdict(SAME)
        try:
            ours = self._checker(reference, kinds)
        except ProgramError:  # the oracle lacks one of its tools
            return Verdict(OPAQUE)
        theirs = self._checker(written, kinds)
        vocabulary = Vocabulary.of(texts, self._tools)
        rng = random.Random(f"{self.seed}\n{reference}\n{written}")
        pool = self._pool(ours, lambda: draw(vocabulary, rng, pictures))
        worlds, answers = zip(*_chosen(pool, self.graphs), strict=True)
        for place, answer in enumerate(self._answers(theirs, worlds)):
            if not answers[place].equals(answer):
                found = Difference(worlds[place], answers[place], answer)
                return Verdict(DIFFERS, place + 1, self._shrunk(ours, theirs, found))
        if not any(answer.kind == ANSWER for answer in answers):
            return Verdict(OPAQUE, len(worlds))
        varied = _varied(answers) >= VARIED * len(answers)
        return Verdict(AGREES if varied else UNDECIDED, len(worlds))

    def _shrunk(self, ours: Checked, theirs: Checked, found: Difference) -> Difference:
        """A difference of the same sort on as few things as can be."""
        sort = found.reference.kind, found.written.kind

        def answers(worlds: Sequence[World]) -> list[tuple[Outcome, Outcome]]:
            pairs = [list(self._answers(program, worlds)) for program in (ours, theirs)]
            return list(zip(*pairs, strict=True))

        def differ(worlds: Sequence[World]) -> list[bool]:
            return [(a.kind, b.kind) == sort and not a.equals(b) for a, b in answers(worlds)]

        small = shrink(found.world, differ)
        return Difference(small, *answers([small])[0])

    def _pool(self, program: Checked, drawn: Callable[[], World]) -> list[tuple[World, Outcome]]:
        """Worlds with the reference's answers, until there are enough of different ones."""
        pool: list[tuple[World, Outcome]] = []
        for number in range(ROUNDS):
            worlds = [drawn() for _ in range(max(DRAWN, self.graphs))]
            pool += zip(worlds, self._answers(program, worlds), strict=True)
            answers = [answer for _, answer in pool]
            known = sum(answer.kind == ANSWER for answer in answers)
            enough = known >= (1 - ABSTAINED) * self.graphs
            if enough and _varied(answers) >= BALANCE * self.graphs:
                break
            if number and not known:  # the oracle cannot answer it
                break
        return pool

    def _answers(self, program: Checked, worlds: Sequence[World]) -> Iterator[Outcome]:
        """A program's answers on worlds, in order, a few worlds at a time."""
        named = {
            f"{place}/{name}": graph
            for place, world in enumerate(worlds)
            for name, graph in graphs_of(world).items()
        }
        self._file.write_text(json.dumps(named), encoding="utf-8")
        engine = Engine(self._oracle(self._file))
        try:
            for start in range(0, len(worlds), STRIDE):
                places = range(start, min(start + STRIDE, len(worlds)))
                yield from _ends(engine, program, {place: worlds[place] for place in places})
        finally:
            engine.close()


def graphs_of(world: World) -> dict[str, Any]:
    """The scene graphs of a world by the names of their pictures, as a program has them."""
    return {f"image{part}" if part > 1 else "image": graph for part, graph in enumerate(world, 1)}


def _ends(engine: Engine, program: Checked, worlds: Mapping[int, World]) -> list[Outcome]:
    """A program's answers on some worlds, by their numbers."""
    runs = {
        place: run(program, engine.tools, input_values(_pictures(place, world)), LIMITS)
        for place, world in worlds.items()
    }
    made = {place: event for place, event in engine.drive(runs) if isinstance(event, Ended)}
    return [Outcome.of(made[place]) for place in worlds]


def _pictures(place: int, world: World) -> list[Image]:
    return [_picture(f"{place}/{name}") for name in graphs_of(world)]


def _picture(name: str) -> Image:
    made = Image(PIXELS, name)
    derive_keys(made, lambda: name)  # in one engine a name has one graph: no pixels need be hashed
    return made


def _varied(answers: Sequence[Outcome]) -> int:
    """How many answers are others than the most frequent one."""
    counts = Counter(answer.group for answer in answers if answer.kind == ANSWER)
    return counts.total() - max(counts.values(), default=0)


def _chosen(pool: Sequence[tuple[World, Outcome]], number: int) -> list[tuple[World, Outcome]]:
    """So many of a pool, each answer in turn, and few without an answer while there are others."""
    known: dict[str, deque[tuple[World, Outcome]]] = defaultdict(deque)
    silent: list[tuple[World, Outcome]] = []
    for pair in pool:
        if pair[1].kind == ANSWER:
            known[pair[1].group].append(pair)
        else:
            silent.append(pair)
    answered: list[tuple[World, Outcome]] = []
    while known:
        for group in list(known):
            answered.append(known[group].popleft())
            if not known[group]:
                del known[group]
    kept = max(min(len(silent), round(ABSTAINED * number)), number - len(answered))
    return [*answered[: number - kept], *silent[:kept]]
