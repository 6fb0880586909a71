"""Splitters that ask a chemist's questions: a molecule never tried, a few labelled rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import BaseCrossValidator, LeaveOneGroupOut
from sklearn.utils import indexable
from sklearn.utils.validation import column_or_1d

from sksiamese._checks import make_generator, plain_label, require_integer
from sksiamese._frames import ensure_table, require_smiles_columns
from sksiamese.molecules._canonical import canonical_smiles
from sksiamese.molecules._distinct_molecules import read_molecules
from sksiamese.tables._labels import read_groups, read_labels

_Int = npt.NDArray[np.int64]


class LeaveOneMoleculeOut(BaseCrossValidator):
    """Splits that hold out all rows of one molecule, to ask about molecules never tried.

    Two spellings of a molecule count as one, since SMILES are compared in canonical form. Isomers
    that the SMILES tells apart are different molecules. Rows without a molecule (None, NaN, "") are
    held out together. The folds are in the order of the canonical SMILES.

    Parameters
    ----------
    column : str or int
        The column of SMILES: its name, or its position counted from 0.

    See Also
    --------
    sklearn.model_selection.LeaveOneGroupOut : The same for groups given with the rows.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese import LeaveOneMoleculeOut
    >>> X = pd.DataFrame({"ligand": ["CCO", "OCC", "CCN", "SCC"], "pH": [4.0, 5.0, 6.0, 7.0]})
    >>> [test.tolist() for _, test in LeaveOneMoleculeOut("ligand").split(X)]
    [[2], [0, 1], [3]]
    """

    def __init__(self, column: str | int) -> None:
        self.column = column

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[_Int, _Int]]:
        """Yield the rows of training and of test, a molecule at a time.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments.
        y : object
            Ignored.
        groups : object
            Ignored.

        Yields
        ------
        train, test : ndarray of shape (n_train,), (n_test,)
            Positions of rows, ascending.

        Raises
        ------
        InvalidSMILESError
            Listing the cells of the column that are not molecules.
        ValueError
            If there is no such column, or it holds fewer than two molecules.
        """
        yield from LeaveOneGroupOut().split(X, groups=self._read_molecules(X))

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Count the distinct molecules.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments.
        y : object
            Ignored.
        groups : object
            Ignored.

        Returns
        -------
        int
            Number of splits.

        Raises
        ------
        InvalidSMILESError
            Listing the cells of the column that are not molecules.
        ValueError
            If X is not given, there is no such column, or it holds fewer than two molecules.
        """
        if X is None:
            raise ValueError(
                "LeaveOneMoleculeOut counts the molecules in X, which is None. Pass X, as to split."
            )
        return len(np.unique(self._read_molecules(X)))

    def _read_molecules(self, X: Any) -> npt.NDArray[np.object_]:
        """Canonical SMILES of each row, "" where there is none."""
        frame = ensure_table(X).frame
        column = frame.iloc[:, [_find_column(frame, self.column)]]
        require_smiles_columns(column)
        pool = read_molecules(column, n_jobs=None, verbose=0)
        spellings = [canonical_smiles(graph.smiles) for graph in pool.graphs]
        molecules = np.array(spellings, dtype=object)[pool.codes[:, 0]]
        if len(np.unique(molecules)) < 2:
            raise ValueError(
                f"Column {column.columns[0]!r} holds one molecule alone, {molecules[0]!r}, in all "
                f"{len(molecules)} rows: without it no row is left to train on. Name another "
                "column, or use another splitter."
            )
        return molecules


def _find_column(frame: pd.DataFrame, column: Any) -> int:
    """Position of a column given by name or position."""
    if isinstance(column, str) and column in frame.columns:
        return int(frame.columns.get_loc(column))
    is_position = isinstance(column, Integral) and not isinstance(column, bool)
    if is_position and int(column) in range(frame.shape[1]):
        return int(column)
    raise ValueError(
        "The 'column' parameter of LeaveOneMoleculeOut must be the name of a column of X "
        f"({', '.join(map(repr, frame.columns))}) or a position from 0 to {frame.shape[1] - 1}. "
        f"Got {column!r} instead."
    )


class _Cell(NamedTuple):
    """Rows of a class, in a group or in all."""

    name: str
    rows: _Int
    n_support: int


