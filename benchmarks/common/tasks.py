"""Data sets and splits of the studies, and the rows that tuning may see.

simulated         10-fold cross-validation of 54 simulated nanocluster syntheses
perovskites       10-fold cross-validation of 208 measured crystallisations
new-salts         the same, leaving out all experiments of one salt at a time
draws             54 crystallisations (27 of each outcome) of the release, scored on all others
cmet-16/-32/-64   so many labelled c-Met inhibitors, scored on all others
workbook          10-fold cross-validation of a workbook in the layout of the paper's supplement
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold

from sksiamese import SupportQuerySplit, compare_classifiers
from sksiamese.datasets import (
    fetch_perovskites,
    load_cmet,
    load_perovskites,
    make_nanoclusters,
    read_reaction_workbook,
)

TASKS = ("simulated", "perovskites", "new-salts", "draws", "cmet-16", "cmet-32", "cmet-64")
BASELINES = (
    "majority class",
    "random forest",
    "extra trees",
    "SVC",
    "Gaussian process",
    "logistic regression",
)
TUNING_DATA = ("simulated", "perovskites", "cmet")
TUNING_SEED = 1000
_N_TUNING_ROWS = {"simulated": 1000, "perovskites": 1500, "cmet": 300}
_FOLDS = StratifiedKFold(10, shuffle=True)


class Task(NamedTuple):
    """Rows and how they are split."""

    X: pd.DataFrame
    y: pd.Series
    groups: pd.Series | None
    smiles_columns: list[str]
    cv: Any
    n_repeats: int
    molecules: str = "descriptors"  # what the baselines are given


def make_task(
    name: str,
    release: str | None,
    n_repeats: int | None = None,
    leave_out: bool = False,
    workbook: str | None = None,
) -> Task:
    """Load a task; `n_repeats` replaces its own, `leave_out` drops the rows that tuning saw.

    The task "workbook" is read from the file `workbook`.
    """
    if workbook is not None:
        task = _task(read_reaction_workbook(workbook), _FOLDS, 10)
    elif name == "simulated":
        task = _task(make_nanoclusters(54, random_state=0), _FOLDS, 10)
    elif name in ("perovskites", "new-salts"):
        task = _task(load_perovskites(), LeaveOneGroupOut() if name == "new-salts" else _FOLDS, 10)
    elif name == "draws":
        task = _task(fetch_perovskites(path=release), SupportQuerySplit(27, n_repeats=1), 30)
    else:
        n_each = int(name.partition("-")[2]) // 2
        task = _task(load_cmet(), SupportQuerySplit(n_each, n_repeats=1), 20)._replace(
            molecules="ecfp"
        )
    if leave_out and (name == "draws" or name.startswith("cmet")):
        kept = task.X.index.difference(make_tuning_task(data_of(name), release).X.index)
        groups = None if task.groups is None else task.groups.loc[kept]
        task = task._replace(X=task.X.loc[kept], y=task.y.loc[kept], groups=groups)
    return task._replace(n_repeats=n_repeats or task.n_repeats)


def make_tuning_task(data: str, release: str | None) -> Task:
    """Load what a search sees: five draws of few rows, each scored on the other rows of this part.

    The simulated syntheses are of a seed of their own. The crystallisations are none of the 208
    that the package ships; the task "draws", and those of c-Met, leave the rows out that are here.
    """
    if data == "simulated":
        n_rows = _N_TUNING_ROWS[data]
        return _task(make_nanoclusters(n_rows, random_state=TUNING_SEED), _draws(27), 1)
    if data == "perovskites":
        dataset = fetch_perovskites(path=release)
        shipped = load_perovskites().frame["experiment"]
        task = _task(dataset, _draws(27), 1)
        free = task.X.index[~dataset.frame["name"].isin(shipped).to_numpy()]
    else:
        task = _task(load_cmet(), _draws(16), 1)
        free = task.X.index
    rows = free.to_series().sample(_N_TUNING_ROWS[data], random_state=TUNING_SEED).index
    return task._replace(X=task.X.loc[rows], y=task.y.loc[rows], groups=None)


def add_task_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice of tasks, their data and repeats, and where the results go."""
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=["simulated"])
    parser.add_argument("--release", metavar="PATH", help="local perovskite release (for draws)")
    parser.add_argument("--repeats", type=int, help="repeats of each task instead of its own")
    parser.add_argument("--n-jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    parser.add_argument("--page", metavar="PATH", help="write the tables of the pages to this file")
    parser.add_argument("--plot", metavar="PATH", help="draw each task; its name joins the file's")


def compare(
    task: Task, classifiers: dict[str, Any], n_jobs: int, first: int = 0, **options: Any
) -> Any:
    """Compare the classifiers on the splits of a task, from its repeat number `first` on."""
    generator = np.random.RandomState(0)
    generator.randint(2**31 - 1, size=(first, 2))  # what the repeats before have drawn
    return compare_classifiers(
        classifiers,
        task.X,
        task.y,
        cv=task.cv,
        groups=task.groups if isinstance(task.cv, LeaveOneGroupOut) else None,
        n_repeats=task.n_repeats,
        molecules=task.molecules,
        n_jobs=n_jobs,
        random_state=generator,
        verbose=1,
        **{"baselines": BASELINES, **options},
    )


def save_figure(figure: Any, path: str, task: str) -> None:
    """Save a figure, with the name of its task in that of the file."""
    whole = Path(path)
    whole = whole.with_name(f"{whole.stem}-{task}{whole.suffix}")
    figure.savefig(whole, dpi=120)
    print(f"Drawn to {whole}")


def data_of(task: str) -> str:
    """Name the data that a task's models are tuned on."""
    if task == "simulated":
        return task
    return "cmet" if task.startswith("cmet") else "perovskites"


def _draws(n_each: int) -> SupportQuerySplit:
    return SupportQuerySplit(n_each, n_repeats=5, random_state=TUNING_SEED)


def _task(dataset: Any, cv: Any, n_repeats: int) -> Task:
    """Take rows by number, so that parts of a data set can be told apart."""
    groups = dataset.get("groups")
    return Task(
        dataset.data.reset_index(drop=True),
        dataset.target.reset_index(drop=True),
        None if groups is None else pd.Series(np.asarray(groups)),
        dataset.smiles_columns,
        cv,
        n_repeats,
    )
