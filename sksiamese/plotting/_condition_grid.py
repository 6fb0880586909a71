"""Probabilities on a grid of conditions, with everything else fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype

from sksiamese._checks import plain_label
from sksiamese._frames import ensure_table
from sksiamese.molecules._canonical import canonical_key, canonical_keys
from sksiamese.plotting._drawing import class_number, describe_value, last_step, predict_classes
from sksiamese.space._dependent_columns import DependentColumn, without_condition
from sksiamese.space._drawn_columns import ListedColumn, OneHot, Range
from sksiamese.space._molecules import Molecules
from sksiamese.space._space import DesignSpace

_Floats = npt.NDArray[np.float64]


class ConditionGrid(NamedTuple):
    """Experiments on a grid.

    Parameters
    ----------
    rows : DataFrame or array of shape (n_rows, n_columns)
        Possible experiments, as the user's table: an array if its columns have no names.
    axes : list of ndarray
        Values of each column that varies.
    places : tuple of ndarray of shape (n_rows,)
        Where on each axis a row lies.
    fixed : str
        What all experiments share, in words.
    alike : ndarray of shape (n_samples,)
        Which past experiments share the molecules and levels.
    """

    rows: Any
    axes: list[_Floats]
    places: tuple[npt.NDArray[np.intp], ...]
    fixed: str
    alike: npt.NDArray[np.bool_]

    def spread_out(self, values: npt.NDArray[Any]) -> _Floats:
        """Put values (n_rows,) in their places (len(axes[0]), len(axes[1]), ...), NaN elsewhere."""
        full = np.full([len(axis) for axis in self.axes], np.nan)
        full[self.places] = values
        return full


def lay_out_grid(
    X: Any, steps: Mapping[str, int], at: Any = None, space: DesignSpace | None = None
) -> ConditionGrid:
    """Lay out experiments over some conditions.

    Parameters
    ----------
    X : DataFrame or array of shape (n_samples, n_columns)
        Past experiments.
    steps : mapping of str to int
        Columns that vary, and the number of their values.
    at : mapping of str to object, Series or None, default=None
        Values of other columns; of those not named, the median or most frequent one is taken.
    space : DesignSpace or None, default=None
        What is possible; derived from X by default.

    Raises
    ------
    ValueError
        If a column cannot vary, or what is asked for lies outside of the space.
    """
    frame, named = ensure_table(X)
    if space is None:
        space = DesignSpace.from_frame(frame)
    space.require_columns(frame.columns)
    _require_conditions(space, steps)
    given = {
        name: value
        for name, value in dict({} if at is None else at).items()
        if name not in steps and not isinstance(space.columns.get(name), DependentColumn)
    }
    fixed = _usual_values(space, frame.drop(columns=list(steps), errors="ignore")) | given
    rows = space.grid(list(steps), steps, fixed)
    found = [np.unique(rows[name].to_numpy(np.float64), return_inverse=True) for name in steps]
    alike, words = _compare_fixed(space, frame, rows, steps)
    asked = rows[list(frame.columns)]
    return ConditionGrid(
        asked if named else asked.to_numpy(),
        [values for values, _ in found],
        tuple(places for _, places in found),
        words,
        alike,
    )


def predict_grid(estimator: Any, grid: ConditionGrid, pos_label: Any) -> tuple[_Floats, Any]:
    """Probability of a class over a grid, and the class."""
    proba = predict_classes(estimator, grid.rows)
    number = class_number(estimator.classes_, pos_label)
    return grid.spread_out(proba[:, number]), plain_label(estimator.classes_[number])


def spread_grid(estimator: Any, grid: ConditionGrid, pos_label: Any) -> _Floats:
    """Give the standard deviation of the probability over a grid."""
    last, rows = last_step(estimator, grid.rows, "predict_std")
    number = class_number(estimator.classes_, pos_label)
    return grid.spread_out(last.predict_std(rows)[:, number])


def _require_conditions(space: DesignSpace, names: Mapping[str, int]) -> None:
    """Refuse columns that are not numeric, or hold a single number."""
    drawn = {name: without_condition(column) for name, column in space.columns.items()}
    usable = [
        name
        for name, column in drawn.items()
        if isinstance(column, Range)
        or (
            isinstance(column, ListedColumn)
            and not isinstance(column, OneHot)
            and not column._is_fixed()
            and is_numeric_dtype(pd.Series(column._listed()))
        )
    ]
    wrong = [name for name in names if name not in usable]
    if wrong:
        raise ValueError(
            f"{', '.join(map(repr, wrong))} cannot be an axis of the picture. Columns of numbers "
            f"that vary in the design space: {', '.join(map(repr, usable)) or 'none'}."
        )


def _usual_values(space: DesignSpace, frame: pd.DataFrame) -> dict[str, Any]:
    """Median of each range, the most frequent molecule or level: all occur in the table."""
    found: dict[str, Any] = {}
    for name, column in space.columns.items():
        if name not in frame or not isinstance(column, (Range, ListedColumn)):
            continue
        cells = frame.loc[column._contains(frame[name]), name]
        if not len(cells):
            continue
        if isinstance(column, OneHot):
            found[column._most_frequent(frame)] = column.on
        elif isinstance(column, Range):
            found[name] = cells.quantile(0.5, interpolation="lower")
        else:
            found[name] = cells.mode(dropna=False).iloc[0]
    return found


def _compare_fixed(
    space: DesignSpace, frame: pd.DataFrame, rows: pd.DataFrame, varied: Mapping[str, int]
) -> tuple[npt.NDArray[np.bool_], str]:
    """Which past experiments share the fixed molecules and levels; what is fixed, in words."""
    alike, words = np.ones(len(frame), bool), []
    for name, column in space.columns.items():
        if name in varied or isinstance(column, DependentColumn) or len(rows[name].unique()) > 1:
            continue
        value, inner = rows[name].iloc[0], without_condition(column)
        if isinstance(inner, Molecules):
            key = canonical_key(value) or ""
            value = inner.names.get(key, value if key else "none")
            if name in frame:
                alike &= np.array(canonical_keys(frame[name])) == key
        elif name in frame and not is_numeric_dtype(frame[name]):
            alike &= frame[name].isin([value]).to_numpy(bool)
        if not column._is_fixed():
            words.append(describe_value(name, value))
    return alike, ", ".join(words)
