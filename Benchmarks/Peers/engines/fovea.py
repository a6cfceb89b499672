"""Fovea itself: the command, on the OpenCL device it would choose on a machine without a GPU.

The resident process is `fovea bench --on-demand`. Start, memory and logits are those of `fovea run` in a fresh
process, as a user would run it; its kernels are in the driver's cache from the second start on.
A command without `--on-demand` is timed by a short `fovea bench` each round instead, and the table says so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from engines import Job
from resident import EngineFailure, Resident, last_line

VARIANTS = {
    "fovea-float32": "Fovea float32",
    "fovea-bfloat16": "Fovea bfloat16",
    "fovea-int8": "Fovea int8",
}


def environment(job: Job) -> dict[str, str]:
    job.cache.mkdir(parents=True, exist_ok=True)
    caches = {name: str(job.cache) for name in ("POCL_CACHE_DIR", "XDG_CACHE_HOME")}
    return caches | {"POCL_MAX_PTHREAD_COUNT": str(job.threads)}


def options(binary: Path, job: Job) -> list[str]:
    """What every command is given: the model and the precision (older commands know float32 alone)."""
    precision = job.variant.removeprefix("fovea-")
    chosen = ["--model", str(job.model.folder)]
    if "--precision" in help_text(binary, "bench"):
        return [*chosen, "--precision", precision]
    if precision != "float32":
        raise EngineFailure(f"this fovea has no --precision, so no {precision}")
    return chosen


def help_text(binary: Path, command: str) -> str:
    return subprocess.run([binary, command, "--help"], capture_output=True, text=True).stdout


def version(binary: Path) -> str:
    return subprocess.run([binary, "--version"], capture_output=True, text=True).stdout.strip().splitlines()[0]


# Starts a command and tells its seconds, the most memory that it held, and its status. A process of its own, for Linux
# counts the memory of whoever starts a process as the process's own until it runs another program.
LAUNCHER = """
import json, os, sys, time
started = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
_, status, usage = os.wait4(process, 0)
print(json.dumps([time.perf_counter() - started, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status)]))
"""


def run_once(binary: Path, job: Job, output: Path, log: Path) -> tuple[float, int]:
    """Seconds and peak bytes of `fovea run`, from the start of its process to its end."""
    command = [str(binary), "run", *options(binary, job), "--input", str(job.model.input(job.batch)),
               "--output", str(output), "--kind", "logits"]
    output.unlink(missing_ok=True)
    with log.open("ab") as errors:
        launched = subprocess.run([sys.executable, "-S", "-c", LAUNCHER, *command], stdout=subprocess.PIPE,
                                  stderr=errors, env=os.environ | environment(job), check=True)
    seconds, peak_bytes, status = json.loads(launched.stdout)
    if status != 0:
        raise EngineFailure(f"fovea run ended with status {status}: {last_line(log)}")
    return seconds, peak_bytes


class ShortBench:
    """In place of a resident process: a short `fovea bench` for every pass asked for."""

    note = "timed by a short `fovea bench` each round, as it has no `--on-demand`"

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.command = [*command, "--format", "json", "--iterations", "3"]
        self.environment = os.environ | environment

    def ask(self) -> dict[str, Any]:
        done = subprocess.run(self.command, capture_output=True, text=True, env=self.environment)
        if done.returncode != 0:
            raise EngineFailure(f"fovea bench ended with status {done.returncode}: {done.stderr.strip()[-300:]}")
        milliseconds = json.loads(done.stdout)["results"][0]["milliseconds"]["p50"]
        return {"seconds": milliseconds / 1000}

    def processor_seconds(self) -> float:
        return 0.0

    def close(self) -> None:
        pass


def open_resident(binary: Path, job: Job, log: Path, timeout: float) -> Resident | ShortBench:
    command = [str(binary), "bench", *options(binary, job)]
    if "--on-demand" in help_text(binary, "bench"):
        on_demand = [*command, "--on-demand", "--input", str(job.model.input(job.batch))]
        return Resident(on_demand, environment(job), log, timeout)
    return ShortBench([*command, "--batch-size", str(job.batch)], environment(job))
