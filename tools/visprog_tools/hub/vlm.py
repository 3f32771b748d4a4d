"""Small models that chat about pictures: SmolVLM, SmolVLM2, Qwen3-VL."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from visprog.errors import WeightsError
from visprog.values import Image
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.questions import OPEN, OPTIONS, YES_NO, Answering, Reply
from visprog_tools.hub.replies import canvas
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.hub.writing import Watch

FORM = {
    OPEN: "Answer with one word or a short phrase.",
    YES_NO: "Answer yes or no.",
    OPTIONS: "Answer with one of these only.",
}
DESCRIBE = "Describe this picture in one sentence."
ANSWER, SENTENCE = 32, 96  # new tokens
TEMPLATES = ("chat_template.jinja", "chat_template.json")


class Chatting(Answering):
    """A model that is asked in its own chat template and writes what is likeliest, word by word.

    What stands for a special token of its tokenizer in a question is left out.
    """

    serves = (*Answering.serves, "caption")
    classes: ClassVar[tuple[str, str]]  # of transformers: of the module, of pictures

    def prepare(self, found: Snapshot) -> None:
        import transformers

        self._images = load_processor(getattr(transformers, self.classes[1]), found)
        self._tokens = load_processor(transformers.AutoTokenizer, found)
        self._tokens.padding_side = "left"
        if self._tokens.pad_token is None:
            self._tokens.pad_token = self._tokens.eos_token
        self._template = _template(found) or self._tokens.chat_template
        if not self._template:
            raise WeightsError(f"{found.folder} has no chat template: one of {TEMPLATES}")
        self._special = [name for name in self._tokens.get_added_vocab() if name.strip()]

    def make(self, found: Snapshot) -> Any:
        import transformers

        kind = getattr(transformers, self.classes[0])
        return load_module(kind, found, self.place.torch_dtype)

    def ask(
        self, form: str, questions: Sequence[tuple[Image, str]], module: Any
    ) -> Sequence[Reply]:
        texts = [f"{self._safe(text)} {FORM[form]}" for _, text in questions]
        return self._written([image for image, _ in questions], texts, module, ANSWER)

    def describe(self, images: Sequence[Image], module: Any) -> Sequence[Reply]:
        return self._written(images, [DESCRIBE] * len(images), module, SENTENCE)

    @abstractmethod
    def inputs(self, images: Sequence[Image], prompts: Sequence[str], module: Any) -> Any:
        """What the module takes: prompts with the tokens of their pictures, padded on the left."""

    def _written(
        self, images: Sequence[Image], texts: Sequence[str], module: Any, most: int
    ) -> list[Reply]:
        watch = Watch()
        prompts = [self._prompt(text) for text in texts]
        inputs = self.tensors(self.inputs(images, prompts, module))
        made = module.generate(
            **inputs,
            **watch.options,
            max_new_tokens=most,
            pad_token_id=self._tokens.pad_token_id,
        )
        new = made[:, inputs["input_ids"].shape[1] :]
        told = self._tokens.batch_decode(new, skip_special_tokens=True)
        return [*watch.checked([str(text) for text in told])]

    def _prompt(self, text: str) -> str:
        content = [{"type": "image"}, {"type": "text", "text": text}]
        return str(
            self._tokens.apply_chat_template(
                [{"role": "user", "content": content}],
                chat_template=self._template,
                add_generation_prompt=True,
                tokenize=False,
            )
        )

    def _safe(self, text: str) -> str:
        for name in self._special:
            text = text.replace(name, " ")
        return " ".join(text.split())


class SmolVlm(Chatting):
    """SmolVLM (Marafioti et al., 2025, arXiv 2504.05299):
    https://huggingface.co/HuggingFaceTB/SmolVLM-256M-Instruct.

    A picture is shown whole and, larger than 512 pixels, in squares. Short prompts in English.
    """

    name = weights = "smolvlm-256m"
    classes = ("Idefics3ForConditionalGeneration", "Idefics3ImageProcessorPil")

    def prepare(self, found: Snapshot) -> None:
        from transformers import Idefics3Processor

        super().prepare(found)
        told = _json(found, "processor_config.json").get("image_seq_len", 64)
        # SmolVLM2's own class wants packages for films; of pictures both make the same
        self._both = Idefics3Processor(self._images, self._tokens, image_seq_len=int(told))

    def inputs(self, images: Sequence[Image], prompts: Sequence[str], module: Any) -> Any:
        return self._both(
            images=[[canvas(image)] for image in images],
            text=list(prompts),
            padding=True,
            input_data_format="channels_last",
            return_tensors="pt",
        )


class SmolVlm2(SmolVlm):
    """SmolVLM2, of the same paper:
    https://huggingface.co/HuggingFaceTB/SmolVLM2-500M-Video-Instruct."""

    name = weights = "smolvlm2-500m"
    classes = ("SmolVLMForConditionalGeneration", "SmolVLMImageProcessorPil")


class SmolVlm2Large(SmolVlm2):
    """https://huggingface.co/HuggingFaceTB/SmolVLM2-2.2B-Instruct."""

    name = weights = "smolvlm2-2b"


class Qwen3Vl(Chatting):
    """Qwen3-VL (Bai et al., 2025, arXiv 2511.21631):
    https://huggingface.co/Qwen/Qwen3-VL-2B-Instruct.

    Pictures keep their sizes, up to MOST pixels.
    """

    name = weights = "qwen3-vl-2b"
    classes = ("Qwen3VLForConditionalGeneration", "Qwen2VLImageProcessorPil")
    most: ClassVar[int] = 1024 * 32 * 32  # pixels: 1024 tokens a picture

    def inputs(self, images: Sequence[Image], prompts: Sequence[str], module: Any) -> Any:
        pixels = self._images(
            [canvas(image) for image in images],
            size={"shortest_edge": self._images.size["shortest_edge"], "longest_edge": self.most},
            input_data_format="channels_last",
            return_tensors="pt",
        )
        sizes = pixels["image_grid_thw"].prod(-1) // self._images.merge_size**2
        token = module.config.image_token_id
        mark = self._tokens.convert_ids_to_tokens(token)
        texts = [
            prompt.replace(mark, mark * int(size))
            for prompt, size in zip(prompts, sizes, strict=True)
        ]
        pixels.update(self._tokens(texts, padding=True, return_tensors="pt"))
        pixels["mm_token_type_ids"] = (pixels["input_ids"] == token).long()
        return pixels


class Qwen3VlLarge(Qwen3Vl):
    """https://huggingface.co/Qwen/Qwen3-VL-4B-Instruct."""

    name = weights = "qwen3-vl-4b"


def _template(found: Snapshot) -> str:
    """The chat template among the files; '' where there is none of its own."""
    path = found.folder / TEMPLATES[0]
    if path.is_file():
        return path.read_text("utf-8")
    return str(_json(found, TEMPLATES[1]).get("chat_template", ""))


def _json(found: Snapshot, name: str) -> dict[str, Any]:
    path = found.folder / name
    if not path.is_file():
        return {}
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} is damaged: {error}") from error
    return told if isinstance(told, dict) else {}
