"""CLIP, SigLIP 2, Chinese-CLIP, and locked image towers: match, classify, choose and verify."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from visprog.errors import WeightsError
from visprog_tools.hub.contrastive import Contrastive
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.snapshots import Snapshot


class Towers(Contrastive):
    """Two towers of transformers. `network`, `tokenizer`, `processor`: their classes there."""

    network: ClassVar[str]
    tokenizer: ClassVar[str]
    processor: ClassVar[str]

    def prepare(self, found: Snapshot) -> None:
        import transformers

        self._tokenizer = load_processor(getattr(transformers, self.tokenizer), found)
        # whose results are the same whether torchvision is there or not
        backend = {"backend": "pil"} if self.processor.startswith("Auto") else {}
        self._processor = load_processor(getattr(transformers, self.processor), found, **backend)

    def make(self, found: Snapshot) -> Any:
        import transformers

        return load_module(getattr(transformers, self.network), found, self.place.torch_dtype)

    def pieces(self, text: str) -> list[int]:
        return list(self._tokenizer(text)["input_ids"])

    def text_vectors(self, pieces: Sequence[list[int]], module: Any) -> Any:
        import torch

        most = max(map(len, pieces))
        padding = self._tokenizer.pad_token_id or 0
        ids = [[*one, *[padding] * (most - len(one))] for one in pieces]
        mask = [[1] * len(one) + [0] * (most - len(one)) for one in pieces]
        device = self.place.device
        told = module.get_text_features(
            input_ids=torch.tensor(ids, device=device),
            attention_mask=torch.tensor(mask, device=device),
        )
        return told.pooler_output


class Clip(Towers):
    """CLIP (Radford et al., ICML 2021, arXiv 2103.00020):
    https://huggingface.co/openai/clip-vit-base-patch32.

    It was trained to find the text of a picture among others, so that the likeness of one pair
    means nothing by itself. `match` therefore compares the text with one that says nothing:
    softmax over the two, at the model's own scale. It is 0.5 where both fit alike, grows with the
    likeness of the text, and is no probability.
    """

    network, tokenizer, processor = "CLIPModel", "CLIPTokenizer", "CLIPImageProcessorPil"
    SCRIPT = re.compile(r"[A-Za-z0-9]")
    LANGUAGE = "English"


class ClipBase(Clip):
    name = weights = "clip-base"


class ClipLarge(Clip):
    name = weights = "clip-large"
    batch = 16


class Siglip2(Towers):
    """SigLIP 2 (Tschannen et al., 2025, arXiv 2502.14786), of fixed resolution:
    https://huggingface.co/google/siglip2-base-patch16-224.

    It was trained to tell pair by pair whether text and picture belong together: `match` is the
    probability that it gives, which is often small for a text that is right but not a caption.
    Texts are read in lower case, without a first piece, with a last one, and padded at the right
    to 64 pieces without a mask, as in training; the tower gives the vector of the last place.
    """

    network, tokenizer, processor = "SiglipModel", "Siglip2Tokenizer", "SiglipImageProcessorPil"
    LABEL = PHRASE = "this is a photo of {}."  # of the model card
    probable = True

    def pieces(self, text: str) -> list[int]:
        told = self._tokenizer(text.lower(), add_special_tokens=False)["input_ids"]
        return [*told, self._tokenizer.eos_token_id]

    def text_vectors(self, pieces: Sequence[list[int]], module: Any) -> Any:
        import torch

        most = int(module.config.text_config.max_position_embeddings)
        padding = self._tokenizer.pad_token_id
        ids = [[*one, *[padding] * (most - len(one))] for one in pieces]
        inputs = torch.tensor(ids, device=self.place.device)
        return module.get_text_features(input_ids=inputs).pooler_output


class Siglip2Base(Siglip2):
    name = weights = "siglip2-base"


class Siglip2So400m(Siglip2):
    name = weights = "siglip2-so400m"
    batch = 16


class ChineseClipBase(Towers):
    """Chinese-CLIP (Yang et al., 2022, arXiv 2211.01335), which reads Chinese only:
    https://huggingface.co/OFA-Sys/chinese-clip-vit-base-patch16. Of `match`: see Clip."""

    name = weights = "chinese-clip-base"
    network, tokenizer = "ChineseCLIPModel", "BertTokenizer"
    processor = "ChineseCLIPImageProcessorPil"
    LABEL = PHRASE = "{}的照片"  # first of its authors' templates
    NEUTRAL = "东西"
    DENIAL = re.compile(r"不是|没有|不|没")
    SCRIPT = re.compile(r"[\u3400-\u9fff]")
    LANGUAGE = "Chinese"
    longest = 52  # as it was trained; it has places for more


class Lit(Towers):
    """A locked image tower with a text tower tuned to it (LiT: Zhai et al., CVPR 2022, arXiv
    2111.07991), or any other pair that transformers saved as a VisionTextDualEncoderModel, from a
    folder: `weights.lit`. Its text tower says what it reads. Of `match`: see Clip."""

    name = weights = "lit"
    network, tokenizer = "VisionTextDualEncoderModel", "AutoTokenizer"
    processor = "AutoImageProcessor"

    def make(self, found: Snapshot) -> Any:
        module = super().make(found)
        if not hasattr(module.config.text_config, "max_position_embeddings"):
            raise WeightsError(f"{found.folder}: its text tower does not say how much it reads")
        return module
