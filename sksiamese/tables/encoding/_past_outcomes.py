"""What past campaigns found for the very same molecules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pandas.util import hash_array
from scipy import sparse

from sksiamese.molecules._graph import MolGraph
from sksiamese.molecules._graph_batch import molecule_keys

if TYPE_CHECKING:
    from sksiamese.tables.encoding._encoder import Experiments

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]
_Keys = npt.NDArray[np.uint64]

_MOST_COLUMNS = 100  # of the campaigns that share most molecules with others
_HIDDEN = 1 / 3  # share of training rows that play rows of molecules never met
_LEAST_SPREAD = 1e-6  # of a campaign with more than one class
_MOST = 10.0
_TINY = np.finfo(np.float64).tiny
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, so that no role's key is lost


def row_keys(graphs: tuple[list[MolGraph], ...], molecules: _Int) -> _Keys:
    """Hash of the molecules of each row, of all roles together, (n_rows,)."""
    keys = np.zeros(len(molecules), np.uint64)
    for role, pool in enumerate(graphs):
        keys = keys * _FACTOR + molecule_keys(pool)[molecules[:, role]]
    return keys


def experiment_keys(experiments: Experiments) -> _Keys:
    """Hash of all columns in use of each encoded row, (n_rows,); molecules in any spelling."""
    keys = row_keys(experiments.graphs, experiments.molecules)
    for column in np.hstack([experiments.conditions, experiments.categories]).T:
        keys = keys * _FACTOR + hash_array(column + 0.0)  # -0.0 is 0.0
    return keys


class Recall:
    """Outcomes of past campaigns as numbers of a row, by the molecules that it holds.

    There is a number for each campaign and each class but the first: by how much the molecules gave
    that class more often than the campaign as a whole, in standard deviations of the campaign (at
    most 10); 0 where they were not tried.

    Parameters
    ----------
    keys : ndarray of shape (n_rows,)
        Hash of the molecules of each training row.
    y, groups : ndarray of shape (n_rows,)
        Class and campaign numbers.
    weight : ndarray of shape (n_rows,)
        Sample weights.
    n_classes : int
        Number of classes.
    """

    def __init__(self, keys: _Keys, y: _Int, groups: _Int, weight: _Float, n_classes: int) -> None:
        self._known, place = np.unique(keys, return_inverse=True)
        n_groups = int(groups.max()) + 1
        # A cell is a pair of molecules and campaign that occurs; `total` is the weight of its rows.
        cell, where = np.unique(place * n_groups + groups, return_inverse=True)
        molecules, campaign = cell // n_groups, cell % n_groups
        total = np.bincount(where, weight)
        trust = np.minimum(total, 1) / np.maximum(total, _TINY)  # less than one row says less
        in_group = np.maximum(np.bincount(groups, weight, n_groups), _TINY)
        parts = []
        for number in range(1, n_classes):
            # (hits - total p) / sqrt(p (1 - p)), with p the rate of the class in the campaign
            hits = np.bincount(where, weight * (y == number))
            rate = np.bincount(groups, weight * (y == number), n_groups) / in_group
            base = rate[campaign]
            spread = np.sqrt(np.maximum(base * (1 - base), 0))
            value = trust * (hits - total * base) / np.where(spread > _LEAST_SPREAD, spread, np.inf)
            value = np.clip(value, -_MOST, _MOST)
            shape = (len(self._known), n_groups)
            parts.append(sparse.csr_array((value, (molecules, campaign)), shape))
        self._table = sparse.hstack(parts, format="csr")
        self._column_group = np.tile(np.arange(n_groups), n_classes - 1)
        self._keep_useful(place, groups)

    @property
    def n_columns(self) -> int:
        """Number of numbers of a row."""
        return len(self._column_group)

    def of_training(self, keys: _Keys, groups: _Int, seed: int) -> _Float:
        """Numbers of the training rows, (n_rows, n_columns).

        Each row's own campaign is left out, as a new one will be, and a third of the rows play rows
        of molecules never met.
        """
        values = self.of_rows(keys)
        values[np.equal.outer(groups, self._column_group)] = 0
        values[np.random.RandomState(seed).uniform(size=len(values)) < _HIDDEN] = 0
        return values

    def of_rows(self, keys: _Keys) -> _Float:
        """Numbers of any rows, (n_rows, n_columns)."""
        place = np.minimum(np.searchsorted(self._known, keys), len(self._known) - 1)
        values = self._table[place].toarray()
        values[self._known[place] != keys] = 0
        return values

    def _keep_useful(self, place: _Int, groups: _Int) -> None:
        """Keep the columns that tell rows of other campaigns something, those most used first."""
        used = np.zeros(len(self._column_group))
        for group in np.unique(groups):
            rows = np.unique(place[groups == group])
            counts = np.asarray((self._table[rows] != 0).sum(axis=0)).ravel()
            used += np.where(self._column_group == group, 0, counts)
        order = np.argsort(-used, kind="stable")[:_MOST_COLUMNS]
        kept = np.sort(order[used[order] > 0])
        self._table = sparse.csr_array(self._table[:, kept])
        self._column_group = self._column_group[kept]
