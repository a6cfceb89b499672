"""PyTorch with timm's own module, in inference mode, eager or through torch.compile (inductor, max-autotune off).

torch.compile finds its compiled code in its cache from the second start on, as it does for a user.
"""

from __future__ import annotations

import numpy as np

from engines import Forward, Job
from models import load_timm

VARIANTS = {"torch-eager": "PyTorch eager float32", "torch-compiled": "PyTorch compiled float32"}


def environment(job: Job) -> dict[str, str]:
    return {"OMP_NUM_THREADS": str(job.threads), "TORCHINDUCTOR_CACHE_DIR": str(job.cache)}


def prepare(job: Job) -> None:
    pass


def load(job: Job) -> Forward:
    import torch

    torch.set_num_threads(job.threads)
    module = load_timm(job.model)
    if job.variant == "torch-compiled":
        module = torch.compile(module)

    def forward(pictures: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return module(torch.from_numpy(pictures)).numpy()

    return forward


def version() -> str:
    import torch

    return torch.__version__
