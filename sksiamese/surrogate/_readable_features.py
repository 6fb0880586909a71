"""Experiments as numbers that a chemist reads: the surrogate tree splits on these."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype
from rdkit import Chem

from sksiamese._checks import plain_label
from sksiamese._frame_libraries import as_pandas
from sksiamese.molecules._canonical import canonical_keys
from sksiamese.molecules._descriptors import TABLE1_LIGAND_DESCRIPTORS, molecule_descriptors
from sksiamese.molecules._quiet_rdkit import quiet_rdkit
from sksiamese.space._dependent_columns import When, without_condition
from sksiamese.space._drawn_columns import DrawnColumn, ListedColumn
from sksiamese.space._molecules import Molecules
from sksiamese.space._space import DesignSpace
from sksiamese.surrogate._tree_words import Feature

_DESCRIPTORS: Mapping[str, Any] = MappingProxyType(
    {
        "is aromatic": TABLE1_LIGAND_DESCRIPTORS["aromatic"],
        "H-bond donors": TABLE1_LIGAND_DESCRIPTORS["h_donors"],
        "H-bond acceptors": TABLE1_LIGAND_DESCRIPTORS["h_acceptors"],
        "rotatable bonds": TABLE1_LIGAND_DESCRIPTORS["rotatable_bonds"],
        "molecular weight": TABLE1_LIGAND_DESCRIPTORS["molecular_weight"],
        "TPSA": TABLE1_LIGAND_DESCRIPTORS["tpsa"],
        "logP": TABLE1_LIGAND_DESCRIPTORS["xlogp"],
    }
)
"""What is told of a molecule: the readable ones of the paper's Table 1."""

_FEW = 10  # molecules of a list in which each is told by its name alone
_MOST_GROUPED = 40  # molecules or names that a group can be made of


class ReadableView:
    """The default view of a design space.

    Numbers are taken as they are, the middle of the range where there is none; that a number does
    not apply everywhere is a statement of its own. A column of up to 40 molecules or texts becomes
    the place of each in an order, so that a limit cuts it into two groups; what the space does not
    list stands in the middle. More than ten molecules become descriptors too ("ligand is
    aromatic", "ligand TPSA"): of fewer they would be aliases. What never varies in the space is
    left out, and so is text that follows from others.

    Parameters
    ----------
    space : DesignSpace
        The space whose rows are viewed.

    Attributes
    ----------
    groups : dict of str to list of (object, str)
        By column, what a cell is known by (the canonical SMILES of a molecule) and its words, in
        their order.
    """

    def __init__(self, space: DesignSpace) -> None:
        self.columns = {
            name: without_condition(column)
            for name, column in space.columns.items()
            if not (isinstance(column, DrawnColumn) and column._is_fixed())
        }
        self.partial = [
            name
            for name, column in space.columns.items()
            if isinstance(column, When) and pd.isna(column.otherwise)
        ]
        self.descriptors = {
            name: _varying(column)
            for name, column in self.columns.items()
            if isinstance(column, Molecules)
        }
        listed = {name: list_cells(space.columns[name]) for name in self.columns}
        self.groups = {
            name: cells for name, cells in listed.items() if 0 < len(cells) <= _MOST_GROUPED
        }

    def ordered(self, frame: pd.DataFrame, proba: npt.NDArray[np.float64]) -> ReadableView:
        """Give a view whose groups follow the mean probabilities of the rows that hold them.

        Of (n_rows, n_classes), the direction in which they vary most counts. A limit on such a
        place is the best split into two groups for two classes: Breiman et al., "Classification
        and Regression Trees" (1984), section 4.2.2.
        """
        centred = proba - proba.mean(axis=0)
        scores = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
        view = copy(self)
        view.groups = {}
        for name, cells in self.groups.items():
            means = pd.Series(scores).groupby(cell_keys(self.columns[name], frame[name])).mean()
            view.groups[name] = sorted(cells, key=lambda cell: means.get(cell[0], np.inf))
        return view

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the view (n_rows, n_viewed) of the rows of a frame."""
        viewed: dict[str, Any] = {}
        for name, column in self.columns.items():
            if name in self.descriptors:
                viewed |= self._describe_molecules(name, frame[name])
            if name in self.groups:
                viewed[name] = self._places(name, frame[name])
            elif isinstance(column, DrawnColumn) and not list_cells(column):
                numbers = pd.to_numeric(frame[name])
                if name in self.partial:
                    viewed[f"{name} applies"] = numbers.notna()
                usual = column._cells(name, column._take(np.array([0.5])))[0]
                viewed[name] = numbers.fillna(usual).astype(np.float64)
            elif not isinstance(column, DrawnColumn) and is_numeric_dtype(frame[name]):
                viewed[name] = pd.to_numeric(frame[name])
        return pd.DataFrame(viewed, index=frame.index)

    def features(self, view: pd.DataFrame) -> list[Feature]:
        """Tell what each column of a view is, and what the molecules of a group share."""
        found = []
        for name in view:
            if name not in self.groups:
                found.append(Feature.of(view[name]))
                continue
            labels = tuple(label for _, label in self.groups[name])
            found.append(Feature(name, "group", labels, self._shared(name)))
        return found

    def _shared(self, name: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Words for the groups that a descriptor tells from the others, and their places."""
        words: dict[tuple[int, ...], str] = {}
        for label in self.descriptors.get(name, []):
            place = list(_DESCRIPTORS).index(label)
            values = np.array([_describe(key)[place] for key, _ in self.groups[name]])
            feature = Feature.of(pd.Series(values, name=f"{name} {label}"))
            levels = np.unique(values)
            for limit in (levels[:-1] + levels[1:]) / 2:
                for low, high in ((-np.inf, limit), (limit, np.inf)):
                    inside = tuple(np.flatnonzero((values > low) & (values <= high)).tolist())
                    words.setdefault(inside, feature.condition(low, high))
        return tuple((text, inside) for inside, text in words.items())

    def _places(self, name: str, cells: pd.Series) -> npt.NDArray[np.float64]:
        places = {key: place for place, (key, _) in enumerate(self.groups[name])}
        middle = (len(places) - 1) / 2 + 0.25  # neither a place nor a limit
        keys = cell_keys(self.columns[name], cells)
        return np.array([places.get(key, middle) for key in keys], np.float64)

    def _describe_molecules(self, name: str, cells: pd.Series) -> dict[str, Any]:
        codes, keys = pd.factorize(np.array(canonical_keys(cells), dtype=object))
        values = pd.DataFrame([_describe(key) for key in keys], columns=list(_DESCRIPTORS))
        return {
            f"{name} {label}": values[label].to_numpy()[codes] for label in self.descriptors[name]
        }


