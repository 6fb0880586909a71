"""Which model of outcomes a campaign needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator

from sksiamese._checks import plain_label
from sksiamese.recommend._check_measurements import choose_success
from sksiamese.recommend._history import History
from sksiamese.recommend.outcomes._nothing_known import NothingKnown
from sksiamese.recommend.outcomes._number_model import NumberModel
from sksiamese.recommend.outcomes._protocol import OutcomeModel
from sksiamese.recommend.outcomes._success_model import SuccessModel


def make_model(
    estimator: Any,
    goal: str | None,
    frame: pd.DataFrame,
    outcomes: pd.Series,
    named: bool,
    label: Any,
    history: History | None,
) -> OutcomeModel:
    """Make the model of outcomes, not fitted yet.

    Raises
    ------
    ValueError
        If there is one class only, or classes do not tell which is success.
    """
    names = list(frame.columns)
    if goal is not None and not len(frame) and history is None:
        return NothingKnown(estimator)
    if goal is not None:
        return NumberModel(estimator, names, named, goal, history)
    is_frozen = isinstance(estimator, FrozenEstimator)
    classes = estimator.classes_ if is_frozen else np.unique(outcomes)
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class only, {plain_label(classes[0])!r}, in {len(outcomes)} rows. A "
            "classifier needs rows of at least two classes."
        )
    positive = choose_success(classes, label)
    return SuccessModel(estimator, names, named, positive, outcomes.name)
