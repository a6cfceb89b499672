#!/usr/bin/env python3
"""Writes the example pictures and the contact sheet that stand beside this script.

    python3 Examples/show.py
"""

import io
from pathlib import Path

from PIL import Image, ImageDraw

import draw

SEED = 7
# File name and which of its class to draw: the ones that show best.
EXAMPLES = {
    "arrow.jpg": 9,
    "bricks.png": 2,
    "checkerboard.jpg": 1,
    "crescent.png": 6,
    "dots.png": 6,
    "heart.jpg": 2,
    "hexagon.jpg": 3,
    "rays.png": 6,
    "spiral.webp": 9,
    "star.jpg": 7,
    "target.jpg": 8,
    "waves.jpg": 4,
}
HERE = Path(__file__).resolve().parent


def drawn(name, turn):
    """The encoded picture number `turn` of the class `name`."""
    return draw.picture(SEED, turn * len(draw.CLASSES) + draw.CLASSES.index(name))[2]


def examples(folder):
    folder.mkdir(exist_ok=True)
    for file, turn in EXAMPLES.items():
        name, ending = file.split(".")
        data = drawn(name, turn)
        if ending == "webp":
            stream = io.BytesIO()
            Image.open(io.BytesIO(data)).save(stream, "WEBP", quality=90)
            data = stream.getvalue()
        (folder / file).write_bytes(data)


def contact_sheet(file, cell=88, caption=14):
    """Two pictures of each class under its name, ten classes a row."""
    columns = 10
    sheet = Image.new("RGB", (columns * cell, len(draw.CLASSES) // columns * (2 * cell + caption)), "white")
    pen = ImageDraw.Draw(sheet)
    for k, name in enumerate(draw.CLASSES):
        left, top = k % columns * cell, k // columns * (2 * cell + caption)
        pen.text((left + cell / 2, top + caption / 2), name, fill="black", anchor="mm")
        for turn in (2, 4):
            image = Image.open(io.BytesIO(drawn(name, turn))).convert("RGB")
            side = min(image.size)
            x, y = (image.width - side) // 2, (image.height - side) // 2
            image = image.crop((x, y, x + side, y + side)).resize((cell - 4, cell - 4), Image.Resampling.LANCZOS)
            sheet.paste(image, (left + 2, top + caption + (turn - 2) // 2 * cell + 2))
    sheet.save(file, quality=88)


if __name__ == "__main__":
    examples(HERE / "pictures")
    contact_sheet(HERE / "contact-sheet.jpg")
