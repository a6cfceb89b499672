"""The libraries that answers are compared with, as they are installed."""

from __future__ import annotations

from typing import Any

# Operators last as long as the object that declared them.
declared_operators: Any = None


def repair_torchvision() -> None:
    """Lets torchvision load beside a torch built for processors alone where torchvision is PyPI's, built for CUDA.

    timm and transformers import torchvision, which refuses to load when its compiled half does not fit. Nothing here uses
    that half, so declaring the two operators that it would have brought is enough.
    """
    global declared_operators
    from importlib.metadata import version

    import torch

    if "+cpu" in torch.__version__ and "+cpu" not in version("torchvision") and declared_operators is None:
        declared_operators = torch.library.Library("torchvision", "FRAGMENT")
        for name in ("nms", "qnms"):
            declared_operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def import_timm() -> Any:
    repair_torchvision()
    import timm

    return timm


def import_transformers() -> Any:
    repair_torchvision()
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers


def versions(*names: str) -> str:
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in names)
