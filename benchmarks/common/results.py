"""What the benchmarks share: timing, a table, a JSON file.

Machines differ and neighbours interfere, so a benchmark times all its cases in one process, in
turns, and reports medians and their ratio to one of the cases. The ratio of the fastest runs stands
beside it: on a machine with other work it is the steadier figure.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import gzip
import importlib.metadata
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from scipy import stats

PACKAGES = (
    "sksiamese",
    "numpy",
    "pandas",
    "scikit-learn",
    "scikit-optimize",
    "torch",
    "skorch",
    "rdkit",
    "joblib",
    "baybe",
)


def measure(
    cases: Mapping[str, Callable[[], object]],
    *,
    repeats: int = 5,
    warm_up: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Time every case `repeats` times, in turns; return seconds of each run by case.

    With ``clock=time.process_time`` they are seconds of the processor, which other work on the
    machine lengthens less. Each turn starts one case further on, so that no case always follows the
    same neighbour.
    """
    for _ in range(warm_up):
        for case in cases.values():
            case()
    names = list(cases)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats):
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            gc.collect()
            start = clock()
            cases[name]()
            seconds[name].append(clock() - start)
    return seconds


def summarize(
    seconds: Mapping[str, list[float]], baseline: str, targets: Mapping[str, float] | None = None
) -> list[dict[str, Any]]:
    """Give for each case its median, range, ratio of medians to `baseline`, and target ratio."""
    floor, fastest = statistics.median(seconds[baseline]), min(seconds[baseline])
    rows = []
    for name, runs in seconds.items():
        median = statistics.median(runs)
        row = {
            "case": name,
            "median_s": median,
            "min_s": min(runs),
            "max_s": max(runs),
            "ratio": median / floor,
            "min_ratio": min(runs) / fastest,
            "target": (targets or {}).get(name),
        }
        rows.append(row)
    return rows


def print_table(title: str, rows: list[dict[str, Any]]) -> None:
    """Print what `summarize` gave."""
    width = max(len(row["case"]) for row in rows)
    print(f"\n{title}")
    titles = f"{'median s':>9}  {'min s':>9}  {'max s':>9}  {'ratio':>6}  {'of min':>6}  target"
    print(f"{'case':<{width}}  {titles}")
    for row in rows:
        target = "" if row["target"] is None else f"<= {row['target']:g}"
        print(
            f"{row['case']:<{width}}  {row['median_s']:9.4f}  {row['min_s']:9.4f}  "
            f"{row['max_s']:9.4f}  {row['ratio']:6.2f}  {row['min_ratio']:6.2f}  {target}"
        )


def environment(**settings: Any) -> dict[str, Any]:
    """Describe the command, the commit, the machine, the versions and the settings of a run."""
    arguments = ["PATH" if os.sep in argument else argument for argument in sys.argv[1:]]
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "command": shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *arguments]),
        "commit": read_commit(),
        "date": datetime.date.today().isoformat(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "versions": versions,
        "settings": settings,
    }


def read_commit() -> str | None:
    """Give the commit of this folder, with a + where files differ from it; None outside git."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    try:
        folder = Path(__file__).parent
        found = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


def t_intervals(values: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Mean of each column, with its t-interval over the rows."""
    mean = values.mean()
    half = stats.t.ppf((1 + confidence) / 2, values.count() - 1) * values.sem()
    return pd.DataFrame({"mean": mean, "low": mean - half, "high": mean + half})


def write_json(path: str | Path, rows: list[dict[str, Any]], about: Mapping[str, Any]) -> None:
    """Write results beside what they were measured with."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"about": about, "results": rows}, indent=2) + "\n")
    print(f"\nWritten to {path}")


def read_text(path: Path) -> str:
    """Read a text file, unpacked if its name ends with .gz."""
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()


def write_text(path: Path, text: str) -> None:
    """Write a text file, packed if its name ends with .gz; a stop leaves the file before."""
    raw = gzip.compress(text.encode(), mtime=0) if path.suffix == ".gz" else text.encode()
    part = path.with_name(path.name + ".part")
    part.write_bytes(raw)
    part.replace(path)


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --repeats and --json, which every benchmark has."""
    parser.add_argument("--repeats", type=_at_least_five, default=5, help="timed runs (5 or more)")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")


def _at_least_five(text: str) -> int:
    value = int(text)
    if value < 5:
        raise argparse.ArgumentTypeError("a median needs at least 5 runs")
    return value
