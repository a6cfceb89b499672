"""Shards of a list in processes of their own, against one process; the time of both."""

import json
import os
import subprocess
import tempfile
import time

SHARDS = 4
ROUNDS = 3


def check(command, lines, expected):
    """The shards' rows, dealt out again, must be those of one process; times are told, in turns."""
    fovea, model = command[0], command[command.index("--model") + 1]
    paths = [json.loads(line)["path"] for line in lines if line.startswith("{")] * 8
    with tempfile.TemporaryDirectory() as folder:
        names = os.path.join(folder, "list.txt")
        with open(names, "w") as file:
            file.write("\n".join(paths) + "\n")
        base = [fovea, "embed", "--quiet", "--overwrite", "--model", model, "@" + names]
        whole = os.path.join(folder, "whole.jsonl")
        parts = [os.path.join(folder, f"part-{i}.jsonl") for i in range(SHARDS)]
        seconds = {1: [], SHARDS: []}
        for _ in range(ROUNDS):
            seconds[1].append(timed([(base + ["--output", whole], {})]))
            # As a Kubernetes indexed Job starts them.
            seconds[SHARDS].append(timed([
                (base + ["--shard", "auto", "--output", part],
                 {"JOB_COMPLETION_INDEX": str(i), "FOVEA_SHARDS": str(SHARDS)}) for i, part in enumerate(parts)]))
        rows = [open(part).read().splitlines() for part in parts]
        dealt = [rows[i % SHARDS][i // SHARDS] for i in range(len(paths))]
        assert dealt == open(whole).read().splitlines(), "the shards' rows are not those of one process"
    print(f"shards: {len(paths)} rows from {SHARDS} processes, equal to one process")
    for count, times in seconds.items():
        print(f"  {count} process{'es' if count > 1 else ''} on {os.cpu_count()} cores: "
              f"{len(paths) / min(times):.0f} pictures a second (best of {ROUNDS}; "
              f"{', '.join(f'{t:.2f} s' for t in times)})")


def timed(runs):
    """The time until the last of some processes has ended, all of which must say that some pictures failed."""
    start = time.monotonic()
    processes = [subprocess.Popen(words, env=os.environ | variables, stderr=subprocess.DEVNULL)
                 for words, variables in runs]
    statuses = [process.wait() for process in processes]
    assert all(status in (0, 1) for status in statuses) and 1 in statuses, statuses
    return time.monotonic() - start
