"""What every classifier here reads: tables of experiments, labels, groups and weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pandas_types
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data

from sksiamese._validation import ensure_table, plain_label, shorten
from sksiamese.molgraph import MolGraph

__all__ = ["TableClassifier", "TrainingTable", "read_groups", "read_labels", "record_training"]


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


class TableClassifier(ClassifierMixin, BaseEstimator):
    """Classifier of experiments: rows of molecules and numbers."""

    def _read_labelled(
        self, X: Any, y: Any, groups: Any, sample_weight: Any, reset: bool
    ) -> TrainingTable:
        """Check X, y, groups and weights; in fit (`reset`), remember the columns."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None. "
                "Pass one label for each row of X."
            )
        frame = self._read_table(X, reset)
        labels = read_labels(y, len(frame))
        weight = _read_weights(sample_weight, len(frame))
        group_numbers = read_groups(groups, len(frame))
        rows = np.flatnonzero(weight > 0)
        classes, numbers = np.unique(labels[rows], return_inverse=True)
        if reset and len(classes) < 2:
            raise ValueError(
                f"y holds one class only, {plain_label(classes[0])!r}, in {len(rows)} rows of "
                "positive weight. A classifier needs rows of at least two classes."
            )
        return TrainingTable(
            rows, frame.iloc[rows], numbers, classes, weight[rows], group_numbers[rows]
        )

    def _read_table(self, X: Any, reset: bool = False) -> pd.DataFrame:
        """Bring X to a frame, and check its columns against those of fit or remember them."""
        if _is_numeric(X):
            values = validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite=False)
            index = X.index if isinstance(X, pd.DataFrame) else None
            return pd.DataFrame(values, columns=self._column_names(), index=index)
        frame, named = ensure_table(X)
        seen = frame if named else frame.to_numpy(dtype=object)
        validate_data(self, seen, reset=reset, skip_check_array=True)
        return frame.set_axis(self._column_names(), axis=1)

    def _column_names(self) -> list[str]:
        """Names of the columns seen in fit; x0, x1 ... where they had none."""
        names = getattr(self, "feature_names_in_", None)
        return [f"x{i}" for i in range(self.n_features_in_)] if names is None else list(names)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Leave the estimator as it was if the block fails."""
        before = self.__dict__.copy()
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that text is welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags


def record_training(frame: pd.DataFrame) -> dict[str, Any]:
    """Time of a training, and what its columns held: for whoever gets the model later."""
    columns = {}
    for name, column in frame.items():
        present = column.dropna()
        if pandas_types.is_numeric_dtype(present) and len(present):
            columns[str(name)] = {"low": float(present.min()), "high": float(present.max())}
        else:
            columns[str(name)] = {"n_distinct": len(set(map(str, present)))}
    trained = datetime.now(UTC).isoformat(timespec="seconds")
    return {"trained": trained, "n_rows": len(frame), "columns": columns}


def _is_numeric(X: Any) -> bool:
    """Whether X holds neither text nor graphs, so that scikit-learn's own checks apply."""
    if isinstance(X, pd.DataFrame):
        numeric = all(map(pandas_types.is_numeric_dtype, X.dtypes))
        return numeric and not X.empty and X.columns.is_unique
    if isinstance(X, pd.Series):
        return pandas_types.is_numeric_dtype(X.dtype)
    if hasattr(X, "tocsr"):
        return True
    array = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
    if array.ndim == 2 and array.size == 0:
        return False
    if array.dtype.kind not in "OUST":
        return True
    return not any(cell is None or isinstance(cell, (str, MolGraph)) for cell in array.flat)


def read_labels(y: Any, n_rows: int | None = None) -> npt.NDArray[Any]:
    """Bring labels, one for each of `n_rows` where given, to an array of one sortable type.

    Raises
    ------
    TypeError
        If they are of several types.
    ValueError
        If one is missing or infinite, they are no classes, or too many or few.
    """
    if isinstance(y, pd.Series) and not isinstance(y.dtype, np.dtype):
        y = y.to_numpy(dtype=object)  # scikit-learn would make floats of nullable integers
    labels = _as_column(y, "y", "label", warn=True)
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


def _as_column(values: Any, name: str, what: str, warn: bool = False) -> npt.NDArray[Any]:
    """Bring one value for each row to an array, and name a cell that holds several."""
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
    labels = _as_column(groups, "groups", "group")
    if len(labels) != n_rows:
        raise ValueError(
            f"groups must hold one group for each row of X. Got {len(labels)} groups for {n_rows} "
            "rows."
        )
    numbers = pd.factorize(labels)[0]
    if (numbers < 0).any():
        raise ValueError(
            f"groups must hold a group for each row. Got {(numbers < 0).sum()} missing, the first "
            f"at position {(numbers < 0).argmax()}. Give these rows a group of their own."
        )
    return numbers


def _read_weights(sample_weight: Any, n_rows: int) -> npt.NDArray[np.float64]:
    if sample_weight is None:
        return np.ones(n_rows)
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
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
    return weight
