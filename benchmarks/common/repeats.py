"""Repeats of a comparison, kept in a file as they end, so that none is run twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from common.results import read_commit
from common.tasks import Task, compare
from sksiamese.model_selection import ClassifierComparison

NEW_GROUPS = "ROC-AUC, new salts"  # of which no row was in training
Scores = dict[str, dict[str, float | None]]  # of each classifier, by metric


def compare_repeats(
    name: str,
    task: Task,
    classifiers: dict[str, Any],
    baselines: tuple[str, ...],
    metrics: dict[str, str],
    n_jobs: int,
    path: str | None,
) -> ClassifierComparison:
    """Compare classifiers and baselines repeat by repeat; those that the file holds are not run.

    The task "draws" is also scored on rows whose group was not in training.
    """
    kept = read_kept(path)
    scores = {}
    for repeat in range(task.n_repeats):
        known = kept.get((name, len(task.X), repeat), {})
        missing = {key: each for key, each in classifiers.items() if key not in known}
        if missing:
            rivals = [key for key in baselines if key not in known]
            one = task._replace(n_repeats=1)
            found = compare(one, missing, n_jobs, repeat, scoring=metrics, baselines=rivals)
            table = found.scores.pivot_table("value", "classifier", "metric", dropna=False)
            table = table.reindex(columns=list(metrics))
            if name == "draws":
                table[NEW_GROUPS] = _score_new_groups(found.predictions, task.groups)
            known = {**known, **_to_scores(table)}
            if path:
                _keep(path, {"task": name, "rows": len(task.X), "repeat": repeat}, table)
        scores[repeat] = {key: known[key] for key in (*classifiers, *baselines)}
    return _join(scores, baselines)


def read_kept(path: str | None) -> dict[tuple[str, int, int], Scores]:
    """Read the scores of a file, by task, its number of rows, and repeat."""
    kept: dict[tuple[str, int, int], Scores] = {}
    lines = Path(path).read_text().splitlines() if path and Path(path).exists() else []
    for line in map(json.loads, lines):
        kept.setdefault((line["task"], line["rows"], line["repeat"]), {}).update(line["scores"])
    return kept


def _keep(path: str, about: dict[str, Any], table: pd.DataFrame) -> None:
    line = {**about, "commit": read_commit(), "scores": _to_scores(table)}
    with Path(path).open("a") as stream:
        stream.write(json.dumps(line, allow_nan=False) + "\n")


def _score_new_groups(predictions: pd.DataFrame, groups: Any) -> pd.Series:
    """ROC-AUC of each classifier on groups of which no row was in training."""
    found = {}
    for name, part in predictions.groupby("classifier"):
        trained = groups.loc[groups.index.difference(part["row"])].unique()
        new = part[~groups.loc[part["row"]].isin(trained).to_numpy()]
        if new["proba_1"].notna().all() and new["y"].nunique() == 2:
            found[name] = roc_auc_score(new["y"], new["proba_1"])
    return pd.Series(found)


def _to_scores(table: pd.DataFrame) -> Scores:
    rounded = table.astype(float).round(4)
    return {
        str(name): {str(key): None if pd.isna(value) else value for key, value in row.items()}
        for name, row in rounded.iterrows()
    }


def _join(scores: dict[int, Scores], baselines: tuple[str, ...]) -> ClassifierComparison:
    rows = [
        {"classifier": name, "repeat": repeat, "metric": metric, "value": value}
        for repeat, of_all in scores.items()
        for name, of_one in of_all.items()
        for metric, value in of_one.items()
    ]
    table = pd.DataFrame(rows).assign(fold=np.nan, fit_time=np.nan, score_time=np.nan)
    table["value"] = table["value"].astype(float)
    losses = tuple(name for name in table["metric"].unique() if name.startswith("Brier"))
    errors = pd.DataFrame(columns=["classifier", "repeat", "fold", "step", "type", "message"])
    return ClassifierComparison(table, pd.DataFrame(), errors, baselines, losses, same_folds=False)
