"""timm: every registered name of its plain Vision Transformers, made narrow and shallow, saved as timm saves it."""

from __future__ import annotations

import fnmatch
from typing import Any

MODULES = ("vision_transformer", "deit", "eva", "beit")
CLASSES = 7
# A grid that is no square, so that rows and columns of positions cannot be confused.
GRID = (5, 7)
# timm's own test models are small already.
AS_THEY_ARE = "test_vit*"

# Operators last as long as the object that declared them.
declared_operators: Any = None


class Captured(Exception):
    """Carries a name's constructor arguments out of timm before anything is built."""

    def __init__(self, built: type, arguments: dict[str, Any]):
        self.built = built
        self.arguments = arguments


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


def names() -> list[str]:
    """Every name that the four modules register."""
    timm = import_timm()
    return sorted({name for module in MODULES for name in timm.list_models(module=module)})


def constructor(name: str) -> tuple[type, dict[str, Any]]:
    """The class that a name stands for, and the arguments that timm would build it with."""
    import importlib

    timm = import_timm()

    def capture(built: type, variant: str, pretrained: bool, **arguments: Any) -> Any:
        raise Captured(built, arguments)

    modules = [importlib.import_module(f"timm.models.{module}") for module in MODULES]
    originals = [module.build_model_with_cfg for module in modules]
    for module in modules:
        module.build_model_with_cfg = capture
    try:
        timm.create_model(name)
    except Captured as captured:
        return captured.built, captured.arguments
    finally:
        for module, original in zip(modules, originals):
            module.build_model_with_cfg = original
    raise AssertionError(f"{name} builds its model in a way that is not known here")


def default(built: type, arguments: dict[str, Any], key: str) -> Any:
    """An argument, or the class's default for it."""
    import inspect

    if key in arguments:
        return arguments[key]
    for owner in built.__mro__:
        parameters = inspect.signature(owner.__init__).parameters
        if key in parameters:
            return parameters[key].default
    return None


def overrides(name: str) -> dict[str, Any]:
    """What makes a name small: the head keeps its width, all else that the name says stays."""
    built, arguments = constructor(name)
    patch = default(built, arguments, "patch_size")
    classes = import_timm().get_pretrained_cfg(name).num_classes
    changed: dict[str, Any] = {"img_size": [GRID[0] * patch, GRID[1] * patch], "num_classes": CLASSES if classes else 0}
    if fnmatch.fnmatch(name, AS_THEY_ARE):
        return changed
    width = default(built, arguments, "embed_dim") // default(built, arguments, "num_heads")
    heads = 3 if width < 96 else 2
    changed["depth"] = 2
    groups = default(built, arguments, "num_kv_heads")
    if groups is not None:
        heads = 4
        changed["depth"] = 3
        grouped = min(groups) != max(groups)
        changed["num_kv_heads"] = [4, 2, 4] if grouped else [4, 4, 4]
    # Pooling with a number of heads of its own must divide the width too.
    pooling = default(built, arguments, "attn_pool_num_heads")
    while pooling and heads * width % pooling:
        heads += 1
    changed["embed_dim"] = heads * width
    changed["num_heads"] = heads
    return changed


def build(name: str, changed: dict[str, Any], seed: int) -> Any:
    """timm's module in evaluation mode, every parameter drawn anew."""
    from drawing import draw

    module = import_timm().create_model(name, pretrained=False, **changed).eval()
    draw(module, seed)
    return module


def save(module: Any, folder: Any) -> None:
    """config.json and model.safetensors as timm writes them."""
    from timm.models import save_for_hf

    save_for_hf(module, folder, safe_serialization=True)


def answers(module: Any, pixels: Any) -> dict[str, Any]:
    """What the module computes, in the precision that it has: by kinds of `fovea run`."""
    import torch

    with torch.inference_mode():
        tokens = module.forward_features(pixels)
        found = {"tokens": tokens, "embedding": module.forward_head(tokens, pre_logits=True)}
        if module.num_classes:
            found["logits"] = module.forward_head(tokens)
            direct = module(pixels)
            if not torch.allclose(found["logits"], direct, rtol=1e-9, atol=1e-9):
                raise AssertionError("forward_head and forward disagree")
    return found
