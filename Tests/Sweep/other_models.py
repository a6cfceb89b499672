"""Files of other authors: open_clip's, OpenAI's CLIP, FAIR's DINO, DINOv2, DINOv3, DeiT, DeiT-III, MAE, Microsoft's BEiT.

FAIR's and Microsoft's layouts are written from timm's modules by their own names, and read back by timm: a round trip that
must give the same answer, so that a wrong name here cannot pass. Heads are as many as the architecture's name says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cases import Case, pixels, seed
from drawing import draw
from installed import import_timm, repair_torchvision, versions

CLASSES = 7
TEXT = {"context_length": 8, "vocab_size": 64, "width": 64, "heads": 1, "layers": 1}
TOWER = {"image_size": 40, "layers": 2, "width": 128, "head_width": 64, "patch_size": 8}


@dataclass(frozen=True)
class Model:
    """What to write, and how."""

    name: str
    create: Callable[[Model, Path], Case]
    arguments: dict[str, Any] = field(default_factory=dict)
    architecture: str = ""
    # The file's own name, and the key that the tensors lie under in it.
    file: str = ""
    under: str = ""
    rename: Callable[[dict[str, Any]], dict[str, Any]] = dict


def models() -> list[Model]:
    clip = {"embed_dim": 40, "vision_cfg": TOWER, "text_cfg": TEXT}
    clipa = TOWER | {"no_ln_pre": True, "pool_type": "avg", "final_ln_after_pool": True, "pos_embed_type": "sin_cos_2d"}
    tanh = TOWER | {"norm_kwargs": {"eps": 1e-3}, "act_kwargs": {"approximate": "tanh"}}
    narrow = {"depth": 2, "img_size": 80, "embed_dim": 192}
    dinov2 = {"depth": 2, "img_size": 70, "embed_dim": 96, "num_classes": 0}
    return [
        Model("open-clip", open_clip, clip),
        Model("open-clip-quickgelu", open_clip, clip | {"quick_gelu": True}),
        Model("open-clip-head-width", open_clip, clip | {"vision_cfg": TOWER | {"head_width": 32, "mlp_ratio": 3.5}}),
        Model("open-clip-layer-scale", open_clip, clip | {"vision_cfg": TOWER | {"ls_init_value": 0.1}}),
        Model("open-clip-eps", open_clip, clip | {"vision_cfg": tanh}),
        Model("open-clip-clipa", open_clip, clip | {"vision_cfg": clipa}),
        Model("open-clip-timm-siglip", open_clip, {"embed_dim": 192, "text_cfg": TEXT, "vision_cfg": {
            "image_size": 80, "timm_model_name": "vit_base_patch16_siglip_224", "timm_pool": "map", "timm_proj": "none"}}),
        Model("open-clip-timm-eva02", open_clip, {"embed_dim": 40, "text_cfg": TEXT, "vision_cfg": {
            "image_size": 80, "timm_model_name": "eva02_base_patch16_clip_224", "timm_pool": "token", "timm_proj": None}}),
        Model("open-clip-timm-linear", open_clip, {"embed_dim": 40, "text_cfg": TEXT, "vision_cfg": {
            "image_size": 80, "timm_model_name": "vit_base_patch16_224", "timm_pool": "avg", "timm_proj": "linear"}}),
        Model("openai-clip", openai_clip, clip | {"quick_gelu": True}),
        Model("fair-dinov2", by_timm, dinov2, "vit_small_patch14_dinov2", "dinov2_vits14_pretrain.pth", rename=to_dinov2),
        Model("fair-dinov2-registers", by_timm, dinov2, "vit_small_patch14_reg4_dinov2", "dinov2_vits14_reg4_pretrain.pth",
              rename=to_dinov2),
        Model("fair-dinov2-giant", by_timm, dinov2 | {"embed_dim": 192}, "vit_giant_patch14_dinov2",
              "dinov2_vitg14_pretrain.pth", rename=to_dinov2),
        Model("fair-dino", by_timm, narrow | {"num_classes": 0}, "vit_small_patch16_224", "dino_deitsmall16_pretrain.pth"),
        Model("fair-dinov3", by_timm, narrow, "vit_small_patch16_dinov3_qkvb", "dinov3_vits16_pretrain.pth",
              rename=to_dinov3),
        Model("fair-dinov3-swiglu", by_timm, narrow | {"embed_dim": 160}, "vit_huge_plus_patch16_dinov3_qkvb",
              "dinov3_vith16plus_pretrain.pth", rename=to_dinov3),
        Model("fair-deit", by_timm, narrow | {"embed_dim": 96, "num_classes": CLASSES},
              "deit_tiny_distilled_patch16_224", "deit_tiny_distilled_patch16_224.pth", "model"),
        Model("fair-deit3", by_timm, narrow | {"embed_dim": 96, "num_classes": CLASSES},
              "deit3_small_patch16_224", "deit_3_small_224_1k.pth", "model", to_deit3),
        Model("fair-mae", by_timm, narrow | {"num_classes": 0}, "vit_base_patch16_224",
              "mae_pretrain_vit_base.pth", "model"),
        Model("fair-mae-finetuned", by_timm, narrow | {"num_classes": CLASSES, "global_pool": "avg"},
              "vit_base_patch16_224", "mae_finetuned_vit_base.pth", "model"),
        Model("microsoft-beit", by_timm, narrow | {"num_classes": CLASSES},
              "beit_base_patch16_224", "beit_base_patch16_224_pt22k_ft22kto1k.pth", "model", to_beit),
    ]  # fmt: skip


def create(name: str, folder: Path) -> None:
    repair_torchvision()
    model = next(model for model in models() if model.name == name)
    case = model.create(model, folder)
    case.write(folder)


def towers(model: Model) -> Any:
    """open_clip's two towers. timm's trunks are made narrow and shallow; open_clip itself offers no way to."""
    import open_clip.timm_model
    from open_clip import CLIP, CustomTextCLIP

    timm = import_timm()
    original = timm.create_model
    size = model.arguments["vision_cfg"]["image_size"]

    def narrowed(name: str, **given: Any) -> Any:
        return original(name, **given, embed_dim=192, depth=2, img_size=size)

    built = CustomTextCLIP if "timm_model_name" in model.arguments["vision_cfg"] else CLIP
    open_clip.timm_model.timm.create_model = narrowed
    try:
        module = built(**model.arguments).eval()
    finally:
        open_clip.timm_model.timm.create_model = original
    draw(module, seed(model.name))
    return module


def projected(module: Any, given: Any) -> dict[str, Any]:
    import torch

    with torch.inference_mode():
        return {"embedding": module.double().encode_image(torch.from_numpy(given).double())}


def open_clip(model: Model, folder: Path) -> Case:
    """open_clip_config.json and open_clip_model.safetensors, as open_clip's save_for_hf writes them."""
    from safetensors.torch import save_file

    module = towers(model)
    tensors = {key: value.contiguous() for key, value in module.state_dict().items()}
    save_file(tensors, folder / "open_clip_model.safetensors", {"format": "pt"})
    size = model.arguments["vision_cfg"]["image_size"]
    preprocessing = {
        "size": [size, size], "mode": "RGB", "mean": [0.48145466, 0.4578275, 0.40821073],
        "std": [0.26862954, 0.26130258, 0.27577711], "interpolation": "bicubic", "resize_mode": "shortest", "fill_color": 0,
    }  # fmt: skip
    text = {"model_cfg": model.arguments, "preprocess_cfg": preprocessing}
    (folder / "open_clip_config.json").write_text(json.dumps(text, indent=2) + "\n")
    case = Case("others", model.name, model.arguments, versions=versions("open_clip_torch", "timm", "torch"))
    given = pixels(model.name, size, size)
    case.expect(folder, "", given, projected(module, given))
    return case


