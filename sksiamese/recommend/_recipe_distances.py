"""Experiments compared with each other: which are the same, how far apart are others."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from scipy.spatial.distance import cdist

from sksiamese.molecules._canonical import canonical_keys
from sksiamese.space._dependent_columns import without_condition
from sksiamese.space._drawn_columns import Constant, DrawnColumn, Levels, OneHot, Range, is_number
from sksiamese.space._molecules import Molecules
from sksiamese.space._space import DesignSpace

_BLOCK = 1000  # rows whose distances to all others are held at once
_GRID = 1e6  # steps of a column's range; numbers within one step count as the same
_OFFSET = 0.1234567  # keeps round numbers off the edges of the steps

_Floats: TypeAlias = npt.NDArray[np.float64]


class _Scale(NamedTuple):
    """Where a column of numbers starts and how wide it is, as logarithms if `log`."""

    low: float
    width: float
    log: bool


class RecipeGeometry:
    """Distances between experiments, and keys that tell them apart.

    Squared distances add up over the columns that are drawn: squared differences of numbers, as
    shares of the column's width in the space; 1 - Tanimoto similarity (ECFP4) of molecules; 1 for
    different levels, and for another column of a OneHot group.

    Parameters
    ----------
    space : DesignSpace
        The space whose columns are compared; those that follow from others are left out.
    """

    def __init__(self, space: DesignSpace) -> None:
        self._scales: dict[str, _Scale] = {}
        self._molecules: list[str] = []
        self._levels: list[str] = []
        for name, column in space.columns.items():
            if not isinstance(column, DrawnColumn):
                continue
            inner = without_condition(column)
            scale = _find_scale(inner)
            if scale is not None:
                self._scales[name] = scale
            elif isinstance(inner, Molecules):
                self._molecules.append(name)
            else:
                self._levels.append(name)

    def keys(self, frame: pd.DataFrame) -> npt.NDArray[np.uint64]:
        """Numbers (n_rows,) that are equal where experiments are.

        Molecules may be spelled in any way, and numbers may differ by a millionth of their range.

        Raises
        ------
        InvalidSMILESError
            Listing all cells of a molecule column that cannot be read as molecules.
        """
        parts: dict[str, Any] = {name: canonical_keys(frame[name]) for name in self._molecules}
        parts |= {name: _texts(frame[name]) for name in self._levels}
        cells = np.floor(self._coordinates(frame) * _GRID + _OFFSET)
        parts |= {str(k): column for k, column in enumerate(cells.T)}
        return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(parts), index=False).to_numpy())

    def distances(self, A: pd.DataFrame, B: pd.DataFrame) -> _Floats:
        """Distances (n_a, n_b) of each experiment in A to each in B."""
        squared = np.zeros((len(A), len(B)))
        if self._scales:
            squared += cdist(self._coordinates(A), self._coordinates(B), "sqeuclidean")
        for name in self._levels:
            squared += _texts(A[name])[:, None] != _texts(B[name])[None, :]
        for name in self._molecules:
            texts = canonical_keys(A[name]) + canonical_keys(B[name])
            codes, distinct = pd.factorize(np.array(texts, dtype=object))
            unlike = 1.0 - _tanimoto(list(distinct))
            squared += unlike[np.ix_(codes[: len(A)], codes[len(A) :])]
        return np.sqrt(squared)

    def new_pairs(self, A: pd.DataFrame, B: pd.DataFrame) -> npt.NDArray[np.int64]:
        """How many pairs of molecules of each experiment in A no experiment in B combines, (n_a,).

        An absent molecule is in no pair.
        """
        found = np.zeros(len(A), np.int64)
        a, b = ({name: canonical_keys(frame[name]) for name in self._molecules} for frame in (A, B))
        for one, other in combinations(self._molecules, 2):
            known = set(zip(b[one], b[other], strict=True))
            pairs = zip(a[one], a[other], strict=True)
            found += [all(pair) and pair not in known for pair in pairs]
        return found

    def nearest(self, A: pd.DataFrame, B: pd.DataFrame) -> tuple[npt.NDArray[np.intp], _Floats]:
        """Place in B of the nearest experiment to each in A, and its distance, (n_a,) each."""
        places, found = [np.empty(0, np.intp)], [np.empty(0)]
        for start in range(0, len(A), _BLOCK):
            distance = self.distances(A.iloc[start : start + _BLOCK], B)
            places.append(distance.argmin(axis=1))
            found.append(distance.min(axis=1))
        return np.concatenate(places), np.concatenate(found)

    def spacing(self, frame: pd.DataFrame, keys: npt.NDArray[np.uint64]) -> _Floats:
        """Distance of each distinct experiment to its nearest neighbour; empty for a single one.

        The `keys` are those of the rows.
        """
        distinct = frame[~pd.Series(keys).duplicated().to_numpy()]
        found = [np.empty(0)]
        for start in range(0, len(distinct) if len(distinct) > 1 else 0, _BLOCK):
            distance = self.distances(distinct.iloc[start : start + _BLOCK], distinct)
            rows = np.arange(len(distance))
            distance[rows, start + rows] = np.inf
            found.append(distance.min(axis=1))
        return np.concatenate(found)

    def _coordinates(self, frame: pd.DataFrame) -> _Floats:
        """Scaled numbers, and whether they are missing, (n_rows, 2 * n_numeric)."""
        points = np.empty((len(frame), len(self._scales)))
        for k, (name, scale) in enumerate(self._scales.items()):
            values = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64)
            if scale.log:  # a value that is not positive lies at the lower end
                values = np.log(np.where(values > 0, values, np.exp(scale.low)))
            points[:, k] = (values - scale.low) / scale.width
        missing = np.isnan(points)
        return np.hstack([np.where(missing, 0.5, points), missing])


def _find_scale(column: DrawnColumn) -> _Scale | None:
    """Scale of a column of numbers, None of others."""
    if isinstance(column, Range):
        ends = np.array([column.low, column.high], dtype=np.float64)
        low, high = np.log(ends) if column.log else ends
        return _Scale(float(low), float(high - low), column.log)
    if isinstance(column, Levels) and all(map(is_number, column.values)):
        low, high = float(min(column.values)), float(max(column.values))
        return _Scale(low, high - low or abs(low) or 1.0, False)
    if isinstance(column, OneHot):  # two of a group change at once, and count as one level
        return _Scale(0.0, math.sqrt(2), False)
    if isinstance(column, Constant) and is_number(column.value):
        return _Scale(float(column.value), abs(float(column.value)) or 1.0, False)
    return None


def _texts(column: pd.Series) -> npt.NDArray[np.object_]:
    """Cells as text, "" where there is none."""
    return np.asarray(column.astype(object).where(column.notna(), "").astype(str), dtype=object)


def _tanimoto(texts: list[str]) -> _Floats:
    """Similarities of distinct canonical SMILES, (n_molecules, n_molecules)."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in texts]
    similarity = np.array([DataStructs.BulkTanimotoSimilarity(one, prints) for one in prints])
    np.fill_diagonal(similarity, 1.0)  # RDKit finds an absent molecule unlike itself
    return similarity
