"""GOT-OCR 2, which reads all text of a picture, without its places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from visprog.errors import ToolError
from visprog.tool import Output
from visprog.values import Image, Text
from visprog_tools.hub.backend import HubBackend, Result
from visprog_tools.hub.loading import load_module, load_processor
from visprog_tools.hub.replies import LONGEST, canvas, plain
from visprog_tools.hub.snapshots import Snapshot
from visprog_tools.hub.writing import Watch

MOST = 1024  # new tokens
END = "<|im_end|>"
WHOLE = "GOT-OCR tells no places: every line has the box of the whole picture"
CUT = f"the picture has more text than {MOST} tokens: the rest was not read"


class GotOcr(HubBackend):
    """GOT-OCR 2.0 (Wei et al., 2024, arXiv 2409.01704):
    https://huggingface.co/stepfun-ai/GOT-OCR-2.0-hf. Plain text, line by line, top to bottom."""

    name = weights = "got-ocr-2"
    serves = ("ocr",)

    def prepare(self, found: Snapshot) -> None:
        from transformers import AutoTokenizer, GotOcr2ImageProcessorPil, GotOcr2Processor

        images = load_processor(GotOcr2ImageProcessorPil, found)
        self._tokens = load_processor(AutoTokenizer, found)
        self._tokens.padding_side = "left"
        self._both = GotOcr2Processor(images, self._tokens)

    def make(self, found: Snapshot) -> Any:
        from transformers import GotOcr2ForConditionalGeneration

        return load_module(GotOcr2ForConditionalGeneration, found, self.place.torch_dtype)

    def work(self, tool: str, calls: Sequence[Mapping[str, Any]], module: Any) -> list[Result]:
        pictures = {call["image"].key: call["image"] for call in calls}
        told = self.write([*pictures.values()], module)
        replies = dict(zip(pictures, told, strict=True))
        results: list[Result] = []
        for call in calls:
            reply = replies[call["image"].key]
            if isinstance(reply, ToolError):
                results.append(ToolError(f"{tool} in {self.name}: {reply}"))
            else:
                results.append(_lines(call["image"], *reply))
        return results

    def write(self, images: Sequence[Image], module: Any) -> list[tuple[str, bool] | ToolError]:
        """The text of each picture, and whether it came to an end."""
        watch = Watch()
        inputs = self.tensors(
            self._both(
                images=[canvas(image) for image in images],
                input_data_format="channels_last",
                return_tensors="pt",
            )
        )
        end = self._tokens.convert_tokens_to_ids(END)
        made = module.generate(
            **inputs,
            **watch.options,
            max_new_tokens=MOST,
            eos_token_id=end,
            pad_token_id=end,
        )
        new = made[:, inputs["input_ids"].shape[1] :].tolist()
        told = [(self._tokens.decode(one, skip_special_tokens=True), end in one) for one in new]
        return watch.checked(told)


def _lines(image: Image, told: str, ended: bool) -> Output:
    box = (0.0, 0.0, float(image.width), float(image.height))
    lines = [plain(line, 5 * LONGEST) for line in told.splitlines()]
    made = [Text(image, line, box) for line in lines if line]
    return Output(made, ((WHOLE,) if made else ()) + (() if ended else (CUT,)))
