"""Proof that every tensor of a case matters: each is changed in turn, and the library's own answer must change.

A tensor that an engine ignored would then show. What cannot show is named here, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

# A change of a tenth, in size and at random, must change answers by more than this part of their size: fifty times what
# an engine may be off.
LEAST = 1e-3

# Tensors that no answer depends on.
WITHOUT_EFFECT = {
    # It adds the same to all scores of a query, and softmax takes that out. Not so after a norm or a rotation of the keys.
    "key bias": re.compile(r"(key|k_proj|attn\.k)\.bias$"),
    "masked training": re.compile(r"mask_token|decoder"),
    "the tanh pooler": re.compile(r"(^|\.)pooler\.dense\."),
    "the text tower": re.compile(r"text|logit_scale|logit_bias|token_embedding|^transformer\.|ln_final"),
    "video": re.compile(r"video"),
}


def exempt(key: str, unused: str) -> bool:
    return any(pattern.search(key) for pattern in WITHOUT_EFFECT.values()) or bool(unused and re.search(unused, key))


def ignored(module: Any, answer: Callable[[], Any], unused: str = "") -> list[str]:
    """Names of the parameters whose change leaves the answer as it was.

    `answer` runs the module, in double precision; `unused` is an expression for what the class is known not to use.
    """
    import torch

    generator = torch.Generator().manual_seed(1)
    before = answer()
    size = before.pow(2).mean().sqrt()
    found = []
    for key, parameter in module.named_parameters():
        if exempt(key, unused) or not parameter.numel():
            continue
        kept = parameter.detach().clone()
        scale = kept.pow(2).mean().sqrt()
        with torch.no_grad():
            parameter.mul_(1.1).add_(0.1 * scale * torch.randn(kept.shape, generator=generator, dtype=kept.dtype))
        change = float((answer() - before).abs().max() / size)
        with torch.no_grad():
            parameter.copy_(kept)
        if not change > LEAST:
            found.append(f"{key} ({change:.0e})")
    return found
