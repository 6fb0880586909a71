"""The one spelling of each molecule."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from rdkit import Chem, rdBase

from sksiamese._checks import plain_label, shorten
from sksiamese.exceptions import InvalidSMILESError
from sksiamese.molecules._graph import parse_smiles

__all__ = ["canonical_key", "canonical_keys", "canonical_smiles"]


def canonical_smiles(smiles: str) -> str:
    """Write a SMILES in RDKit's canonical form, so that one molecule has one spelling.

    Parameters
    ----------
    smiles : str
        Any valid SMILES.

    Returns
    -------
    str
        The canonical, isomeric SMILES.

    Raises
    ------
    ValueError
        If RDKit cannot read `smiles`.

    Examples
    --------
    >>> canonical_smiles("OCC")
    'CCO'
    """
    canonical = canonical_key(smiles) if isinstance(smiles, str) else None
    if canonical is None:
        raise ValueError(
            f"{smiles!r} is not a valid SMILES. Write one molecule as RDKit reads it, "
            "for example 'CCO' for ethanol."
        )
    return canonical


def canonical_keys(cells: Iterable[Any]) -> list[str]:
    """Canonical SMILES of each cell, "" for an absent molecule.

    Parameters
    ----------
    cells : Series or iterable of length n_cells
        A column of a table, or texts.

    Raises
    ------
    InvalidSMILESError
        Listing all cells that are no molecule.
    """
    column = cells if isinstance(cells, pd.Series) else pd.Series(list(cells), dtype=object)
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    keys = [canonical_key(cell) for cell in distinct]
    unreadable = [code for code, key in enumerate(keys) if key is None]
    if unreadable:
        places = np.flatnonzero(np.isin(codes, unreadable))
        bad = [(column.name, plain_label(column.index[i]), column.iloc[i]) for i in places]
        word, where = ("position", "") if column.name is None else ("row", f" in {column.name!r}")
        listed = "\n".join(f"  {word} {row!r}: {shorten(cell)}" for _, row, cell in bad)
        raise InvalidSMILESError(
            f"Not readable as SMILES{where} ({len(bad)} in all):\n{listed}\nCorrect these texts.",
            bad,
        )
    return np.array(keys, dtype=object)[codes].tolist()


def canonical_key(cell: Any) -> str | None:
    """Canonical SMILES of a cell, "" where there is no molecule, None where it is no SMILES."""
    if isinstance(cell, str):
        return _canonical_text(cell)
    return "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else None


@lru_cache(maxsize=100_000)
def _canonical_text(text: str) -> str | None:
    if not text.strip():
        return ""
    with rdBase.BlockLogs():
        mol = parse_smiles(text)
    return None if mol is None else str(Chem.MolToSmiles(mol))
