"""What the tables benchmark tells the pages: means, differences, and those of each task."""

from __future__ import annotations

from typing import Any

import pandas as pd

from common.table_models import BASE_RATE, OWN, REFERENCE
from common.table_report import KINDS, METRICS, paired, summarize

MEANS = ("mcc", "roc_auc", "log_loss")  # of the front page
SIMULATED = "simulated"
PEERS = (REFERENCE, "random forest, one-hot", "Gaussian process, Tanimoto")


def make_page_tables(runs: pd.DataFrame) -> dict[str, Any]:
    """Make the tables of the pages from the runs of one size.

    A model that gives no probabilities has no log loss, and is left out.
    """
    runs = runs[runs.groupby("model")["log_loss"].transform("count") > 0]
    return {
        "means": _make_means(runs),
        "differences": _make_differences(runs),
        "tasks": _make_tasks(runs),
    }


def _make_means(runs: pd.DataFrame) -> dict[str, Any]:
    """Means over tasks of the strongest models, for known and new molecules, best first."""
    means = summarize(runs[runs["model"].isin([OWN, *PEERS, BASE_RATE])]).droplevel("size")
    models = means.loc["known"].sort_values("mcc", ascending=False).index
    columns = [f"{kind} molecules: {METRICS[metric]}" if metric == MEANS[0] else METRICS[metric]
               for kind in KINDS for metric in MEANS]  # fmt: skip
    rows = [
        [
            f"**{model}**" if model == OWN else model,
            *(round(float(means.loc[(kind, model), key]), 5) for kind in KINDS for key in MEANS),
        ]
        for model in models
    ]
    return {"columns": ["", *columns], "rows": rows}


def _make_differences(runs: pd.DataFrame) -> dict[str, Any]:
    """Differences of the siamese classifier to each other model, over the tasks of a kind."""
    measured = runs[~runs["task"].str.startswith(SIMULATED)]
    rows = []
    for model in runs["model"].unique():
        if model in (OWN, BASE_RATE):
            continue
        parts = {"": runs, ", without simulated": measured} if model == REFERENCE else {"": runs}
        for note, part in parts.items():
            gains = _gains(part, model)
            for kind in KINDS:
                of_kind = gains[gains["kind"] == kind]
                n_tasks = of_kind["task"].nunique() - 1  # but for the mean over all
                cells = [_cell(of_kind, f"all {kind}", metric) for metric in METRICS]
                rows.append([model, f"{kind} ({n_tasks} tasks{note})", *cells])
    return {"columns": ["siamese minus", "molecules", *METRICS.values()], "rows": rows}


def _make_tasks(runs: pd.DataFrame) -> dict[str, Any]:
    """Differences of the siamese classifier to its strongest rivals, task by task."""
    gains = {rival: _gains(runs, rival) for rival in [*PEERS, BASE_RATE]}
    shown = [(rival, metric) for rival in PEERS for metric in ("mcc", "log_loss")]
    shown.append((BASE_RATE, "log_loss"))  # its labels are all the same, so that it has no MCC
    rows = [
        [task, *(_cell(gains[rival], task, metric) for rival, metric in shown)]
        for task in dict.fromkeys(runs.sort_values("kind", kind="stable")["task"])
    ]
    return {
        "columns": ["siamese", *(f"{METRICS[metric]}, minus {rival}" for rival, metric in shown)],
        "rows": rows,
    }


def _gains(runs: pd.DataFrame, rival: str) -> pd.DataFrame:
    return paired(runs[runs["model"].isin([OWN, rival])], rival)


def _cell(gains: pd.DataFrame, task: str, metric: str) -> dict[str, float]:
    row = gains[(gains["task"] == task) & (gains["metric"] == metric)].iloc[0]
    half = float(row["high"] - row["mean"])
    return {"difference": round(float(row["mean"]), 5), "half": round(half, 5)}
