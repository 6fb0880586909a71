"""What the scores of a comparison say, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

_GUESSING = "majority class"
_VERBS = {1: "beats", 0: "is not told apart from", -1: "is worse than"}


class _Difference(NamedTuple):
    """Mean of paired differences; an interval without width where they did not vary."""

    mean: float
    low: float
    high: float

    @property
    def has_interval(self) -> bool:
        return bool(self.high - self.low > 1e-9)  # not of NaN, which one repeat gives


def judge_metric(
    values: pd.DataFrame,
    shuffled: pd.DataFrame | None,
    baselines: Collection[str],
    is_loss: bool,
    confidence: float,
) -> Iterator[tuple[str, str]]:
    """Give for each classifier that is not a baseline its name and what its scores say.

    Parameters
    ----------
    values : DataFrame of shape (n_classifiers, n_repeats)
        Scores by one metric.
    shuffled : DataFrame of shape (n_own, n_repeats) or None
        Those of a null test.
    baselines : collection of str
        Names of the baselines.
    is_loss : bool
        Whether lower is better.
    confidence : float
        Share of the intervals.
    """
    rivals = values.loc[[n for n in values.index if n in baselines and n != _GUESSING]].dropna()
    mean = rivals.mean(axis=1)
    best = None if mean.empty else mean.idxmin() if is_loss else mean.idxmax()
    for name in values.index.drop(list(baselines), errors="ignore"):
        own = values.loc[name]
        parts = []
        if _GUESSING in values.index:
            parts.append(_judge("guessing", own - values.loc[_GUESSING], is_loss, confidence))
        if best is not None:
            parts.append(_judge(f"{best}", own - rivals.loc[best], is_loss, confidence))
        if shuffled is not None:
            gain = own - shuffled.loc[name]
            parts.append(_judge("itself on shuffled outcomes", gain, is_loss, confidence))
        yield name, "has no score, since it failed" if own.isna().any() else "; ".join(parts)


def _judge(other: str, gain: pd.Series, is_loss: bool, confidence: float) -> str:
    """Say on which side of 0 the interval of the paired differences (n_repeats,) lies."""
    found = _difference(gain, confidence)
    if np.isnan(found.mean):
        return f"is not compared with {other}, which failed"
    if not found.has_interval and found.mean != 0:
        return f"differs from {other} by {found.mean:+.3f}, without an interval"
    side = int(found.low > 0) - int(found.high < 0)
    text = f"{_VERBS[-side if is_loss else side]} {other}, {found.mean:+.3f}"
    return f"{text} ({found.low:+.3f} to {found.high:+.3f})" if found.has_interval else text


def _difference(gain: pd.Series, confidence: float) -> _Difference:
    mean = gain.mean(skipna=False)
    half = stats.t.ppf((1 + confidence) / 2, len(gain) - 1) * gain.sem(skipna=False)
    return _Difference(mean, mean - half, mean + half)
