"""BLIP, which answers in words or describes a picture, and BLIP-2, which does both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from visprog.values import Image
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.questions import Answering, Reply
from visprog_tools.hub.remembered import Remembered
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.hub.writing import Watch

ANSWER, SENTENCE = 20, 40  # new tokens


class Blip(Answering):
    """BLIP (Li et al., ICML 2022, arXiv 2201.12086). What it sees in a picture is kept."""

    def prepare(self, found: Snapshot) -> None:
        from transformers import BertTokenizerFast, BlipImageProcessorPil

        self._images = load_processor(BlipImageProcessorPil, found)
        self._tokens = load_processor(BertTokenizerFast, found)
        self._kept = Remembered()

    def _seen(self, images: Sequence[Image], module: Any) -> Any:
        """(n, patches, width): what the vision tower sees; each picture is encoded once."""
        import torch

        pictures = {image.key: image for image in images}
        found: dict[str, Any] = {key: self._kept.get(key) for key in pictures}
        new = [key for key, one in found.items() if one is None]
        if new:
            inputs = self._images(
                [pictures[key].pixels for key in new],
                input_data_format="channels_last",
                return_tensors="pt",
            )
            made = module.vision_model(**self.tensors(inputs)).last_hidden_state
            for key, one in zip(new, made, strict=True):
                found[key] = one
                if torch.isfinite(one).all():
                    self._kept.put(key, one.cpu().clone())  # a view would keep all of its batch
        return torch.stack([found[image.key].to(self.place.device) for image in images])

    def _texts(self, decoder: Any, start: Any, module: Any, most: int, **seen: Any) -> list[Reply]:
        config, watch = module.config.text_config, Watch()
        made = decoder.generate(
            input_ids=start,
            eos_token_id=config.sep_token_id,
            pad_token_id=config.pad_token_id,
            max_new_tokens=most,
            **watch.options,
            **seen,
        )
        told = self._tokens.batch_decode(made[:, start.shape[1] :], skip_special_tokens=True)
        return [*watch.checked([str(text) for text in told])]


class BlipVqa(Blip):
    """Tuned on VQAv2 and Visual Genome: https://huggingface.co/Salesforce/blip-vqa-base.

    Options are ranked by how likely it is to write them, as the paper does.
    """

    name = weights = "blip-vqa-base"
    likelihoods = True

    def make(self, found: Snapshot) -> Any:
        from transformers import BlipForQuestionAnswering

        return load_module(BlipForQuestionAnswering, found, self.place.torch_dtype)

    def ask(
        self, form: str, questions: Sequence[tuple[Image, str]], module: Any
    ) -> Sequence[Reply]:
        by_length: dict[int, list[int]] = defaultdict(list)
        for place, (_, text) in enumerate(questions):
            by_length[len(self._tokens(text)["input_ids"])].append(place)
        made: dict[int, Reply] = {}
        for places in by_length.values():  # transformers' decoder would look at padding, too
            texts = self._answers([questions[place] for place in places], module)
            made.update(zip(places, texts, strict=True))
        return [made[place] for place in range(len(questions))]

    def _answers(self, questions: Sequence[tuple[Image, str]], module: Any) -> list[Reply]:
        import torch

        read, mask = self._read(questions, module)
        start = torch.full((len(questions), 1), module.decoder_start_token_id, device=read.device)
        return self._texts(
            module.text_decoder,
            start,
            module,
            ANSWER,
            encoder_hidden_states=read,
            encoder_attention_mask=mask,
        )

    def weigh(
        self, image: Image, question: str, options: Sequence[str], module: Any
    ) -> Sequence[float]:
        import torch

        read, mask = self._read([(image, question)], module)
        words = self._tokens(list(options), padding=True, return_tensors="pt").to(read.device)
        ids, many = words["input_ids"], len(options)
        ids[:, 0] = module.decoder_start_token_id
        logits = module.text_decoder(
            input_ids=ids,
            attention_mask=words["attention_mask"],
            encoder_hidden_states=read.expand(many, -1, -1),
            encoder_attention_mask=mask.expand(many, -1),
            use_cache=False,
        ).logits
        likely = torch.log_softmax(logits[:, :-1].float(), dim=-1)
        each = likely.gather(2, ids[:, 1:, None])[:, :, 0] * words["attention_mask"][:, 1:]
        return [float(one) for one in each.sum(1)]

    def _read(self, questions: Sequence[tuple[Image, str]], module: Any) -> tuple[Any, Any]:
        """Questions read with their pictures, and where they are not padding."""
        import torch

        seen = self._seen([image for image, _ in questions], module)
        most = module.config.text_config.max_position_embeddings
        words = self._tokens(
            [text for _, text in questions],
            padding=True,
            truncation=True,
            max_length=most,
            return_tensors="pt",
        ).to(seen.device)
        mask = words["attention_mask"]
        read = module.text_encoder(
            input_ids=words["input_ids"],
            attention_mask=mask,
            encoder_hidden_states=seen,
            encoder_attention_mask=torch.ones(seen.shape[:2], dtype=torch.long, device=seen.device),
        )
        return read.last_hidden_state, mask


class BlipCaption(Blip):
    """Tuned on the captions of COCO: https://huggingface.co/Salesforce/blip-image-captioning-base.

    It was tuned to go on from "a picture of", which its captions here leave out.
    """

    name = weights = "blip-caption-base"
    serves = ("caption",)
    begin = "a picture of"

    def make(self, found: Snapshot) -> Any:
        from transformers import BlipForConditionalGeneration

        return load_module(BlipForConditionalGeneration, found, self.place.torch_dtype)

    def ask(
        self, form: str, questions: Sequence[tuple[Image, str]], module: Any
    ) -> Sequence[Reply]:
        raise NotImplementedError

    def describe(self, images: Sequence[Image], module: Any) -> Sequence[Reply]:
        import torch

        seen = self._seen(images, module)
        start = self._tokens([self.begin] * len(images), return_tensors="pt")["input_ids"][:, :-1]
        start[:, 0] = module.config.text_config.bos_token_id
        return self._texts(
            module.text_decoder,
            start.to(seen.device),
            module,
            SENTENCE,
            encoder_hidden_states=seen,
            encoder_attention_mask=torch.ones(seen.shape[:2], dtype=torch.long, device=seen.device),
        )


class Blip2(Answering):
    """BLIP-2 (Li et al., ICML 2023, arXiv 2301.12597) with OPT 2.7B:
    https://huggingface.co/Salesforce/blip2-opt-2.7b. It was not tuned on questions: it goes on
    from "Question: ... Answer:", up to the end of the line."""

    name = weights = "blip2-opt-2.7b"
    serves = (*Answering.serves, "caption")

    def prepare(self, found: Snapshot) -> None:
        from transformers import AutoTokenizer, BlipImageProcessorPil

        self._images = load_processor(BlipImageProcessorPil, found)
        self._tokens = load_processor(AutoTokenizer, found)

    def make(self, found: Snapshot) -> Any:
        from transformers import Blip2ForConditionalGeneration

        return load_module(Blip2ForConditionalGeneration, found, self.place.torch_dtype)

    def ask(
        self, form: str, questions: Sequence[tuple[Image, str]], module: Any
    ) -> Sequence[Reply]:
        texts = [f"Question: {text} Answer:" for _, text in questions]
        return self._written([image for image, _ in questions], texts, module, ANSWER)

    def describe(self, images: Sequence[Image], module: Any) -> Sequence[Reply]:
        return self._written(images, [""] * len(images), module, SENTENCE)

    def _written(
        self, images: Sequence[Image], texts: Sequence[str], module: Any, most: int
    ) -> list[Reply]:
        import torch

        config, watch = module.config, Watch()
        begin = [config.image_token_index] * config.num_query_tokens
        begin.append(config.text_config.bos_token_id)
        rows = [begin + self._tokens(t, add_special_tokens=False)["input_ids"] for t in texts]
        longest = max(map(len, rows))
        pad = config.text_config.pad_token_id
        ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
        pixels = self._images(
            [image.pixels for image in images],
            input_data_format="channels_last",
            return_tensors="pt",
        )
        device = self.place.device
        made = module.generate(
            **self.tensors(pixels),
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            max_new_tokens=most,
            **watch.options,
        )
        told = self._tokens.batch_decode(made[:, longest:], skip_special_tokens=True)
        return [*watch.checked([str(text).strip().split("\n")[0] for text in told])]
