"""The regressor: against scikit-learn's Gaussian process, and as a tool for small tables."""

import io
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from sksiamese import GraphFingerprintSiameseRegressor, load_model, save_model
from sksiamese.models.training._gaussian_process_regression import measure
from sksiamese.nn._gaussian_regression import Measured, log_evidence
from sksiamese.tables.encoding._distances import RowDistances

RNG = np.random.RandomState(0)
LIGANDS = ["SCCN", "SCCO", "CCCCS", "Sc1ccccc1", "OC(=O)CS", "CC(C)S"]
X = pd.DataFrame(
    {
        "ligand": RNG.choice(LIGANDS, 30),
        "base": RNG.choice(["K2CO3", "KOAc"], 30),
        "temperature": RNG.uniform(20, 120, 30),
    },
    index=[f"run {i}" for i in range(30)],
)
Y = 20.0 * X["ligand"].str.contains("O") + X["temperature"] / 3 + RNG.normal(size=30)
NEW = X.iloc[:5].assign(ligand=[*LIGANDS[2:], "NCCCS"], temperature=[10.0, 30, 60, 90, 200])


@pytest.fixture(scope="module")
def model():
    return GraphFingerprintSiameseRegressor().fit(X, Y)


@parametrize_with_checks([GraphFingerprintSiameseRegressor()])
def test_estimator_check(estimator, check):
    check(estimator)


def test_it_predicts_by_the_equations_of_a_gaussian_process(model):
    both = model.encoder_.encode(pd.concat([X, NEW]))
    process = model.process_
    with torch.no_grad():
        kernel = process.kernel()
        among = kernel(measure(RowDistances(both), both))[0].numpy()
    known, new = among[:30, :30], among[30:, :30]
    noisy = known + process.noise * np.eye(30)
    mean = Y.mean() + new @ np.linalg.solve(noisy, Y - Y.mean())
    variance = kernel.own().item() - (new * np.linalg.solve(noisy, new.T).T).sum(1)
    found = model.predict(NEW, return_std=True)
    np.testing.assert_allclose(found[0], mean, rtol=1e-6)
    np.testing.assert_allclose(found[1], np.sqrt(variance) * Y.std(ddof=0), rtol=1e-5)


def test_a_campaign_is_one_more_column_of_names():
    campaign = np.repeat(["chloride", "iodide", None], 10)
    told = GraphFingerprintSiameseRegressor().fit(X, Y, groups=campaign)
    names = pd.Series(campaign, X.index).fillna("at hand")
    beside = GraphFingerprintSiameseRegressor().fit(X.assign(campaign=names), Y)
    np.testing.assert_allclose(told.predict(NEW), beside.predict(NEW.assign(campaign="at hand")))
    known = GraphFingerprintSiameseRegressor().fit(X, Y, groups=campaign != "iodide")
    both = X.assign(campaign=np.where(campaign != "iodide", "a", "b"))
    beside = GraphFingerprintSiameseRegressor().fit(both, Y)
    new = beside.predict(NEW.assign(campaign="new"), return_std=True)
    np.testing.assert_allclose(known.predict(NEW, return_std=True), new)


def test_a_level_of_its_own_is_found_within_each_campaign():
    low = np.arange(30) % 2 == 0
    groups = np.where(low, "low", None)
    model = GraphFingerprintSiameseRegressor().fit(X, Y - 200 * low, groups=groups)
    assert np.abs(model.predict(X) - Y).mean() < 5


def test_groups_are_checked():
    message = "groups must hold one group for each row of X. Got 3 groups for 30 rows."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        GraphFingerprintSiameseRegressor().fit(X, Y, groups=[1, 2, 3])


def test_training_reaches_the_largest_evidence_and_prior(model):
    """No step in any direction is better."""
    process = model.process_
    pairs = measure(process.kept, model.encoder_.encode(X))
    standard = torch.tensor(((Y - Y.mean()) / Y.std(ddof=0)).to_numpy())
    measured = Measured(standard, torch.ones(30, dtype=torch.float64))

    def value(kernel, log_noise):
        with torch.no_grad():
            evidence = log_evidence(kernel(pairs)[0], torch.tensor(log_noise).double(), measured)
            return float(evidence - kernel.penalty()) - (log_noise + 3) ** 2 / 2

    best = value(process.kernel(), process.log_noise)
    for seed in range(20):
        kernel = process.kernel()
        with torch.no_grad():
            for parameter in kernel.parameters():
                noise = np.random.RandomState(seed).normal(size=tuple(parameter.shape))
                parameter.add_(torch.as_tensor(0.05 * noise))
        assert value(kernel, process.log_noise + 0.02 * (-1) ** seed) < best