def openai_clip(model: Model, folder: Path) -> Case:
    """One file of float16 tensors by OpenAI's names, with the sizes that its archives carry; quick GELU, heads of 64."""
    import torch
    from open_clip.model import build_model_from_openai_state_dict

    module = towers(model)
    tensors = {key: value.half() if value.is_floating_point() else value for key, value in module.state_dict().items()}
    tensors.pop("attn_mask", None)
    for key, value in (("input_resolution", TOWER["image_size"]), ("context_length", 8), ("vocab_size", 64)):
        tensors[key] = torch.tensor(value)
    torch.save(tensors, folder / "ViT-B-8.pt")
    read = build_model_from_openai_state_dict(dict(tensors), cast_dtype=torch.float32).eval()
    case = Case("others", model.name, model.arguments, model="ViT-B-8.pt", versions=versions("open_clip_torch", "torch"))
    given = pixels(model.name, TOWER["image_size"], TOWER["image_size"])
    case.expect(folder, "", given, projected(read, given))
    return case


def by_timm(model: Model, folder: Path) -> Case:
    """A .pth by its authors' names, from timm's module, that timm reads back."""
    import torch

    import timm_models

    timm = import_timm()
    module = timm.create_model(model.architecture, **model.arguments).eval()
    draw(module, seed(model.name))
    tensors = model.rename(dict(module.state_dict()))
    torch.save({model.under: tensors} if model.under else tensors, folder / model.file)
    size = model.arguments["img_size"]
    given = pixels(model.name, size, size)
    numbers = torch.from_numpy(given).double()
    expected = timm_models.answers(module.double(), numbers)

    source = {"file": str(folder / model.file), "num_classes": module.num_classes}
    again = timm.create_model(model.architecture, **model.arguments, pretrained=True, pretrained_cfg_overlay=source).eval()
    for kind, values in timm_models.answers(again.double(), numbers).items():
        if not torch.allclose(values, expected[kind], rtol=1e-5, atol=1e-6):
            raise AssertionError(f"timm reads {model.file} as another model: {kind} differ")
        expected[kind] = values
    # Narrower than the name says: the number of heads must be told.
    options = ["--architecture", model.architecture, "--heads", str(module.blocks[0].attn.num_heads)]
    case = Case("others", model.name, model.arguments, model.file, options, versions=versions("timm", "torch"))
    case.expect(folder, "", given, expected)
    return case


