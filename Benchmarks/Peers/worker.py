"""One engine in a process of its own.

It loads, runs once, writes its logits, and says so in one JSON line on standard output; then, for every line on
standard input, it runs one pass and answers {"seconds": …}. The end of its input, or `quit`, ends it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from engines import Job
from models import Model


def peak_bytes() -> int:
    """The most memory this process ever held (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("variant")
    parser.add_argument("--model", required=True, type=Path)
    parser.add_argument("--batch", required=True, type=int)
    parser.add_argument("--threads", required=True, type=int)
    parser.add_argument("--cache", required=True, type=Path)
    parser.add_argument("--output", required=True, type=Path)
    parser.add_argument("--prepare", action="store_true", help="make the files that the engine needs, and end")
    given = parser.parse_args()

    # What libraries print must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    engine = importlib.import_module(f"engines.{given.module}")
    model = Model(given.model.name, given.model)
    job = Job(model, given.variant, given.batch, given.threads, given.cache)
    if given.prepare:
        engine.prepare(job)
        return
    pictures = job.pictures
    forward = engine.load(job)
    logits = np.asarray(forward(pictures))
    np.save(given.output, logits)
    print(json.dumps({"ready": True, "peak_bytes": peak_bytes(), "version": engine.version()}), file=answers)
    for line in sys.stdin:
        if line.strip() == "quit":
            return
        start = time.perf_counter()
        forward(pictures)
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes()}), file=answers)


if __name__ == "__main__":
    main()
