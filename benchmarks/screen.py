"""Screening of libraries: rows a second, memory, two processes, what a killed process loses.

    python benchmarks/screen.py --rows 100000 1000000
    python benchmarks/screen.py --rows 10000000 --parts rows

A library is all combinations of the ligands, solvents and reductants of simulated syntheses, each
with its amounts, in one Parquet file. The classifier is the default, fitted to 54 syntheses. Each
case runs in a process of its own; seconds are those of its screening, without its start. On a
machine with other work, rows per processor second are the steadier figure.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
from common.results import environment, write_json
from predict import make_smiles, peak_bytes

from sksiamese import GraphFingerprintSiameseClassifier, load_model, save_model, screen
from sksiamese.datasets import load_cmet, make_nanoclusters

N_PAST, N_BEST = 54, 1000
BLOCK = 1 << 16  # rows of a library that are made at once
PARTS = ("rows", "processes", "molecules", "killed")
KILLED_AFTER = 1  # pieces
WORKER_KILLED_AT = 1  # place of the piece that kills its worker


# Libraries and classifiers


def make_library(path: Path, n_rows: int, seed: int) -> Path:
    """Write combinations of molecules, the last fastest, each with amounts drawn at random."""
    past = make_nanoclusters(2000, random_state=seed).data
    names = past.select_dtypes(exclude="number").columns
    distinct = [past[name].unique() for name in names]
    sizes = [len(values) for values in distinct]
    low, high = (past.select_dtypes("number").agg(end) for end in ("min", "max"))
    rng, writer = np.random.default_rng(seed), None
    for start in range(0, n_rows, BLOCK):
        number = np.arange(start, min(start + BLOCK, n_rows))
        places = np.unravel_index(number % np.prod(sizes), sizes)
        cells: dict[str, Any] = {
            name: values[place] for name, values, place in zip(names, distinct, places, strict=True)
        }
        amounts = rng.uniform(low, high, (len(number), len(low))).round(3)
        cells |= dict(zip(low.index, amounts.T, strict=True))
        table = pyarrow.table({"vial": [f"L{i}" for i in number], **cells})
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=1 << 20)
    if writer is not None:
        writer.close()
    return path


def fit_model(folder: Path, seed: int) -> Path:
    data = make_nanoclusters(N_PAST, random_state=seed)
    model = GraphFingerprintSiameseClassifier(random_state=seed).fit(data.data, data.target)
    save_model(model, folder / "model.skm")
    return folder / "model.skm"


# One screening in this process


def screen_once(model: str, library: str, n_jobs: int, folder: str | None) -> dict[str, Any]:
    """Screen in this process, which does nothing else; give seconds and memory."""
    loaded = load_model(model)
    if n_jobs > 1:  # processes have started, and loaded what they need
        names = list(loaded.feature_names_in_)
        first = pyarrow.parquet.ParquetFile(library).iter_batches(1000, columns=names)
        screen(loaded, [next(first)] * 2 * n_jobs, 1, n_jobs=n_jobs)
    before, start = peak_bytes(), time.perf_counter()
    own = time.process_time()
    found = screen(loaded, library, N_BEST, n_jobs=n_jobs, folder=folder)
    seconds = time.perf_counter() - start
    return {
        "n_rows": found.n_rows,
        "n_jobs": n_jobs,
        "seconds": seconds,
        "processor_seconds": time.process_time() - own,  # without those of other processes
        "rows_per_second": found.n_rows / seconds,
        "load": os.getloadavg()[0],  # of the machine: other work on it makes seconds longer
        "before_gb": before / 1e9,
        "peak_gb": peak_bytes() / 1e9,
        "sum_of_best": float(found.best.iloc[:, -1].sum()),
        "worst_of_best": list(map(int, found.best.index[-1])),
    }


def start_apart(case: list[Any]) -> subprocess.Popen[str]:
    command = [sys.executable, os.path.abspath(__file__), "--once", json.dumps(case)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def run_apart(*case: Any) -> dict[str, Any]:
    """Run `screen_once` in a process of its own."""
    with start_apart(list(case)) as process:
        answer = process.communicate()[0]
    if process.returncode:
        raise RuntimeError(f"{case} ended with {process.returncode}")
    return dict(json.loads(answer))


# Cases


def run_rows(model: Path, libraries: list[Path]) -> Iterator[dict[str, Any]]:
    """Time and memory by the number of rows, in one process."""
    titles = f"{'s':>8} {'rows/s':>8} {'per processor s':>16} {'before GB':>10} {'peak GB':>8}"
    print(f"\n{'rows':>11} {titles}")
    for library in libraries:
        row = run_apart(str(model), str(library), 1, None)
        print(
            f"{row['n_rows']:>11,} {row['seconds']:8.1f} {row['rows_per_second']:8,.0f} "
            f"{row['n_rows'] / row['processor_seconds']:16,.0f} "
            f"{row['before_gb']:10.2f} {row['peak_gb']:8.2f}",
            flush=True,
        )
        yield {"part": "rows", **row}


def run_processes(model: Path, library: Path, repeats: int) -> Iterator[dict[str, Any]]:
    """Two processes beside one, in turns."""
    runs: dict[int, list[float]] = {1: [], 2: []}
    sums = set()
    for _ in range(repeats):
        for n_jobs, seconds in runs.items():
            row = run_apart(str(model), str(library), n_jobs, None)
            seconds.append(row["seconds"])
            sums.add((row["sum_of_best"], *row["worst_of_best"]))
    one, two = (float(np.median(seconds)) for seconds in runs.values())
    print(f"\ntwo processes: {two:.1f} s, one: {one:.1f} s, speed-up {one / two:.2f}")
    print(
        f"load {os.getloadavg()[0]:.1f}; the same rows in all {2 * repeats} runs: {len(sums) == 1}"
    )
    yield {
        "part": "processes",
        "one_s": runs[1],
        "two_s": runs[2],
        "speed_up": one / two,
        "load": os.getloadavg()[0],
        "same": len(sums) == 1,
    }


def run_molecules(n_rows: int, seed: int) -> Iterator[dict[str, Any]]:
    """Rows whose molecules are all new, which is what reading SMILES costs."""
    X, y = load_cmet(return_X_y=True)
    rows = np.random.RandomState(seed).permutation(len(y))[:N_PAST]
    model = GraphFingerprintSiameseClassifier(random_state=seed).fit(X.iloc[rows], y.iloc[rows])
    library = pd.DataFrame({"molecule": make_smiles(n_rows, seed)})
    success = model.classes_[-1]
    screen(model, library[:100], 1, positive=success)
    start = time.process_time()
    screen(model, library, N_BEST, positive=success)
    rate = n_rows / (time.process_time() - start)
    print(f"\n{n_rows:,} rows of one new molecule each: {rate:,.0f} per processor second")
    yield {"part": "molecules", "n_rows": n_rows, "rows_per_processor_second": rate}


def run_killed(model: Path, library: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Kill the main process, and go on; kill a worker of a cluster."""
    whole = run_apart(str(model), str(library), 1, None)
    with start_apart([str(model), str(library), 1, str(folder)]) as process:
        while len(list(folder.glob("part-*"))) < KILLED_AFTER and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    n_kept = len(list(folder.glob("part-*")))
    rest = run_apart(str(model), str(library), 1, str(folder))
    n_pieces = len(list(folder.glob("part-*")))
    same = all(rest[name] == whole[name] for name in ("n_rows", "sum_of_best", "worst_of_best"))
    print(f"\nmain process killed: {n_kept} of {n_pieces} pieces kept, the same rows: {same}")
    yield {"part": "killed main process", "kept": n_kept, "pieces": n_pieces, "same": same}
    if importlib.util.find_spec("distributed") is None:
        print("Left out, a killed worker: dask.distributed is not installed")
        return
    yield run_killed_worker(model, library, folder.parent, whole)


