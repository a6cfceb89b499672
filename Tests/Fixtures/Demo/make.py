#!/usr/bin/env python3
"""Writes what the demo model should see and answer for four of the example pictures, computed by PyTorch.

    pictures.json   the files under Examples/pictures, in order
    crops.npy       uint8 [4, 64, 64, 3]: the crop that the model sees (Pillow decodes and resizes)
    logits.npy      float64 [4, classes]: its logits, computed in float64 from the float16 weights

Run it again after every training: python3 Tests/Fixtures/Demo/make.py
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[2] / "Examples"
sys.path.insert(0, str(EXAMPLES))
import draw  # noqa: E402
import model as demo  # noqa: E402

PICTURES = ["crescent.png", "spiral.webp", "star.jpg", "waves.jpg"]

crops = np.stack([demo.seen((EXAMPLES / "pictures" / name).read_bytes()) for name in PICTURES])
pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).double()
with torch.no_grad():
    logits = demo.load().double()((pixels / 255 - 0.5) / 0.5).numpy()
for name, row in zip(PICTURES, logits):
    assert draw.CLASSES[row.argmax()] == Path(name).stem, f"{name}: the model says {draw.CLASSES[row.argmax()]}"
(HERE / "pictures.json").write_text(json.dumps(PICTURES) + "\n")
np.save(HERE / "crops.npy", crops)
np.save(HERE / "logits.npy", logits)
