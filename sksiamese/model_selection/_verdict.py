"""What the scores of a comparison say, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

_GUESSING = "majority class"
BEATS, TIED, IS_WORSE = "beats", "is not told apart from", "is worse than"
_VERBS = {1: BEATS, 0: TIED, -1: IS_WORSE}
_OPEN, _FAILED = "differs from", "is not compared with"
_NO_WIDTH = 1e-9  # of an interval, below which it is none


class Judgement(NamedTuple):
    """How a classifier compares with another one, or with itself on shuffled outcomes.

    Parameters
    ----------
    classifier, other : str
        The two that are compared.
    difference, low, high : float
        Mean of the paired differences, and their interval, without width where they did not vary.
    says : str
        "beats", "is not told apart from", "is worse than", "differs from" (there is no interval)
        or "is not compared with" (one of the two failed).
    """

    classifier: str
    other: str
    difference: float
    low: float
    high: float
    says: str

    def __str__(self) -> str:
        """Write it as a part of a sentence."""
        if self.says == _FAILED:
            return f"{self.says} {self.other}, which failed"
        if self.says == _OPEN:
            return f"{self.says} {self.other} by {self.difference:+.3f}, without an interval"
        text = f"{self.says} {self.other}, {self.difference:+.3f}"
        has_width = self.high - self.low > _NO_WIDTH
        return f"{text} ({self.low:+.3f} to {self.high:+.3f})" if has_width else text


def judge_metric(
    values: pd.DataFrame,
    shuffled: pd.DataFrame | None,
    baselines: Collection[str],
    is_loss: bool,
    confidence: float,
) -> Iterator[tuple[str, list[Judgement]]]:
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
        gains = {}
        if _GUESSING in values.index:
            gains["guessing"] = own - values.loc[_GUESSING]
        if best is not None:
            gains[str(best)] = own - rivals.loc[best]
        if shuffled is not None:
            gains["itself on shuffled outcomes"] = own - shuffled.loc[name]
        yield name, [judge(name, *gain, is_loss, confidence) for gain in gains.items()]


def judge(name: str, other: str, gain: pd.Series, is_loss: bool, confidence: float) -> Judgement:
    """Say on which side of 0 the interval of the paired differences (n_repeats,) lies."""
    mean = gain.mean(skipna=False)
    half = half_width(gain.to_frame().T, confidence).iloc[0]
    low, high = mean - half, mean + half
    if np.isnan(mean):
        says = _FAILED
    elif not high - low > _NO_WIDTH and mean != 0:  # NaN, which one repeat gives, too
        says = _OPEN
    else:
        side = int(low > 0) - int(high < 0)
        says = _VERBS[-side if is_loss else side]
    return Judgement(name, other, mean, low, high, says)


def half_width(values: pd.DataFrame, confidence: float) -> pd.Series:
    """Half the t-interval of each row's mean; NaN for a single column."""
    n = values.shape[1]
    return stats.t.ppf((1 + confidence) / 2, n - 1) * values.std(axis=1, skipna=False) / n**0.5
