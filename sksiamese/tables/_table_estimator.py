"""Base of all estimators that read tables of experiments."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pandas_types
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import validate_data

from sksiamese._checks import listed, plain_label
from sksiamese._frame_libraries import as_pandas
from sksiamese._frames import ensure_plain_table
from sksiamese.molecules._canonical import smiles_of_mols
from sksiamese.molecules._graph import MolGraph
from sksiamese.tables._labels import TrainingTable, read_groups, read_labels, read_weights
from sksiamese.tables._outcome_rules import MOST_CLASSES


class TableEstimator(BaseEstimator):
    """Estimator of experiments: rows of molecules and numbers."""

    _names: list[str] | None

    def _read_table(self, X: Any, reset: bool = False) -> pd.DataFrame:
        """Bring X to a frame, and check its columns against those of fit or remember them."""
        return self._read_plain_table(as_pandas(X), reset)

    def _read_plain_table(self, X: Any, reset: bool = False) -> pd.DataFrame:
        """Do the same with what ``as_pandas`` gave."""
        if _is_numeric(X):
            seen = X
            if not reset and self._has_lost_names(X):
                seen = X.to_numpy(np.float64, na_value=np.nan)
            options = {"dtype": np.float64, "ensure_all_finite": False}
            values = validate_data(self, seen, reset=reset, **options)
            self._remember_names(reset)
            index = X.index if isinstance(X, pd.DataFrame) else None
            return pd.DataFrame(values, columns=self._column_names(), index=index)
        frame, named = ensure_plain_table(X)
        frame = frame.apply(smiles_of_mols)
        is_bare = not named or (not reset and self._has_lost_names(frame))
        seen = frame.to_numpy(dtype=object) if is_bare else frame
        validate_data(self, seen, reset=reset, skip_check_array=True)
        self._remember_names(reset)
        return frame.set_axis(self._column_names(), axis=1)

    def _remember_names(self, reset: bool) -> None:
        """Keep the names that fit saw for oneself: clients overwrite the public attribute."""
        if reset:
            names = getattr(self, "feature_names_in_", None)
            self._names = None if names is None else list(names)

    def _has_lost_names(self, X: Any) -> bool:
        """Whether scikit-learn cannot compare the names of a frame, which is done here instead."""
        is_public = getattr(self, "feature_names_in_", None) is not None
        if is_public or self._names is None or not isinstance(X, pd.DataFrame):
            return False
        if list(X.columns) != self._names:
            raise ValueError(
                f"The columns of X are not those of fit. Got {listed(X.columns)}; fit saw "
                f"{listed(self._names)}. Pass these, in this order."
            )
        return True

    def _column_names(self) -> list[str]:
        """Names of the columns seen in fit; x0, x1 ... where they had none."""
        return self._names or [f"x{i}" for i in range(self.n_features_in_)]

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that text is welcome, and gaps."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags


class TableClassifier(ClassifierMixin, TableEstimator):
    """Classifier of experiments."""

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
        weight = read_weights(sample_weight, len(frame))
        group_numbers = read_groups(groups, len(frame))
        rows = np.flatnonzero(weight > 0)
        classes, numbers = np.unique(labels[rows], return_inverse=True)
        if reset and len(classes) < 2:
            raise ValueError(
                f"y holds one class only, {plain_label(classes[0])!r}, in {len(rows)} rows of "
                "positive weight. A classifier needs rows of at least two classes."
            )
        if reset and len(classes) > MOST_CLASSES and classes.dtype.kind in "iuf":
            _warn_of_numbers(classes)
        return TrainingTable(
            rows, frame.iloc[rows], numbers, classes, weight[rows], group_numbers[rows]
        )


def _warn_of_numbers(classes: npt.NDArray[Any]) -> None:
    low, middle, high = (plain_label(classes[i]) for i in (0, len(classes) // 2, -1))
    warnings.warn(
        f"y holds {len(classes)} different numbers, from {low} to {high}, and each is taken for a "
        f"class. If they were measured, make two classes of them, for example with y >= {middle}, "
        "or fit GraphFingerprintSiameseRegressor.",
        UserWarning,
        stacklevel=4,
    )


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
