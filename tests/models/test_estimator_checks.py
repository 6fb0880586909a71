"""scikit-learn's own estimator checks of the classifiers, on numeric input: none may fail."""

import warnings

import numpy as np
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from sksiamese import (
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
)
from sksiamese.exceptions import SmallClassWarning

# Fewer members and epochs than the defaults, for time; everything else is as shipped. Without a
# support set to compare with, five epochs would be too few.
QUICK = {"n_members": 2, "max_epochs": 5}
QUICK_SCORES = {"n_members": 2, "max_epochs": 40}

# The paper draws pairs, and dropout for each hidden value of each row, so the networks differ where
# a row stands twice, not once with weight 2, and where rows come in another order.
PAPER_EXCEPTIONS = {
    "check_sample_weight_equivalence_on_dense_data": "pairs and dropout are drawn for each row",
}


def paper(**changes):
    """The paper's model, smaller, with fewer and longer steps, for time.

    It goes without the penalty, which would win over the loss in so few epochs.
    """
    quick = {"max_epochs": 150, "lr": 0.05, "embedding_size": 10, "alpha": 0}
    return GraphFingerprintSiameseClassifier.from_paper(**{**quick, **changes})


def exceptions(estimator):
    return PAPER_EXCEPTIONS if getattr(estimator, "dropout", 0) else {}


@parametrize_with_checks(
    [
        GraphFingerprintSiameseClassifier(**QUICK),
        GraphFingerprintSiameseClassifier(**QUICK, readout="mean"),
        paper(),
        GraphFingerprintMLPClassifier(**QUICK_SCORES),
        GraphFingerprintMLPClassifier.from_paper(max_epochs=60, lr=0.05, alpha=0),
        GraphFingerprintSVMClassifier(**QUICK_SCORES),
        GraphFingerprintSVMClassifier.from_paper(max_epochs=60, lr=0.05),
    ],
    expected_failed_checks=exceptions,
)
def test_estimator_check(estimator, check):
    with warnings.catch_warnings():
        # Some checks draw so few rows that a class has one; the rest of the warnings are errors.
        warnings.simplefilter("ignore", SmallClassWarning)
        check(estimator)


@pytest.mark.parametrize(
    "kind",
    [
        GraphFingerprintMLPClassifier,
        GraphFingerprintSVMClassifier,
        GraphFingerprintSiameseClassifier,
    ],
)
def test_the_default_needs_no_exception(kind):
    default = kind()
    assert exceptions(default) == {}
    assert not default.early_stopping  # would hold other rows out where a row stands twice


def test_exceptions_name_existing_checks():
    checks = estimator_checks_generator(paper(), legacy=True)
    names = {getattr(check, "func", check).__name__ for _, check in checks}
    assert set(PAPER_EXCEPTIONS) <= names


@pytest.mark.parametrize(
    "model",
    [
        GraphFingerprintSiameseClassifier(**QUICK),
        GraphFingerprintSiameseClassifier(**QUICK, readout="mean"),
        GraphFingerprintSiameseClassifier(**QUICK, scaling="minmax"),
        GraphFingerprintMLPClassifier(**QUICK_SCORES),
        GraphFingerprintMLPClassifier.from_paper(**QUICK_SCORES, dropout=0.0),
        GraphFingerprintSVMClassifier(**QUICK_SCORES),
        GraphFingerprintSVMClassifier.from_paper(**QUICK_SCORES),
    ],
    ids=str,
)
def test_weights_equal_repetition(model):
    """In scikit-learn's check 30 columns for 15 rows let most anything pass; here 3 for 30."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(30, 3))
    y = (X[:, 0] + 0.5 * rng.normal(size=30) > 0).astype(int)
    weight = rng.randint(0, 4, size=30)
    model.set_params(random_state=0)
    weighted = model.fit(X, y, sample_weight=weight).predict_members(X)
    repeated = model.fit(X.repeat(weight, axis=0), y.repeat(weight)).predict_members(X)
    unweighted = model.fit(X, y).predict_members(X)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-7)
    assert np.abs(weighted - unweighted).max() > 1e-3


def test_fractional_weights_scale_out_of_the_pair_loss():
    """Normalised pair weights w_i w_j / sum do not see a common factor of large weights."""
    rng = np.random.RandomState(1)
    X = rng.normal(size=(20, 2))
    y = rng.randint(0, 2, 20)
    model = GraphFingerprintSiameseClassifier(**QUICK, readout="mean", random_state=0)
    halves = model.fit(X, y, sample_weight=np.full(20, 0.5)).predict_proba(X)
    ones = model.fit(X, y).predict_proba(X)
    np.testing.assert_allclose(halves, ones, rtol=1e-7)
