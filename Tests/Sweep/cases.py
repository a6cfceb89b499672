"""A case: a model's files, pixels, and what its library answers in double precision."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

BATCH = 2


def seed(name: str) -> int:
    """The same number for the same name, everywhere."""
    return zlib.crc32(name.encode())


def pixels(name: str, height: int, width: int, batch: int = BATCH) -> np.ndarray:
    """float32 [B, 3, H, W], as if already normalised."""
    return np.random.default_rng(seed(name)).standard_normal((batch, 3, height, width), dtype=np.float32)


@dataclass(frozen=True)
class Run:
    """One call of `fovea run` and what it should give; files are relative to the case's folder."""

    kind: str
    input: str
    expected: str
    size: tuple[int, int]
    # Pass or fail hangs on it; otherwise it is there to find out where a difference begins.
    decides: bool = True


@dataclass(frozen=True)
class Case:
    library: str
    name: str
    # What the model was made of, for readers.
    arguments: dict[str, Any]
    # The model's files within the case's folder, and what else the command must be told.
    model: str = "."
    options: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    # What made the file, as `name version`.
    versions: str = ""

    @staticmethod
    def read(folder: Path) -> Case:
        text = json.loads((folder / "case.json").read_text())
        text["runs"] = [Run(**run | {"size": tuple(run["size"])}) for run in text["runs"]]
        return Case(**text)

    def write(self, folder: Path) -> None:
        """Last of all files, so that a folder with a case.json is whole."""
        partial = folder / "case.partial"
        partial.write_text(json.dumps(asdict(self), indent=1) + "\n")
        partial.rename(folder / "case.json")

    def expect(self, folder: Path, prefix: str, given: np.ndarray, answers: dict[str, Any]) -> None:
        """Stores pixels and answers, and adds the runs that should give them."""
        np.save(folder / f"{prefix}input.npy", given)
        for kind in ("logits", "embedding", "tokens"):
            if kind in answers:
                file = f"{prefix}{kind}.npy"
                np.save(folder / file, answers[kind].numpy())
                decides = kind != "tokens" or "embedding" not in answers
                self.runs.append(Run(kind, f"{prefix}input.npy", file, given.shape[2:], decides))


def agreement(found: np.ndarray, expected: np.ndarray) -> float:
    """e: the largest difference over the root mean square of what was expected."""
    if found.shape != expected.shape:
        raise ValueError(f"shape {list(found.shape)} against {list(expected.shape)}")
    error = np.abs(found.astype(np.float64) - expected).max() / np.sqrt(np.mean(expected**2))
    return float(error) if np.isfinite(error) else float("inf")
