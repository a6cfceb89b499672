"""Makes small random models of every name and class, runs `fovea run` on them, and compares with the library's own answer.

Tests/Sweep/sweep --library timm --names 'vit_*' --jobs 2
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIBRARIES = ("timm", "timm-any-size", "transformers", "others", "timm-wide", "timm-whole")
# The last two need gigabytes: they are run when asked for.
USUAL = LIBRARIES[:4]
# Weights of these are removed once they have been run.
PASSING = ("timm-wide", "timm-whole")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", default=",".join(USUAL), help=f"some of {', '.join(LIBRARIES)} (default: %(default)s)")
    parser.add_argument(
        "--names", default="*", help="only names of these patterns, as a shell would match them, with commas between"
    )
    parser.add_argument(
        "--fovea", type=Path, default=HERE.parents[1] / ".build/release/fovea", help="the command to hold to account"
    )
    parser.add_argument(
        "--device", default="cpu,opencl:0", help="devices to run on (default: %(default)s; cpu is the reference)"
    )
    parser.add_argument("--models", type=Path, default=HERE / "Models", help="where models are made and kept")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="begin nothing after this long; another call goes on"
    )
    parser.add_argument("--fresh", action="store_true", help="make models again that are there")
    parser.add_argument(
        "--only", choices=("make", "prove", "run", "report"), help="this step alone (default: make, run, report)"
    )
    parser.add_argument("--write", action="store_true", help="keep the tables under Results/")
    return parser.parse_args()


def names(library: str) -> list[str]:
    import other_models
    import timm_models
    import transformers_models

    if library == "timm-any-size":
        return list(timm_models.ANY_SIZE)
    if library == "timm-whole":
        return list(timm_models.WHOLE)
    if library.startswith("timm"):
        return timm_models.names()
    if library == "transformers":
        return [model.name for model in transformers_models.models()]
    return [model.name for model in other_models.models()]


def make(library: str, name: str, folder: Path) -> None:
    """Writes a case that is not there."""
    import other_models
    import timm_models
    import transformers_models

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        if library.startswith("timm"):
            timm_models.create(name, folder, library)
        elif library == "transformers":
            transformers_models.create(name, folder)
        else:
            other_models.create(name, folder)
    except Exception as problem:  # one that a library refuses must not hide the others: its row says so
        print(f"sweep: {library} {name} was not made: {problem}", file=sys.stderr)


def prove(library: str, name: str, folder: Path) -> list[str]:
    """Makes a case anew, and names its tensors that no answer depends on."""
    import torch

    import timm_models
    import transformers_models
    from matter import ignored

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if library == "timm":
        module, given = timm_models.create(name, folder, library)
        pixels = torch.from_numpy(given).double()
        return ignored(module, lambda: module(pixels).detach())
    model, module, given = transformers_models.create(name, folder)
    pixels = torch.from_numpy(given).double()

    def answer() -> torch.Tensor:
        found = transformers_models.answers(model, module, pixels, {})
        return found.get("logits", found.get("embedding", found.get("tokens")))

    return ignored(module, answer, model.unused)


def main() -> int:
    import time

    import running
    import tables
    from installed import repair_torchvision

    given = arguments()
    libraries = given.library.split(",")
    if unknown := set(libraries) - set(LIBRARIES):
        sys.exit(f"sweep: --library has {', '.join(sorted(unknown))}, which is none of {', '.join(LIBRARIES)}")
    end = time.monotonic() + given.seconds
    steps = {given.only} if given.only else {"make", "run", "report"}
    repair_torchvision()
    failures = 0
    for library in libraries:
        patterns = given.names.split(",")
        chosen = [name for name in names(library) if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
        for name in chosen:
            folder = given.models / library / name
            if time.monotonic() > end:
                print(f"sweep: {given.seconds:.0f} seconds have passed; call again to go on", file=sys.stderr)
                return 3
            if "prove" in steps and library in ("timm", "transformers"):
                found = prove(library, name, folder)
                failures += bool(found)
                print(
                    f"{name}: {'no answer depends on ' + ', '.join(found) if found else 'every tensor matters'}", flush=True
                )
            if library in PASSING and steps >= {"make", "run"}:
                if given.fresh or not running.complete(folder, given):
                    make(library, name, folder)
                    running.run_all([folder], given, end)
                    (folder / "model.safetensors").unlink()
            elif "make" in steps and (given.fresh or not (folder / "case.json").exists()):
                make(library, name, folder)
        if "run" in steps:
            running.run_all([given.models / library / name for name in chosen], given, end)
        if "report" in steps:
            failures += tables.report(library, [given.models / library / name for name in chosen], given)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
