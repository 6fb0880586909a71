"""Checks of the measurements that come back from the laboratory."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import listed, plain_label
from sksiamese.tables._outcome_rules import MOST_CLASSES
from sksiamese.tables._positive_label import choose_positive, plain_outcome


def join_spellings(outcomes: pd.Series) -> pd.Series:
    """Take the spellings of one label, such as "Yes" and "yes", as one, the most frequent.

    Warns
    -----
    UserWarning
        Naming what was joined.
    """
    usual: dict[Any, Any] = {}
    joined: dict[Any, Any] = {}
    for label in outcomes.value_counts().index:
        if plain_outcome(label) in usual:
            joined[label] = usual[plain_outcome(label)]
        usual.setdefault(plain_outcome(label), label)
    if not joined:
        return outcomes
    told = "; ".join(f"{plain_label(a)!r} as {plain_label(b)!r}" for a, b in joined.items())
    warnings.warn(f"Spellings of one label in y were taken as one: {told}.", stacklevel=3)
    return outcomes.replace(joined)


def choose_success(classes: npt.NDArray[Any], positive: Any) -> Any:
    """Class that counts as success: the one asked for, or one that says so itself.

    Raises
    ------
    ValueError
        If the classes do not tell which of them is success, or `positive` is not one of them.
    """
    if positive is None and len(classes) > MOST_CLASSES and classes.dtype.kind in "iuf":
        middle = plain_label(classes[len(classes) // 2])
        raise ValueError(
            f"y holds {len(classes)} different numbers, from {plain_label(classes[0])} to "
            f"{plain_label(classes[-1])}, which are hardly classes. Say what counts as success, "
            f"for example with y = y >= {middle}, or name the class of success with positive=."
        )
    return choose_positive("y", classes, positive)


def require_free(columns: pd.Index, names: list[Any]) -> None:
    """Refuse columns named as what a recommendation adds."""
    clashing = [name for name in columns if name in names]
    if clashing:
        raise ValueError(
            f"X has the column(s) {listed(clashing)}, which a recommendation or the outcomes "
            "would overwrite. Rename them."
        )


def require_outcomes(outcomes: pd.Series, classes: npt.NDArray[Any]) -> None:
    """Refuse outcomes that are missing or of no known class."""
    wrong = outcomes[~outcomes.isin(list(classes))]
    if len(wrong):
        cells = ", ".join(
            f"row {plain_label(row)!r}: {plain_label(cell)!r}" for row, cell in wrong[:3].items()
        )
        raise ValueError(
            f"Column {outcomes.name!r} must hold one of {listed(classes)} in each row. Got "
            f"{len(wrong)} other(s), {cells}. Leave rows out that are not measured yet, or call "
            "fit with all experiments for a new class."
        )


def continue_index(taken: pd.Index, new: pd.Index) -> pd.Index:
    """Labels of added rows: their own, or numbers that go on where these are taken."""
    if not new.isin(taken).any():
        return new
    if pd.api.types.is_integer_dtype(new):
        numbers = [label for label in taken if isinstance(label, (int, float, np.number))]
        first = math.floor(max([*numbers, new.max()])) + 1
        return pd.RangeIndex(first, first + len(new))
    repeated = list(new[new.isin(taken)][:3])
    raise ValueError(
        f"The index of the measurements repeats {listed(repeated)} of the past experiments. Give "
        "the rows labels of their own."
    )
