"""timm: every registered name of its plain Vision Transformers, made narrow and shallow, saved as timm saves it."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

from cases import BATCH, Case, pixels, seed
from drawing import POST_NORM, Scale, draw
from installed import import_timm, versions

MODULES = ("vision_transformer", "deit", "eva", "beit")
CLASSES = 7
# A grid that is no square, so that rows and columns of positions cannot be confused.
GRID = (5, 7)
# For pictures of another size: timm takes positions for a square where it fits them to a new grid.
SQUARE = (5, 5)
OTHER = (4, 7)
# timm's own test models are small already.
AS_THEY_ARE = "test_vit*"
# Of each way to fit positions to another size.
ANY_SIZE = (
    "vit_tiny_patch16_224", "vit_base_patch16_reg4_gap_256", "vit_base_patch32_clip_224", "vit_small_patch14_reg4_dinov2",
    "vit_base_patch16_siglip_224", "vit_base_patch16_xp_224", "vit_base_patch16_radio_v3",
    "vit_huge_patch16_radio_v4", "flexivit_small",
    "beit3_base_patch16_224", "aimv2_large_patch14_224", "test_vit3", "deit_tiny_distilled_patch16_224",
    "deit3_small_patch16_224", "eva_giant_patch14_224", "eva02_tiny_patch14_224", "eva02_base_patch16_clip_224",
    "vit_small_patch16_dinov3", "vit_base_patch16_sapiens2", "vit_small_patch16_rope_224", "vit_small_patch16_rope_ape_224",
    "vit_small_patch16_rope_mixed_224", "vit_small_patch16_rope_mixed_ape_224", "vit_pe_core_tiny_patch16_384",
    "vit_pe_spatial_tiny_patch16_512", "vit_medium_patch16_rope_reg1_gap_256", "beit_base_patch16_224",
    "beitv2_base_patch16_224",
)  # fmt: skip
# One of each family at its full size.
WHOLE = (
    "vit_huge_patch14_224", "vit_so400m_patch14_siglip_224", "vit_giant_patch14_dinov2", "eva02_large_patch14_448",
)  # fmt: skip


class Captured(Exception):
    """Carries a name's constructor arguments out of timm before anything is built."""

    def __init__(self, built: type, arguments: dict[str, Any]):
        self.built = built
        self.arguments = arguments


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
        for module, original in zip(modules, originals, strict=True):
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


def overrides(name: str, grid: tuple[int, int] = GRID) -> dict[str, Any]:
    """What makes a name small: the head keeps its width, all else that the name says stays."""
    built, arguments = constructor(name)
    changed = small_pictures(name, grid)
    if fnmatch.fnmatch(name, AS_THEY_ARE):
        return changed
    width = default(built, arguments, "embed_dim") // default(built, arguments, "num_heads")
    heads = 3 if width < 96 else 2
    changed["depth"] = 2
    groups = default(built, arguments, "num_kv_heads")
    if groups is not None:
        heads = 4
        changed["depth"] = 3
        changed["num_kv_heads"] = [4, 4, 4] if min(groups) == max(groups) else [4, 2, 4]
    # Pooling with a number of heads of its own must divide the width too.
    pooling = default(built, arguments, "attn_pool_num_heads")
    while pooling and heads * width % pooling:
        heads += 1
    changed["embed_dim"] = heads * width
    changed["num_heads"] = heads
    return changed


def small_pictures(name: str, grid: tuple[int, int]) -> dict[str, Any]:
    """A grid of few patches, and few classes; none where the name has none."""
    patch = default(*constructor(name), "patch_size")
    classes = import_timm().get_pretrained_cfg(name).num_classes
    return {"img_size": [grid[0] * patch, grid[1] * patch], "num_classes": CLASSES if classes else 0}


def build(name: str, changed: dict[str, Any], seed: int) -> Any:
    """timm's module in evaluation mode, every parameter drawn anew."""
    module = import_timm().create_model(name, pretrained=False, **changed).eval()
    post_norm = type(module.blocks[0]).__name__ in ("EvaBlockPostNorm", "ResPostBlock")
    draw(module, seed, POST_NORM if post_norm else Scale())
    return module


def answers(module: Any, pixels: Any) -> dict[str, Any]:
    """What the module computes, in the precision that it has: by kinds of `fovea run`."""
    import torch

    with torch.inference_mode():
        tokens = module.forward_features(pixels)
        found = {"tokens": tokens, "embedding": module.forward_head(tokens, pre_logits=True)}
        if module.num_classes:
            found["logits"] = module(pixels)
    return found


def create(name: str, folder: Path, kind: str) -> tuple[Any, Any]:
    """Writes the case; gives the module in double precision and the pixels, for proofs.

    `kind` is what of the name is kept: `timm` makes it narrow; `timm-any-size` too, and feeds pictures of another size than
    it was made for; `timm-wide` keeps all but the depth; `timm-whole` keeps everything, sizes of pictures too.
    """
    import torch
    from timm.models import save_for_hf

    timm = import_timm()
    if kind == "timm-whole":
        changed = {}
    elif kind == "timm-wide":
        changed = small_pictures(name, GRID) | {"depth": 1}
        if default(*constructor(name), "num_kv_heads") is not None:
            changed["num_kv_heads"] = [constructor(name)[1]["num_kv_heads"][0]]
    else:
        changed = overrides(name, SQUARE if kind == "timm-any-size" else GRID)
    module = build(name, changed, seed(name))
    save_for_hf(module, folder, safe_serialization=True)
    case = Case(kind, name, changed, versions=versions("timm", "torch"))
    if kind != "timm-whole":
        module = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    height, width = module.patch_embed.img_size
    given = pixels(name, height, width, 1 if kind == "timm-whole" else BATCH)
    module.double()
    if kind == "timm-any-size":
        # timm's own way: weights are fitted to the size when they are loaded.
        patch = module.patch_embed.patch_size[0]
        other = [OTHER[0] * patch, OTHER[1] * patch]
        resized = timm.create_model(f"local-dir:{folder}", pretrained=True, img_size=other).eval().double()
        given = pixels(name, *other)
        case.expect(folder, "", given, answers(resized, torch.from_numpy(given).double()))
    else:
        case.expect(folder, "", given, answers(module, torch.from_numpy(given).double()))
    case.write(folder)
    return module, given
