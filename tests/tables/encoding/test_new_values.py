"""Values that training says nothing of, told once, whatever the model."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer
from sksiamese.exceptions import NewValueWarning
from sksiamese.model_selection._baselines import make_baselines
from sksiamese.tables.encoding._new_values import (
    find_constants,
    find_new_names,
    find_others,
    warn_of_new_values,
)

TRAINING = pd.DataFrame(
    {
        "ligand": ["XPhos", "SPhos", "XPhos ", "SPhos"] * 3,
        "base": ["K3PO4"] * 12,
        "solvent": ["CCO"] * 12,
        "bar": [1.0] * 12,
        "degC": np.arange(12.0) * 10,
    }
)
CONSTANT = ["base", "solvent", "bar"]
OUTCOMES = np.arange(12) % 3 > 0


def said(table, **changed):
    """Give the warnings of one row with some cells changed."""
    row = table.iloc[[0]].assign(**changed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        new = {"ligand": find_new_names(row["ligand"], ["SPhos", "XPhos"])}
        others = find_others(row, find_constants(TRAINING, CONSTANT))
        warn_of_new_values(new, others, stacklevel=1)
    return [str(warning.message) for warning in caught]


def test_new_names_and_columns_that_never_varied_are_told_in_one_warning():
    message = (
        "These names did not stand in the training table, which says nothing of them: 'ligand': "
        "'XPhoss'. Their rows are predicted from the other columns. These columns never varied in "
        "the training table, so that no prediction depends on them: 'base' held 'K3PO4' and now "
        "'NaOH'; 'solvent' held 'CCO' and now 'CCN'; 'bar' held 1 and now 5."
    )
    assert said(TRAINING, ligand="XPhoss", base="NaOH", solvent="CCN", bar=5.0) == [message]


@pytest.mark.parametrize(
    "changed",
    [
        {"ligand": " XPhos"},
        {"base": "K3PO4 "},
        {"solvent": "OCC"},
        {"solvent": "C(O)C "},
        {"bar": 1},
        {"bar": "1.0"},
        {"base": None, "solvent": None, "bar": None},
        {"solvent": SMILESFeaturizer().fit_transform(pd.DataFrame({"s": ["OCC"]}))[0]},
    ],
)
def test_spellings_and_gaps_are_no_new_values(changed):
    assert said(TRAINING, **changed) == []


def test_ten_columns_are_shown_and_the_others_counted():
    table = pd.DataFrame({f"bit {i}": [0.0, 0.0] for i in range(12)})
    constants = find_constants(table, list(table))
    shown = "; ".join(f"'bit {i}' held 0 and now 1" for i in range(10))
    with pytest.warns(NewValueWarning, match=f"{shown} and 2 more.$"):
        warn_of_new_values({}, find_others(table + 1, constants), stacklevel=1)


def test_columns_without_names_are_features_and_may_vary_later():
    """Bits of a fingerprint, say, that no row of training has."""
    X = np.random.RandomState(0).uniform(size=(12, 3))
    X[:, 1] = 0
    model = GraphFingerprintSiameseClassifier(n_members=1, max_epochs=2, random_state=0)
    model.fit(X, OUTCOMES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(model.predict_proba(X + np.eye(3)[1]), model.predict_proba(X))


@given(cell=st.one_of(st.text(min_size=1).filter(str.strip), st.floats(), st.integers()))
def test_any_cell_is_compared(cell):
    """Nothing that a cell may hold stops a prediction; equal ones are not told."""
    for column, value in {"base": "K3PO4", "solvent": "CCO", "bar": 1.0}.items():
        found = said(TRAINING, **{column: pd.Series([cell], dtype=object)})
        if cell == value or pd.isna(cell):
            assert found == []


@pytest.mark.parametrize("name", ["siamese", "random forest", "Gaussian process"])
def test_whichever_model_predicts_tells_of_new_names(name):
    X = TRAINING[["ligand", "degC"]]
    own = GraphFingerprintSiameseClassifier(n_members=1, max_epochs=2, random_state=0)
    model = own if name == "siamese" else make_baselines(X, [name], "descriptors")[name]
    model.fit(X, OUTCOMES)
    with warnings.catch_warnings():
        warnings.simplefilter("error", NewValueWarning)
        same = model.predict_proba(X.assign(ligand=X["ligand"].str.strip()))
    np.testing.assert_allclose(same, model.predict_proba(X), rtol=0, atol=1e-12)
    message = (
        "These names did not stand in the training table, which says nothing of them: 'ligand': "
        "'XPhoss'. Their rows are predicted from the other columns."
    )
    with pytest.warns(NewValueWarning, match=f"^{re.escape(message)}$"):
        model.predict_proba(X.iloc[:2].assign(ligand=["XPhoss", "XPhos"]))


def test_truth_values_of_a_baseline_are_no_names():
    X = pd.DataFrame({"stirred": [True] * 12, "degC": np.arange(12.0)})
    model = make_baselines(X, ["random forest"], "descriptors")["random forest"].fit(X, OUTCOMES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict_proba(X.assign(stirred=False))
