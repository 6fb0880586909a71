"""scikit-learn's own estimator checks, on molecules in place of the numbers that they draw."""

import numbers

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.utils.estimator_checks import parametrize_with_checks

from sksiamese.featurizer import SMILESFeaturizer

MOLECULES = ["[Au]", "SCCN"]
MOLECULES += ["C" * n + tail for tail in ("", "O", "N", "c1ccccc1") for n in range(1, 9)]

EXCLUDED = {
    "check_fit1d": "a 1-D list of SMILES is one column, by design",
    "check_fit2d_predict1d": "1-D input is one column; the message names the number of columns",
    "check_complex_data": "complex numbers are refused as any numbers are: 'Only text can be read'",
}


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


class NumberedMolecules(SMILESFeaturizer):
    """The featurizer, given a molecule wherever a check passes a number."""

    def fit(self, X, y=None):
        return super().fit(as_molecules(X), y)

    def transform(self, X):
        return super().transform(as_molecules(X))


class SummedGraphs(NumberedMolecules):
    """The same, with a number for each graph, since the checks subtract outputs."""

    def transform(self, X):
        graphs = super().transform(X)
        sums = [[g.atoms.sum() + 0.1 * g.bonds.sum() for g in row] for row in graphs]
        return np.array(sums).reshape(graphs.shape)


@parametrize_with_checks(
    [
        NumberedMolecules("ecfp", fp_size=16),
        NumberedMolecules("descriptors"),
        NumberedMolecules("table1"),
        SummedGraphs("graph"),
    ],
    expected_failed_checks=lambda _: EXCLUDED,
)
def test_estimator_check(estimator, check):
    check(estimator)


def test_excluded_checks_are_refusals_or_one_column():
    with pytest.raises(ValueError, match=r"^Only text can be read as SMILES.*complex128"):
        SMILESFeaturizer().fit(np.ones((2, 2), complex))
    assert SMILESFeaturizer().fit(["C", "O"]).n_features_in_ == 1
