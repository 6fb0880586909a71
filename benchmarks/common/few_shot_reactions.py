"""Reaction tables as campaigns: one aryl halide after the other, one plate after the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from common.few_shot_tasks import Data, Labels, Round, Study, Task
from sksiamese import SMILESFeaturizer

LARGEST_CAMPAIGN = 96  # rows, as of a salt in the other study
TOP_SHARE = 0.7  # a success is above this quantile of the table's yields
CAMPAIGN = {"amination": "aryl_halide", "plates": "plate"}

Rows = npt.NDArray[np.intp]


def make_reactions(protocol: str, path: str, shots: list[str]) -> Study:
    """Make a study of a reaction table.

    Of the amination table each halide is left out once, and all others are its past. Of the plates,
    which are batches of one closed loop, each has those before it as its past.
    """
    table = pd.read_csv(path)
    measured = table.pop("yield_percent")
    y = (measured > measured.quantile(TOP_SHARE)).to_numpy().astype(np.int64)
    column = CAMPAIGN[protocol]
    groups, names = pd.factorize(table[column], sort=True)
    if protocol == "plates":
        table = table.drop(columns=column)
    rows_of = list(_draw_rows(groups))
    rounds = []
    for group, rows in enumerate(rows_of):
        past = rows_of[:group] if protocol == "plates" else rows_of[:group] + rows_of[group + 1 :]
        if past and min(y[rows].sum(), (1 - y[rows]).sum()) >= 2:
            known = np.concatenate(past)
            history = Labels(known, y[known], groups[known].astype(np.int64))
            rounds.append(Round(history, [Task(str(names[group]), group, 0, rows, y[rows])]))
    notes = [f"{len(names)} campaigns of at most {LARGEST_CAMPAIGN} rows; {len(rounds)} reported"]
    title = {
        "amination": "one aryl halide left out at a time",
        "plates": "a plate from earlier ones",
    }
    return Study(_make_data(table), rounds, shots, "task", title[protocol], notes)


def _draw_rows(groups: Rows) -> Iterator[Rows]:
    rng = np.random.default_rng(0)
    for group in range(groups.max() + 1):
        yield np.sort(rng.permutation(np.flatnonzero(groups == group))[:LARGEST_CAMPAIGN])


def _make_data(table: pd.DataFrame) -> Data:
    """Let the baselines read descriptors and names of molecules beside the conditions."""
    molecules = table.select_dtypes(exclude="number").fillna("")
    numbers = table.select_dtypes("number").to_numpy(np.float64)
    described = SMILESFeaturizer("descriptors").fit_transform(molecules)
    named = pd.get_dummies(molecules).to_numpy(np.float64)
    X = table.assign(**{name: molecules[name] for name in molecules})
    return Data(X, np.hstack([np.asarray(described), named, numbers]), is_bits=False)
