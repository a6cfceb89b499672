"""Compares Fovea with the engines a user would pick instead, in turn, on the same weights and pictures.

For each model and batch size every engine is started in a process of its own, checked against float64 logits, and
then kept: in each round every engine runs, one after the other, so that all of them share whatever the machine is
doing. `README.md` beside this file says how to read the table.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

import machine
import report
from engines import Job, fovea, jax, ncnn, onnxruntime, openvino, tinygrad, torch
from models import Model, agreement, create
from resident import EngineFailure, Resident, last_line

HERE = Path(__file__).resolve().parent
PEERS = (onnxruntime, openvino, torch, jax, ncnn, tinygrad)
MODELS = ("vit_base_patch16_224", "deit_small_patch16_224", "vit_tiny_patch16_224")
BASELINE = "fovea-float32"

# An engine agrees if it is this near to the logits in float64: by the largest difference over their root mean square,
# or, where it computes in fewer bits, by the cosine (the weights are random and the logits far more sensitive than a
# trained model's: this finds a wrong model, not a bad quantisation).
FLOAT32_DIFFERENCE = 2e-5
LEAST_COSINE = 0.95

# Seconds between turns, in which the threads of the last engine go to sleep.
PAUSE = 0.03


@dataclass
class Row:
    """What one engine did with one model at one batch size."""

    variant: str
    title: str
    version: str = ""
    seconds: list[float] = field(default_factory=list)
    rounds: list[float] = field(default_factory=list)
    first_start_seconds: float | None = None
    start_seconds: list[float] = field(default_factory=list)
    peak_bytes: int | None = None
    difference: float | None = None
    cosine: float | None = None
    agrees: bool = False
    idle_cores: float = 0.0
    note: str = ""
    failure: str = ""


def titles() -> dict[str, str]:
    return {name: title for module in (fovea, *PEERS) for name, title in module.VARIANTS.items()}


class Contest:
    """One model at one batch size."""

    def __init__(self, given: argparse.Namespace, model: Model, batch: int) -> None:
        self.given, self.model, self.batch = given, model, batch
        self.rows: list[Row] = []
        self.residents: dict[str, Resident | fovea.ShortBench] = {}

    def run(self) -> list[Row]:
        for variant in self.given.engines:
            row = Row(variant, titles()[variant])
            self.rows.append(row)
            say(f"{self.model.name}, batch {self.batch}: {row.title}")
            try:
                self.start(row)
            except subprocess.TimeoutExpired:
                self.drop(row, f"not ready within {self.given.timeout:.0f} s")
            except (EngineFailure, OSError, ValueError, KeyError) as failure:
                self.drop(row, str(failure) or type(failure).__name__)
        try:
            self.take_turns()
        finally:
            for resident in self.residents.values():
                resident.close()
        return self.rows

    def start(self, row: Row) -> None:
        """Starts an engine with empty caches, again with warm ones, and checks what it answered."""
        cache = self.given.folder / "caches" / f"{self.model.name}-{self.batch}" / row.variant
        shutil.rmtree(cache, ignore_errors=True)
        job = Job(self.model, row.variant, self.batch, self.given.threads, cache)
        logs = self.given.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        log = logs / f"{self.model.name}-{self.batch}-{row.variant}.log"
        log.unlink(missing_ok=True)
        output = log.with_suffix(".npy")
        output.unlink(missing_ok=True)
        if row.variant in fovea.VARIANTS:
            self.start_fovea(row, job, output, log)
        else:
            self.start_peer(row, job, output, log)
        found = agreement(np.load(output), np.load(self.model.expected(self.batch)))
        row.difference, row.cosine = found.difference, found.cosine
        row.agrees = found.difference <= FLOAT32_DIFFERENCE if "float32" in row.title else found.cosine >= LEAST_COSINE

    def start_fovea(self, row: Row, job: Job, output: Path, log: Path) -> None:
        binary = self.given.fovea
        row.version = fovea.version(binary)
        row.first_start_seconds, row.peak_bytes = fovea.run_once(binary, job, output, log)
        for _ in range(self.given.starts):
            seconds, peak = fovea.run_once(binary, job, output, log)
            row.start_seconds.append(seconds)
            row.peak_bytes = max(row.peak_bytes, peak)
        resident = fovea.open_resident(binary, job, log, self.given.timeout)
        row.note = getattr(resident, "note", "")
        self.residents[row.variant] = resident

    def start_peer(self, row: Row, job: Job, output: Path, log: Path) -> None:
        module = next(module for module in PEERS if row.variant in module.VARIANTS)
        command = [sys.executable, str(HERE / "worker.py"), module.__name__.removeprefix("engines."), row.variant,
                   "--model", str(job.model.folder), "--batch", str(job.batch), "--threads", str(job.threads),
                   "--cache", str(job.cache), "--output", str(output)]
        environment = module.environment(job)
        with log.open("ab") as errors:
            status = subprocess.run([*command, "--prepare"], stdout=errors, stderr=errors, cwd=HERE,
                                    env=os.environ | environment, timeout=self.given.timeout).returncode
        if status != 0:
            raise EngineFailure(f"could not be prepared: {last_line(log)}")
        for start in range(1 + self.given.starts):
            resident = Resident(command, environment, log, self.given.timeout)
            row.version, row.peak_bytes = resident.ready["version"], resident.ready["peak_bytes"]
            if start == 0:
                row.first_start_seconds = resident.start_seconds
            else:
                row.start_seconds.append(resident.start_seconds)
            if start < self.given.starts:
                resident.close()
        self.residents[row.variant] = resident

    def take_turns(self) -> None:
        """Rounds of passes: in each, every engine runs for about the same time while the others wait."""
        rows = [row for row in self.rows if row.variant in self.residents]
        for row in rows:
            self.turn(row, warm_up=True)
        rows = [row for row in rows if row.variant in self.residents]
        started = time.monotonic()
        done = 0
        while done < self.given.rounds and (done == 0 or time.monotonic() - started < self.given.seconds):
            shift = done % max(1, len(rows))
            for row in rows[shift:] + rows[:shift]:  # nobody always follows the same neighbour
                if row.variant in self.residents:
                    self.turn(row)
            done += 1
        say(f"{self.model.name}, batch {self.batch}: {done} rounds in {time.monotonic() - started:.0f} s")

    def turn(self, row: Row, warm_up: bool = False) -> None:
        time.sleep(PAUSE)
        others = {name: resident.processor_seconds()
                  for name, resident in self.residents.items() if name != row.variant}
        resident = self.residents[row.variant]
        started = time.monotonic()
        taken: list[float] = []
        try:
            # The first pass of a turn finds other engines' data in the caches: it warms, and does not count.
            resident.ask()
            while not taken or (len(taken) < 5 and time.monotonic() - started < self.given.turn):
                taken.append(resident.ask()["seconds"])
        except EngineFailure as failure:
            self.drop(row, str(failure))
            return
        elapsed = time.monotonic() - started
        if warm_up:
            if taken[0] > self.given.slowest:
                self.retire(row, taken[0])
            return
        row.seconds += taken
        row.rounds.append(statistics.median(taken))
        for other in self.rows:
            if other.variant in others and other.variant in self.residents:
                used = self.residents[other.variant].processor_seconds() - others[other.variant]
                other.idle_cores = max(other.idle_cores, used / elapsed)

    def retire(self, row: Row, seconds: float) -> None:
        """One pass of an engine so slow that rounds would be spent on it alone."""
        row.seconds = [seconds]
        row.note = f"measured once, as a pass takes more than {self.given.slowest:g} s"
        self.residents.pop(row.variant).close()

    def drop(self, row: Row, failure: str) -> None:
        row.failure = failure
        say(f"  {row.title}: {failure}")
        resident = self.residents.pop(row.variant, None)
        if resident is not None:
            resident.close()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    def names(allowed: list[str]):
        def parse(text: str) -> list[str]:
            chosen = text.split(",")
            for name in chosen:
                if allowed and name not in allowed:
                    raise argparse.ArgumentTypeError(f"{name}: must be one of {', '.join(allowed)}")
            return chosen
        return parse

    root = HERE.parent.parent
    parser = argparse.ArgumentParser(
        prog="Benchmarks/compare", description="Compares Fovea with the engines a user would pick instead.")
    parser.add_argument("--models", type=names([]), default=list(MODELS), help="timm architectures, by commas")
    parser.add_argument("--batch-sizes", default=[1, 8], type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--engines", type=names(list(titles())), default=list(titles()),
                        help="by commas, of: " + ", ".join(titles()))
    parser.add_argument("--rounds", type=int, default=20, help="rounds at most, each model and batch size (20)")
    parser.add_argument("--seconds", type=float, default=300, help="no round starts after these (300)")
    parser.add_argument("--turn", type=float, default=0.3, help="seconds of an engine's turn, 5 passes at most (0.3)")
    parser.add_argument("--slowest", type=float, default=5,
                        help="an engine whose pass takes longer than these seconds is measured once (5)")
    parser.add_argument("--starts", type=int, default=3, help="fresh processes timed with warm caches (3)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds an engine may take to answer (600)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of each engine")
    parser.add_argument("--fovea", type=Path, default=root / ".build/release/fovea", help="the command to compare")
    parser.add_argument("--folder", type=Path, default=HERE.parent / ".build-compare",
                        help="where models, logs and the tables go (Benchmarks/.build-compare)")
    parser.add_argument("--add", action="store_true", help="keep what the folder already holds of other runs")
    parser.add_argument("--write", action="store_true", help="also write the table under Benchmarks/Results")
    given = parser.parse_args()
    given.fovea, given.folder = given.fovea.resolve(), given.folder.resolve()
    if min(given.rounds, given.starts, given.threads, *given.batch_sizes) < 1:
        parser.error("--rounds, --starts, --threads and --batch-sizes must be at least 1")
    if any(name in fovea.VARIANTS for name in given.engines) and not given.fovea.is_file():
        parser.error(f"{given.fovea} is missing: build it with `swift build -c release --product fovea`")
    return given


def main() -> None:
    given = arguments()
    results = given.folder / "results"
    if not given.add:
        shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True, exist_ok=True)
    described = machine.describe()
    disagreeing: list[str] = []
    for name in given.models:
        model = Model(name, given.folder / "models" / name)
        create(model, given.batch_sizes)
        for batch in given.batch_sizes:
            rows = Contest(given, model, batch).run()
            disagreeing += [f"{row.title} ({name}, batch {batch})" for row in rows if row.seconds and not row.agrees]
            (results / f"{name}-batch{batch}.json").write_text(json.dumps({
                "date": datetime.date.today().isoformat(), "model": name, "batch": batch,
                "command": ["Benchmarks/compare", *sys.argv[1:]], "threads": given.threads, "machine": described,
                "peak_gigaflop_per_second": machine.peak(given.folder, given.threads),
                "rows": [asdict(row) for row in rows],
            }, indent=1) + "\n")
            report.write(results, BASELINE, HERE.parent / "Results" if given.write else None)
    print((results / "table.md").read_text())
    if disagreeing:
        sys.exit("these do not agree with float64: " + "; ".join(disagreeing))


if __name__ == "__main__":
    main()
