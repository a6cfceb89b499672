"""tinygrad on OpenCL, float32, its just-in-time capture (TinyJit) on: the same driver that Fovea uses.

It is the one peer that writes OpenCL kernels as Fovea does. Its kernels are cached on disk by itself and by the
driver. Its search for better kernels (BEAM) stays off, as it is unless asked for: it takes hours on a CPU device.
The three first passes capture and compile; the first of them is the start.
"""

from __future__ import annotations

import numpy as np

from engines import Forward, Job
from models import heads, load_arrays

VARIANTS = {"tinygrad": "tinygrad float32, OpenCL"}


def environment(job: Job) -> dict[str, str]:
    job.cache.mkdir(parents=True, exist_ok=True)
    return {
        "DEV": "CL", "CACHEDB": str(job.cache / "tinygrad.db"), "POCL_CACHE_DIR": str(job.cache),
        "POCL_MAX_PTHREAD_COUNT": str(job.threads),
    }


def prepare(job: Job) -> None:
    pass


def load(job: Job) -> Forward:
    from tinygrad import Tensor, TinyJit

    count = heads(job.model)
    w = {key: Tensor(value).realize() for key, value in load_arrays(job.model).items()}
    depth = 1 + max(int(key.split(".")[1]) for key in w if key.startswith("blocks."))

    def linear(x: Tensor, name: str) -> Tensor:
        return x.linear(w[name + ".weight"].T, w[name + ".bias"])

    def norm(x: Tensor, name: str) -> Tensor:
        return x.layernorm(eps=1e-6) * w[name + ".weight"] + w[name + ".bias"]

    def gelu(x: Tensor) -> Tensor:
        return 0.5 * x * (1 + (x * 0.5**0.5).erf())

    @TinyJit
    def forward(pictures: Tensor) -> Tensor:
        patch = w["patch_embed.proj.weight"]
        batch, side = pictures.shape[0], patch.shape[-1]
        x = pictures.conv2d(patch, w["patch_embed.proj.bias"], stride=side).flatten(2).transpose(1, 2)
        x = w["cls_token"].expand(batch, -1, -1).cat(x, dim=1) + w["pos_embed"]
        _, tokens, size = x.shape
        for index in range(depth):
            block = f"blocks.{index}."
            qkv = linear(norm(x, block + "norm1"), block + "attn.qkv")
            q, k, v = qkv.reshape(batch, tokens, 3, count, size // count).permute(2, 0, 3, 1, 4)
            mixed = q.scaled_dot_product_attention(k, v).transpose(1, 2).reshape(batch, tokens, size)
            x = x + linear(mixed, block + "attn.proj")
            x = x + linear(gelu(linear(norm(x, block + "norm2"), block + "mlp.fc1")), block + "mlp.fc2")
        return linear(norm(x, "norm")[:, 0], "head").realize()

    return lambda pictures: forward(Tensor(pictures).realize()).numpy()


def version() -> str:
    from importlib.metadata import version

    return version("tinygrad")
