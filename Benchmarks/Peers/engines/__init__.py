"""One file an engine. Each states how it is configured and why that is its fair best.

A file has four names: `VARIANTS` (the rows of the table it gives), `environment` (variables its process starts with),
`prepare` (files made once, before any process that is timed) and `load` (a model ready to run, as a function from
pixels to logits). Heavy imports stay inside the functions: a worker imports the one library that it measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np

from models import Model

Forward = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Job:
    """What one worker runs."""

    model: Model
    variant: str
    batch: int
    threads: int
    cache: Path

    @property
    def pictures(self) -> np.ndarray:
        return np.load(self.model.input(self.batch))
