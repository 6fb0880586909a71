"""From the results of all folds to frames of scores, predictions and errors."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import plain_label
from sksiamese.model_selection._comparison import ClassifierComparison
from sksiamese.model_selection._cross_validation import Failure, FoldResult, LabelledRows
from sksiamese.model_selection._scoring import Metric, OutOfFold

_SCORE_COLUMNS = ["classifier", "repeat", "fold", "metric", "value", "fit_time", "score_time"]
_PREDICTION_COLUMNS = ["classifier", "repeat", "fold", "row", "y", "predicted"]
_ERROR_COLUMNS = ["classifier", "repeat", "fold", "step", "type", "message"]


def collect_results(
    results: Sequence[FoldResult],
    rows: LabelledRows,
    row_labels: pd.Index,
    metrics: Sequence[Metric],
    baselines: Collection[str],
    same_folds: bool,
) -> ClassifierComparison:
    """Bring the results of all folds to frames, and compute the pooled metrics."""
    by_repeat: dict[tuple[str, int], list[FoldResult]] = {}
    for result in results:
        by_repeat.setdefault((result.classifier, result.repeat), []).append(result)
    scores: list[tuple[Any, ...]] = []
    errors = [(r.classifier, r.repeat, r.fold, *failure) for r in results for failure in r.failures]
    for (name, repeat), folds in by_repeat.items():
        times = np.array([(fold.fit_time, fold.score_time) for fold in folds])
        for metric in metrics:
            if metric.pooled:
                value, failures = _score_pooled(metric, folds, rows)
                scores.append((name, repeat, pd.NA, metric.name, value, *times.mean(axis=0)))
                errors += [(name, repeat, pd.NA, *failure) for failure in failures]
            else:
                scores += [
                    (name, repeat, fold.fold, metric.name, fold.values[metric.name], *time)
                    for fold, time in zip(folds, times, strict=True)
                ]
    return ClassifierComparison(
        pd.DataFrame(scores, columns=_SCORE_COLUMNS).astype({"fold": "Int64"}),
        _list_predictions(results, rows, row_labels),
        pd.DataFrame(errors, columns=_ERROR_COLUMNS).astype({"fold": "Int64"}),
        tuple(baselines),
        tuple(metric.name for metric in metrics if metric.lower_is_better),
        same_folds,
    )


def _score_pooled(
    metric: Metric, folds: Sequence[FoldResult], rows: LabelledRows
) -> tuple[float, list[Failure]]:
    """Score all out-of-fold predictions of a repeat; NaN where a fold has none."""
    if any(fold.predicted is None for fold in folds):
        return np.nan, []
    found = OutOfFold(
        rows.classes,
        np.concatenate([rows.y[fold.test] for fold in folds]),
        np.concatenate([fold.predicted for fold in folds]),
        _concatenate([fold.proba for fold in folds]),
        _concatenate([fold.decision for fold in folds]),
    )
    try:
        return metric.function(found), []
    except Exception as error:
        return np.nan, [Failure.of(metric.name, error)]


def _concatenate(parts: list[npt.NDArray[np.float64] | None]) -> npt.NDArray[np.float64] | None:
    present = [part for part in parts if part is not None]
    return np.concatenate(present) if len(present) == len(parts) else None


def _list_predictions(
    results: Sequence[FoldResult], rows: LabelledRows, row_labels: pd.Index
) -> pd.DataFrame:
    labels = [plain_label(label) for label in rows.classes]
    columns = [f"{kind}_{label}" for kind in ("proba", "decision") for label in labels]
    parts = []
    for result in results:
        if result.predicted is None:
            continue
        names = (result.classifier, result.repeat, result.fold)
        cells = (*names, row_labels[result.test], rows.y[result.test], result.predicted)
        part: dict[str, Any] = dict(zip(_PREDICTION_COLUMNS, cells, strict=True))
        blank = np.full((len(result.test), len(labels)), np.nan)
        tables = [blank if table is None else table for table in (result.proba, result.decision)]
        parts.append(pd.DataFrame(part | dict(zip(columns, np.hstack(tables).T, strict=True))))
    if not parts:
        return pd.DataFrame(columns=[*_PREDICTION_COLUMNS, *columns])
    return pd.concat(parts, ignore_index=True)