class SupportQuerySplit(BaseCrossValidator):
    """Splits that train on a few rows of each class and predict all others.

    The support is drawn at random. With groups (assays, campaigns, targets), each class has
    `n_support` rows in it from every group. A smaller `n_support` with the same `random_state`
    takes a part of a larger one's support.

    Parameters
    ----------
    n_support : int or dict of class label to int, default=10
        Rows of each class in the support.
    n_repeats : int, default=20
        Number of draws.
    random_state : int, RandomState instance or None, default=None
        Decides the draws.

    See Also
    --------
    sklearn.model_selection.StratifiedShuffleSplit : Draws that keep the shares of the classes.

    References
    ----------
    .. [1] Altae-Tran et al., "Low Data Drug Discovery with One-Shot Learning", ACS Central Science
       3 (2017), 283-293.

    Examples
    --------
    >>> from sksiamese import SupportQuerySplit
    >>> y = ["no", "yes", "no", "yes", "no", "no"]
    >>> splitter = SupportQuerySplit({"no": 2, "yes": 1}, n_repeats=1, random_state=0)
    >>> support, query = next(splitter.split(y, y))
    >>> sorted(y[i] for i in support), sorted(y[i] for i in query)
    (['no', 'no', 'yes'], ['no', 'no', 'yes'])
    """

    # scikit-learn's metadata routing: `split` takes groups where there are any.
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    def __init__(
        self,
        n_support: int | Mapping[Any, int] = 10,
        n_repeats: int = 20,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_support = n_support
        self.n_repeats = n_repeats
        self.random_state = random_state

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[_Int, _Int]]:
        """Yield the rows of support and of query, a draw at a time.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_columns)
            Experiments; only their number matters.
        y : array-like of shape (n_samples,)
            Labels.
        groups : array-like of shape (n_samples,) or None, default=None
            Groups that each have a support of their own.

        Yields
        ------
        support, query : ndarray of shape (n_support_rows,), (n_query_rows,)
            Positions of rows, ascending: to train on, and to predict.

        Raises
        ------
        ValueError
            If a class has no row beyond its support, in a group or in all; if `n_support` leaves a
            class out or names one that is not in y; or if a parameter has an unknown value.
        """
        n_repeats = self.get_n_splits()
        cells = self._list_cells(y, groups)
        indexable(X, y, groups)  # of one length
        generator = make_generator(self.random_state)
        n_rows = sum(len(cell.rows) for cell in cells)
        for _ in range(n_repeats):
            parts = [generator.permutation(cell.rows)[: cell.n_support] for cell in cells]
            support = np.sort(np.concatenate(parts))
            yield support, np.setdiff1d(np.arange(n_rows), support)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Give the number of draws.

        Parameters
        ----------
        X : object
            Ignored.
        y : object
            Ignored.
        groups : object
            Ignored.

        Returns
        -------
        int
            Number of splits.

        Raises
        ------
        ValueError
            If `n_repeats` is not an integer of at least 1.
        """
        require_integer(type(self).__name__, "n_repeats", self.n_repeats, 1)
        return int(self.n_repeats)

    def _list_cells(self, y: Any, groups: Any) -> list[_Cell]:
        if y is None:
            raise ValueError("SupportQuerySplit draws rows of each class, and y is None. Pass y.")
        classes, numbers = np.unique(read_labels(y), return_inverse=True)
        group_numbers = read_groups(groups, len(numbers))
        wanted = self._wanted(classes)
        cells = []
        for group in range(group_numbers.max() + 1):
            in_group = group_numbers == group
            place = ""
            if groups is not None:
                place = f" in group {plain_label(column_or_1d(groups)[in_group.argmax()])!r}"
            for number, label in enumerate(classes):
                rows = np.flatnonzero(in_group & (numbers == number))
                cells.append(_Cell(f"class {plain_label(label)!r}{place}", rows, wanted[number]))
        _require_query(cells)
        return cells

    def _wanted(self, classes: npt.NDArray[Any]) -> list[int]:
        """Support rows of each class."""
        labels = classes.tolist()
        given = self.n_support
        if not isinstance(given, Mapping):
            given = dict.fromkeys(labels, given)
        if set(given) != set(labels):
            raise ValueError(
                f"The 'n_support' parameter of SupportQuerySplit must have a number for each class "
                f"in y: {', '.join(map(repr, labels))}. Got {given!r} instead."
            )
        for label in labels:
            require_integer("SupportQuerySplit", "n_support", given[label], 1)
        return [int(given[label]) for label in labels]


def _require_query(cells: list[_Cell]) -> None:
    """Refuse classes whose support would leave no row to predict."""
    lacking = [
        f"  {cell.name}: {len(cell.rows)}, needs {cell.n_support + 1}"
        for cell in cells
        if len(cell.rows) <= cell.n_support
    ]
    if lacking:
        raise ValueError(
            "SupportQuerySplit needs more rows of each class than its support has, so that one is "
            "left to predict. Too few rows of\n"
            + "\n".join(lacking)
            + "\nLower n_support, or leave these rows out."
        )
