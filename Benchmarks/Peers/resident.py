"""A process that holds one engine, and the one-line protocol it is driven by."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any


class EngineFailure(Exception):
    """An engine that is missing, that failed, or that did not answer in time: one sentence for the table."""


def processor_seconds(pid: int) -> float:
    """Processor time of a process, of all its threads that live."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total / 1e9


class Resident:
    """Starts when it is made; `start_seconds` runs from there to the first line, which follows the first result."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path, timeout: float) -> None:
        self.log = log
        self.timeout = timeout
        self.pending = b""
        started = time.perf_counter()
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                env=os.environ | environment, cwd=Path(__file__).parent)
        self.ready = self.read()
        self.start_seconds = time.perf_counter() - started

    def read(self) -> dict[str, Any]:
        """The next line of the answers."""
        assert self.process.stdout is not None
        limit = time.monotonic() + self.timeout
        while b"\n" not in self.pending:
            readable, _, _ = select.select([self.process.stdout], [], [], max(0, limit - time.monotonic()))
            if not readable:
                self.process.kill()
                raise EngineFailure(f"no answer within {self.timeout:.0f} s")
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                status = self.process.wait()
                raise EngineFailure(f"ended with status {status}: {last_line(self.log)}")
            self.pending += chunk
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    def ask(self) -> dict[str, Any]:
        """Runs one pass and returns its answer."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(b"pass\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # read() says how it ended
        return self.read()

    def processor_seconds(self) -> float:
        return processor_seconds(self.process.pid)

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(b"quit\n")
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


def last_line(log: Path) -> str:
    """What an engine said last on standard error."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
