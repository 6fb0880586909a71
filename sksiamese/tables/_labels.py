"""Labels, groups and weights of the rows of a table."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pandas_types
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from sksiamese._checks import shorten
from sksiamese._frame_libraries import as_pandas

LARGEST_MEAN_WEIGHT = 1e6  # more copies of each row say nothing more, and sums would overflow


class TrainingTable(NamedTuple):
    """Checked input of a fit; rows of weight zero are gone, as if they had never come.

    Parameters
    ----------
    rows : ndarray of shape (n_rows,)
        Places of the kept rows in the user's X.
    frame : DataFrame of shape (n_rows, n_columns)
        The kept rows.
    y : ndarray of shape (n_rows,)
        Class numbers.
    classes : ndarray of shape (n_classes,)
        Class labels, sorted.
    weight : ndarray of shape (n_rows,)
        Sample weights, positive.
    groups : ndarray of shape (n_rows,)
        Group numbers.
    """

    rows: npt.NDArray[np.int64]
    frame: pd.DataFrame
    y: npt.NDArray[np.int64]
    classes: npt.NDArray[Any]
    weight: npt.NDArray[np.float64]
    groups: npt.NDArray[np.int64]

    def take(self, rows: npt.NDArray[np.int64]) -> TrainingTable:
        """Keep some rows."""
        return TrainingTable(
            self.rows[rows],
            self.frame.iloc[rows],
            self.y[rows],
            self.classes,
            self.weight[rows],
            self.groups[rows],
        )


def read_labels(y: Any, n_rows: int | None = None) -> npt.NDArray[Any]:
    """Bring labels, one for each of `n_rows` where given, to an array of one sortable type.

    Raises
    ------
    TypeError
        If they are of several types.
    ValueError
        If one is missing or infinite, they are not classes, or too many or few.
    """
    labels = as_column(y, "y", "label", warn=True)
    missing = np.asarray(pd.isna(labels))
    if labels.dtype.kind == "f":
        missing |= np.isinf(labels)
    if missing.any():
        raise ValueError(
            f"y must hold a label for each row. Got {missing.sum()} missing or infinite, the first "
            f"at position {missing.argmax()}. Drop these rows or fill their labels in."
        )
    if labels.dtype == object:
        labels = pd.Series(labels).infer_objects().to_numpy()
        _require_order(labels)
    check_classification_targets(labels)
    if n_rows is not None and len(labels) != n_rows:
        raise ValueError(
            f"y must hold one label for each row of X. Got {len(labels)} labels for {n_rows} rows."
        )
    return np.asarray(labels)


def as_column(values: Any, name: str, what: str, warn: bool = False) -> npt.NDArray[Any]:
    """Bring one value for each row to an array, and name a cell that holds several."""
    if isinstance(values, str | bytes):
        text = shorten(values)
        raise ValueError(
            f"{name} must hold one {what} for each row of X. Got the single text {text}: if this "
            f"is a column of your table, write {name}=X[{text}]."
        )
    values = as_pandas(values)
    if isinstance(values, pd.Series) and not isinstance(values.dtype, np.dtype):
        values = values.to_numpy(dtype=object)  # scikit-learn would make floats of Int64
    shape = np.shape(values) if hasattr(values, "shape") else ()
    if len(shape) > 1 and shape[1:] != (1,):
        raise ValueError(
            f"{name} must hold one {what} for each row of X. Got a table of the shape {shape}: "
            "choose one of its columns."
        )
    try:
        return np.asarray(column_or_1d(values, warn=warn))
    except ValueError as error:
        if "inhomogeneous" not in str(error):  # NumPy's word for cells of several lengths
            raise
        place, cell = next((i, v) for i, v in enumerate(values) if not pandas_types.is_scalar(v))
        raise ValueError(
            f"{name} must hold one {what} for each row of X. Got {shorten(cell)} at position "
            f"{place}. Give each row a single number or text."
        ) from error


def _require_order(labels: npt.NDArray[Any]) -> None:
    """Refuse labels that cannot be sorted."""
    try:
        np.unique(labels)
    except TypeError as error:
        kinds = {type(label).__name__: label for label in reversed(labels)}
        shown = " and ".join(f"{label!r} ({kind})" for kind, label in kinds.items())
        raise TypeError(
            f"The labels in y must be of one type, so that they can be sorted. Got {shown}. "
            "Convert them, for example with y.astype(str)."
        ) from error


def read_groups(groups: Any, n_rows: int) -> npt.NDArray[np.int64]:
    """Give each group a number, in the order of their first rows; no groups are one group.

    Raises
    ------
    ValueError
        If they are too few or too many, or one is missing.
    """
    if groups is None:
        return np.zeros(n_rows, np.int64)
    numbers = number_groups(groups, n_rows)
    if (numbers < 0).any():
        raise ValueError(
            f"groups must hold a group for each row. Got {(numbers < 0).sum()} missing, the first "
            f"at position {(numbers < 0).argmax()}. Give these rows a group of their own."
        )
    return numbers


def number_groups(groups: Any, n_rows: int) -> npt.NDArray[np.int64]:
    """Give each group a number, in the order of their first rows; -1 to rows of none.

    Raises
    ------
    ValueError
        If they are too few or too many.
    """
    labels = as_column(groups, "groups", "group")
    if len(labels) != n_rows:
        raise ValueError(
            f"groups must hold one group for each row of X. Got {len(labels)} groups for {n_rows} "
            "rows."
        )
    return np.asarray(pd.factorize(labels)[0], np.int64)


def read_weights(sample_weight: Any, n_rows: int) -> npt.NDArray[np.float64]:
    """Give the weight of each of `n_rows`; beyond a mean of a million, their proportions alone.

    Raises
    ------
    ValueError
        If they are too few or too many, one is negative or not finite, or all are zero.
    """
    if sample_weight is None:
        return np.ones(n_rows)
    try:
        weight = np.asarray(as_pandas(sample_weight), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"sample_weight must hold numbers, one for each row of X. Got {shorten(sample_weight)}."
        ) from error
    if weight.shape != (n_rows,):
        raise ValueError(
            f"sample_weight must have the shape ({n_rows},), one weight for each row of X. Got "
            f"the shape {weight.shape}."
        )
    bad = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if len(bad):
        raise ValueError(
            f"sample_weight must hold finite numbers of at least 0. Got {weight[bad[0]]} at "
            f"position {bad[0]}."
        )
    if not weight.any():
        raise ValueError("sample_weight is zero for every row. Give some row a positive weight.")
    mean = np.mean(weight / weight.max()) * weight.max()  # a sum might overflow
    if mean > LARGEST_MEAN_WEIGHT:
        positive = weight > 0
        weight = weight / mean * LARGEST_MEAN_WEIGHT
        weight[positive] = np.maximum(weight[positive], np.finfo(np.float64).tiny)
    return weight


def class_shares(table: TrainingTable) -> npt.NDArray[np.float64]:
    """Weighted class frequencies, (n_classes,)."""
    return np.asarray(np.bincount(table.y, table.weight) / table.weight.sum())