def run_killed_worker(
    model: Path, library: Path, folder: Path, whole: dict[str, Any]
) -> dict[str, Any]:
    """Screen on a cluster of two workers, one of which kills itself."""
    from dask.distributed import Client, LocalCluster

    marker, loaded = folder / "killed", load_model(model)
    workers = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(host="127.0.0.1", **workers) as cluster, Client(cluster) as client:
        start = time.perf_counter()
        found = screen(loaded, library, N_BEST, map=dask_engine(client, str(marker)))
        seconds = time.perf_counter() - start
    same = float(found.best.iloc[:, -1].sum()) == whole["sum_of_best"]
    print(f"worker killed: {marker.exists()}, {seconds:.1f} s, the same rows: {same}")
    return {"part": "killed worker", "killed": marker.exists(), "seconds": seconds, "same": same}


def dask_engine(client: Any, marker: str) -> Callable[..., Iterator[Any]]:
    """Give the engine of docs/screening.md; one piece kills its worker, the first time."""
    from dask.distributed import as_completed

    def engine(function: Any, pieces: Any) -> Iterator[Any]:
        held = client.scatter(function, broadcast=True)
        numbered = enumerate(pieces)

        def submit(n: int) -> list[Any]:
            drawn = [each for each, _ in zip(numbered, range(n), strict=False)]
            return [
                client.submit(_call, held, piece, marker if k == WORKER_KILLED_AT else "")
                for k, piece in drawn
            ]

        running = as_completed(submit(4))
        for future in running:
            yield future.result()
            running.update(submit(1))

    return engine


def _call(function: Any, piece: Any, marker: str) -> Any:
    if marker and not os.path.exists(marker):
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return function(piece)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", nargs="+", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--repeats", type=int, default=3, help="runs of one and two processes")
    parser.add_argument("--seed", type=int, default=0, help="of past, classifier and libraries")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    parser.add_argument("--once", type=json.loads, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(screen_once(*arguments.once)))
        return
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder, seed = Path(name), arguments.seed
        model = fit_model(folder, seed)
        libraries = [make_library(folder / f"library-{n}.parquet", n, seed) for n in arguments.rows]
        cases: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
            "rows": lambda: run_rows(model, libraries),
            "processes": lambda: run_processes(model, libraries[-1], arguments.repeats),
            "molecules": lambda: run_molecules(arguments.rows[0] // 10, seed),
            "killed": lambda: run_killed(model, libraries[0], folder / "results"),
        }
        for part in arguments.parts:
            rows += cases[part]()
    if arguments.json:
        write_json(arguments.json, rows, environment(n_past=N_PAST, **vars(arguments)))


if __name__ == "__main__":
    main()
