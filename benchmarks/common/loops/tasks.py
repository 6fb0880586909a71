"""Tables whose yields are looked up, and where loops start."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from common.table_tasks import NO_INPUTS, reaction_path

OUTCOME = "yield_percent"
TABLES = ("direct_arylation", "aryl_amination", "suzuki", "nickel_suzuki")
N_START = 10
N_PAST = 20  # reactions of each past campaign


class NumberTask(NamedTuple):
    """Reactions whose yields are looked up, and a protocol.

    Parameters
    ----------
    name : str
        Of the table and, unless it is the usual one, of the protocol.
    pool : DataFrame of shape (n_reactions, n_columns)
        Distinct recipes, and their yields.
    begins : {"worst", "any", "plate", "none"}
        Ten of the worst half, a random batch, half of plate 1, or nothing.
    n_batches, batch_size : int
        How many batches are chosen, and how large they are.
    past : dict of str to DataFrame
        Other campaigns.
    plate : Index
        Reactions of plate 1.
    """

    name: str
    pool: pd.DataFrame
    begins: str
    n_batches: int
    batch_size: int
    past: dict[str, pd.DataFrame]
    plate: pd.Index


def load_number_tasks(folder: Path, names: list[str] | None) -> list[NumberTask]:
    """Load the pools asked for; "aryl_amination" are all its halides, with a start."""
    tasks: list[NumberTask] = []
    for name in TABLES:
        frame = pd.read_csv(reaction_path(folder, name))
        if name == "aryl_amination":
            tasks += _list_halides(frame)
        else:
            begins = "plate" if "plate" in frame else "worst"
            tasks.append(_make_task(name, frame, begins, 8, 5))
        if name == "direct_arylation":
            tasks.append(_make_task(f"{name}, 30 x 3", frame, "any", 29, 3))
            tasks.append(_make_task(f"{name}, 30 x 1", frame, "any", 29, 1))
    known = {task.name for task in tasks} | {pool_of(task.name) for task in tasks}
    unknown = set(names or []) - known
    if unknown:
        raise SystemExit(f"Unknown pools: {sorted(unknown)}. There are: {sorted(known)}")
    return [t for t in tasks if names is None or {t.name, pool_of(t.name)} & set(names)]


def pool_of(task: str) -> str:
    """Name of the pool of a task: all halides of the amination together."""
    return re.sub(r"^aryl_amination \d+", "aryl_amination", task)


def _list_halides(frame: pd.DataFrame) -> list[NumberTask]:
    """Make each halide a pool, with and without the ten reactions; the others are its past."""
    halides = dict(list(frame.groupby("aryl_halide")))
    tasks = []
    for i, halide in enumerate(halides):
        past = {name: rows for name, rows in halides.items() if name != halide}
        for protocol, begins in (("", "worst"), (", no start", "none")):
            name = f"aryl_amination {i}{protocol}"
            tasks.append(_make_task(name, halides[halide], begins, 8, 5, past))
    return tasks


def _make_task(
    name: str,
    frame: pd.DataFrame,
    begins: str,
    n_batches: int,
    batch_size: int,
    past: dict[str, pd.DataFrame] | None = None,
) -> NumberTask:
    """A recipe that was measured more than once keeps its first outcome."""
    recipe = frame.drop(columns=[OUTCOME, *NO_INPUTS], errors="ignore")
    frame = frame[~recipe.duplicated()].reset_index(drop=True)
    plate = frame.index[frame["plate"] == 1] if "plate" in frame else frame.index[:0]
    pool = frame.drop(columns=NO_INPUTS, errors="ignore")
    return NumberTask(name, pool, begins, n_batches, batch_size, past or {}, plate)


def draw_start(task: NumberTask, rng: np.random.RandomState) -> pd.DataFrame:
    """Draw the reactions that a loop starts from."""
    if task.begins == "none":
        return task.pool.iloc[:0]
    if task.begins == "plate":
        return task.pool.loc[rng.choice(task.plate, len(task.plate) // 2, replace=False)]
    if task.begins == "any":
        return task.pool.loc[rng.choice(task.pool.index, task.batch_size, replace=False)]
    worst = task.pool[OUTCOME].sort_values(kind="stable").index[: len(task.pool) // 2]
    return task.pool.loc[rng.choice(worst, N_START, replace=False)]


def draw_past(task: NumberTask, seed: int) -> dict[str, pd.DataFrame]:
    """Draw some reactions of each past campaign."""
    return {
        name: rows.sample(min(N_PAST, len(rows)), random_state=seed)
        for name, rows in task.past.items()
    }


def varying(recipes: pd.DataFrame) -> pd.DataFrame:
    """Leave out the columns that never vary."""
    return recipes.loc[:, [len(recipes[name].drop_duplicates()) > 1 for name in recipes]]
