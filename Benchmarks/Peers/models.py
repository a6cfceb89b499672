"""The models that all engines run: timm's architectures with random weights, and what they should answer.

A model is a folder in timm's own layout (config.json, model.safetensors), so that Fovea and timm open the same file;
beside it lie the inputs, and the logits in float64 that every engine is held to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SEED = 224
LARGEST_BATCH = 8

# Operators last as long as the object that declared them.
declared_operators: Any = None


@dataclass(frozen=True)
class Model:
    """A model's folder and the files in it."""

    name: str
    folder: Path

    @property
    def weights(self) -> Path:
        return self.folder / "model.safetensors"

    def input(self, batch: int) -> Path:
        """float32 [batch, 3, H, W], already normalised."""
        return self.folder / f"input{batch}.npy"

    def expected(self, batch: int) -> Path:
        """float64 [batch, classes]: timm's logits with weights and arithmetic in double precision."""
        return self.folder / f"expected{batch}.npy"

    def onnx(self, batch: int) -> Path:
        """The graph for ONNX Runtime, at a fixed batch."""
        return self.folder / f"batch{batch}.onnx"


def import_timm() -> Any:
    """timm, also beside a torch built for processors alone and a torchvision built for CUDA, which is PyPI's.

    timm imports torchvision, which refuses to load when its compiled half does not fit. Nothing here uses that half, so
    declaring the two operators that it would have brought is enough.
    """
    global declared_operators
    from importlib.metadata import version

    import torch

    if "+cpu" in torch.__version__ and "+cpu" not in version("torchvision") and declared_operators is None:
        declared_operators = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            declared_operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import timm

    return timm


def load_timm(model: Model) -> Any:
    """timm's module in evaluation mode, with this folder's weights."""
    from safetensors.torch import load_file

    module = import_timm().create_model(model.name)
    module.load_state_dict(load_file(model.weights))
    return module.eval()


def load_arrays(model: Model) -> dict[str, np.ndarray]:
    """The weights by timm's names, for engines that get the forward pass written out."""
    from safetensors.numpy import load_file

    return load_file(model.weights)


def heads(model: Model) -> int:
    """Heads of attention: the weights do not tell; in these architectures a head is 64 wide."""
    return json.loads((model.folder / "config.json").read_text())["num_features"] // 64


def create(model: Model, batches: list[int]) -> None:
    """Writes whatever is missing of the folder: configuration, weights, inputs and expected logits."""
    import torch

    model.folder.mkdir(parents=True, exist_ok=True)
    if not model.weights.exists():
        write_checkpoint(model)
    missing = [batch for batch in batches if not model.expected(batch).exists()]
    if not missing:
        return
    module = load_timm(model)
    height, width = module.patch_embed.img_size
    most = max(LARGEST_BATCH, *missing)
    pictures = np.random.default_rng(SEED).standard_normal((most, 3, height, width), dtype=np.float32)
    module.double()
    with torch.inference_mode():
        logits = module(torch.from_numpy(pictures).double()).numpy()
    for batch in missing:
        np.save(model.input(batch), pictures[:batch])
        np.save(model.expected(batch), logits[:batch])


def write_checkpoint(model: Model) -> None:
    """Random weights with which every parameter changes the logits, and none drowns the others.

    timm's own initialisation leaves biases at 0, norms at 1 and the head almost at 0: an engine that dropped them
    would still agree.
    """
    import torch
    from safetensors.torch import save_file

    module = import_timm().create_model(model.name).eval()
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if key in ("cls_token", "pos_embed"):
                parameter.copy_(0.5 * noise)
            elif key.endswith("bias"):
                parameter.copy_(0.2 * noise)
            elif parameter.ndim == 1:
                parameter.copy_(1 + 0.2 * noise)
            else:
                parameter.copy_(1.2 * noise / parameter[0].numel() ** 0.5)
    config = module.pretrained_cfg
    kept = ("input_size", "interpolation", "mean", "std", "crop_pct", "first_conv", "classifier")
    description = {
        "architecture": model.name,
        "num_classes": module.num_classes,
        "num_features": module.num_features,
        "global_pool": module.global_pool,
        "pretrained_cfg": {key: config[key] for key in kept if config.get(key) is not None},
    }
    (model.folder / "config.json").write_text(json.dumps(description, indent=2) + "\n")
    partial = model.folder / "model.partial"
    save_file({key: value.contiguous() for key, value in module.state_dict().items()}, partial, {"format": "pt"})
    partial.rename(model.weights)


def export_onnx(model: Model, batch: int) -> None:
    """The graph as PyTorch's exporter writes it (opset 20: LayerNormalization and Gelu are one node each)."""
    import torch

    if model.onnx(batch).exists():
        return
    pictures = torch.from_numpy(np.load(model.input(batch)))
    partial = model.onnx(batch).with_suffix(".partial")
    torch.onnx.export(
        load_timm(model), (pictures,), partial, input_names=["pixels"], output_names=["logits"],
        opset_version=20, dynamo=True, external_data=False, verbose=False,
    )
    partial.rename(model.onnx(batch))


@dataclass(frozen=True)
class Agreement:
    """How far logits are from what was expected."""

    difference: float  # the largest difference over the root mean square of what was expected
    cosine: float  # the least cosine of a picture's logits and those expected


def agreement(found: np.ndarray, expected: np.ndarray) -> Agreement:
    if found.shape != expected.shape:
        raise ValueError(f"the logits have shape {found.shape} against {expected.shape}")
    found = found.astype(np.float64)
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    return Agreement(
        float(np.abs(found - expected).max() / np.sqrt(np.mean(expected**2))),
        float(((found * expected).sum(axis=1) / lengths).min()),
    )
