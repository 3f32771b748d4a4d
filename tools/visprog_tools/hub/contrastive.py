"""Pictures and texts compared by models that encode either into one space."""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from visprog.errors import ToolError, VisprogError
from visprog.tool import Output
from visprog.values import Image, Region, Unknown
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.encoding import pixel_values, place_of_view, unit, view
from visprog_tools.hub.phrases import contrast, described, label_of, measured
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.replies import plain, word
from visprog_tools.pixels import Pixels

Subject = Region | Image
Logits = Sequence[float]

MARGIN = 0.1  # between the shares of the best two options: a smaller one is told of
DENIAL = re.compile(
    r"(?:(?:it|this|that) )?(?:(?:is|are|it's) )?(?:not|isn't|aren't) ", re.IGNORECASE
)
TEXTS = 256  # that are encoded in one pass


class Asked(NamedTuple):
    """One call: a picture, or the part of one, is compared with texts; `read` makes the result of
    the logits, as many as the texts."""

    subject: Subject
    texts: Sequence[str]
    read: Callable[[Logits], Output]


class Contrastive(HubBackend):
    """A model of two towers, trained to tell which text belongs to which picture.

    A region is shown as its box and a tenth of the longer side around it, since detectors' boxes
    are tight, and then as square as the picture allows: networks of this kind see squares, and cut
    the ends of anything longer off, or squeeze it. Of a whole picture that is not square, those
    that cut see the middle. What stands near a thing may so take part in its answers.

    Such models know names well, and attributes less; they hardly read negation (Alhamoud et al.,
    CVPR 2025, arXiv 2501.09425), order and number. So a denial is turned into a statement and its
    answer turned round; place and size, which the part does not show, are measured.
    """

    serves: ClassVar[tuple[str, ...]] = ("match", "classify", "choose", "verify")
    batch = 32

    LABEL: ClassVar[str] = "a photo of a {}."  # of a name (Radford et al. 2021, section 3.1.4)
    PHRASE: ClassVar[str] = "a photo of {}."  # of a text that has its own article, or needs none
    NEUTRAL: ClassVar[str] = "something"  # says nothing of a thing
    DENIAL: ClassVar[re.Pattern[str]] = DENIAL
    SCRIPT: ClassVar[re.Pattern[str]] = re.compile(r"\w")  # what a text must have to be read
    LANGUAGE: ClassVar[str] = "words"
    longest: ClassVar[int] = 0  # word pieces of a text; 0: by the configuration
    probable: ClassVar[bool] = False  # the logit of one pair is that of a probability

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._pixels = Pixels({})
        self._pictures = Remembered(64 * 2**20)
        self._texts = Remembered(16 * 2**20)

    @abstractmethod
    def pieces(self, text: str) -> list[int]:
        """The word pieces of a text, with those that begin and end it."""

    @abstractmethod
    def text_vectors(self, pieces: Sequence[list[int]], module: Any) -> Any:
        """(n, d) of the text tower."""

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        asked = [self._failing(tool, call, module) for call in calls]
        compared = [one for one in asked if isinstance(one, Asked)]
        texts = self._encode([text for one in compared for text in one.texts], module)
        pictures = self._look([one.subject for one in compared], module)
        scale = float(module.logit_scale.float().exp())
        bias = float(module.logit_bias.float()) if self.probable else 0.0
        made: list[Result] = []
        for one in asked:
            if not isinstance(one, Asked):
                made.append(one)
                continue
            picture = pictures[place_of_view(one.subject)]
            logits = [scale * float(texts[text] @ picture) + bias for text in one.texts]
            if all(map(math.isfinite, logits)):
                made.append(one.read(logits))
            else:
                made.append(ToolError(f"{tool}: {self.name} gave likenesses that are no numbers"))
        return made

    # -- what calls ask

    def _failing(self, tool: str, call: Mapping[str, Any], module: Any) -> Asked | Result:
        try:
            asked = self._asked(tool, call)
        except VisprogError as error:
            return error
        if isinstance(asked, Asked):
            most = self.longest or int(module.config.text_config.max_position_embeddings)
            for text in asked.texts:
                if self._texts.get(text) is None and (taken := len(self.pieces(text))) > most:
                    why = f"{self.name} reads texts of {most} word pieces, and {plain(text, 80)!r} "
                    return Output(Unknown(f"{why}takes {taken}: ask in fewer words"))
        return asked

    def _asked(self, tool: str, call: Mapping[str, Any]) -> Asked | Output:
        subject = call["image"] if tool in ("match", "classify") else call["subject"]
        if tool == "match":
            said = [call["text"]]
        else:
            said = [call["statement"]] if tool == "verify" else list(call["options"])
        if not said:
            raise ToolError(f"{tool}: want options, got none")
        for text in said:
            if not word(text):
                raise ToolError(f"{tool}: want words, got an empty text")
            if not self.SCRIPT.search(text):
                why = f"{self.name} reads {self.LANGUAGE}, which {plain(text, 80)!r} is not"
                return Output(Unknown(f"{why}: a SigLIP 2 (siglip2-base) reads many languages"))
        if tool == "match":
            return self._match(subject, said[0])
        if tool == "verify":
            return self._verify(subject, said[0])
        return self._choice(tool, subject, said)

    def _match(self, subject: Subject, text: str) -> Asked:
        texts = [self.PHRASE.format(plain(text, 1000).rstrip("."))]
        if self.probable:
            return Asked(subject, texts, lambda logits: Output(chance(logits[0])))
        neutral = self.PHRASE.format(self.NEUTRAL)
        notice = (
            f"match by {self.name} is no probability: above 0.5 the text fits better than "
            f"{neutral!r}"
        )
        return Asked(
            subject,
            [*texts, neutral],
            lambda logits: Output(chance(logits[0] - logits[1]), (notice,)),
        )

    def _verify(self, subject: Subject, statement: str) -> Asked | Output:
        text = plain(statement, 1000).rstrip(".!?")
        if measured(text):
            if isinstance(subject, Region):
                found = self._pixels.verify(subject, text)
                return found if isinstance(found, Output) else Output(found)
            return Output(Unknown(f"a whole picture is not {text!r}; ask of one of its regions"))
        denied = self.DENIAL.match(text)
        if denied:
            text = text[denied.end() :]
        weighed = contrast(subject, text, self.NEUTRAL)
        notice = (
            f"verify by {self.name} is a heuristic: {weighed.stated!r} fitted better, or not, "
            f"than {weighed.told}"
        )

        def read(logits: Logits) -> Output:
            holds = logits[0] > max(logits[1:])
            return Output(holds != bool(denied), (notice,))

        phrases = (weighed.stated, *weighed.rivals)
        return Asked(subject, [self.PHRASE.format(one) for one in phrases], read)

    def _choice(self, tool: str, subject: Subject, options: Sequence[str]) -> Asked | Output:
        among = list(dict.fromkeys(options))
        if len({word(option) for option in among}) < len(among):
            raise ToolError(f"{tool}: want options that differ by more than case or article")
        if all(measured(option) for option in among):
            found = self._pixels.choose(subject, among)
            return found if isinstance(found, Output) else Output(found)
        if tool == "classify":
            texts = [self.LABEL.format(label_of(option)) for option in among]
        else:
            texts = [self.PHRASE.format(described(subject, option)) for option in among]

        def read(logits: Logits) -> Output:
            shares = softmax(logits)
            order = sorted(range(len(among)), key=shares.__getitem__, reverse=True)
            best = order[0]
            if len(among) == 1:
                return Output(among[best], (f"{tool}: {among[best]!r} was the only option",))
            second = order[1]
            if shares[best] - shares[second] >= MARGIN:
                return Output(among[best])
            notice = (
                f"{tool} by {self.name}: {among[best]!r} ({shares[best]:.0%}) hardly fits better "
                f"than {among[second]!r} ({shares[second]:.0%})"
            )
            return Output(among[best], (notice,))

        return Asked(subject, texts, read)

    # -- the towers

    def _encode(self, texts: Sequence[str], module: Any) -> dict[str, Any]:
        """The unit vector (d,) of each text."""
        made: dict[str, Any] = {text: self._texts.get(text) for text in texts}
        new = [text for text, one in made.items() if one is None]
        for start in range(0, len(new), TEXTS):
            some = new[start : start + TEXTS]
            vectors = unit(self.text_vectors([self.pieces(text) for text in some], module))
            for text, one in zip(some, vectors, strict=True):
                made[text] = one.clone()
                self._texts.put(text, made[text])
        return made

    def _look(self, subjects: Sequence[Subject], module: Any) -> dict[str, Any]:
        """The unit vector (d,) of each picture or part, by its place."""
        places = {place_of_view(subject): subject for subject in subjects}
        made: dict[str, Any] = {place: self._pictures.get(place) for place in places}
        new = [place for place, one in made.items() if one is None]
        if new:
            shown = [view(places[place]) for place in new]
            inputs = self.tensors(pixel_values(self._processor, shown))
            told = module.get_image_features(pixel_values=inputs["pixel_values"])
            for place, one in zip(new, unit(told.pooler_output), strict=True):
                made[place] = one.clone()
                self._pictures.put(place, made[place])
        return made

    _processor: Any  # of pictures; `prepare` loads it


def chance(logit: float) -> float:
    """The logistic function, without overflow."""
    if logit < 0:
        return math.exp(logit) / (1 + math.exp(logit))
    return 1 / (1 + math.exp(-logit))


def softmax(logits: Logits) -> list[float]:
    most = max(logits)
    powers = [math.exp(one - most) for one in logits]
    whole = sum(powers)
    return [power / whole for power in powers]
