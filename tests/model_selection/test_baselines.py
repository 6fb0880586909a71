"""Baselines on ECFP and on one-hot molecules, and the kernel, against pipelines made by hand."""

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sksiamese import SMILESFeaturizer, compare_classifiers
from sksiamese.model_selection._baseline_kernel import RoleKernel
from sksiamese.model_selection._baselines import BASELINES, make_baselines, spell_molecules

LIGANDS = ["CCO", "c1ccccc1", "[Na+].[BH4-]", None]
RNG = np.random.RandomState(0)
X = pd.DataFrame(
    {
        "ligand": [LIGANDS[i % 4] for i in range(32)],
        "solvent": [["O", "CCO", "CC#N"][i % 3] for i in range(32)],
        "degC": RNG.uniform(0, 100, 32),
    }
)
Y = (X["degC"] + RNG.normal(0, 10, 32) > 50).to_numpy()
MOLECULES = ["ligand", "solvent"]


def one_hot(frame):
    """A column for each distinct molecule of training, in sorted order; None is one of them."""
    ligands, solvents = ["", "CCO", "[BH4-].[Na+]", "c1ccccc1"], ["CC#N", "CCO", "O"]
    spelled = frame["ligand"].fillna("").replace("[Na+].[BH4-]", "[BH4-].[Na+]")
    return np.hstack(
        [
            spelled.to_numpy()[:, None] == np.array(ligands, dtype=object),
            frame["solvent"].to_numpy()[:, None] == np.array(solvents, dtype=object),
        ]
    ).astype(float)


def ecfp(frame):
    return SMILESFeaturizer("ecfp").fit_transform(frame[MOLECULES])


def numbers(frame):
    return frame[["degC"]].to_numpy()


@pytest.mark.parametrize("table", [X, X.to_numpy(dtype=object)], ids=["frame", "array"])
@pytest.mark.parametrize(
    ("name", "features"), [("random forest, ECFP", ecfp), ("random forest, one-hot", one_hot)]
)
def test_forests_have_500_trees_on_molecules_and_numbers(name, features, table):
    model = make_baselines(X, [name], "descriptors")[name]
    np.testing.assert_array_equal(
        model[:-1].fit_transform(table), np.hstack([features(X), numbers(X)])
    )
    assert type(model[-1]) is RandomForestClassifier
    assert model[-1].get_params() == RandomForestClassifier(500).get_params()


def test_logistic_regression_has_one_hot_descriptors_and_numbers_scaled():
    model = make_baselines(X, BASELINES, "ecfp")["logistic regression, one-hot"].fit(X, Y)
    descriptors = SMILESFeaturizer("descriptors").fit_transform(X[MOLECULES])
    features = StandardScaler().fit_transform(np.hstack([one_hot(X), descriptors, numbers(X)]))
    expected = LogisticRegression(max_iter=1000).fit(features, Y)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(features), rtol=1e-6)


def test_a_molecule_has_one_column_however_it_is_spelled_and_a_new_one_has_none():
    columns = make_baselines(X, ["random forest, one-hot"], "ecfp")["random forest, one-hot"][0]
    columns.fit(X)
    rows = pd.DataFrame({"ligand": ["OCC", "CCN"], "solvent": ["O", "O"], "degC": [1.0, 2.0]})
    assert columns.transform(rows).tolist() == [
        [0, 1, 0, 0, 0, 0, 1, 1],
        [0, 0, 0, 0, 0, 0, 1, 2],
    ]
    assert spell_molecules(rows[MOLECULES]).tolist() == [["CCO", "O"], ["CCN", "O"]]


@pytest.mark.filterwarnings("ignore:The optimal value found:sklearn.exceptions.ConvergenceWarning")
def test_gaussian_process_has_a_term_for_each_molecule_column():
    name = "Gaussian process, Tanimoto"
    model = make_baselines(X, [name], "descriptors")[name].fit(X, Y)
    features = np.hstack([ecfp(X), StandardScaler().fit_transform(numbers(X))])
    expected = GaussianProcessClassifier(RoleKernel(weights=(1.0, 1.0, 1.0))).fit(features, Y)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(features), rtol=1e-6)
    assert len(model[-1].kernel_.theta) == 4


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.SharedRecipeWarning")
def test_all_baselines_run_whatever_the_columns():
    levels = X.assign(gas=np.where(Y, "air", "argon"), gap=np.nan, none=None)
    for table in (levels, X[["degC"]] * 1e-9, X[["ligand"]].to_numpy(object)):
        comparison = compare_classifiers(
            {}, table, Y, cv=2, n_repeats=1, baselines="all", random_state=0
        )
        assert comparison.errors.empty
        assert comparison.baselines == BASELINES
        assert np.isfinite(comparison.scores["value"]).all()


# -- The kernel ------------------------------------------------------------------------------------


def test_kernel_worked_out_by_hand():
    """Two roles of two bits and one condition, weights 2, 3 and 5, length 2."""
    kernel = RoleKernel(weights=(2.0, 3.0, 5.0), length=2.0, fp_size=2)
    rows = np.array([[1, 1, 0, 0, 0.0], [1, 0, 0, 0, 4.0], [0, 1, 1, 0, 0.0]])
    near = 5 * np.exp(-2)  # 4 apart: exp(-16 / 8)
    expected = [
        [10, 2 / 2 + 3 + near, 2 / 2 + 0 + 5],
        [2 / 2 + 3 + near, 10, 0 + 0 + near],
        [2 / 2 + 0 + 5, 0 + 0 + near, 10],
    ]
    np.testing.assert_allclose(kernel(rows), expected, rtol=1e-12)
    np.testing.assert_allclose(kernel(rows[:1], rows[1:]), [expected[0][1:]], rtol=1e-12)
    assert kernel.diag(rows).tolist() == [10, 10, 10]
    assert not kernel.is_stationary()


def test_kernel_of_molecules_is_rdkits_tanimoto():
    smiles = ["CCO", "CCN", "c1ccccc1O", "c1ccccc1"]
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in smiles]
    expected = [DataStructs.BulkTanimotoSimilarity(each, prints) for each in prints]
    bits = SMILESFeaturizer("ecfp").fit_transform(smiles).astype(float)
    found = RoleKernel(weights=(1.0, 1.0))(bits) - 1  # of no conditions: the constant 1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_gradient_of_the_kernel_against_finite_differences():
    bits = RNG.randint(0, 2, (6, 8))
    rows = np.hstack([bits, RNG.normal(size=(6, 2))])
    kernel = RoleKernel(weights=(0.5, 2.0, 1.5), length=0.7, fp_size=4)
    value, gradient = kernel(rows, eval_gradient=True)
    np.testing.assert_array_equal(value, kernel(rows))
    step = 1e-6
    for i, theta in enumerate(kernel.theta):
        moved = [clone(kernel), clone(kernel)]
        for each, sign in zip(moved, (1, -1), strict=True):
            each.theta = np.where(np.arange(4) == i, theta + sign * step, kernel.theta)
        slope = (moved[0](rows) - moved[1](rows)) / (2 * step)
        np.testing.assert_allclose(gradient[..., i], slope, rtol=1e-6, atol=1e-8)
