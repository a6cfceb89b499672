"""A case: a model's folder, pixels, and what its library answers in double precision."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

BATCH = 2


def seed(name: str) -> int:
    """The same number for the same name, everywhere."""
    return zlib.crc32(name.encode())


def pixels(name: str, height: int, width: int) -> np.ndarray:
    """float32 [2, 3, H, W], as if already normalised."""
    return np.random.default_rng(seed(name)).standard_normal((BATCH, 3, height, width), dtype=np.float32)


@dataclass(frozen=True)
class Run:
    """One call of `fovea run` and what it should give; files are relative to the case's folder."""

    kind: str
    input: str
    expected: str
    options: list[str] = field(default_factory=list)
    # Pass or fail hangs on it; otherwise it is shown when something is wrong, to tell where.
    decides: bool = True


@dataclass(frozen=True)
class Case:
    library: str
    name: str
    folder: Path
    runs: list[Run]
    overrides: dict[str, Any]

    @staticmethod
    def read(folder: Path) -> Case:
        text = json.loads((folder / "case.json").read_text())
        runs = [Run(**run) for run in text["runs"]]
        return Case(text["library"], text["name"], folder, runs, text["overrides"])

    def write(self) -> None:
        text = {
            "library": self.library, "name": self.name, "overrides": self.overrides,
            "runs": [vars(run) for run in self.runs],
        }  # fmt: skip
        partial = self.folder / "case.partial"
        partial.write_text(json.dumps(text, indent=1) + "\n")
        partial.rename(self.folder / "case.json")


def agreement(found: np.ndarray, expected: np.ndarray) -> float:
    """e: the largest difference over the root mean square of what was expected."""
    if found.shape != expected.shape:
        raise ValueError(f"shape {found.shape} against {expected.shape}")
    return float(np.abs(found.astype(np.float64) - expected).max() / np.sqrt(np.mean(expected**2)))
