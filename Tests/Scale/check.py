"""Holds the answers of Fovea under Spark, under Ray and in shards to those of one process."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import with_ray
import with_shards
import with_spark

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURES = ROOT / "Examples" / "pictures"
CHECKS = {"spark": with_spark.check, "ray": with_ray.check, "shards": with_shards.check}


def requests(folder, count):
    """Requests for the example pictures, over and over, with a poisoned one of each kind among them."""
    good = sorted(PICTURES.iterdir())
    torn = folder / "torn.jpg"
    torn.write_bytes(next(p for p in good if p.suffix == ".jpg").read_bytes()[:2000])
    text = folder / "text.png"
    text.write_text("no picture")
    lines = [json.dumps({"id": i, "path": str(good[i % len(good)])}) for i in range(count)]
    poison = [json.dumps({"id": "torn", "path": str(torn)}), json.dumps({"id": "text", "path": str(text)}),
              json.dumps({"id": "missing", "path": str(folder / "missing.png")}), "no json at all"]
    for position, line in enumerate(poison):
        lines.insert((position + 1) * count // 5, line)
    return lines


def one_process(command, lines):
    """The answers of one process, which must be as many as the requests."""
    run = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True)
    answers = run.stdout.splitlines()
    failed = sum("error" in json.loads(answer) for answer in answers)
    if run.returncode != 0 or len(answers) != len(lines) or failed != 4:
        sys.exit(f"one process: status {run.returncode}, {len(answers)} answers, {failed} failed\n{run.stderr}")
    return answers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checks", nargs="*", metavar="check", help=f"{', '.join(CHECKS)}; all where none is named")
    parser.add_argument("--fovea", default=os.environ.get("FOVEA", str(ROOT / ".build/release/fovea")),
                        help="the command; $FOVEA, or what swift build -c release made")
    parser.add_argument("--model", default="demo")
    parser.add_argument("--count", type=int, default=240, help="requests in all (%(default)s)")
    options = parser.parse_args()
    unknown = [name for name in options.checks if name not in CHECKS]
    if unknown or not os.access(options.fovea, os.X_OK):
        parser.error(f"no check {unknown[0]}" if unknown else f"{options.fovea} is not there: swift build -c release")
    command = [options.fovea, "pipe", "--quiet", "--exit-zero", "--model", options.model, "--top-k", "3"]
    with tempfile.TemporaryDirectory() as folder:
        lines = requests(pathlib.Path(folder), options.count)
        expected = one_process(command, lines)
        print(f"one process: {len(expected)} answers, 4 of them errors")
        for name in options.checks or CHECKS:
            CHECKS[name](command, lines, expected)


if __name__ == "__main__":
    main()
