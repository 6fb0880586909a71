"""Table 2 of arXiv 1811.02771 and beyond: six models beside common baselines, on the same splits.

    python benchmarks/six_models.py --tasks simulated --json six_models.json --plot six_models.png

Tasks, each with its own repeats:

simulated     10-fold cross-validation of 54 simulated nanocluster syntheses
perovskites   10-fold cross-validation of 208 measured crystallisations
new-salts     the same, leaving out all experiments of one salt at a time
draws         54 crystallisations (27 of each outcome) of the release, scored on all others
cmet-16/-32/-64   so many labelled c-Met inhibitors, scored on all others

"paper" are the published settings, "default" this package's. The models without GCNN have the
molecules' RDKit descriptors as numbers. Intervals are over repeats.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from _common import environment, write_json
from _models import BASE_MODELS, make_model
from scipy import stats
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold

from sksiamese import SupportQuerySplit, compare_classifiers
from sksiamese.datasets import fetch_perovskites, load_cmet, load_perovskites, make_nanoclusters

METRICS = ["pooled_mcc", "pooled_average_precision", "pooled_roc_auc", "pooled_brier"]
FOLDS = StratifiedKFold(10, shuffle=True)


class Task(NamedTuple):
    """A data set and how it is split."""

    dataset: Any
    cv: Any
    n_repeats: int
    molecules: str = "descriptors"  # what the baselines are given


def make_task(name: str, release: str | None, n_repeats: int | None) -> Task:
    """Load the data of a task; `n_repeats` replaces its own number of repeats."""
    if name == "simulated":
        task = Task(make_nanoclusters(54, random_state=0), FOLDS, 10)
    elif name == "perovskites":
        task = Task(load_perovskites(), FOLDS, 10)
    elif name == "new-salts":
        task = Task(load_perovskites(), LeaveOneGroupOut(), 10)
    elif name == "draws":
        dataset = fetch_perovskites(path=release)
        task = Task(dataset, SupportQuerySplit(27, n_repeats=1), 30)
    else:
        n_each = int(name.partition("-")[2]) // 2
        task = Task(load_cmet(), SupportQuerySplit(n_each, n_repeats=1), 20, "ecfp")
    return task._replace(n_repeats=n_repeats or task.n_repeats)


def run_task(task: Task, models: list[str], settings: list[str], n_jobs: int) -> Any:
    """Compare the models of a task."""
    columns = task.dataset.smiles_columns
    estimators = {
        f"{model}, {setting}": make_model(model, setting, columns)
        for setting in settings
        for model in models
    }
    return compare_classifiers(
        estimators,
        task.dataset.data,
        task.dataset.target,
        cv=task.cv,
        groups=task.dataset.get("groups") if isinstance(task.cv, LeaveOneGroupOut) else None,
        scoring=METRICS,
        n_repeats=task.n_repeats,
        molecules=task.molecules,
        n_jobs=n_jobs,
        random_state=0,
        verbose=1,
    )


def score_new_groups(comparison: Any, groups: pd.Series) -> pd.DataFrame:
    """ROC-AUC of each repeat on groups of which no row was in training."""
    rows = []
    for (name, repeat), part in comparison.predictions.groupby(["classifier", "repeat"]):
        trained = groups.index.difference(part["row"])
        new = part[~groups.loc[part["row"]].isin(groups.loc[trained].unique()).to_numpy()]
        if "proba_1" in new and new["proba_1"].notna().all() and new["y"].nunique() == 2:
            auc = roc_auc_score(new["y"], new["proba_1"])
            rows.append({"classifier": name, "repeat": repeat, "value": auc})
    return pd.DataFrame(rows)


def summarize_new_groups(scores: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Mean and t-interval over repeats."""
    values = scores.groupby("classifier")["value"].agg(["mean", "std", "size"])
    half = stats.t.ppf((1 + confidence) / 2, values["size"] - 1)
    half *= values["std"] / np.sqrt(values["size"])
    return pd.DataFrame(
        {"mean": values["mean"], "low": values["mean"] - half, "high": values["mean"] + half}
    ).sort_values("mean", ascending=False)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    tasks = ["simulated", "perovskites", "new-salts", "draws", "cmet-16", "cmet-32", "cmet-64"]
    parser.add_argument("--tasks", nargs="+", choices=tasks, default=["simulated"])
    parser.add_argument("--models", nargs="+", choices=list(BASE_MODELS), default=list(BASE_MODELS))
    choices = ["paper", "default"]
    parser.add_argument("--settings", nargs="+", choices=choices, default=choices)
    parser.add_argument("--release", metavar="PATH", help="local perovskite release (for draws)")
    parser.add_argument("--repeats", type=int, help="repeats of each task instead of its own")
    parser.add_argument("--n-jobs", type=int, default=2, help="processes")
    parser.add_argument("--json", metavar="PATH", help="write the results to this file")
    parser.add_argument("--plot", metavar="PATH", help="draw the last task to this file")
    arguments = parser.parse_args()

    results: list[dict[str, Any]] = []
    for name in arguments.tasks:
        task = make_task(name, arguments.release, arguments.repeats)
        comparison = run_task(task, arguments.models, arguments.settings, arguments.n_jobs)
        print(f"\n{name}, {task.n_repeats} repeats\n{comparison}")
        summary = comparison.summary().reset_index()
        results += summary.assign(task=name, repeats=task.n_repeats).to_dict("records")
        if name == "draws":
            groups = pd.Series(np.asarray(task.dataset.groups), index=task.dataset.data.index)
            table = summarize_new_groups(score_new_groups(comparison, groups))
            print(f"\nROC-AUC on salts that are not in training\n{table.round(3)}")
            table = table.rename_axis("classifier").reset_index()
            results += table.assign(task=name, metric="roc_auc_new_salts").to_dict("records")
        if arguments.plot:
            axes = comparison.plot()
            path = Path(arguments.plot)
            axes[0].figure.savefig(path, dpi=120)
            print(f"Drawn to {path}")
    if arguments.json:
        about = environment(random_state=0, **vars(arguments))
        write_json(arguments.json, results, about)


if __name__ == "__main__":
    main()
