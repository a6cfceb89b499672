"""Runs the command on cases and keeps what came of it beside each case, so that a sweep can be made in parts."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cases import Case, Run, agreement

# e that float32 must hold, on every device.
TOLERANCE = 2e-5
# Seconds after which a run counts as hung.
LONGEST = 900


@cache
def identity(fovea: Path) -> str:
    """Of the binary: outcomes of another one do not count."""
    return hashlib.sha256(fovea.read_bytes()).hexdigest()[:16]


def outcomes(folder: Path, fovea: Path) -> dict[str, dict[str, Any]]:
    """By device and expected file: e, or what went wrong."""
    file = folder / "outcomes.json"
    if not file.exists():
        return {}
    kept = json.loads(file.read_text())
    made = (folder / "case.json").stat().st_mtime
    return kept["outcomes"] if kept["fovea"] == identity(fovea) and kept["case"] == made else {}


def complete(folder: Path, given: argparse.Namespace) -> bool:
    """Whether every run that decides has an outcome on every device."""
    if not (folder / "case.json").exists():
        return False
    found = outcomes(folder, given.fovea)
    return all(
        key(device, run) in found for device in given.device.split(",") for run in Case.read(folder).runs if run.decides
    )


def run_all(folders: list[Path], given: argparse.Namespace, end: float) -> None:
    """Runs what has no outcome yet."""
    with ThreadPoolExecutor(given.jobs) as pool:
        list(pool.map(lambda folder: run_case(folder, given, end), folders))


def run_case(folder: Path, given: argparse.Namespace, end: float) -> None:
    if not (folder / "case.json").exists():
        return
    case = Case.read(folder)
    found = outcomes(folder, given.fovea)
    for device in given.device.split(","):
        missing = [run for run in case.runs if run.decides and key(device, run) not in found]
        if missing and time.monotonic() > end:
            return
        for run in missing:
            found[key(device, run)] = run_once(case, folder, run, device, given.fovea)
    # Where something is wrong, tokens tell whether the blocks are.
    for device in given.device.split(","):
        wrong = any(not passed(found[key(device, run)]) for run in case.runs if key(device, run) in found)
        for run in case.runs:
            if wrong and not run.decides and key(device, run) not in found:
                found[key(device, run)] = run_once(case, folder, run, device, given.fovea)
    text = {"fovea": identity(given.fovea), "case": (folder / "case.json").stat().st_mtime, "outcomes": found}
    (folder / "outcomes.json").write_text(json.dumps(text, indent=1) + "\n")


def key(device: str, run: Run) -> str:
    return f"{device} {run.expected}"


def passed(outcome: dict[str, Any]) -> bool:
    return outcome.get("e") is not None and outcome["e"] <= TOLERANCE


def run_once(case: Case, folder: Path, run: Run, device: str, fovea: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "found.npy"
        command = [
            fovea, "run", "--model", folder / case.model, "--input", folder / run.input, "--output", output,
            "--kind", run.kind, "--device", device, "--precision", "float32", "--quiet", *case.options,
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST)
        except subprocess.TimeoutExpired:
            return {"e": None, "reason": f"no answer in {LONGEST} seconds"}
        if done.returncode != 0:
            line = next((line for line in done.stderr.splitlines() if line.strip()), "no word on standard error")
            said = line.strip().removeprefix("fovea: error: ").replace(f"{folder}/", "").replace(str(folder), case.name)
            return {"e": None, "reason": f"exit {done.returncode}: {said}"}
        try:
            error = agreement(np.load(output), np.load(folder / run.expected))
        except (OSError, ValueError) as problem:
            return {"e": None, "reason": str(problem)}
    if error > TOLERANCE:
        print(f"{case.library} {case.name} {run.kind} on {device}: e = {error:.1e}", file=sys.stderr, flush=True)
    return {"e": error}
