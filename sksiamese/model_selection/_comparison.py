"""What a comparison of classifiers found: scores, predictions, errors, and their summary."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from sksiamese._checks import plain_label, require_number
from sksiamese.model_selection._cross_validation import Failure, FoldResult, LabelledRows
from sksiamese.model_selection._scoring import Metric, OutOfFold

__all__ = ["ClassifierComparison", "collect_results"]

_MESSAGE_LENGTH = 200  # characters of an error that the text shows
_OWN_COLOR, _BASELINE_COLOR = "#0072B2", "#767676"


@dataclass(frozen=True, eq=False, repr=False)
class ClassifierComparison:
    """Result of :func:`compare_classifiers`: scores, out-of-fold predictions and errors.

    Attributes
    ----------
    scores : DataFrame
        One row for each score, columns "classifier", "repeat", "fold", "metric", "value",
        "fit_time" and "score_time" (seconds). A pooled metric is one of all folds of a repeat: its
        fold is missing and its times are means over the folds.
    predictions : DataFrame
        One row for each prediction of a held-out row: "classifier", "repeat", "fold", "row" (label
        of the row in X), "y" and "predicted" (labels), and for each class "proba_<class>" and
        "decision_<class>" (the latter for classifiers without probabilities alone).
    errors : DataFrame
        What failed: "classifier", "repeat", "fold" (missing for a pooled metric), "step" ("fit",
        "predict" or the metric), "type" and "message".
    baselines : tuple of str
        Names of the classifiers that are baselines.
    losses : tuple of str
        Names of the metrics of which lower is better.
    same_folds : bool
        Whether all repeats have the same folds, so that they differ by `random_state` alone.

    See Also
    --------
    compare_classifiers : Makes it.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sksiamese import compare_classifiers
    >>> from sksiamese.datasets import make_nanoclusters
    >>> X, y = make_nanoclusters(54, random_state=0, return_X_y=True)
    >>> comparison = compare_classifiers(
    ...     {"neighbours": KNeighborsClassifier()},
    ...     X[["temperature_C", "pH"]],
    ...     y,
    ...     baselines=["majority class"],
    ...     n_repeats=2,
    ...     random_state=0,
    ... )
    >>> comparison.summary().loc["pooled_mcc", "mean"].idxmax()
    'neighbours'
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    errors: pd.DataFrame
    baselines: tuple[str, ...]
    losses: tuple[str, ...]
    same_folds: bool

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Mean of each metric, its interval, and the difference to the best baseline.

        With m the mean over the folds of a repeat (or the pooled score) and R repeats, an interval
        is ``mean(m) ± t std(m) / sqrt(R)``, with Student's t of R - 1 degrees of freedom. That of
        the difference has m minus the baseline's m of the same repeat, hence of the same folds.

        Parameters
        ----------
        confidence : float, default=0.95
            Share of the intervals, between 0 and 1.

        Returns
        -------
        DataFrame
            Indexed by metric and classifier, best first: "mean", "low", "high", "rank" (1 is best),
            "best_baseline", "difference" (to the best baseline), "difference_low",
            "difference_high" and "fit_time" (seconds per fold). NaN where a fold failed; intervals
            also with one repeat.

        Raises
        ------
        ValueError
            If `confidence` is not between 0 and 1.

        Notes
        -----
        The intervals tell how far a mean depends on the draw of the folds and on `random_state`,
        nothing else: all repeats share the same rows, and other experiments may well move it more.
        Where all repeats have the same folds and nothing in a classifier is random, they have no
        width.
        """
        require_number("summary", "confidence", confidence, 0, 1, open_start=True, open_end=True)
        metrics = self.scores["metric"].unique()
        parts = {metric: self._summarize(metric, confidence) for metric in metrics}
        return pd.concat(parts, names=["metric", "classifier"])

    def _summarize(self, metric: str, confidence: float) -> pd.DataFrame:
        scores = self.scores[self.scores["metric"] == metric]
        values = scores.pivot_table(  # (n_classifiers, n_repeats)
            values="value",
            index="classifier",
            columns="repeat",
            aggfunc=_mean_of_all,
            dropna=False,
            sort=False,
        )
        mean = values.mean(axis=1, skipna=False)
        half_width = _half_width(values, confidence)
        rank = mean.rank(method="min", ascending=metric in self.losses).astype("Int64")
        table = pd.DataFrame(
            {"mean": mean, "low": mean - half_width, "high": mean + half_width, "rank": rank}
        )
        rivals = rank.reindex(list(self.baselines)).dropna()
        best = None if rivals.empty else rivals.index[rivals.argmin()]
        gain = values * np.nan if best is None else values - values.loc[best]
        half_width = _half_width(gain, confidence)
        table["best_baseline"] = best
        table["difference"] = gain.mean(axis=1, skipna=False)
        table["difference_low"] = table["difference"] - half_width
        table["difference_high"] = table["difference"] + half_width
        table["fit_time"] = scores.groupby("classifier")["fit_time"].mean()
        return table.sort_values("rank", kind="stable")

    def plot(self, ax: Any = None) -> npt.NDArray[np.object_]:
        """Draw the mean of each metric and its 95 % interval, a panel for each metric.

        Parameters
        ----------
        ax : matplotlib Axes, sequence of Axes or None, default=None
            Where to draw, one for each metric; by default a new figure.

        Returns
        -------
        ndarray of shape (n_metrics,)
            The Axes. Baselines are grey. The classifiers stand in the order of the first metric.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `ax` holds another number of Axes than there are metrics.
        """
        summary = self.summary()
        metrics = list(summary.index.unique("metric"))
        names = list(summary.loc[metrics[0]].index)[::-1]  # from the bottom up
        if ax is None:
            axes = _make_axes(len(metrics), len(names))
        else:
            axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        if len(axes) != len(metrics):
            raise ValueError(
                f"ax must hold one Axes for each metric ({', '.join(metrics)}). Got {len(axes)}."
            )
        bars = "\n(bars: 95 % intervals)" if summary["low"].notna().any() else ""
        for panel, metric in zip(axes, metrics, strict=True):
            self._draw(panel, summary.loc[metric].loc[names])
            direction = " (lower is better)" if metric in self.losses else ""
            panel.set_xlabel(f"{metric}{direction}{bars}")
        return axes

    def _draw(self, panel: Any, table: pd.DataFrame) -> None:
        half_width = (table["high"] - table["mean"]).fillna(0)
        for place, name in enumerate(table.index):
            is_baseline = name in self.baselines
            panel.errorbar(
                table["mean"].iloc[place],
                place,
                xerr=half_width.iloc[place],
                fmt="s" if is_baseline else "o",
                color=_BASELINE_COLOR if is_baseline else _OWN_COLOR,
                markersize=5 if is_baseline else 7,
                capsize=3,
            )
        panel.set_yticks(range(len(table)), table.index)
        panel.set_ylim(-0.5, len(table) - 0.5)
        panel.grid(axis="x", color="0.9")
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)

    def __repr__(self) -> str:
        return "\n".join([self._shown().to_string(), *self._notes()])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self._notes())
        return f"<div>{self._shown().to_html()}{notes}</div>"

    def _shown(self) -> pd.DataFrame:
        """Summary as text."""
        summary = self.summary()
        means = summary[["mean", "low", "high"]].to_numpy(float)
        differences = summary.filter(like="difference").to_numpy(float)
        columns = {
            "rank": ["–" if pd.isna(rank) else str(rank) for rank in summary["rank"]],
            "mean": [_interval_text(*row, sign="") for row in means],
            "minus best baseline": [_interval_text(*row, sign="+") for row in differences],
            "fit s": ["–" if np.isnan(time) else f"{time:.2g}" for time in summary["fit_time"]],
        }
        return pd.DataFrame(columns, index=summary.index)

    def _notes(self) -> list[str]:
        """List what the reader of the summary should know."""
        notes = []
        if (n_repeats := self.scores["repeat"].nunique()) > 1:
            drawn = "random_state alone" if self.same_folds else "folds and random_state"
            notes.append(
                f"In brackets 95 % t-intervals over {n_repeats} repeats, which differ by {drawn}; "
                "what has none did not vary."
            )
        if self.baselines:
            notes.append(f"Baselines: {', '.join(self.baselines)}.")
        messages = self.errors.groupby(["classifier", "step", "type"], sort=False)["message"]
        for (name, step, kind), found in messages:
            text = textwrap.shorten(found.iloc[0], _MESSAGE_LENGTH, placeholder=" ...")
            notes.append(f"{name} failed {len(found)} x in {step}, first with {kind}: {text}")
        return notes


def _mean_of_all(values: pd.Series) -> float:
    """Mean, NaN if one of the values is."""
    return float(values.mean(skipna=False))


def _half_width(values: pd.DataFrame, confidence: float) -> pd.Series:
    """Half the t-interval of each row's mean; NaN for a single column."""
    n = values.shape[1]
    return stats.t.ppf((1 + confidence) / 2, n - 1) * values.std(axis=1, skipna=False) / n**0.5


def _interval_text(value: float, low: float, high: float, *, sign: str) -> str:
    """Write a value and its interval, where there is one of any width."""
    if np.isnan(value):
        return "–"
    text = f"{value:{sign}.3f}"
    has_width = high - low > 1e-9  # not of NaN
    return f"{text} ({low:{sign}.3f} to {high:{sign}.3f})" if has_width else text


def _make_axes(n_metrics: int, n_classifiers: int) -> npt.NDArray[np.object_]:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "plot needs matplotlib. Install it with pip install 'sksiamese[plot]'."
        ) from error
    size = (2 + 3.2 * n_metrics, 1 + 0.35 * n_classifiers)
    _, axes = plt.subplots(
        1, n_metrics, sharey=True, squeeze=False, figsize=size, layout="constrained"
    )
    return np.asarray(axes[0], dtype=object)


# -- From the results of the folds -----------------------------------------------------------------


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
