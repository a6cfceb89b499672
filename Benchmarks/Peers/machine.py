"""What this machine is, in the words that decide speed."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
from pathlib import Path

DECISIVE_FLAGS = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile")


def processor_fields() -> dict[str, str]:
    """The first processor of /proc/cpuinfo."""
    text = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def flags() -> set[str]:
    fields = processor_fields()
    return set((fields.get("flags") or fields.get("Features") or "").split())


def has_vnni() -> bool:
    return bool(flags() & {"avx_vnni", "avx512_vnni"})


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def system_name() -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.split("=", 1)[1].strip('"')
    return platform.system()


def package_version(name: str) -> str:
    """A Debian package's version, or an empty text."""
    if shutil.which("dpkg-query") is None:
        return ""
    return subprocess.run(["dpkg-query", "-W", "-f=${Version}", name], capture_output=True, text=True).stdout


def describe() -> dict[str, str]:
    fields = processor_fields()
    family = ", ".join(
        f"{key.replace('cpu ', '')} {fields[key]}" for key in ("cpu family", "model", "stepping") if key in fields)
    found = {
        "processor": fields.get("model name", platform.machine()),
        "family": family,
        "instructions": ", ".join(flag for flag in DECISIVE_FLAGS if flag in flags()) or "none of note",
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory_bytes() / 2**30:.0f} GiB",
        "system": f"{system_name()}, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}",
    }
    pocl = package_version("libpocl2")
    if pocl:
        found["OpenCL driver"] = f"PoCL {pocl}"
    return found


@functools.cache
def peak(folder: Path, threads: int) -> float | None:
    """GFLOP/s of float32 multiply-adds (peak.c), or nothing where there is no C compiler."""
    compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
    if compiler is None:
        return None
    binary = folder / "peak"
    source = Path(__file__).with_name("peak.c")
    options = ["-O3", "-march=native", "-ffp-contract=fast", "-pthread"]
    compiled = subprocess.run([compiler, *options, source, "-o", binary])
    if compiled.returncode != 0:
        return None
    return float(subprocess.run([binary, str(threads)], capture_output=True, text=True, check=True).stdout)