def test_covariances_agree_with_standard_deviations(model):
    mean, std = model.predict(NEW, return_std=True)
    again, covariance = model.predict(NEW, return_cov=True)
    np.testing.assert_allclose(again, mean)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), std, rtol=1e-6)
    assert np.linalg.eigvalsh(covariance).min() > -1e-8


def test_it_learns_and_knows_what_it_does_not_know(model):
    assert cross_val_score(GraphFingerprintSiameseRegressor(), X, Y, cv=5).mean() > 0.8
    _, std = model.predict(pd.concat([X, NEW]), return_std=True)
    assert std[:30].max() < std[-1]  # a new ligand at 200 degrees
    assert 0.3 < model.noise_std_ < 5


@settings(max_examples=8)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8),
    st.floats(0.01, 100),
    st.floats(-1e3, 1e3),
)
def test_units_do_not_matter(y, factor, shift):
    """Kelvin or degrees, per cent or shares: the same prediction in the other unit."""
    y = np.round(y, 3)
    if len(set(y)) == 1:
        shift = 0.0  # of equal numbers only the size tells a scale
    rows = X.iloc[: len(y)]
    one = GraphFingerprintSiameseRegressor().fit(rows, y).predict(NEW)
    other = GraphFingerprintSiameseRegressor().fit(rows, factor * y + shift).predict(NEW)
    size = max(np.ptp(y), np.abs(y).max(), 1.0)
    np.testing.assert_allclose((other - shift) / factor, one, atol=2e-3 * size)


@pytest.mark.parametrize("n", [1, 2])
def test_it_works_from_the_first_row_on(n):
    model = GraphFingerprintSiameseRegressor().fit(X.iloc[:n], [34.0] * n)
    mean, std = model.predict(X, return_std=True)
    np.testing.assert_allclose(mean, 34.0, atol=0.1)
    assert std[0] < std[n:].min()  # what differs from the only row is open


def test_failures_and_bounds_are_numbers():
    texts = ["<5" if y < 25 else ">40" if y > 40 else f"{y:.1f} %" for y in Y]
    found = GraphFingerprintSiameseRegressor().fit(X, texts).predict(X)
    plain = np.where(Y < 25, 5, np.where(Y > 40, 40, Y.round(1)))
    expected = GraphFingerprintSiameseRegressor().fit(X, plain).predict(X)
    np.testing.assert_allclose(found, expected)
    assert GraphFingerprintSiameseRegressor().fit(X, np.zeros(30)).predict(NEW).tolist() == [0] * 5


def test_weights_equal_repetition():
    weight = RNG.randint(0, 4, 30)
    weighted = GraphFingerprintSiameseRegressor().fit(X, Y, sample_weight=weight)
    repeated = GraphFingerprintSiameseRegressor().fit(
        X.loc[X.index.repeat(weight)], np.repeat(Y, weight)
    )
    np.testing.assert_allclose(weighted.predict(NEW), repeated.predict(NEW), rtol=1e-6)
    assert weighted.noise_std_ == pytest.approx(repeated.noise_std_)


def test_rows_one_by_one_and_together(model):
    together = np.transpose(model.predict(NEW, return_std=True))
    alone = [np.ravel(model.predict(NEW.iloc[[i]], return_std=True)) for i in range(len(NEW))]
    np.testing.assert_allclose(together, alone, rtol=1e-9)


def test_copies_predict_the_same(model, tmp_path):
    expected = model.predict(NEW, return_std=True)
    save_model(model, tmp_path / "model.zip")
    for copy in (pickle.load(io.BytesIO(pickle.dumps(model))), load_model(tmp_path / "model.zip")):
        np.testing.assert_array_equal(copy.predict(NEW, return_std=True), expected)
    assert clone(model).get_params() == model.get_params()


def test_a_failed_fit_leaves_the_model_as_it_was(model):
    before = model.predict(NEW)
    with pytest.raises(ValueError, match=r"^y must hold a number for each row"):
        model.fit(X, [np.nan] * 30)
    np.testing.assert_array_equal(model.predict(NEW), before)


def test_bad_requests(model):
    message = (
        "predict gives standard deviations or covariances, whose diagonal holds their squares. Got "
        "return_std=True and return_cov=True: leave one out."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.predict(NEW, return_std=True, return_cov=True)
    message = (
        "GraphFingerprintSiameseRegressor requires y to be passed, but the target y is None. Pass "
        "one number for each row of X."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        GraphFingerprintSiameseRegressor().fit(X, None)
    message = (
        "The 'descriptors' parameter of GraphFingerprintSiameseRegressor must be True or False. "
        "Got 1 instead."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        GraphFingerprintSiameseRegressor(descriptors=1).fit(X, Y)
    with pytest.raises(NotFittedError):
        GraphFingerprintSiameseRegressor().predict(X)


def test_nothing_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GraphFingerprintSiameseRegressor().fit(X, Y).predict(NEW)
