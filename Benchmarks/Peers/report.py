"""From what was measured to a table in Markdown."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any


def milliseconds(seconds: float) -> str:
    value = 1000 * seconds
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def ratios(row: dict[str, Any], base: dict[str, Any] | None) -> tuple[str, str]:
    """Time over Fovea's: of the medians, and the median over rounds of the ratio inside a round."""
    if base is None:
        return "–", "–"
    overall = statistics.median(row["seconds"]) / statistics.median(base["seconds"])
    if not row["rounds"]:
        return f"{overall:.2f}", "–"
    inside = statistics.median(own / other for own, other in zip(row["rounds"], base["rounds"]))
    return f"{overall:.2f}", f"{inside:.2f}"


def agreement(row: dict[str, Any]) -> str:
    text = f"{row['difference']:.1e} | {row['cosine']:.5f}"
    return text if row["agrees"] else f"{text} **disagrees**"


def line(row: dict[str, Any], base: dict[str, Any] | None) -> str:
    title = row["title"]
    if row["failure"]:
        return f"| {title} | failed: {row['failure'].replace('|', '/')} | | | | | | | | |"
    overall, inside = ratios(row, base)
    return (
        f"| {title} | {milliseconds(statistics.median(row['seconds']))} | {milliseconds(min(row['seconds']))} "
        f"| {overall} | {inside} | {statistics.median(row['start_seconds']):.2f} "
        f"| {row['first_start_seconds']:.2f} | {row['peak_bytes'] / 1e6:.0f} | {agreement(row)} |"
    )


HEADER = (
    "| engine | median ms | best ms | ratio of medians | ratio in a round "
    "| start s | first start s | peak MB | e | cosine |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def section(result: dict[str, Any], baseline: str) -> str:
    rows = result["rows"]
    usable = (row for row in rows if row["variant"] == baseline and row["rounds"] and not row["failure"])
    base = next(usable, None)
    rounds = max((len(row["rounds"]) for row in rows), default=0)
    lines = [f"## {result['model']}, batch {result['batch']}", "", f"{rounds} rounds, {result['date']}.", "", HEADER]
    lines += [line(row, base) for row in rows]
    restless = [f"{row['title']} {row['idle_cores']:.2f}" for row in rows if row["idle_cores"] >= 0.02]
    lines += ["", f"Cores used while another engine ran, at worst: {', '.join(restless) or 'below 0.02, all of them'}."]
    lines += [f"{row['title']}: {row['note']}." for row in rows if row["note"]]
    return "\n".join(lines) + "\n"


def document(results: list[dict[str, Any]], baseline: str) -> str:
    last = results[-1]
    versions = {row["title"]: row["version"] for result in results for row in result["rows"] if row["version"]}
    parts = [f"# Fovea and its peers, {last['machine']['processor']}, {last['date']}", ""]
    parts += [f"- {key}: {value}" for key, value in last["machine"].items()]
    peak = last["peak_gigaflop_per_second"]
    parts += [f"- peak of float32 multiply-adds: {f'{peak} GFLOP/s measured' if peak else 'not measured'}"]
    parts += ["- engines: " + "; ".join(f"{title} {version}" for title, version in versions.items())]
    parts += [f"- {last['threads']} threads each", ""]
    parts += [section(result, baseline) for result in results]
    commands = dict.fromkeys(" ".join(result["command"]) for result in results)
    parts += ["Commands:", ""] + [f"    {command}" for command in commands]
    return "\n".join(parts) + "\n"


def write(folder: Path, baseline: str, keep: Path | None) -> None:
    """Writes table.md over all results in a folder and, where asked, a dated copy with its numbers."""
    files = sorted((path for path in folder.glob("*-batch*.json")), key=lambda path: path.stat().st_mtime)
    results = [json.loads(path.read_text()) for path in files]
    text = document(results, baseline)
    (folder / "table.md").write_text(text)
    if keep is None:
        return
    keep.mkdir(exist_ok=True)
    processor = "-".join(results[-1]["machine"]["processor"].lower().split())
    name = f"{results[-1]['date']}-{processor}"
    (keep / f"{name}.md").write_text(text)
    (keep / f"{name}.json").write_text(json.dumps(results, indent=1) + "\n")
