"""Whether probabilities mean what they say: held-out predictions against what happened."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese.recommend import ExperimentRecommender
from sksiamese.recommend.outcomes._calibration import bin_outcomes
from sksiamese.report._subject import Subject
from sksiamese.tables.reading._findings import plural

_EDGES = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])

_Floats = npt.NDArray[np.float64]


class Check(NamedTuple):
    """How often held-out experiments worked that were called as probable as a recipe.

    Parameters
    ----------
    short, text : str
        In a cell of a table, and in a sentence.
    """

    short: str
    text: str


class CalibrationSection(NamedTuple):
    """Held-out probabilities and what became of the experiments.

    Parameters
    ----------
    bins : DataFrame
        What :meth:`ExperimentRecommender.calibration` gives; no row where nothing was held out.
    probability : ndarray of shape (n_rows,)
        Held-out probability of success of each experiment, calibrated as those of a plate.
    worked : ndarray of shape (n_rows,)
        Whether it succeeded.
    summary : str
        Whether the two agree, in words.
    """

    bins: pd.DataFrame
    probability: _Floats
    worked: npt.NDArray[np.bool_]
    summary: str

    def check(self, probability: float) -> Check:
        """Tell how often experiments worked that were called as probable as that."""
        place = int(np.digitize(probability, _EDGES[1:-1]))
        found = self.bins[self.bins["from"] == _EDGES[place]]
        span = f"{_EDGES[place]:.0%} to {_EDGES[place + 1]:.0%}"
        if found.empty:
            text = f"no held-out experiment was called {span}"
            if len(self.probability) and self.probability.max() < probability:
                text += f", and none more than {self.probability.max():.0%}"
            return Check("none so called", spaced(text))
        n, k = int(found["n"].iloc[0]), int(found["worked"].iloc[0])
        text = f"of {plural(n, 'held-out experiment')} called {span}, {k} worked"
        return Check(f"{k} of {n} worked", spaced(text))


def calibrate(subject: Subject, recommender: ExperimentRecommender) -> CalibrationSection:
    """Compare the held-out probabilities of a recommender with what happened."""
    held_out = recommender.out_of_fold_
    known = held_out.notna().to_numpy()
    probability, worked = held_out[known].to_numpy(), subject.is_success[known].to_numpy(bool)
    bins = bin_outcomes(probability, worked)
    return CalibrationSection(bins, probability, worked, _summarize(bins, probability, worked))


def _summarize(bins: pd.DataFrame, probability: _Floats, worked: npt.NDArray[np.bool_]) -> str:
    if bins.empty:
        return "The model gave no held-out probabilities."
    text = f"On average the model said {probability.mean():.0%}, and {worked.mean():.0%} worked. "
    off = bins[(bins["stated"] < bins["low"]) | (bins["stated"] > bins["high"])]
    if off.empty:
        text += "In no bin do the two differ by more than chance explains."
    else:
        spans = ", ".join(
            f"{low:.0%} to {high:.0%}" for low, high in off[["from", "to"]].to_numpy()
        )
        text += f"They differ by more than chance explains among those called {spans}."
    return spaced(text)


def spaced(text: str) -> str:
    """Write per cent as chemists do, with a space that no line breaks at."""
    return re.sub(r"[ \u00a0]?%", "\u00a0%", text)
