"""The table of a sweep: name, e, pass."""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from cases import Case
from installed import versions
from running import TOLERANCE, identity, key, outcomes, passed

HERE = Path(__file__).resolve().parent
# Cases that need not pass, with the reason; more than this is no exception.
MOST_EXCEPTIONS = 10


def exceptions() -> dict[str, str]:
    declared = json.loads((HERE / "exceptions.json").read_text())
    if len(declared) > MOST_EXCEPTIONS:
        sys.exit(f"sweep: exceptions.json declares {len(declared)}; {MOST_EXCEPTIONS} are allowed")
    return declared


def report(library: str, folders: list[Path], given: argparse.Namespace) -> int:
    """Prints the table, keeps it if asked to, and gives the number of cases that failed or were not run on every device."""
    devices = given.device.split(",")
    declared = exceptions()
    rows, good, bad, excused = [], 0, 0, 0
    ran = dict.fromkeys(devices, 0)
    for folder in folders:
        if not (folder / "case.json").exists():
            rows.append(f"| {folder.name} | | {' | ' * len(devices)} | no: not made |")
            bad += 1
            continue
        case = Case.read(folder)
        found = outcomes(folder, given.fovea)
        sizes = list(dict.fromkeys(run.size for run in case.runs))
        for size in sizes:
            runs = [run for run in case.runs if run.size == size and run.decides]
            cells, problems = [], []
            for device in devices:
                results = [(run.kind, found[key(device, run)]) for run in runs if key(device, run) in found]
                if len(results) < len(runs):
                    cells.append("not run")
                    continue
                ran[device] += 1
                errors = [result["e"] for _, result in results if result.get("e") is not None]
                cells.append(f"{max(errors):.1e}" if len(errors) == len(results) else "")
                problems += [problem(kind, result) for kind, result in results if not passed(result)]
            if all(cell == "not run" for cell in cells):
                problems = ["not run"]
            name = f"{case.library}/{case.name}"
            if not problems:
                good, verdict = good + 1, "yes"
            elif name in declared:
                excused, verdict = excused + 1, f"declared: {declared[name]}"
            else:
                bad, verdict = bad + 1, f"no: {problems[0]}"
            rows.append(f"| {case.name} | {size[0]}×{size[1]} | {' | '.join(cells)} | {verdict} |")
    total = good + bad + excused
    head = [
        f"# {library}: {good} of {total} pass" + (f", {excused} declared exceptions" if excused else ""),
        "",
        f"e = largest difference / root mean square of the library's float64; passes at {TOLERANCE:g}, float32.",
        "",
        f"- {versions('timm', 'transformers', 'open_clip_torch', 'torch')}; Python {platform.python_version()}",
        f"- Fovea {fovea_version(given.fovea)}, binary {identity(given.fovea)}, in a repository at {commit()}",
        f"- {datetime.date.today().isoformat()}; {processor()}",
        *(f"- {device}: {device_name(given.fovea, device)}; {ran[device]} of {total} run" for device in devices),
        "",
        f"| name | H×W | {' | '.join('e on ' + device for device in devices)} | pass |",
        "|---|---|" + "---|" * (len(devices) + 1),
    ]
    text = "\n".join(head + rows) + "\n"
    print(text)
    if given.write:
        (HERE / "Results").mkdir(exist_ok=True)
        (HERE / "Results" / f"{library}.md").write_text(text)
    return bad + sum(total - count for count in ran.values())


def problem(kind: str, result: dict[str, Any]) -> str:
    reason = result.get("reason") or f"e = {result['e']:.1e}"
    return f"{kind}: {reason}".replace("|", "\\|")[:300]


def fovea_version(fovea: Path) -> str:
    done = subprocess.run([fovea, "--version"], capture_output=True, text=True)
    return done.stdout.splitlines()[0].removeprefix("fovea ") if done.stdout else "of unknown version"


def device_name(fovea: Path, device: str) -> str:
    """What the command calls a device, and the driver that it runs on."""
    if device == "cpu":
        return "the reference in Swift, no OpenCL"
    done = subprocess.run([fovea, "devices", "--format", "json"], capture_output=True, text=True)
    found = json.loads(done.stdout)["devices"] if done.stdout else []
    match = next((one for one in found if one["request"] == device), None)
    return f"{match['name']}, {match['platform']}, driver {match['driver']}" if match else "not found"


def commit() -> str:
    done = subprocess.run(["git", "-C", HERE, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
