"""RT-DETR v2: finds things of its own classes, each picture looked at once for all names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from visprog.errors import ToolError
from visprog.tool import Output
from visprog.values import Image, Region, Unknown, Value
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.detection import Boxes, lessen
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.nouns import Meaning, classes, clean, meaning, singular
from visprog_tools.statements import Claim, Judge, leading_claim

HELP = (
    "a detector of open vocabulary may find it: choose one with --tools detect=NAME, where NAME is "
    "owlv2-base, owlv2-large, grounding-dino-tiny, grounding-dino-base, mm-grounding-dino-tiny, "
    "llmdet-tiny or llmdet-base"
)
VOC = {"diningtable": "dining table", "pottedplant": "potted plant", "tvmonitor": "tv"}


class Wanted(NamedTuple):
    """What a noun stands for. `numbers`: of the classes; `label`: of what is found, "" for each
    its class; `notice`: what is lost, else ""; `claims`: of adjectives, which are judged apart."""

    numbers: tuple[int, ...]
    label: str = ""
    notice: str = ""
    claims: tuple[Claim, ...] = ()


class RTDetrV2(HubBackend):
    """RT-DETRv2 (Lv et al., 2024, arXiv 2407.17140):
    https://huggingface.co/PekingU/rtdetr_v2_r18vd.

    Where its classes are those of COCO, under whichever names, nouns are read as the embedded
    detector does (`nouns.meaning`); else a noun must be a class itself. Adjectives are judged by
    pixels and boxes, with a notice. A picture is scaled to the network's square without regard to
    its shape, and each query of the network is one thing. All but the backbone is float32 (see
    `lessen`).
    """

    serves = ("detect", "objects")
    exact = r"(?!model\.backbone\.)"
    threshold = 0.5  # of the model card's example, and the default of its processor
    same = 0.8  # queries that overlap more and are asked for together are one thing

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._kept = Remembered(64 * 2**20)
        self._judge = Judge()

    @property
    def parameters(self) -> Mapping[str, Value]:
        return {"threshold": self.threshold, "same": self.same}

    def prepare(self, found: Snapshot) -> None:
        from transformers import RTDetrImageProcessorPil

        self._processor = load_processor(RTDetrImageProcessorPil, found)

    def make(self, found: Snapshot) -> Any:
        import torch
        from transformers import RTDetrV2ForObjectDetection

        module = load_module(RTDetrV2ForObjectDetection, found, torch.float32)
        lessen(module.model.backbone, self.place.torch_dtype)
        return module

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        labels = module.config.id2label
        names = Names.of([labels[number] for number in range(len(labels))])
        every = Wanted(tuple(range(len(names.classes))))
        wanted: list[Wanted | ToolError | Unknown] = [
            every if tool == "objects" else self._read(call["name"], names) for call in calls
        ]
        pictures = {
            call["image"].key: call["image"]
            for call, one in zip(calls, wanted, strict=True)
            if isinstance(one, Wanted)
        }
        found = self._look(pictures, module)
        results: list[Result] = []
        for call, one in zip(calls, wanted, strict=True):
            if isinstance(one, Wanted):
                results.append(self._result(call["image"], found[call["image"].key], one, names))
            else:
                results.append(Output(one) if isinstance(one, Unknown) else one)
        return results

    def _look(self, pictures: Mapping[str, Image], module: Any) -> dict[str, Any]:
        """Of each picture, by its key: boxes (queries, 4) and scores (queries, classes); a
        ToolError where they are no numbers."""
        made: dict[str, Any] = {key: self._kept.get(key) for key in pictures}
        new = [key for key, one in made.items() if one is None]
        if new:
            inputs = self._processor(
                [pictures[key].pixels for key in new],
                input_data_format="channels_last",  # of 3 rows it could be mistaken
                return_tensors="pt",
            )
            told = module(pixel_values=inputs["pixel_values"].to(self.place.device))
            scores = told.logits.float().sigmoid().cpu()
            for key, boxes, score in zip(new, told.pred_boxes.float().cpu(), scores, strict=True):
                if boxes.isfinite().all() and score.isfinite().all():
                    made[key] = boxes.clone(), score.clone()
                    self._kept.put(key, made[key])
                else:
                    made[key] = ToolError(f"{self.name} gave boxes that are no numbers")
        return made

    def _read(self, name: str, names: Names) -> Wanted | ToolError | Unknown:
        """What a name stands for; with adjectives that can be judged, if it has no other sense."""
        noun = singular(clean(name))
        if not noun:
            return ToolError(f"detect: want a name, got {name!r}")
        claims: list[Claim] = []
        found, rest = names.meaning(noun), noun
        while isinstance(found, str) and not found:
            claim, rest = leading_claim(rest)
            if claim is None or not rest:
                break
            claims.append(claim)
            found = names.meaning(rest)
        if isinstance(found, Meaning):
            numbers = tuple(names.classes.index(one) for one in found.classes)
            notice = found.notice.replace("the embedded detector", self.name)
            return Wanted(numbers, noun if found.fit == "same" else "", notice, tuple(claims))
        why = f"{self.name} knows {len(names.classes)} classes; {noun!r} is not one"
        return Unknown("; ".join(filter(None, (why, found, HELP))))

    def _result(self, image: Image, found: Any, wanted: Wanted, names: Names) -> Result:
        if isinstance(found, ToolError):
            return found
        places, scores = found
        asked, best = scores[:, list(wanted.numbers)].max(dim=1)
        numbers = [wanted.numbers[index] for index in best.tolist()]
        own = Boxes.of(places, asked)._replace(labels=tuple(names.classes[n] for n in numbers))
        regions = own.best(self.threshold, self.same).regions(image, wanted.label)
        notices = [wanted.notice, *self._rivals(scores, numbers, names)]
        for claim in wanted.claims:
            kept: list[Region] = []
            for region in regions:
                holds = self._judge.holds(region, claim)
                if isinstance(holds, Unknown):
                    return Output(holds)
                kept += [region] if holds else []
            if regions:
                notices.append(
                    f"of {len(regions)} found, {len(kept)} kept that are {claim.word} ({claim.how})"
                )
            regions = kept
        return Output(regions, tuple(filter(None, notices)))

    def _rivals(self, scores: Any, numbers: Sequence[int], names: Names) -> Iterator[str]:
        """What speaks against a finding: a better score of another class there."""
        tops, best = scores.max(dim=1)
        for row, number, other, top in zip(
            scores, numbers, best.tolist(), tops.tolist(), strict=True
        ):
            score = float(row[number])
            if other != number and self.threshold <= score < top:
                thing, rival = names.classes[number], names.classes[other]
                yield f"a {thing!r} (score {score:.2f}) may be a {rival!r}, {top:.2f}"


class Names(NamedTuple):
    """The classes of a network, singular. `coco`: whether they are those of COCO, by its names."""

    classes: tuple[str, ...]
    coco: bool

    @classmethod
    def of(cls, labels: Sequence[str]) -> Names:
        read = [meaning(VOC.get(label, label)) for label in labels]
        same = tuple(
            one.classes[0] for one in read if isinstance(one, Meaning) and one.fit == "same"
        )
        if len(same) == len(labels) and set(same) == set(classes()):
            return cls(same, True)
        return cls(tuple(singular(clean(label)) for label in labels), False)

    def meaning(self, noun: str) -> Meaning | str:
        """The classes that a noun, singular, stands for; a text that says why there are none."""
        if self.coco:
            return meaning(noun)
        return Meaning(noun, (noun,), "same") if noun in self.classes else ""


class RTDetrV2R18(RTDetrV2):
    name = weights = "rtdetr-v2-r18"


class RTDetrV2R50(RTDetrV2):
    name = weights = "rtdetr-v2-r50"
