"""What all explainers share: the black box, and the experiments that it is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import (
    plain_label,
    require_instance,
    require_integer,
    require_probabilities,
)
from sksiamese._frame_libraries import as_pandas
from sksiamese._shared_state import freeze
from sksiamese.persistence._packed_tables import EstimatorOfTables
from sksiamese.space._space import DesignSpace
from sksiamese.surrogate._readable_features import one_row
from sksiamese.tables._table_estimator import TableClassifier


class BlackBoxExplainer(EstimatorOfTables, TableClassifier):
    """Classifier that stands in for another one, the black box, over a design space."""

    estimator: Any
    space: DesignSpace | None
    n_samples: int

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Predict the class of each row in place of the black box.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels out of ``classes_``.
        """
        fitted = freeze(self)
        check_is_fitted(fitted)
        return fitted.classes_[fitted.predict_proba(X).argmax(axis=1)]

    def _check_parameters(self) -> None:
        owner = type(self).__name__
        require_probabilities(owner, self.estimator)
        require_instance(owner, "space", self.space, DesignSpace)
        require_integer(owner, "n_samples", self.n_samples, 1)

    def _refuse_constant_space(self, so: str) -> NoReturn:
        """Say that nothing varies, and what follows from that."""
        told = ", ".join(f"{name!r} is {each}" for name, each in self.space_.columns.items())
        raise ValueError(
            f"No column of the design space varies, so that {so}: {told}. Give experiments that "
            "differ, or a wider space=DesignSpace(...)."
        )

    def _fit_black_box(self, X: Any, y: Any, fit_params: Mapping[str, Any]) -> pd.DataFrame:
        """Fit the black box unless it is frozen, find the space, and give X as a frame."""
        if isinstance(self.estimator, FrozenEstimator):
            frame = self._read(X, reset=True)
            self.estimator_ = self.estimator
        else:
            table = self._read_labelled(X, y, None, None, reset=True)
            frame = self._read(X)
            self.estimator_ = clone(self.estimator)
            self.estimator_.fit(self._for_black_box(frame), table.classes[table.y], **fit_params)
        self.classes_ = np.asarray(self.estimator_.classes_)
        self.space_ = DesignSpace.from_frame(frame) if self.space is None else self.space
        self.space_.require_columns(frame.columns)
        return frame

    def _read(self, X: Any, reset: bool = False) -> pd.DataFrame:
        """Bring X to a frame of its own types, since whole numbers are sampled as such."""
        X = as_pandas(X)
        frame = self._read_plain_table(X, reset)
        if isinstance(X, pd.DataFrame):
            return X.set_axis(frame.columns, axis=1)
        dtype = np.asarray(X).dtype
        return frame.astype(dtype) if dtype.kind in "iub" else frame

    def _read_one(self, x: Any) -> pd.DataFrame:
        """Bring one experiment, in any form, to a frame of one row."""
        frame = self._read(one_row(x, self._names))
        if len(frame) != 1:
            raise ValueError(f"x must be one experiment. Got {len(frame)}: pass X.iloc[[i]].")
        return frame

    def _for_black_box(self, frame: pd.DataFrame) -> Any:
        """Give rows as the black box was fitted with: a frame if X had names, else an array."""
        frame = frame[self._column_names()]
        return frame.to_numpy() if self._names is None else frame

    def _judge(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Probabilities (n_rows, n_classes) by the black box."""
        return np.asarray(self.estimator_.predict_proba(self._for_black_box(frame)), np.float64)

    def _black_box_says(self, frame: pd.DataFrame, said: Any, who: str) -> str:
        """Tell what the black box says of one row, and whether its stand-in agrees."""
        proba = self._judge(frame)[0]
        label = self.classes_[proba.argmax()]
        text = f"For this one it says {plain_label(label)!r} with probability {proba.max():.2f}"
        return f"{text}." if label == said else f"{text}: here the {who} wrong about it."


def name_of(black_box: Any) -> str:
    """Name of the class of a black box, frozen or not."""
    inner = black_box.estimator if isinstance(black_box, FrozenEstimator) else black_box
    return type(inner).__name__
