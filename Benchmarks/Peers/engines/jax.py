"""JAX, jit-compiled by XLA for the CPU, float32, the same forward pass written with its own operations.

The weights are arguments held on the device; matrices are stored as [in, out], which is what XLA's products take
without a transpose in each pass. Attention is `jax.nn.dot_product_attention`. XLA's persistent cache is on, so a
start after the first compiles nothing. XLA has no option for its number of threads: it takes one for each core that
the process may use, so the process is confined to as many.
"""

from __future__ import annotations

import os

import numpy as np

from engines import Forward, Job
from models import heads, load_arrays

VARIANTS = {"jax": "JAX float32"}


def environment(job: Job) -> dict[str, str]:
    return {
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(job.cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }


def prepare(job: Job) -> None:
    pass


def load(job: Job) -> Forward:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: job.threads])
    import jax
    from jax import numpy as jnp

    count = heads(job.model)
    weights = {
        key: jax.device_put(value.T.copy() if value.ndim == 2 else value)
        for key, value in load_arrays(job.model).items()
    }
    depth = 1 + max(int(key.split(".")[1]) for key in weights if key.startswith("blocks."))

    @jax.jit
    def forward(w: dict[str, jax.Array], pictures: jax.Array) -> jax.Array:
        def linear(x: jax.Array, name: str) -> jax.Array:
            return x @ w[name + ".weight"] + w[name + ".bias"]

        def norm(x: jax.Array, name: str) -> jax.Array:
            mean = x.mean(-1, keepdims=True)
            variance = jnp.square(x - mean).mean(-1, keepdims=True)
            return (x - mean) * jax.lax.rsqrt(variance + 1e-6) * w[name + ".weight"] + w[name + ".bias"]

        patch = w["patch_embed.proj.weight"]
        batch, channels, height, width = pictures.shape
        side = patch.shape[-1]
        x = pictures.reshape(batch, channels, height // side, side, width // side, side)
        x = x.transpose(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * side * side)
        x = x @ patch.reshape(patch.shape[0], -1).T + w["patch_embed.proj.bias"]
        first = jnp.broadcast_to(w["cls_token"], (batch, 1, x.shape[-1]))
        x = jnp.concatenate([first, x], 1) + w["pos_embed"]
        tokens, size = x.shape[1:]
        for index in range(depth):
            block = f"blocks.{index}."
            qkv = linear(norm(x, block + "norm1"), block + "attn.qkv").reshape(batch, tokens, 3, count, size // count)
            mixed = jax.nn.dot_product_attention(qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2])
            x = x + linear(mixed.reshape(batch, tokens, size), block + "attn.proj")
            hidden = jax.nn.gelu(linear(norm(x, block + "norm2"), block + "mlp.fc1"), approximate=False)
            x = x + linear(hidden, block + "mlp.fc2")
        return linear(norm(x, "norm")[:, 0], "head")

    return lambda pictures: np.asarray(forward(weights, pictures))


def version() -> str:
    import jax

    return jax.__version__
