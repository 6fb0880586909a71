"""Past campaigns: tables of experiments that others than the one at hand are learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import shorten
from sksiamese._frame_libraries import as_pandas
from sksiamese._frames import require_columns
from sksiamese.recommend._measurements import read_new_numbers


class History(NamedTuple):
    """Experiments of past campaigns.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Experiments. Labels name the campaign, too.
    y : ndarray of shape (n_rows,)
        Measured numbers.
    campaigns : ndarray of shape (n_rows,)
        Name of the campaign of each.
    """

    frame: pd.DataFrame
    y: npt.NDArray[np.float64]
    campaigns: npt.NDArray[np.object_]


def read_history(history: Any, columns: list[Any], name: Any) -> History | None:
    """Read the tables of past campaigns; None where there are none.

    Raises
    ------
    TypeError
        If they are not tables.
    ValueError
        If a column is absent, an outcome is no number, or no experiment has one.
    """
    if history is None:
        return None
    tables = history if isinstance(history, Mapping) else {"past": history}
    parts, numbers, campaigns = [], [], []
    for campaign, table in tables.items():
        table = as_pandas(table)
        if not isinstance(table, pd.DataFrame):
            raise TypeError(
                "'history' must be a table of experiments with their outcomes, or a dict of such "
                f"tables by the name of the campaign. Got {shorten(table)}."
            )
        require_columns(table.columns, [*columns, name], f"The past campaign {campaign!r}")
        found = read_new_numbers(table[name])
        rows = table.loc[found.notna().to_numpy(), columns]
        parts.append(rows.set_axis([f"{campaign}: {label}" for label in rows.index]))
        numbers.append(found.dropna().to_numpy())
        campaigns += [str(campaign)] * len(rows)
    if not campaigns:
        raise ValueError(
            f"'history' holds no experiment with an outcome in column {name!r}. Leave it out, or "
            "give tables with measured numbers."
        )
    frame = pd.concat(parts).infer_objects()
    return History(frame, np.concatenate(numbers), np.array(campaigns, dtype=object))
