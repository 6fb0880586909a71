"""What was stated and what worked: against simulated truths, scikit-learn, and counts by hand."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from sksiamese.recommend.outcomes._calibration import bin_outcomes, fit_calibration, hold_out
from tests.recommend.cases import LABELS, NUMBERS, ROUNDED, UNIT, Members, recommender

RNG = np.random.RandomState(0)


def test_many_experiments_tell_the_true_map():
    """So does scikit-learn's logistic regression on the log-odds."""
    z = RNG.normal(0.5, 2, 20_000)
    worked = (RNG.uniform(size=z.size) < expit(-0.4 + 0.6 * z)).astype(float)
    calibration = fit_calibration(expit(z), worked)
    grid = np.linspace(0.05, 0.95, 19)
    assert calibration.apply(grid) == pytest.approx(expit(-0.4 + 0.6 * logit(grid)), abs=0.02)
    near = np.clip(z, *logit([1e-3, 1 - 1e-3]))[:, None]  # as far as probabilities are told apart
    theirs = LogisticRegression(C=np.inf).fit(near, worked).predict_proba(logit(grid)[:, None])
    assert calibration.apply(grid) == pytest.approx(theirs[:, 1], abs=1e-3)


def test_a_boast_of_few_experiments_is_believed_less_and_doubted_more():
    stated = np.array([0.95, 0.9, 0.97, 0.9, 0.95, 0.08, 0.05, 0.1, 0.03, 0.1])
    worked = np.array([1.0, 0, 1, 1, 0, 0, 0, 1, 0, 0])
    few = fit_calibration(stated, worked)
    many = fit_calibration(np.tile(stated, 40), np.tile(worked, 40))
    top, none = np.array([0.97]), np.zeros(1)
    assert 0.5 < few.apply(top)[0] < 0.97
    assert few.spread(top, none)[0] > 2 * many.spread(top, none)[0]


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 60))
def test_order_stays_and_doubt_has_its_bounds(seed, n):
    rng = np.random.RandomState(seed)
    calibration = fit_calibration(rng.uniform(0, 1, n), rng.randint(0, 2, n).astype(float))
    stated = np.linspace(0, 1, 101)
    p = calibration.apply(stated)
    assert (np.diff(p)[1:-1] > 0).all()
    std = calibration.spread(stated, rng.uniform(0, 0.5, 101))
    assert ((std >= 0) & (std <= np.sqrt(p * (1 - p)) + 1e-12)).all()


def test_spread_by_finite_differences():
    calibration = fit_calibration(RNG.uniform(0, 1, 30), RNG.randint(0, 2, 30).astype(float))
    p, step = np.array([0.3, 0.8]), 1e-6
    slope = (calibration.apply(p + step) - calibration.apply(p - step)) / (2 * step)
    whole = calibration.spread(p, np.full(2, 0.01)) ** 2 - calibration.spread(p, np.zeros(2)) ** 2
    assert np.sqrt(whole) == pytest.approx(0.01 * slope, rel=1e-4)


@pytest.mark.parametrize("n_worked", [4, 20, 33])
def test_doubt_of_the_level_by_integration(n_worked):
    """Forty times "one half" leave the level alone to be learnt, under its normal prior."""
    worked = (np.arange(40) < n_worked).astype(float)
    half = np.array([0.5])
    calibration = fit_calibration(np.full(40, 0.5), worked)
    level = np.linspace(-6, 6, 20_001)
    log_density = n_worked * level - 40 * np.logaddexp(0, level) - level**2 / 2
    weight = np.exp(log_density - log_density.max())
    p, weight = expit(level), weight / weight.sum()
    std = np.sqrt(weight @ p**2 - (weight @ p) ** 2)
    assert calibration.apply(half)[0] == pytest.approx(weight @ p, abs=0.02)
    assert calibration.spread(half, np.zeros(1))[0] == pytest.approx(std, rel=0.1)


def test_everyone_is_held_out_once_and_repeats_together():
    worked, same = np.arange(23) % 3 == 0, np.arange(23) // 2
    seen = []

    def predict(train, test):
        assert not set(same[train]) & set(same[test])
        seen.extend(test)
        return test / 100

    found = hold_out(predict, worked, same, 5)
    assert sorted(seen) == list(range(23))
    assert found == pytest.approx(np.arange(23) / 100)


