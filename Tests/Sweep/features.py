"""What sets one timm name apart from another: names grouped by the arguments that change what is computed."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

import timm_models
from installed import import_timm

# Sizes, which a checkpoint's shapes tell, and what acts in training alone.
SIZES = (
    "img_size", "patch_size", "embed_dim", "depth", "num_heads", "mlp_ratio", "num_classes", "in_chans", "ref_feat_shape",
    "num_kv_heads",
)  # fmt: skip
TRAINING = (
    "weight_init", "fix_init", "head_init_scale", "strict_img_size", "dynamic_img_size", "drop_path_rate",
    "rope_rescale_coords", "pretrained_cfg", "pretrained_cfg_overlay", "pretrained_filter_fn", "pretrained_strict",
    "feature_cfg", "attn_only_layer_scale_init",
)  # fmt: skip


def written(value: Any) -> str:
    if isinstance(value, partial):
        arguments = ", ".join(f"{key}={argument}" for key, argument in value.keywords.items())
        return f"{value.func.__name__}({arguments})"
    return getattr(value, "__name__", None) or str(value)


def norms(module: Any) -> str:
    """Kind and eps of the module's norms, by the last name of each."""
    found = defaultdict(set)
    for name, part in module.named_modules():
        eps = getattr(part, "eps", None)
        if eps is not None:
            place = ".".join(step for step in name.split(".") if not step.isdigit() and step != "blocks")
            found[f"{type(part).__name__} {eps:g}"].add(place)
    return "; ".join(f"{kind}: {', '.join(sorted(places))}" for kind, places in sorted(found.items()))


def activations(module: Any) -> str:
    kinds = {type(part).__name__ for name, part in module.named_modules() if name.endswith("act")}
    return ", ".join(sorted(kinds))


def blocks(module: Any) -> str:
    """The classes that do the work."""
    ends = ("attn", "mlp", "attn_pool", "rope", "patch_embed")
    kinds = {
        f"{name.split('.')[-1]}: {type(part).__name__}"
        for name, part in module.named_modules()
        if name.split(".")[-1] in ends
    }
    return ", ".join(sorted({f"block: {type(module.blocks[0]).__name__}"} | kinds))


def parameters(module: Any) -> str:
    """Names of the parameters, one block's for all."""
    names = {name if not name.startswith("blocks.") else "blocks.N." + name.split(".", 2)[2] for name in module.state_dict()}
    return " ".join(sorted(names))


def signature(name: str) -> tuple[str, ...]:
    built, arguments = timm_models.constructor(name)
    said = sorted(
        f"{key}={written(value)}" for key, value in arguments.items()
        if key not in SIZES + TRAINING and value not in (None, timm_models.default(built, {}, key))
    )  # fmt: skip
    module = import_timm().create_model(name, pretrained=False, **timm_models.overrides(name))
    return (
        built.__name__, " ".join(said), blocks(module), activations(module), norms(module), parameters(module),
        f"no bias in patch_embed: {module.patch_embed.proj.bias is None}",
    )  # fmt: skip


def sizes(name: str) -> str:
    built, arguments = timm_models.constructor(name)
    value = {key: timm_models.default(built, arguments, key) for key in SIZES}
    heads, groups = value["num_heads"], value["num_kv_heads"]
    image = import_timm().get_pretrained_cfg(name).input_size[1:]
    text = (
        f"patch {value['patch_size']}, image {image[0]}×{image[1]}, {value['depth']} × {value['embed_dim']}, "
        f"{heads} heads of {value['embed_dim'] // heads}, MLP {int(value['embed_dim'] * value['mlp_ratio'])}"
    )
    if groups:
        text += f", key and value heads {' '.join(map(str, groups))}"
    if value["ref_feat_shape"] is not None:
        text += f", rope's reference grid {value['ref_feat_shape']}"
    return text


def summary() -> str:
    """Markdown: each distinct combination of features, with the names that have it."""
    groups = defaultdict(list)
    for name in timm_models.names():
        groups[signature(name)].append(name)
    lines = ["# timm's plain Vision Transformers by what they compute", ""]
    lines += [
        f"{sum(map(len, groups.values()))} names in {len(groups)} groups. Arguments: those not the class's default.",
        "",
    ]
    for number, (key, names) in enumerate(sorted(groups.items(), key=lambda item: (item[0][0], -len(item[1]))), 1):
        built, said, kinds, activation, norm, tensors, bias = key
        lines += [
            f"## {number}. {built}: {said or 'defaults'}",
            "",
            f"- {kinds}; activation {activation}; {bias}",
            f"- norms: {norm}",
        ]
        lines += [f"- tensors: `{tensors}`", ""]
        lines += [f"    - {name}: {sizes(name)}" for name in names] + [""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(summary())
