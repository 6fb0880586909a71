"""Experiments as numbers that a chemist reads: the surrogate tree splits on these."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from rdkit import Chem

from sksiamese._checks import plain_label
from sksiamese._frame_libraries import as_pandas
from sksiamese.molecules._canonical import canonical_keys
from sksiamese.molecules._descriptors import TABLE1_LIGAND_DESCRIPTORS, molecule_descriptors
from sksiamese.molecules._quiet_rdkit import quiet_rdkit
from sksiamese.space._columns import DrawnColumn, ListedColumn
from sksiamese.space._dependent_columns import When, without_condition
from sksiamese.space._molecules import Molecules
from sksiamese.space._space import DesignSpace

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


class ReadableView:
    """The default view of a design space.

    Numbers are taken as they are, the middle of the range where there is none; that a number does
    not apply everywhere is a statement of its own. A molecule becomes descriptors ("ligand is
    aromatic", "ligand TPSA") and, where it has a name, a statement ("ligand is cysteamine"); of up
    to ten molecules descriptors would be aliases, so there are statements alone. Other texts become
    a statement for each level. What never varies in the space is left out, and so is text that
    follows from others.

    Parameters
    ----------
    space : DesignSpace
        The space whose rows are viewed.
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
        molecules = {
            n: column for n, column in self.columns.items() if isinstance(column, Molecules)
        }
        self.descriptors = {name: _varying(column) for name, column in molecules.items()}
        self.labels = {name: _labels(column) for name, column in molecules.items()}

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give the view (n_rows, n_viewed) of the rows of a frame."""
        viewed: dict[str, Any] = {}
        for name, column in self.columns.items():
            if isinstance(column, Molecules):
                viewed |= self._view_molecules(name, frame[name])
            elif isinstance(column, ListedColumn) and not is_numeric_dtype(
                pd.Series(column._listed())
            ):
                viewed |= {
                    f"{name} is {level}": frame[name].isin([level]) for level in column._listed()
                }
            elif isinstance(column, DrawnColumn):
                numbers = pd.to_numeric(frame[name])
                if name in self.partial:
                    viewed[f"{name} applies"] = numbers.notna()
                usual = column._cells(name, column._take(np.array([0.5])))[0]
                viewed[name] = numbers.fillna(usual).astype(np.float64)
            elif is_numeric_dtype(frame[name]):
                viewed[name] = pd.to_numeric(frame[name])
        return pd.DataFrame(viewed, index=frame.index)

    def _view_molecules(self, name: str, cells: pd.Series) -> dict[str, Any]:
        codes, keys = pd.factorize(np.array(canonical_keys(cells), dtype=object))
        values = pd.DataFrame([_describe(key) for key in keys], columns=list(_DESCRIPTORS))
        viewed = {
            f"{name} {label}": values[label].to_numpy()[codes] for label in self.descriptors[name]
        }
        named = {f"{name} is {label}": keys[codes] == key for key, label in self.labels[name]}
        return viewed | named


def _varying(column: Molecules) -> list[str]:
    """Names of the descriptors that tell some molecules of a long list from others."""
    if len(column.smiles) <= _FEW:
        return []
    values = np.array([_describe(key) for key in canonical_keys(column.smiles)])
    varies = values.max(axis=0) > values.min(axis=0)
    return [name for name, keep in zip(_DESCRIPTORS, varies, strict=True) if keep]


def _labels(column: Molecules) -> list[tuple[str, str]]:
    """Canonical SMILES and words of the molecules that get a statement of their own."""
    labelled = zip(canonical_keys(column.smiles), column.labels(), strict=True)
    few = len(column.smiles) <= _FEW
    return [(key, label) for key, label in labelled if few or key in column.names]


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
