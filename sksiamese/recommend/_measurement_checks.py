"""Checks of the measurements that come back from the laboratory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import listed, plain_label
from sksiamese.tables._positive_label import find_success


def choose_positive(owner: str, classes: npt.NDArray[Any], label: Any) -> Any:
    """Class that counts as success: the one asked for, or one that says so itself.

    Raises
    ------
    ValueError
        If the classes do not tell which of them is success, or `label` is not one of them.
    """
    positive = find_success(classes) if label is None else label
    if positive is None and np.issubdtype(np.asarray(classes).dtype, np.number):
        positive = classes[-1]
    if positive is None:
        raise ValueError(
            f"Which class is success? y holds {listed(classes)}. Pass it as 'positive' to "
            f"{owner}, for example positive={plain_label(classes[-1])!r}."
        )
    if positive not in list(classes):
        raise ValueError(
            f"The 'positive' parameter of {owner} must be one of the classes {listed(classes)}. "
            f"Got {positive!r} instead."
        )
    return positive


def require_own_name(columns: pd.Index, name: Any) -> None:
    """Refuse outcomes that are called as a column of X is: ``X["pH"] > 7`` keeps that name.

    Raises
    ------
    ValueError
        Naming the outcomes.
    """
    if name in columns:
        raise ValueError(
            f"y has the name {name!r}, as a column of X has, so that a table of measurements could "
            "not hold both. Give y a name of its own, for example with y.rename('outcome')."
        )


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
