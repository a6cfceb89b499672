"""Writes the goldens under Tests/Fixtures/Goldens whose libraries fit them to another size, or whose names are others'.

Tests/Sweep/.build-sweep/venv/bin/python Tests/Sweep/goldens.py, once Tests/Sweep/sweep has installed the libraries.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

import other_models
import timm_models
import transformers_models
from cases import pixels, seed
from drawing import draw
from installed import import_timm, import_transformers

FOLDER = Path(__file__).resolve().parents[1] / "Fixtures/Goldens"
# One block of two heads; a square of 3 × 3 patches, fed 2 × 4.
NARROW = {"img_size": [48, 48], "depth": 1, "embed_dim": 32, "num_heads": 2}
OTHER = (32, 64)


def keep(folder: Path, given: np.ndarray, answers: dict[str, Any]) -> None:
    np.save(folder / "input.npy", given)
    for kind, values in answers.items():
        np.save(folder / f"{kind}.npy", values.numpy())


def empty(name: str) -> Path:
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def timm_at_another_size(golden: str, name: str, **changed: Any) -> None:
    import torch
    from timm.models import save_for_hf

    folder, timm = empty(golden), import_timm()
    save_for_hf(timm_models.build(name, NARROW | changed, seed(golden)), folder, safe_serialization=True)
    module = timm.create_model(f"local-dir:{folder}", pretrained=True, img_size=OTHER).eval().double()
    given = pixels(golden, *OTHER, batch=1)
    keep(folder, given, timm_models.answers(module, torch.from_numpy(given).double()))


def radio() -> None:
    """Saved by transformers in NVIDIA's names; three class tokens and a register, two of them read; 4 × 7 of 9 × 9 places."""
    import torch

    folder = empty("hf-radio")
    arguments = {
        "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "patch_size": 8, "image_size": 40,
        "mlp_ratio": 3.0, "max_img_size": 72, "num_cls_tokens": 3, "num_registers": 1, "summary_idxs": [0, 2],
    }  # fmt: skip
    model = transformers_models.Model("RadioModel", "RadioConfig", arguments, transformers_models.summary)
    transformers_models.build(model, seed("hf-radio")).save_pretrained(folder)
    module = transformers_models.build(model, seed("hf-radio"))
    module = type(module).from_pretrained(folder, attn_implementation="sdpa").eval().double()
    given = pixels("hf-radio", *transformers_models.OTHER, batch=1)
    keep(folder, given, transformers_models.answers(model, module, torch.from_numpy(given).double(), {}))


def fair_dinov3() -> None:
    """FAIR's names and its mask of the key's bias, in a .pth."""
    import torch

    folder, name = empty("fair-dinov3"), "vit_small_patch16_dinov3_qkvb"
    module = import_timm().create_model(name, pretrained=False, **NARROW).eval()
    draw(module, seed("fair-dinov3"))
    torch.save(other_models.to_dinov3(dict(module.state_dict())), folder / "dinov3_vits16_pretrain.pth")
    text = {"architecture": name, "model_args": NARROW}
    (folder / "config.json").write_text(json.dumps(text, indent=1) + "\n")
    given = pixels("fair-dinov3", *NARROW["img_size"], batch=1)
    keep(folder, given, timm_models.answers(module.double(), torch.from_numpy(given).double()))


if __name__ == "__main__":
    import_transformers()
    timm_at_another_size("timm-beit-any-size", "beit_base_patch16_224", num_classes=5)
    timm_at_another_size("timm-radio-any-size", "vit_base_patch16_radio_v3")
    radio()
    fair_dinov3()
