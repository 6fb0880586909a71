"""What a comparison of classifiers found: scores, predictions, errors, and their summary."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import import_extra, require_number
from sksiamese.model_selection._verdict import Judgement, half_width, judge_metric

_MESSAGE_LENGTH = 200  # characters of an error that the text shows
_NO_SCORE = "has no score, since it failed"
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
    null_scores : DataFrame or None
        As `scores`, of the null test: the same folds with shuffled outcomes. None without one.

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
    null_scores: pd.DataFrame | None = None

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
        values = _by_repeat(scores)
        mean = values.mean(axis=1, skipna=False)
        half = half_width(values, confidence)
        rank = mean.rank(method="min", ascending=metric in self.losses).astype("Int64")
        table = pd.DataFrame({"mean": mean, "low": mean - half, "high": mean + half, "rank": rank})
        rivals = rank.reindex(list(self.baselines)).dropna()
        best = None if rivals.empty else rivals.index[rivals.argmin()]
        gain = values * np.nan if best is None else values - values.loc[best]
        half = half_width(gain, confidence)
        table["best_baseline"] = best
        table["difference"] = gain.mean(axis=1, skipna=False)
        table["difference_low"] = table["difference"] - half
        table["difference_high"] = table["difference"] + half
        table["fit_time"] = scores.groupby("classifier")["fit_time"].mean()
        return table.sort_values("rank", kind="stable")

    def verdict(self, confidence: float = 0.95) -> str:
        """Say in words what the scores of the classifiers show, and what they do not.

        Each classifier that is not a baseline is compared with guessing (the majority class), with
        the best of the other baselines and, after a null test, with itself on shuffled outcomes.
        It "beats" one of them, or "is worse", where the interval of the paired differences leaves
        out 0; else the two are "not told apart".

        Parameters
        ----------
        confidence : float, default=0.95
            Share of the intervals, between 0 and 1.

        Returns
        -------
        str
            A line for each metric and classifier, and one on the intervals.

        Raises
        ------
        ValueError
            If `confidence` is not between 0 and 1.

        Notes
        -----
        The intervals are those of :meth:`summary`, and speak of the draw of the folds alone. The
        best baseline is chosen by the same scores, which flatters it a little. Guessing gives the
        majority class for certain, which a Brier score or log loss punishes; beating it there says
        little.

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
        ...     scoring="pooled_mcc",
        ...     baselines=["majority class"],
        ...     random_state=0,
        ... )
        >>> print(comparison.verdict().splitlines()[0])
        pooled_mcc: neighbours beats guessing, +0.5... (+0.4... to +0.5...).
        """
        require_number("verdict", "confidence", confidence, 0, 1, open_start=True, open_end=True)
        lines = []
        for metric, name, found in self._judgements(confidence):
            text = "; ".join(map(str, found)) or "has nothing to be compared with"
            has_failed = self._by_repeat(metric).loc[name].isna().any()
            lines.append(f"{metric}: {name} {_NO_SCORE if has_failed else text}.")
        if not lines:
            return "There is no classifier beside the baselines to judge."
        n_repeats = self.scores["repeat"].nunique()
        if n_repeats == 1:
            return "\n".join([*lines, "One repeat gives no interval, so nothing is told apart."])
        return "\n".join(
            [
                *lines,
                f"In brackets {confidence:.0%} t-intervals of differences over {n_repeats} repeats "
                "on the same rows; other experiments may move them more.".replace("%", " %"),
            ]
        )

    def differences(self, confidence: float = 0.95) -> pd.DataFrame:
        """List what :meth:`verdict` says as a table.

        Parameters
        ----------
        confidence : float, default=0.95
            Share of the intervals, between 0 and 1.

        Returns
        -------
        DataFrame
            One row for each comparison: "metric"; "classifier"; "other", which is "guessing", the
            best baseline or "itself on shuffled outcomes"; "difference", "low" and "high", the mean
            of the paired differences and its interval; "says", such as "beats".

        Raises
        ------
        ValueError
            If `confidence` is not between 0 and 1.
        """
        require_number(
            "differences", "confidence", confidence, 0, 1, open_start=True, open_end=True
        )
        rows = [
            (metric, *each) for metric, _, found in self._judgements(confidence) for each in found
        ]
        return pd.DataFrame(rows, columns=["metric", *Judgement._fields])

    def _judgements(self, confidence: float) -> Iterator[tuple[str, str, list[Judgement]]]:
        """Judge each classifier that is not a baseline by each metric."""
        for metric in self.scores["metric"].unique():
            shuffled = None
            if self.null_scores is not None:
                shuffled = _by_repeat(self.null_scores[self.null_scores["metric"] == metric])
            values, is_loss = self._by_repeat(metric), metric in self.losses
            for name, found in judge_metric(values, shuffled, self.baselines, is_loss, confidence):
                yield metric, name, found

    def _by_repeat(self, metric: str) -> pd.DataFrame:
        return _by_repeat(self.scores[self.scores["metric"] == metric])

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


def _by_repeat(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean over folds of the scores by one metric, (n_classifiers, n_repeats)."""
    return scores.pivot_table(
        values="value",
        index="classifier",
        columns="repeat",
        aggfunc=_mean_of_all,
        dropna=False,
        sort=False,
    )


def _mean_of_all(values: pd.Series) -> float:
    """Mean, NaN if one of the values is."""
    return float(values.mean(skipna=False))


def _interval_text(value: float, low: float, high: float, *, sign: str) -> str:
    """Write a value and its interval, where there is one of any width."""
    if np.isnan(value):
        return "–"
    text = f"{value:{sign}.3f}"
    has_width = high - low > 1e-9  # not of NaN
    return f"{text} ({low:{sign}.3f} to {high:{sign}.3f})" if has_width else text


def _make_axes(n_metrics: int, n_classifiers: int) -> npt.NDArray[np.object_]:
    plt = import_extra("matplotlib.pyplot", "plot", "plot")
    size = (2 + 3.2 * n_metrics, 1 + 0.35 * n_classifiers)
    _, axes = plt.subplots(
        1, n_metrics, sharey=True, squeeze=False, figsize=size, layout="constrained"
    )
    return np.asarray(axes[0], dtype=object)
