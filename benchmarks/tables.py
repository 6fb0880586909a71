"""The default beside baselines on tables of reactions and crystallisations, on the same draws.

    python benchmarks/tables.py --tables FOLDER --release PATH --json tables.json --plot tables.png

A draw is so many rows of each outcome (--sizes), and is scored on up to 1,000 other rows at their
natural rate, all models on the same; `common/table_tasks.py` describes the tasks. The outcome of a
reaction table is a yield above its 70th percentile. Data can also lie in the folder that the
environment variable SKSIAMESE_DATA names, as reactions/*.csv.gz and perovskite_release*.csv.gz;
tasks without data are left out. With --json, each draw is written when it is done, and a run that
was stopped goes on there; results/draws/tables.json.gz holds the draws of the pages, so that more
draws, sizes or models need not run those again. Seconds are of the processor: set
OMP_NUM_THREADS=1. A method is worked out on seeds below 100; those from 100 on are for reporting
it.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common.pages import write_tables
from common.results import environment, read_text, write_text
from common.table_models import MODELS, OWN, REFERENCE, run_model
from common.table_pages import make_page_tables
from common.table_report import draw_differences, paired, print_report
from common.table_tasks import (
    TABLES,
    Table,
    TableTask,
    draw_rows,
    find_data,
    list_tasks,
    load_table,
    why_no_table,
)
from tqdm import tqdm

KEYS = ("task", "size", "seed", "model")


class Results:
    """Rows of all runs, kept in a file if there is one."""

    def __init__(self, path: str | None, settings: dict[str, Any]) -> None:
        self.path = None if path is None else Path(path)
        self.about = environment(**settings)
        self.rows: list[dict[str, Any]] = []
        if self.path is not None and self.path.exists():
            self.rows = json.loads(read_text(self.path))["results"]
        self.done = {tuple(row[key] for key in KEYS) for row in self.rows}

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Keep the rows of a draw; a stop while the file is written leaves the file before."""
        self.rows += rows
        self.done |= {tuple(row[key] for key in KEYS) for row in rows}
        self.write({})

    def write(self, more: dict[str, Any]) -> None:
        """Write all runs, one a line, and whatever else there is."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = ",\n".join(json.dumps(_rounded(row)) for row in self.rows)
        head = json.dumps({"about": self.about, **more}, indent=1)[:-2]
        write_text(self.path, f'{head},\n"results": [\n{lines}\n]}}\n')


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {key: round(each, 6) if isinstance(each, float) else each for key, each in row.items()}


def run_task(
    task: TableTask, table: Table, arguments: argparse.Namespace, results: Results
) -> list[str]:
    """Run the draws of a task that are not there yet; give reasons for those left out."""
    left_out = []
    first = arguments.first_seed
    commit = results.about["commit"]
    for size in arguments.sizes:
        for seed in tqdm(range(first, first + arguments.draws), desc=f"{task.name}, {size}"):
            missing = [
                m for m in arguments.models if (task.name, size, seed, m) not in results.done
            ]
            drawn = draw_rows(table, task.role, size, seed) if missing else None
            if drawn is None and missing:
                left_out.append(f"{task.name}, {size} + {size} rows, seed {seed}: too few rows")
            if drawn is None:
                continue
            kind = "known" if task.role is None else "new"
            about = {"task": task.name, "kind": kind, "size": size, "seed": seed}
            about |= {"n_test": len(drawn.test), "commit": commit}
            rows = [{**about, "model": m, **run_model(m, table, drawn, seed)} for m in missing]
            results.add(rows)
    return left_out


def run_all(arguments: argparse.Namespace, results: Results) -> None:
    """Run all tasks, table by table."""
    folder, release = find_data(arguments.tables, arguments.release)
    left_out = []
    for name in arguments.tasks:
        reason = why_no_table(name, folder, release)
        if reason is not None:
            print(f"Left out, {name}: {reason}")
            continue
        table = load_table(name, folder, release)
        for task in list_tasks(name, table):
            if arguments.known_only and task.role is not None:
                continue
            left_out += run_task(task, table, arguments, results)
    print(*(f"Left out, {reason}" for reason in left_out), sep="\n")


def select_runs(arguments: argparse.Namespace, results: Results) -> pd.DataFrame:
    """Take the runs that this command asks for, out of a file that may hold more."""
    runs = pd.DataFrame(results.rows)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.draws)
    kept = runs["size"].isin(arguments.sizes) & runs["seed"].isin(seeds)
    kept &= runs["model"].isin([*arguments.models, arguments.reference])
    kept &= runs["task"].str.partition(",")[0].isin(arguments.tasks)
    if len(commits := runs.loc[kept, "commit"].unique()) > 1:
        print(f"The runs are of several commits: {', '.join(map(str, commits))}")
    order = [arguments.sizes.index(size) for size in runs.loc[kept, "size"]]
    return runs[kept].iloc[np.argsort(order, kind="stable")]


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tables", metavar="FOLDER", help="folder of the reaction tables")
    parser.add_argument("--release", metavar="PATH", help="local perovskite release")
    parser.add_argument("--tasks", nargs="+", choices=TABLES, default=list(TABLES))
    parser.add_argument("--known-only", action="store_true", help="leave new molecules out")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--reference", choices=MODELS, default=REFERENCE, help="to compare with")
    parser.add_argument("--sizes", nargs="+", type=int, default=[27, 100, 16], help="of each class")
    parser.add_argument("--draws", type=int, default=20, help="draws of each task and size")
    parser.add_argument("--first-seed", type=int, default=100, help="seed of the first draw")
    parser.add_argument("--json", metavar="PATH", help="keep all draws here, and run none twice")
    parser.add_argument("--plot", metavar="PATH", help="draw the differences to this file")
    parser.add_argument("--page", metavar="PATH", help="write the tables of the pages to this file")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    arguments = read_arguments()
    threads = os.environ.get("OMP_NUM_THREADS")
    left = ("tables", "release", "json", "plot", "page")  # where things lie on this machine
    settings = {key: value for key, value in vars(arguments).items() if key not in left}
    results = Results(arguments.json, {**settings, "OMP_NUM_THREADS": threads})
    run_all(arguments, results)
    if not results.rows:
        raise SystemExit("No task was run.")
    runs = select_runs(arguments, results)
    differences = paired(runs, arguments.reference)
    print_report(runs, differences, arguments.reference)
    ends = differences.astype(object).where(differences.notna(), None)  # JSON has no NaN
    results.write({"differences": ends.to_dict("records")})
    if arguments.page:
        commit = ", ".join(runs["commit"].unique())  # of the runs, which may be older than this
        write_tables(arguments.page, make_page_tables(runs), {**results.about, "commit": commit})
    if arguments.plot and len(differences):
        model = OWN if OWN in set(differences["model"]) else str(differences["model"].iloc[0])
        draw_differences(differences, model, arguments.reference, arguments.plot)


if __name__ == "__main__":
    main()
