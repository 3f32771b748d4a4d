"""Reading text: with the package of extra `ocr`, and without."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw, ImageFont

from visprog.values import Image, Text, Unknown
from visprog_tools.text import RapidOcr


def test_without_its_package_it_abstains_and_names_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    backend = RapidOcr({})
    backend.ready()
    answer = backend.ocr(Image(np.zeros((9, 9, 3), np.uint8)))
    assert isinstance(answer, Unknown) and "pip install 'visprog[ocr]'" in answer.reason


@pytest.mark.filterwarnings("ignore")  # of the libraries that rapidocr loads
def test_printed_lines_are_read_in_order() -> None:
    sheet = Picture.new("RGB", (480, 160), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((20, 20), "OPEN DAILY", fill="black", font=ImageFont.load_default(40))
    pen.text((20, 90), "9 am to 5 pm", fill="darkred", font=ImageFont.load_default(32))
    backend = RapidOcr({"threads": "1"})
    backend.ready()
    spans = backend.ocr(Image(np.array(sheet)))
    assert isinstance(spans, list) and all(isinstance(span, Text) for span in spans)
    assert [span.text for span in spans] == ["OPEN DAILY", "9 am to 5 pm"]
    assert spans[0].box[1] < spans[1].box[1] and spans[0].score > 0.9
    assert backend.ocr(Image(np.zeros((40, 40, 3), np.uint8))) == []