def to_dinov2(tensors: dict[str, Any]) -> dict[str, Any]:
    """A mask token, one table of positions for class token and patches, packed gates w12 and w3."""
    import torch

    written = {"mask_token": torch.zeros(1, tensors["cls_token"].shape[-1])}
    if "reg_token" in tensors:
        written["register_tokens"] = tensors.pop("reg_token")
        position = 0.3 * tensors["cls_token"]
        tensors["cls_token"] = tensors["cls_token"] - position
        tensors["pos_embed"] = torch.cat([position, tensors["pos_embed"]], dim=1)
    gated = any("mlp.fc1.weight" in key and value.shape[0] != 4 * value.shape[1] for key, value in tensors.items())
    for key, value in tensors.items():
        written[key.replace("mlp.fc1", "mlp.w12").replace("mlp.fc2", "mlp.w3") if gated else key] = value
    return written


def to_dinov3(tensors: dict[str, Any]) -> dict[str, Any]:
    """Storage tokens, gates w1 and w2, and one bias for query, key and value, of which a mask leaves the key none."""
    import torch

    width = tensors["cls_token"].shape[-1]
    written = {"mask_token": torch.zeros(1, width), "rope_embed.periods": torch.ones(4)}
    names = {"reg_token": "storage_tokens", "gamma_": "ls", "fc1_g": "w1", "fc1_x": "w2"}
    gated = "blocks.0.mlp.fc1_g.weight" in tensors
    for key, value in tensors.items():
        if key.endswith("q_bias"):
            bias = torch.cat([value, torch.full_like(value, 0.5), tensors[key.replace("q_bias", "v_bias")]])
            written[key.replace("q_bias", "qkv.bias")] = bias
            mask = torch.cat([torch.ones(width), torch.zeros(width), torch.ones(width)])
            written[key.replace("q_bias", "qkv.bias_mask")] = mask
        elif not key.endswith("v_bias"):
            for ours, theirs in names.items():
                key = key.replace(ours, theirs)
            key = re.sub(r"ls([12])$", r"ls\1.gamma", key)
            written[key.replace("mlp.fc2", "mlp.w3") if gated else key] = value
    return written


def to_deit3(tensors: dict[str, Any]) -> dict[str, Any]:
    return {re.sub(r"ls([12])\.gamma", r"gamma_\1", key): value for key, value in tensors.items()}


def to_beit(tensors: dict[str, Any]) -> dict[str, Any]:
    """With the index of relative positions, which is no parameter, in each block."""
    import torch

    for key in [key for key in tensors if key.endswith("relative_position_bias_table")]:
        tensors[key.replace("bias_table", "index")] = torch.zeros(26, 26, dtype=torch.int64)
    return tensors
