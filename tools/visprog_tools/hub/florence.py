"""Florence-2, which describes pictures and reads the text in them, with its places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from visprog.errors import ToolError
from visprog.tool import Output
from visprog.values import Image, Text, Unknown
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.replies import LONGEST, plain
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.hub.writing import Watch

PROMPTS = {
    "caption": "What does the image describe?",
    "ocr": "What is the text in the image, with regions?",
}
MOST = {"caption": 64, "ocr": 1023}  # new tokens; those of the model end there
BINS = 1000  # a side of the picture, as its tokens of places count it
LINE = re.compile(r"(.*?)((?:<loc_\d+>\s*){8})", re.DOTALL)
MARKS = re.compile(r"</?s>|<pad>|<loc_\d+>")
CUT = "the picture has more text than the model writes: what it read last may be missing"


class Florence(HubBackend):
    """Florence-2 (Xiao et al., CVPR 2024, arXiv 2311.06242):
    https://huggingface.co/florence-community/Florence-2-base.

    It squeezes a picture to a square. A place is one of 1000 steps of a side: that step's middle
    is told here. It gives no scores.
    """

    name = weights = "florence-2-base"
    serves = ("caption", "ocr")

    def prepare(self, found: Snapshot) -> None:
        from transformers import AutoTokenizer, CLIPImageProcessorPil

        self._images = load_processor(CLIPImageProcessorPil, found)
        self._tokens = load_processor(AutoTokenizer, found)

    def make(self, found: Snapshot) -> Any:
        from transformers import Florence2ForConditionalGeneration

        return load_module(Florence2ForConditionalGeneration, found, self.place.torch_dtype)

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        pictures = {call["image"].key: call["image"] for call in calls}
        told = self.write(tool, [*pictures.values()], module)
        replies = dict(zip(pictures, told, strict=True))
        read = _caption if tool == "caption" else _lines
        results: list[Result] = []
        for call in calls:
            reply = replies[call["image"].key]
            if isinstance(reply, ToolError):
                results.append(ToolError(f"{tool} in {self.name}: {reply}"))
            else:
                results.append(read(call["image"], *reply))
        return results

    def write(
        self, tool: str, images: Sequence[Image], module: Any
    ) -> list[tuple[str, bool] | ToolError]:
        """What it writes of each picture, tokens of places among it, and whether it came to an
        end."""
        import torch

        watch = Watch()
        inputs = self._images(
            [image.pixels for image in images],
            input_data_format="channels_last",
            return_tensors="pt",
        )
        pixels = self.tensors(inputs)["pixel_values"]
        seen = module.model.get_image_features(pixels).pooler_output
        config = module.config.text_config
        text = self._tokens(PROMPTS[tool], add_special_tokens=False)["input_ids"]
        row = [module.config.image_token_id] * seen.shape[1]
        row += [config.bos_token_id, *text, config.eos_token_id]
        ids = torch.tensor([row] * len(images), device=self.place.device)
        embeds = module.get_input_embeddings()(ids)
        embeds[:, : seen.shape[1]] = seen
        mask = torch.ones_like(ids)
        made = module.generate(
            encoder_outputs=module.get_encoder()(inputs_embeds=embeds, attention_mask=mask),
            attention_mask=mask,
            max_new_tokens=MOST[tool],
            **watch.options,
        )
        told = [
            (
                self._tokens.decode(one, skip_special_tokens=False),
                config.eos_token_id in one[1:].tolist(),  # it begins with one, too
            )
            for one in made
        ]
        return watch.checked(told)


def _caption(image: Image, told: str, ended: bool) -> Output:
    text = plain(MARKS.sub(" ", told))
    return Output(text or Unknown("the model described nothing"))


def _lines(image: Image, told: str, ended: bool) -> Output:
    """The texts of a reply such as `EXIT<loc_1>...<loc_8>`: corners, x and y, clockwise."""
    made: list[Text] = []
    for text, places in LINE.findall(told):
        line = plain(MARKS.sub(" ", text), 5 * LONGEST)
        corners = [(int(n) + 0.5) / BINS for n in re.findall(r"\d+", places)]
        if not line or max(corners) > 1:
            continue
        across = [x * image.width for x in corners[::2]]
        down = [y * image.height for y in corners[1::2]]
        box = (min(across), min(down), max(across), max(down))
        if box[2] - box[0] >= 1 and box[3] - box[1] >= 1:
            made.append(Text(image, line, box))
    return Output(made, () if ended else (CUT,))