def list_cells(column: Any) -> list[tuple[Any, str]]:
    """List what cells of molecules or texts are known by, and their words."""
    inner, cells = without_condition(column), []
    if isinstance(inner, Molecules):
        cells = list(zip(canonical_keys(inner.smiles), inner.labels(), strict=True))
    elif isinstance(inner, ListedColumn) and not is_numeric_dtype(pd.Series(inner._listed())):
        cells = [(_key(level), str(level)) for level in inner._listed()]
    if cells and isinstance(column, When):
        (other,) = cell_keys(inner, pd.Series([column.otherwise], dtype=object))
        if other not in dict(cells):
            gap = pd.isna(column.otherwise)
            cells.append((other, "what does not apply" if gap else str(column.otherwise)))
    return cells


def cell_keys(column: Any, cells: pd.Series) -> list[Any]:
    """Give what each cell of such a column is known by."""
    if isinstance(column, Molecules):
        return list(canonical_keys(cells))
    return [_key(cell) for cell in cells]


def _key(cell: Any) -> Any:
    """Give the level itself; all gaps are one."""
    return "" if pd.isna(cell) else cell


def _varying(column: Molecules) -> list[str]:
    """Names of the descriptors that tell some molecules of a long list from others."""
    if len(column.smiles) <= _FEW:
        return []
    values = np.array([_describe(key) for key in canonical_keys(column.smiles)])
    varies = values.max(axis=0) > values.min(axis=0)
    return [name for name, keep in zip(_DESCRIPTORS, varies, strict=True) if keep]


@lru_cache(maxsize=100_000)
def _describe(key: str) -> tuple[float, ...]:
    """All descriptors of a canonical SMILES; a millisecond, so they are kept."""
    with quiet_rdkit:
        mol = Chem.MolFromSmiles(key) if key else None
        return tuple(molecule_descriptors([mol], _DESCRIPTORS)[0])


def read_view(viewed: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """Check what a view gave, and bring it to float64.

    Raises
    ------
    TypeError
        If it is not a DataFrame of numbers with one row for each experiment.
    ValueError
        If a number is missing or infinite.
    """
    fits = isinstance(viewed, pd.DataFrame) and len(viewed) == len(frame) and viewed.shape[1] > 0
    if not fits or not all(map(is_numeric_dtype, viewed.dtypes)):
        got = (
            f"a frame of shape {viewed.shape} with {sorted(set(map(str, viewed.dtypes)))}"
            if isinstance(viewed, pd.DataFrame)
            else type(viewed).__name__
        )
        raise TypeError(
            f"The view must give a DataFrame of numbers with one row for each of the {len(frame)} "
            f"experiments. Got {got}."
        )
    values = viewed.to_numpy(np.float64, na_value=np.nan)
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        label, value = plain_label(frame.index[row]), values[row, column]
        raise ValueError(
            f"Column {viewed.columns[column]!r} of the view, row {label!r}, is "
            f"{'NaN' if np.isnan(value) else value}. A tree needs finite numbers: fill the cell "
            "in, drop the row, or give a view without this column."
        )
    return pd.DataFrame(values, columns=viewed.columns.astype(str), index=frame.index)


def one_row(x: Any, names: Any) -> Any:
    """Bring one experiment, in any form, to a table with the columns `names` (None: unnamed)."""
    x = as_pandas(x)
    if isinstance(x, Mapping):
        return pd.DataFrame([x])
    if isinstance(x, pd.Series):
        return x.to_frame().T.infer_objects()
    if isinstance(x, pd.DataFrame) or np.ndim(x) != 1:
        return x
    row = np.array([list(x)], dtype=object)
    return row if names is None else pd.DataFrame(row, columns=names).infer_objects()
