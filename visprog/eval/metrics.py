"""GQA's official metrics, from their definition (Hudson and Manning, CVPR 2019, and the evaluation
script that comes with the dataset).

Only balanced questions are scored; the others only as entailed ones. A question is *open* where its
structural type is `query`, else *binary*. All figures but the distribution are fractions, 0 to 1.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import fmean
from typing import Any

from visprog.eval.questions import Question
from visprog.eval.scoring import normal

COMMON = ("color", "material", "shape")  # the valid answers to what two things have in common
OPEN = "query"  # the structural type of open questions
SCRIPTED = (
    "gqa",
    "spatial",
)  # the tasks in GQA's form, which have these metrics

Choices = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class Share:
    """A mean over `n` questions, 0 to 1; None where there are none to take it of."""

    n: int
    rate: float | None

    @classmethod
    def of(cls, scores: Sequence[float]) -> Share:
        return cls(len(scores), fmean(scores) if scores else None)


@dataclass(frozen=True)
class Figures:
    """The official figures of some predictions.

    `validity`, `plausibility`: None where no choices are given; `distribution`: lower is better, 0
    where answers are as frequent as they should be, None where no question has a global group;
    `structural`, `semantic`, `detailed`, `steps`, `words`: accuracy of the questions of each.
    """

    accuracy: Share
    binary: Share
    open: Share
    validity: Share | None
    plausibility: Share | None
    consistency: Share
    distribution: float | None
    structural: Mapping[str, Share] = field(default_factory=dict)
    semantic: Mapping[str, Share] = field(default_factory=dict)
    detailed: Mapping[str, Share] = field(default_factory=dict)
    steps: Mapping[int, Share] = field(default_factory=dict)
    words: Mapping[int, Share] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """In percent, by the names of the official script; None is what cannot be computed."""
        named = {"accuracy": self.accuracy, "binary": self.binary, "open": self.open}
        named |= {"consistency": self.consistency}
        made: dict[str, Any] = {name: _percent(share) for name, share in named.items()}
        made |= {"validity": _percent(self.validity), "plausibility": _percent(self.plausibility)}
        tables: dict[str, Mapping[Any, Share]] = {
            "accuracyPerStructuralType": self.structural,
            "accuracyPerSemanticType": self.semantic,
            "accuracyPerDetailedType": self.detailed,
            "accuracyPerSteps": self.steps,
            "accuracyPerLength": self.words,
        }
        for name, table in tables.items():
            made[name] = {str(key): _percent(share) for key, share in table.items()}
        return {**made, "distribution": self.distribution}


def _percent(share: Share | None) -> float | None:
    return None if share is None or share.rate is None else 100 * share.rate


def official(
    questions: Iterable[Question],
    predictions: Mapping[str, str],
    choices: Choices | None = None,
) -> Figures:
    """The official figures of predictions.

    Args:
        questions: all that the file has, also those that are not balanced.
        predictions: the answer to each question, as it is compared: by plain equality with the
            right one, or with that as `normal` has it (GQA's are so already). A question without
            one is answered wrongly.
        choices: the valid and the plausible answers to each question.
    """
    asked = {question.id: question for question in questions}
    scored = [question for question in asked.values() if question.balanced]
    right = {name: _is(predictions.get(name), one.answer) for name, one in asked.items()}

    def rates(key: Callable[[Question], Any]) -> dict[Any, Share]:
        table: dict[Any, list[float]] = defaultdict(list)
        for question in scored:
            table[key(question)].append(right[question.id])
        return {name: Share.of(scores) for name, scores in sorted(table.items())}

    def accuracy(wanted: Callable[[Question], bool]) -> Share:
        return Share.of([right[question.id] for question in scored if wanted(question)])

    def among(key: str) -> Share | None:
        listed = [(one, (choices or {}).get(one.id, {}).get(key)) for one in scored]
        scores = [
            belongs(predictions.get(one.id, ""), texts, one.detailed)
            for one, texts in listed
            if texts is not None
        ]
        return Share.of(scores) if choices else None

    return Figures(
        accuracy=accuracy(lambda question: True),
        binary=accuracy(lambda question: question.structural != OPEN),
        open=accuracy(lambda question: question.structural == OPEN),
        validity=among("valid"),
        plausibility=among("plausible"),
        consistency=Share.of(_consistencies(scored, asked, right)),
        distribution=_distribution(scored, predictions),
        structural=rates(lambda question: question.structural),
        semantic=rates(lambda question: question.semantic),
        detailed=rates(lambda question: question.detailed),
        steps=rates(lambda question: question.steps),
        words=rates(lambda question: question.words),
    )


def _is(given: str | None, answer: str) -> bool:
    return bool(given) and (given == answer or given == normal(answer))


_listed = lru_cache(maxsize=8192)(normal)  # the lists of a set have few answers, many times


def belongs(answer: str, listed: Sequence[str], detailed: str) -> bool:
    """Whether an answer is one of the listed, as they are or as `normal` has them; of a question
    for what two things have in common, whether it is such a thing. None is no answer."""
    if "Common" in detailed:
        return answer in COMMON
    return bool(answer) and (answer in listed or answer in map(_listed, listed))


def _consistencies(
    scored: Iterable[Question], asked: Mapping[str, Question], right: Mapping[str, bool]
) -> list[float]:
    """Of each question answered rightly, the share right of those that its answer entails."""
    made = []
    for question in scored:
        others = [name for name in question.entailed if name != question.id and name in asked]
        if right[question.id] and others:
            made.append(fmean(right[name] for name in others))
    return made


def _distribution(scored: Iterable[Question], predictions: Mapping[str, str]) -> float | None:
    """The chi-square distance of how often answers were given from how often they are right, in
    each global group, weighted by the groups' sizes; over 100. Answers that are right for no
    question of the group are not looked at."""
    groups: dict[str, list[Question]] = defaultdict(list)
    for question in scored:
        if question.group_global is not None:
            groups[question.group_global].append(question)
    weighted, total = 0.0, 0
    for asked in groups.values():
        forms = {question.answer: normal(question.answer) for question in asked}
        gold = Counter(forms[question.answer] for question in asked)
        answers = (predictions.get(question.id, "") for question in asked)
        given = Counter(forms.get(answer, answer) for answer in answers)
        chi = sum((given[answer] - n) ** 2 / n for answer, n in gold.items())
        weighted += chi * len(asked)
        total += len(asked)
    return weighted / total / 100 if total else None


# -- questions that are right together


TOGETHER = {  # by the key of `Question.meta` that names what a question belongs to
    "statement": "statement_consistency",
    "pair": "pair_accuracy",
    "set": "set_accuracy",
}


def together(questions: Iterable[Question], right: Mapping[str, bool]) -> dict[str, Share]:
    """The shares of groups of which every question is answered rightly, by their names in TOGETHER:
    NLVR2's consistency (the pairs of pictures that share a statement), What'sUp's accuracy of pairs
    and of sets. Only those that the questions have; a question that is not in `right` is wrong.
    """
    table: dict[str, dict[str, bool]] = defaultdict(dict)
    for question in questions:
        for key, name in TOGETHER.items():
            if (group := question.meta.get(key)) is not None:
                table[name][group] = table[name].get(group, True) and right.get(question.id, False)
    return {name: Share.of([*groups.values()]) for name, groups in table.items()}


# -- protocols of others, never to be mixed with figures of a whole set


def sampled(questions: Sequence[Question], most: int, seed: int) -> list[Question]:
    """At most `most` questions of each detailed type, drawn with a seed, in their order: the
    protocol of VisProg (Gupta and Kembhavi, CVPR 2023). Drawn are balanced ones, as these alone
    are scored; others where no question is balanced."""
    drawn = random.Random(seed)
    some = any(question.balanced for question in questions)
    by_type: dict[str, list[int]] = defaultdict(list)
    for place, question in enumerate(questions):
        if question.balanced or not some:
            by_type[question.detailed].append(place)
    kept: set[int] = set()
    for _, places in sorted(by_type.items()):
        kept.update(drawn.sample(places, min(most, len(places))))
    return [questions[place] for place in sorted(kept)]


ARTICLES = ("a", "an", "the")
MARKS = ';/[]"{}()=+\\_-><@`,?!'  # that become spaces, or nothing; dots are apart
NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
} | {"none": "0"}
CONTRACTED = {  # with and without their apostrophes
    full.replace("'", ""): full
    for end, words in (
        ("n't", "ai are ca could did do does had has have is might must need ought sha should was"),
        ("n't", "were wo would"),
        ("'ve", "could might must not should they we what where who would you"),
        ("'d", "he how it someone there they where who you"),
        ("'ll", "how it somebody someone something they what who why you"),
        ("'s", "he how somebody someone that there what when where who why"),
        ("'re", "there they what why you"),
        ("", "ma'am o'clock 'twas y'all"),
    )
    for full in (word + end for word in words.split())
}


def vipergpt_right(prediction: str, answer: str) -> bool:
    """Whether ViperGPT (Surís et al., ICCV 2023) counts an answer on GQA as right: it is compared
    as the VQA challenge has it, with the right answer as the file has it (so `t-shirt`, which the
    normalisation changes, is never right). Unlike there, an answer that was not given is wrong;
    there it is `no`."""
    return bool(prediction) and vqa_normal(prediction) == answer


def vqa_normal(text: str) -> str:
    """An answer as the VQA challenge compares it: lower case, numbers as digits, without articles
    and marks, with the apostrophes of contractions (of one each: not `couldn't've`).

    Source: the evaluation of VQA (Antol et al., ICCV 2015). A mark becomes a space; but it leaves
    nothing where it stands beside a space, or where a number has commas, anywhere in the answer.
    """
    plain = " ".join(text.split()).lower()
    commas = re.search(r"\d,\d", plain) is not None
    lone = [mark for mark in MARKS if commas or f"{mark} " in plain or f" {mark}" in plain]
    spaced = plain.translate({ord(mark): "" if mark in lone else " " for mark in MARKS})
    words = [NUMBERS.get(word, word) for word in re.sub(r"\.(?!\d)", "", spaced).split()]
    return " ".join(CONTRACTED.get(word, word) for word in words if word not in ARTICLES)
