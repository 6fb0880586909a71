"""scikit-learn's own estimator checks, on molecules in place of the numbers that they draw."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from sksiamese.featurizer import SMILESFeaturizer
from tests.molecules.numbered import as_molecules, is_of_numbers_alone

EXCLUDED = {
    "check_fit1d": "a 1-D list of SMILES is one column, by design",
    "check_fit2d_predict1d": "1-D input is one column; the message names the number of columns",
    "check_complex_data": "complex numbers are refused as any numbers are: 'Only text can be read'",
}


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


@pytest.mark.parametrize("output", ["graph", "ecfp", "descriptors", "table1"])
def test_on_numbers_nothing_fails_but_what_needs_text(output):
    featurizer = SMILESFeaturizer(output, fp_size=16)
    tags = featurizer.__sklearn_tags__().input_tags
    assert (tags.string, tags.allow_nan, tags.sparse) == (True, True, False)
    found = check_estimator(featurizer, on_fail=None, on_skip=None)
    failed = {e["check_name"]: e["exception"] for e in found if e["status"] == "failed"}
    assert {n: e for n, e in failed.items() if not is_of_numbers_alone(e)} == {}
    assert sum(each["status"] == "passed" for each in found) >= 18
