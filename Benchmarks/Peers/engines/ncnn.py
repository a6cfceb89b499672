"""ncnn, float32, the network as its own converter (pnnx) writes it from timm's module.

ncnn has no batch dimension: a batch is its pictures one after the other, each on all threads. Weights stay float32
(the converter would halve them by default), as do the sums; layouts packed for the vector unit are on, as by default.
A start finds the converted files: ncnn keeps no other cache.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

from engines import Forward, Job
from models import load_timm

VARIANTS = {"ncnn": "ncnn float32"}


def environment(job: Job) -> dict[str, str]:
    return {"OMP_NUM_THREADS": str(job.threads)}


def network(job: Job) -> Path:
    return job.model.folder / "ncnn"


def prepare(job: Job) -> None:
    folder = network(job)
    if (folder / "model.ncnn.bin").exists():
        return
    import pnnx
    import torch

    folder.mkdir(exist_ok=True)
    pictures = torch.from_numpy(job.pictures[:1])
    partial = folder / "partial.ncnn.bin"
    module = load_timm(job.model)
    for block in module.blocks:
        block.attn.forward = functools.partial(attend, block.attn)
    pnnx.export(module, str(folder / "model.pt"), (pictures,), ncnnparam=str(folder / "model.ncnn.param"),
                ncnnbin=str(partial), fp16=False)
    partial.rename(folder / "model.ncnn.bin")


def attend(attention: Any, x: Any, **unused: Any) -> Any:
    """timm's attention without its five-dimensional qkv tensor, which ncnn cannot hold; the same numbers."""
    import torch

    batch, tokens, width = x.shape
    q, k, v = (
        part.reshape(batch, tokens, attention.num_heads, -1).transpose(1, 2)
        for part in attention.qkv(x).chunk(3, dim=-1)
    )
    mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    return attention.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))


def load(job: Job) -> Forward:
    import ncnn

    net = ncnn.Net()
    net.opt.num_threads = job.threads
    net.opt.use_vulkan_compute = False
    net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_fp16_packed = False
    net.opt.use_bf16_storage = False
    for status in (net.load_param(str(network(job) / "model.ncnn.param")),
                   net.load_model(str(network(job) / "model.ncnn.bin"))):
        if status != 0:
            raise RuntimeError(f"ncnn cannot load {network(job)}")

    def forward(pictures: np.ndarray) -> np.ndarray:
        rows = []
        for picture in pictures:
            with net.create_extractor() as extractor:
                extractor.input("in0", ncnn.Mat(picture))
                rows.append(np.array(extractor.extract("out0")[1]).reshape(-1))
        return np.stack(rows)

    return forward


def version() -> str:
    import ncnn

    return ncnn.__version__
