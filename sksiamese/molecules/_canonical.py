"""The one spelling of each molecule."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from rdkit import Chem

from sksiamese._checks import plain_label, shorten
from sksiamese.exceptions import InvalidSMILESError
from sksiamese.molecules._graph import MAX_SMILES_LENGTH, parse_smiles, text_behind
from sksiamese.molecules._quiet_rdkit import quiet_rdkit
from sksiamese.molecules._smiles_errors import syntax_problem

_SHOWN = 10  # unreadable cells that a message lists


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
        Listing all cells that cannot be read as molecules.
    """
    column = cells if isinstance(cells, pd.Series) else pd.Series(list(cells), dtype=object)
    codes, distinct = pd.factorize(column, use_na_sentinel=False)
    keys = [canonical_key(cell) for cell in distinct]
    unreadable = [code for code, key in enumerate(keys) if key is None]
    if unreadable:
        places = np.flatnonzero(np.isin(codes, unreadable))
        bad = [(column.name, plain_label(column.index[i]), column.iloc[i]) for i in places]
        word, where = ("position", "") if column.name is None else ("row", f" in {column.name!r}")
        lines = [f"  {word} {row!r}: {shorten(cell)}{why_unreadable(cell)}" for _, row, cell in bad]
        raise InvalidSMILESError(
            f"Not readable as SMILES{where} ({len(bad)} in all):\n{ten_lines(lines)}\n"
            "Correct these texts.",
            bad,
        )
    return np.array(keys, dtype=object)[codes].tolist()


def canonical_key(cell: Any) -> str | None:
    """Canonical SMILES of a cell, "" where there is no molecule, None where it cannot be read."""
    if isinstance(cell, str):
        return _canonical_text(cell)
    if isinstance(cell, Chem.Mol):
        return _canonical_text(Chem.MolToSmiles(cell))
    return "" if pd.api.types.is_scalar(cell) and pd.isna(cell) else None


@lru_cache(maxsize=100_000)
def _canonical_text(text: str) -> str | None:
    if not text.strip():
        return ""
    with quiet_rdkit:
        mol = parse_smiles(text)
    return None if mol is None else str(Chem.MolToSmiles(mol))


def why_unreadable(cell: Any) -> str:
    """Say in brackets why a cell is not a SMILES, where that shows; else nothing.

    Examples
    --------
    >>> from sksiamese.molecules._canonical import why_unreadable
    >>> why_unreadable("CC(C)(C)(C)C")
    ' (explicit valence for atom # 1 C, 5, is greater than permitted)'
    """
    if not isinstance(cell, str):
        return f" ({type(cell).__name__}, not text)"
    if len(cell) > MAX_SMILES_LENGTH:
        return f" ({len(cell):,} characters; at most {MAX_SMILES_LENGTH:,} are read)"
    if not cell.isascii():
        return " (not ASCII)"
    if _is_float(cell):
        return " (a number as text; convert the column with pandas.to_numeric)"
    if ">" in cell:
        return " (a reaction; give each molecule a column of its own)"
    if text_behind(cell):
        return f" (text behind it: {shorten(text_behind(cell))}; give that a column of its own)"
    return _problems(cell)


def _problems(text: str) -> str:
    """Say in brackets what RDKit holds against a molecule, or why it cannot even draw it."""
    with quiet_rdkit:
        mol = Chem.MolFromSmiles(text, sanitize=False)
        problems = [] if mol is None else list(Chem.DetectChemistryProblems(mol))
    if not problems:
        problem = syntax_problem(text.strip()) if mol is None else ""
        return f" ({problem})" if problem else ""
    reason = " ".join(problems[0].Message().split())
    return f" ({reason[0].lower()}{reason[1:].rstrip('.')})"


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def ten_lines(lines: list[str]) -> str:
    """Put the first ten lines together, and say how many more there are."""
    more = [f"  and {len(lines) - _SHOWN:,} more"] if len(lines) > _SHOWN else []
    return "\n".join(lines[:_SHOWN] + more)


def smiles_of_mols(column: pd.Series) -> pd.Series:
    """Write RDKit molecules in a column as SMILES; any other cell stays as it is."""
    if column.dtype != object or not any(isinstance(cell, Chem.Mol) for cell in column):
        return column
    return column.map(lambda cell: Chem.MolToSmiles(cell) if isinstance(cell, Chem.Mol) else cell)
