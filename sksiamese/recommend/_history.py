"""Past campaigns: tables of experiments that others than the one at hand are learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import shorten
from sksiamese._frame_libraries import as_pandas
from sksiamese._frames import require_columns
from sksiamese.persistence._packed_tables import EstimatorOfTables
from sksiamese.recommend._numbers import read_measured
from sksiamese.space._space import DesignSpace


class History(EstimatorOfTables):
    """Experiments of past campaigns; saved as an estimator is.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Experiments. Labels name the campaign, too.
    y : ndarray of shape (n_rows,)
        Measured numbers.
    campaigns : ndarray of shape (n_rows,)
        Name of the campaign of each.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        y: npt.NDArray[np.float64],
        campaigns: npt.NDArray[np.object_],
    ) -> None:
        self.frame = frame
        self.y = y
        self.campaigns = campaigns


def check_history(history: Any, goal: str | None, groups: Any) -> None:
    """Refuse past campaigns where they cannot be used.

    Raises
    ------
    ValueError
        Naming what stands against them.
    """
    if history is not None and goal is None:
        raise ValueError(
            "'history' holds measured numbers of past campaigns, and there is no goal. Set "
            "goal='maximize' or goal='minimize'; of classes, fit a classifier with "
            "readout='residual' on past campaigns."
        )
    if history is not None and groups is not None:
        raise ValueError(
            "Got both groups and 'history', whose tables are the groups. Leave groups out."
        )


def read_history(history: Any, columns: list[Any], name: Any, worst: float) -> History | None:
    """Read the tables of past campaigns; None where there are none.

    Raises
    ------
    TypeError
        If they are not tables.
    ValueError
        If a column is absent, an outcome is not a number, or no experiment has one.
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
        found = read_measured(table[name], len(table), worst, name)
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


def find_space(space: DesignSpace | None, frame: pd.DataFrame, past: History | None) -> DesignSpace:
    """Give the space in use: the user's, or that of all experiments.

    Raises
    ------
    ValueError
        If there is neither a space nor an experiment, or it does not have these columns.
    """
    known = frame if past is None else pd.concat([past.frame, frame])
    if space is None and not len(known):
        raise ValueError(
            "X has no row, so that what is possible cannot be told from it. Say it with "
            "space=DesignSpace(...), for example DesignSpace.from_frame(candidates)."
        )
    space = DesignSpace.from_frame(known) if space is None else space
    space.require_columns(frame.columns)
    return space
