"""Screening of libraries: rows a second, memory, two processes, engines, what is killed.

    python benchmarks/screen.py --rows 100000 1000000
    python benchmarks/screen.py --rows 10000000 --parts rows

A library is all combinations of the ligands, solvents and reductants of simulated syntheses, each
with its amounts, in one Parquet file. The classifier is the default, fitted to 54 syntheses. Each
case runs in a process of its own; seconds are those of its screening, without its start. On a
machine with other work, rows per processor second are the steadier figure.
"""

from __future__ import annotations

import argparse
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
from common.screen_engines import ENGINES, deadly, timed_engine
from common.screen_page import write_page
from predict import make_smiles, peak_bytes
from sklearn.metrics import roc_auc_score

from sksiamese import GraphFingerprintSiameseClassifier, load_model, save_model, screen
from sksiamese.datasets import load_cmet, make_nanoclusters

N_PAST, N_BEST = 54, 1000
BLOCK = 1 << 16  # rows of a library that are made at once
PARTS = ("rows", "processes", "molecules", "support", "engines", "killed")
KILLED_AFTER = 1  # pieces
N_MANY, SUPPORT_SIZES = 500, (400, 200, 100, 54)


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
    workers: dict[int, float] = {}
    found = screen(loaded, library, N_BEST, map=timed_engine(n_jobs, workers), folder=folder)
    seconds = time.perf_counter() - start
    workers.pop(os.getpid(), None)
    return {
        "n_rows": found.n_rows,
        "n_jobs": n_jobs,
        "seconds": seconds,
        "processor_seconds": time.process_time() - own,  # of this process
        "worker_seconds": sorted(workers.values()),
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
    """Two processes beside one, in turns, by the clock and by processor time.

    Where nothing else runs, two processors finish when all three processes have had their time.
    """
    runs: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    for _ in range(repeats):
        for n_jobs, found in runs.items():
            found.append(run_apart(str(model), str(library), n_jobs, None))
    clock = {n: float(np.median([run["seconds"] for run in found])) for n, found in runs.items()}
    spent = {n: float(np.median([_spent(run) for run in found])) for n, found in runs.items()}
    sums = {(run["sum_of_best"], *run["worst_of_best"]) for run in runs[1] + runs[2]}
    row = {
        "part": "processes",
        "speed_up": clock[1] / clock[2],
        "by_processor_time": 2 * spent[1] / spent[2],
        "load": os.getloadavg()[0],
        "same": len(sums) == 1,
    }
    print(f"\ntwo processes: speed-up {row['speed_up']:.2f} by the clock at load {row['load']:.1f}")
    print(f"by processor time {row['by_processor_time']:.2f}; the same rows: {row['same']}")
    yield row | {"runs": runs[1] + runs[2]}


def _spent(run: dict[str, Any]) -> float:
    return float(run["processor_seconds"] + sum(run["worker_seconds"]))


def run_support(library: Path, seed: int) -> Iterator[dict[str, Any]]:
    """Fewer support rows: faster, and worse by how much."""
    past, others = (make_nanoclusters(n, random_state=seed + n) for n in (N_MANY, 3000))
    model = GraphFingerprintSiameseClassifier(random_state=seed).fit(past.data, past.target)
    rows = next(pyarrow.parquet.ParquetFile(library).iter_batches(BLOCK)).to_pandas()
    print(f"\n{'support rows':>12} {'per processor s':>16} {'ROC AUC':>8}")
    for size in SUPPORT_SIZES:
        model.set_params(support_size=size).set_support(past.data, past.target)
        start = time.process_time()
        screen(model, rows, N_BEST)
        rate = len(rows) / (time.process_time() - start)
        auc = roc_auc_score(others.target, model.predict_proba(others.data)[:, 1])
        n = len(model.support_indices_)
        print(f"{n:>12} {rate:16,.0f} {auc:8.3f}", flush=True)
        yield {"part": "support", "support": n, "rows_per_processor_second": rate, "auc": auc}


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


def run_engines(model: Path, library: Path) -> Iterator[dict[str, Any]]:
    """The same rows and bits by every engine; a worker of Dask and of Ray is killed on the way."""
    loaded = load_model(model)
    expected = screen(loaded, library, N_BEST, map=map).best
    print(f"\n{'engine':<14} {'worker killed':>14} {'same bits':>10}")
    for name, open_engine in ENGINES.items():
        marker = library.with_name(f"killed by {name}")
        with open_engine() as engine:
            if engine is None:
                print(f"{name:<14} is not installed")
                continue
            used = engine if name == "joblib" else deadly(engine, marker)
            found = screen(loaded, library, N_BEST, map=used).best
        row = {"engine": name, "killed": marker.exists(), "same": found.equals(expected)}
        print(f"{name:<14} {row['killed']!s:>14} {row['same']!s:>10}", flush=True)
        yield {"part": "engines", **row}


def run_killed(model: Path, library: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Kill the main process, and go on."""
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
    yield {"part": "killed", "kept": n_kept, "pieces": n_pieces, "same": same}


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", nargs="+", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--repeats", type=int, default=3, help="runs of one and two processes")
    parser.add_argument("--seed", type=int, default=0, help="of past, classifier and libraries")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    parser.add_argument("--page", metavar="FOLDER", help="write the tables of the page there")
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
            "processes": lambda: run_processes(model, libraries[:2][-1], arguments.repeats),
            "molecules": lambda: run_molecules(arguments.rows[0] // 10, seed),
            "support": lambda: run_support(libraries[0], seed),
            "engines": lambda: run_engines(model, libraries[0]),
            "killed": lambda: run_killed(model, libraries[0], folder / "results"),
        }
        for part in arguments.parts:
            rows += cases[part]()
    about = environment(n_past=N_PAST, **vars(arguments))
    if arguments.json:
        write_json(arguments.json, rows, about)
    if arguments.page:
        write_page(Path(arguments.page), rows, about)


if __name__ == "__main__":
    main()
