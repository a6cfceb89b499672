"""Random weights with which every parameter changes what a model answers, and none drowns the others.

Libraries initialise biases at 0, norms at 1, layer scales at 1e-5 and heads almost at 0: an engine that dropped them would
still agree. Here each parameter is drawn anew by its shape and role, in float32, so that activations stay near 1.
"""

from __future__ import annotations

from typing import Any

# Vectors that are added to tokens or scores, wherever they lie in the module.
ADDED = (
    "cls_token", "class_token", "class_embedding", "dist_token", "distillation_token", "reg_token", "register_tokens",
    "pos_embed", "position_embedding", "position_embeddings", "positional_embedding", "relative_position_bias_table",
    "latent", "probe", "mask_token",
)  # fmt: skip


def spread(key: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Mean and standard deviation of a parameter, from its last names and shape."""
    names = key.split(".")
    last, owner = names[-1], names[-2] if len(names) > 1 else ""
    if last in ADDED or owner in ADDED:
        return 0, 0.6
    if last.startswith("lambda_"):  # differential attention: exp of a dot product of two such vectors
        return 0, 0.3
    if last.endswith("bias"):
        return 0, 0.2
    if len(shape) <= 1:  # norms' weights, layer scales
        return 1, 0.25
    return 0, 1.2 / fan_in(shape) ** 0.5


def fan_in(shape: tuple[int, ...]) -> int:
    """Of a linear layer's or a convolution's weight: the product of all sizes but the first."""
    product = 1
    for size in shape[1:]:
        product *= size
    return product


def draw(module: Any, seed: int) -> None:
    """Draws every parameter of `module` anew. Frequencies of rotary positions keep their scale, as they turn an angle."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
            if key.endswith("freqs"):
                parameter.mul_(1 + 0.25 * noise)
            else:
                mean, deviation = spread(key, tuple(parameter.shape))
                parameter.copy_(mean + deviation * noise)
