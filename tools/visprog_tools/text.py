"""The text in pictures, by RapidOCR (extra `ocr`), whose weights come in its wheel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visprog.tool import Backend, Model
from visprog.values import Image, Text, Unknown

ABSENT = "no reader of text is installed; what would help: pip install 'visprog[ocr]'"


class RapidOcr(Backend):
    """Reads printed text, Latin and Chinese; without its package it abstains."""

    name = "rapidocr"
    serves = ("ocr",)
    model = Model("RapidOCR, PP-OCR small", "Apache-2.0", "of the installed rapidocr")

    def __init__(self, options: Mapping[str, str]) -> None:
        super().__init__(options)
        self._options = dict(options)
        self._engine: Any = None

    def load(self) -> None:
        try:
            from rapidocr import RapidOCR
        except ImportError:
            return
        threads = int(self._options.get("threads", "0")) or -1
        self._engine = RapidOCR(
            params={
                "Global.log_level": "error",
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            }
        )

    def ocr(self, image: Image) -> list[Text] | Unknown:
        if self._engine is None:
            return Unknown(ABSENT)
        found = self._engine(image.pixels[..., ::-1])  # it wants BGR
        if found.txts is None:
            return []
        made = []
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            left, top = (max(0.0, float(side)) for side in corners.min(axis=0))
            right = max(left, min(float(corners[:, 0].max()), image.width))
            bottom = max(top, min(float(corners[:, 1].max()), image.height))
            if text.strip():
                box = (left, top, right, bottom)
                made.append(Text(image, text.strip(), box, min(1.0, float(score))))
        return made
