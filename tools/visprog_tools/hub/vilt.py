"""ViLT, which answers questions with one of the answers that it has learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from visprog.errors import ToolError
from visprog.values import Image, Unknown
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.questions import Answering, Reply
from visprog_tools.hub.replies import canvas, word
from visprog_tools.hub.snapshots import Snapshot


class Vilt(Answering):
    """ViLT (Kim et al., ICML 2021, arXiv 2102.03334) tuned on VQAv2:
    https://huggingface.co/dandelin/vilt-b32-finetuned-vqa.

    It has 3129 answers, of a word or two. Options must be among them. Questions beyond its 40
    tokens are cut.
    """

    name = weights = "vilt-vqa"
    likelihoods = True

    def prepare(self, found: Snapshot) -> None:
        from transformers import BertTokenizerFast, ViltImageProcessorPil

        self._images = load_processor(ViltImageProcessorPil, found)
        self._tokens = load_processor(BertTokenizerFast, found)

    def make(self, found: Snapshot) -> Any:
        from transformers import ViltForQuestionAnswering

        return load_module(ViltForQuestionAnswering, found, self.place.torch_dtype)

    def ask(
        self, form: str, questions: Sequence[tuple[Image, str]], module: Any
    ) -> Sequence[Reply]:
        import torch

        names = module.config.id2label
        return [
            str(names[int(row.argmax())])
            if bool(torch.isfinite(row).all())
            else ToolError("the network gave answers that are no numbers")
            for row in self._logits(questions, module)
        ]

    def weigh(
        self, image: Image, question: str, options: Sequence[str], module: Any
    ) -> Sequence[float] | Unknown:
        known = {word(name): index for index, name in module.config.id2label.items()}
        strange = [option for option in options if word(option) not in known]
        if strange:
            return Unknown(
                f"{self.name} answers with {len(known)} answers only, and {strange[0]!r} is none "
                "of them; a model that writes its answers, such as smolvlm2-500m, could tell"
            )
        (row,) = self._logits([(image, question)], module)
        return [float(row[known[word(option)]]) for option in options]

    def _logits(self, questions: Sequence[tuple[Image, str]], module: Any) -> Any:
        most = module.config.max_position_embeddings
        inputs = self._images([canvas(image) for image, _ in questions], return_tensors="pt")
        words = self._tokens(
            [text for _, text in questions],
            padding=True,
            truncation=True,
            max_length=most,
            return_tensors="pt",
        )
        inputs.update(words)
        return module(**self.tensors(inputs)).logits.float().cpu()
