"""Random weights with which every parameter changes what a model answers, and none drowns the others.

Libraries initialise biases at 0, norms at 1, layer scales at 1e-5 and heads almost at 0: an engine that dropped them would
still agree. Here each parameter is drawn anew by its shape and role, in float32. What is added to the residual stream is
`STREAM` of that, so that tokens have a variance of about 1e-3 and the norms' eps, 1e-5 or 1e-6, changes the answer too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

STREAM = 0.02

# Vectors that are tokens, or added to tokens.
TOKENS = (
    "cls_token", "class_token", "class_embedding", "dist_token", "distillation_token", "reg_token", "register_tokens",
    "cls_register_token", "pos_embed", "position_embedding", "position_embeddings", "positional_embedding", "mask_token",
)  # fmt: skip

# What makes tokens of a picture: the product of its patches, and norms before the blocks.
EMBEDDING = re.compile(r"patch_embed|conv1\.|patch_projection|norm_pre\.|pre_layrnorm\.|ln_pre\.|embeddings\.rms_norm\.")

# Layers whose output is added to the stream: the last of attention and of the MLP.
BRANCH = re.compile(
    r"(attn|attention|self_attn)\.(proj|out_proj|o_proj|c_proj)\.|output\.dense\.|attn_out_proj|mlp_out_proj"
    r"|(mlp|ffn)\.(fc2|w3|c_proj|down_proj|weights_out)\.|\.(proj|fc2)\.(weight|bias)$"
)


@dataclass(frozen=True)
class Scale:
    """How large to draw what makes tokens, and what blocks add to them; all else is drawn at 1."""

    tokens: float = STREAM
    branches: float = STREAM


# Blocks that norm what they add, not what they read: their attention must see tokens that differ.
POST_NORM = Scale(tokens=1)
# Models that add sines of size 1 of their own.
SINES = Scale(1, 1)


def spread(key: str, shape: tuple[int, ...], scale: Scale) -> tuple[float, float]:
    """Mean and standard deviation of a parameter, from its name and shape."""
    names = key.split(".")
    last, owner = names[-1], names[-2] if len(names) > 1 else ""
    if last in TOKENS or owner in TOKENS:
        return 0, 0.6 * scale.tokens
    size = 1.0
    if "head" not in names and "attn_pool" not in names:
        if EMBEDDING.search(key):
            size = scale.tokens
        elif BRANCH.search(key):
            size = scale.branches
    if last in ("relative_position_bias_table", "latent", "probe", "class_pos_emb"):
        return 0, 1
    if last in ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"):
        return 0.2, 0.1  # differential attention: exp of a dot product of two such vectors, of about 1
    if last.endswith("bias"):
        return 0, 0.2 * size
    if len(shape) <= 1:  # norms' weights, layer scales
        return size, 0.25 * size
    return 0, 1.2 * size / fan_in(shape) ** 0.5


def fan_in(shape: tuple[int, ...]) -> int:
    """Of a linear layer's or a convolution's weight: the product of all sizes but the first."""
    product = 1
    for size in shape[1:]:
        product *= size
    return product


def draw(module: Any, seed: int, scale: Scale = Scale()) -> None:
    """Draws every parameter of `module` anew. Frequencies of rotary positions keep their scale, as they turn an angle."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
            if key.endswith("freqs"):
                parameter.mul_(1 + 0.25 * noise)
            else:
                mean, deviation = spread(key, tuple(parameter.shape), scale)
                parameter.copy_(mean + deviation * noise)
