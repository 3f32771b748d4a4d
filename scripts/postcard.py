"""Makes examples/postcard.gif of two of the other examples: a picture of a cat that slides right.

python scripts/postcard.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageFilter, ImageOps

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
WIDTH, HEIGHT, FRAMES, MILLISECONDS = 300, 200, 16, 80
CARD, BORDER, TILT, TOP = (150, 100), 6, 4, 42
TURN = Image.Resampling.BICUBIC


def main() -> None:
    table = Image.open(EXAMPLES / "wine.jpg").convert("RGB")
    table = ImageOps.fit(table, (WIDTH, HEIGHT)).filter(ImageFilter.GaussianBlur(7))
    card = ImageOps.expand(
        Image.open(EXAMPLES / "cat.jpg").convert("RGB").resize(CARD), BORDER, "white"
    )
    mask = Image.new("L", card.size, 255).rotate(TILT, TURN, expand=True)
    card = card.rotate(TILT, TURN, expand=True)
    frames = []
    for number in range(FRAMES):
        frame = table.copy()
        frame.paste(card, (4 + number * (WIDTH - card.width - 8) // (FRAMES - 1), TOP), mask)
        frames.append(frame.quantize(96, dither=Image.Dither.NONE))
    first, *others = frames
    place = EXAMPLES / "postcard.gif"
    first.save(place, save_all=True, append_images=others, duration=MILLISECONDS, loop=0)


if __name__ == "__main__":
    main()