def test_too_few_to_hold_out():
    worked = np.arange(10) == 3
    assert np.isnan(hold_out(lambda *_: 1 / 0, worked, np.arange(10), 5)).all()


def test_bins_by_hand():
    """Wilson's interval of 7 of 8, by its formula."""
    p = np.array([0.05, 0.1, 0.19, *np.linspace(0.8, 1, 8)])
    worked = np.array([False, True, False, False, *[True] * 7])
    found = bin_outcomes(p, worked)
    assert found[["from", "to", "n", "worked"]].to_numpy().tolist() == [
        [0.0, 0.2, 3, 1],
        [0.8, 1.0, 8, 7],
    ]
    z = norm.ppf(0.975)
    middle, half = 7 / 8 + z**2 / 16, z * np.sqrt(7 / 8 / 8 / 8 + z**2 / 4 / 64)
    ends = (middle + np.array([-half, half])) / (1 + z**2 / 8)
    assert found.loc[1, ["low", "high"]].tolist() == pytest.approx(ends.tolist(), abs=ROUNDED)
    assert found["stated"].tolist() == pytest.approx([0.34 / 3, 0.9], abs=ROUNDED)


# -- In a recommender ------------------------------------------------------------------------------


def test_out_of_fold_by_hand():
    """Neighbours that state 0 or 1, of random labels: the plate no longer promises anything."""
    y = RNG.randint(0, 2, 20)
    boaster = KNeighborsClassifier(1)
    settings = {"space": UNIT, "n_bootstrap": 2, "n_folds": 4, "diversity": 0}
    model = recommender(boaster, acquisition="probability", **settings).fit(NUMBERS, y)
    plate = model.recommend(3)
    assert (model.estimator_.predict_proba(plate[["a", "b"]])[:, 1] == 1).all()
    assert (plate["p(success)"] < 0.85).all()
    assert (plate["p_std"] > 0.05).all()
    assert model.out_of_fold_.index.equals(NUMBERS.index)
    assert model.calibration()["n"].sum() == 20
    assert model.calibration()["worked"].sum() == y.sum()


def test_order_by_probability_is_that_of_the_classifier():
    plain, calibrated = (
        recommender(Members(), space=UNIT, acquisition="probability", diversity=0, n_folds=n)
        .fit(NUMBERS, LABELS)
        .recommend(6)
        for n in (0, 5)
    )
    pd.testing.assert_frame_equal(plain[["a", "b"]], calibrated[["a", "b"]])
    assert plain["p(success)"].mean() > calibrated["p(success)"].mean()


def test_nothing_to_calibrate_with():
    message = (
        "No past experiment was held out, so that nothing is known of the calibration. Give a "
        "classifier that is not frozen, n_folds of at least 2, and at least two successes and two "
        "failures."
    )
    frozen = FrozenEstimator(LogisticRegression().fit(NUMBERS, LABELS))
    lone = np.arange(20) == 3
    for estimator, y, n in [(frozen, LABELS, 5), (Members(), LABELS, 0), (Members(), lone, 5)]:
        model = recommender(estimator, space=UNIT, acquisition="probability", n_folds=n)
        assert model.fit(NUMBERS, y).out_of_fold_.isna().all()
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            model.calibration()


class Fussy(Members):
    """Warns, and refuses to be fitted to fewer than 17 rows."""

    def fit(self, X, y):
        if len(X) < 17:
            raise ValueError("too few")
        if len(X) < 20:
            warnings.warn("few", stacklevel=2)
        return super().fit(X, y)


@pytest.mark.parametrize(("n_folds", "n_known"), [(10, 20), (4, 0)])
def test_folds_neither_end_a_fit_nor_warn(n_folds, n_known):
    model = recommender(Fussy(), space=UNIT, n_folds=n_folds).fit(NUMBERS, LABELS)
    assert model.out_of_fold_.notna().sum() == n_known
    assert len(model.recommend(2)) == 2


def test_one_fold_is_none():
    message = (
        "The 'n_folds' parameter of ExperimentRecommender must be 0 or an integer of at least 2. "
        "Got 1 instead."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        recommender(Members(), space=UNIT, n_folds=1).fit(NUMBERS, LABELS)
