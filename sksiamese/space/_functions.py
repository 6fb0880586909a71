"""Functions of users within a design space: called with a copy, and answers put in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_bool_dtype

from sksiamese._checks import listed

_Bools: TypeAlias = npt.NDArray[np.bool_]

_COMBINE = "Combine conditions with & and |, each in brackets, not with 'and' and 'or'."


def call_function(function: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, what: str) -> Any:
    """Call a function of a frame, which may change its copy; a Series comes back in row order.

    Raises
    ------
    ValueError
        If it asks for a column that is not there, or answers for other rows; `what` begins the
        message.
    """
    copy = frame.reset_index(drop=True)
    labels = copy.index
    try:
        answer = function(copy)
    except KeyError as error:
        asked = error.args[0] if error.args else None
        raise ValueError(
            f"{what} asks for {asked!r}, which is not there. Columns that it may use: "
            f"{listed(frame.columns)}."
        ) from error
    if not isinstance(answer, pd.Series) or answer.index.equals(labels):
        return answer
    if len(answer) == len(frame) and answer.index.is_unique and labels.isin(answer.index).all():
        return answer.loc[labels]
    raise ValueError(
        f"{what} must give one value for each row. Got a Series of {len(answer):,} rows, whose "
        f"labels are not those of the {len(frame):,} rows it was given."
    )


def ask_rows(function: Callable[[pd.DataFrame], Any], frame: pd.DataFrame, what: str) -> _Bools:
    """Call a function that says True or False of each row of a frame."""
    try:
        answer = call_function(function, frame, what)
    except ValueError as error:
        if "truth value" not in str(error):
            raise
        raise ValueError(f"{what} asks whether a whole column is true. {_COMBINE}") from error
    answer = answer if hasattr(answer, "dtype") else np.asarray(answer)
    if answer.shape != (len(frame),) or not is_bool_dtype(answer):
        raise ValueError(
            f"{what} must give True or False for each row. Got {answer.dtype} of shape "
            f"{answer.shape} for {len(frame)} rows. {_COMBINE}"
        )
    return pd.Series(answer).to_numpy(bool, na_value=False)


def function_name(function: Callable[..., Any]) -> str:
    """Name of a function, for texts."""
    return str(getattr(function, "__name__", repr(function)))
