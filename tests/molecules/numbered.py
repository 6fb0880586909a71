"""A molecule for each number, so that scikit-learn's checks can be run on SMILES."""

import numbers

import numpy as np
import pandas as pd
from scipy import sparse

MOLECULES = ["[Au]", "SCCN"]
MOLECULES += ["C" * n + tail for tail in ("", "O", "N", "c1ccccc1") for n in range(1, 9)]


def molecule_of(cell):
    """Equal numbers give equal molecules, NaN an absent one; what is not a number stays."""
    if not isinstance(cell, numbers.Real):
        return cell
    return None if np.isnan(cell) else MOLECULES[int(abs(float(cell)) * 1000) % len(MOLECULES)]


def as_molecules(X):
    if isinstance(X, pd.DataFrame):
        return X.map(molecule_of)
    if isinstance(X, pd.Series):
        return X.map(molecule_of).astype(object)
    if sparse.issparse(X):
        return X
    array = np.asarray(X)
    if array.dtype.kind == "c" or array.size == 0:
        return array
    return np.vectorize(molecule_of, otypes=[object])(array)


def is_of_numbers_alone(error):
    """Whether an error, or what caused it, says that numbers are no SMILES."""
    while error is not None:
        if str(error).startswith(("Only text can be read as SMILES", "Not readable as SMILES")):
            return True
        error = error.__cause__ or error.__context__
    return False
