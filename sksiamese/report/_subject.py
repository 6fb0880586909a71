"""What a report is about: a table that was read, or a recommender that goes on."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import plain_label
from sksiamese.doctor import read_experiments
from sksiamese.doctor._read_experiments import ExperimentTable
from sksiamese.recommend import ExperimentRecommender
from sksiamese.space import DesignSpace
from sksiamese.tables._positive_label import name_of_success


class Subject(NamedTuple):
    """Experiments with their outcomes, as the models receive them.

    Parameters
    ----------
    table : ExperimentTable
        What was read, with the roles of the columns and the faults.
    X : DataFrame of shape (n_rows, n_columns)
        Inputs of the rows that have an outcome.
    y : Series of shape (n_rows,)
        Their labels.
    positive : label
        The label of success.
    space : DesignSpace or None
        Which experiments are possible; None derives it from `X`.
    recommender : ExperimentRecommender or None
        A campaign that goes on; None starts one.
    diversity : float or None
        How far the experiments of a plate keep apart, in a campaign that starts; None is the
        recommender's default.
    """

    table: ExperimentTable
    X: pd.DataFrame
    y: pd.Series
    positive: Any
    space: DesignSpace | None
    recommender: ExperimentRecommender | None = None
    diversity: float | None = None

    @property
    def outcome(self) -> str:
        """Name of the outcomes: a column or a rule."""
        return str(self.y.name)

    @property
    def success(self) -> str:
        """What success is called: a label or a rule."""
        return name_of_success(self.positive, self.outcome)

    @property
    def is_success(self) -> pd.Series:
        """Which experiments succeeded, (n_rows,)."""
        return self.y == self.positive


def read_subject(
    table: Any, outcome: str | None, space: DesignSpace | None, diversity: float | None
) -> Subject:
    """Bring what a report is asked about to one form.

    Parameters
    ----------
    table : ExperimentTable, ExperimentRecommender, DataFrame, str or Path
        What :func:`read_experiments` returned, a fitted recommender, or what is to be read.
    outcome : str or None
        The outcome, of a frame or file alone.
    space : DesignSpace or None
        Which experiments are possible.
    diversity : float or None
        How far the experiments of a plate keep apart.

    Raises
    ------
    TypeError
        If `table` is not one of these.
    ValueError
        If an outcome is given twice or not at all, a recommender gets a space or a diversity, or
        the table cannot be read.
    """
    is_read = isinstance(table, ExperimentTable | ExperimentRecommender)
    if is_read and outcome is not None:
        raise ValueError(
            f"outcome={outcome!r} is given, but {type(table).__name__} has its outcomes already. "
            "Leave it out."
        )
    if isinstance(table, ExperimentRecommender):
        if space is not None:
            raise ValueError("A fitted recommender has its design space already. Leave space out.")
        if diversity is not None:
            raise ValueError(
                "A fitted recommender has its diversity already. Set it there: "
                f"set_params(diversity={diversity!r})."
            )
        return _continue(table)
    if not is_read:
        if outcome is None:
            raise ValueError(
                "ExperimentReport needs to know what success is. Pass outcome=, a column or a rule "
                "such as 'yield >= 50'."
            )
        table = read_experiments(table, outcome)
    return Subject(table, table.X, table.y, table.positive, space, diversity=diversity)


def _continue(recommender: ExperimentRecommender) -> Subject:
    """Take the experiments of a recommender, exactly as it holds them."""
    check_is_fitted(recommender, "measured_")
    if recommender.goal is not None:
        raise ValueError(
            "A report is on successes and failures, and this recommender has "
            f"goal={recommender.goal!r}: it knows numbers. Ask it itself, with recommend and "
            "add_measurements; or report on the table, with a rule such as 'yield >= 50'."
        )
    X, y = recommender.measured_, recommender.outcomes_
    positive = plain_label(recommender.positive_)
    table = read_experiments(X.assign(**{y.name: y}), y.name, inputs=list(X), positive=positive)
    return Subject(table, X, y, recommender.positive_, recommender.space_, recommender)
