"""Predictions and spreads of regressors of all kinds."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import (
    BaggingRegressor,
    GradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import BayesianRidge, LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksiamese import GraphFingerprintSiameseRegressor
from sksiamese.recommend.outcomes._number_model import NumberModel

RNG = np.random.RandomState(0)
FRAME = pd.DataFrame(RNG.uniform(size=(20, 3)), columns=["a", "b", "note"])
Y = 10 * FRAME["a"].to_numpy() + RNG.normal(size=20)
NEW = pd.DataFrame(RNG.uniform(size=(6, 3)), columns=["a", "b", "note"])
PROCESS = GaussianProcessRegressor(RBF(0.5), alpha=0.1, optimizer=None, normalize_y=True)
FOREST = RandomForestRegressor(8, random_state=0)
REGRESSORS = {
    "process": PROCESS,
    "siamese": GraphFingerprintSiameseRegressor(),
    "pipeline": make_pipeline(StandardScaler(), PROCESS),
    "search": GridSearchCV(PROCESS, {"alpha": [0.1, 0.2]}, cv=3),
    "forest": FOREST,
    "forest in a pipeline": make_pipeline(StandardScaler(), FOREST),
    "bagging": BaggingRegressor(LinearRegression(), 8, max_features=1, random_state=0),
    "ridge": BayesianRidge(),
    "linear": LinearRegression(),
    "boosting": GradientBoostingRegressor(n_estimators=5, random_state=0),
}


def model_of(regressor, goal="maximize", named=True):
    model = NumberModel(regressor, ["a", "b"], named, goal)
    return model.fit(FRAME, Y, {}, 6, np.random.RandomState(0))


@pytest.mark.parametrize("name", REGRESSORS)
def test_all_have_a_mean_and_covariances(name):
    model = model_of(REGRESSORS[name])
    mean, std = model.marginal(NEW)
    again, covariance = model.joint(NEW)
    assert model.has_std
    np.testing.assert_allclose(mean, model.estimator.predict(NEW[["a", "b"]]))
    np.testing.assert_allclose(again, mean)
    np.testing.assert_allclose(np.diag(covariance), std**2, rtol=1e-5, atol=1e-12)
    assert np.linalg.eigvalsh(covariance).min() > -1e-8
    assert std.min() > 0


def test_the_spread_is_that_of_the_regressor():
    alone = REGRESSORS["process"].fit(FRAME[["a", "b"]], Y)
    for name in ("process", "search"):
        model = model_of(REGRESSORS[name])
        expected = alone.predict(NEW[["a", "b"]], return_cov=True)[1]
        np.testing.assert_allclose(model.joint(NEW)[1], expected, rtol=1e-6)
    trees = model_of(FOREST, named=False).estimator.estimators_
    each = np.array([tree.predict(NEW[["a", "b"]].to_numpy()) for tree in trees])
    model = model_of(FOREST, named=False)
    np.testing.assert_allclose(model.marginal(NEW)[1], each.std(axis=0))
    np.testing.assert_allclose(model.joint(NEW)[1], np.cov(each.T, ddof=0), atol=1e-12)


@pytest.mark.parametrize("regressor", [BayesianRidge(), LinearRegression()])
def test_clones_tell_how_predictions_depend_on_each_other(regressor):
    """Neighbours of a line move together, whether it tells a standard deviation or not."""
    model = model_of(regressor)
    near = NEW.iloc[[0, 0]].assign(a=[0.5, 0.51])
    rng, each = np.random.RandomState(0), []
    for _ in range(6):
        rows = rng.randint(0, 20, 20)
        each.append(clone(regressor).fit(FRAME[["a", "b"]].iloc[rows], Y[rows]))
    expected = np.corrcoef([one.predict(near[["a", "b"]]) for one in each], rowvar=False)[0, 1]
    covariance = model.joint(near)[1]
    std = model.marginal(near)[1]
    assert expected > 0.9
    assert covariance[0, 1] == pytest.approx(expected * std[0] * std[1])


class Counted(LinearRegression):
    """Counts how often it and its clones predict."""

    n_predictions = 0

    def predict(self, X):
        Counted.n_predictions += 1
        return super().predict(X)


def test_each_clone_predicts_once():
    model = model_of(Counted())
    Counted.n_predictions = 0
    model.joint(NEW)
    assert Counted.n_predictions == 1 + 6


@pytest.mark.parametrize(("unit", "decimals"), [(1.0, 1), (0.01, 3), (1000.0, -2)])
def test_numbers_are_shown_to_three_digits_of_their_spread(unit, decimals):
    """Of yields in per cent or as shares, and of grams per ton."""
    y = unit * np.linspace(5, 95, 20)
    model = NumberModel(PROCESS, ["a", "b"], True, "maximize")
    model.fit(FRAME, y, {}, 0, np.random.RandomState(0))
    mean, std = model.marginal(NEW)
    shown = model.describe(NEW)
    assert model.decimals == decimals
    np.testing.assert_array_equal(shown["predicted"], mean.round(decimals))
    np.testing.assert_array_equal(shown["std"], std.round(decimals))
    assert (shown["predicted"] != mean).all()


def test_small_numbers_are_the_best_past_ones():
    for goal, best in [("maximize", Y.argmax()), ("minimize", Y.argmin())]:
        model = model_of(PROCESS, goal=goal)
        assert model.merit(FRAME, Y).argmax() == best
        assert model.order(Y, np.random.RandomState(0))[0] == best


def test_small_numbers_change_their_sign():
    large, small = model_of(PROCESS), model_of(PROCESS, goal="minimize")
    np.testing.assert_allclose(small.marginal(NEW)[0], -large.marginal(NEW)[0])
    np.testing.assert_allclose(small.joint(NEW)[1], large.joint(NEW)[1])


def test_a_frozen_regressor_stays_as_it_is():
    fitted = BayesianRidge().fit(FRAME[["a", "b"]], Y)
    model = model_of(FrozenEstimator(fitted))
    mean, covariance = model.joint(NEW)
    expected, std = fitted.predict(NEW[["a", "b"]], return_std=True)
    np.testing.assert_allclose(mean, expected)
    np.testing.assert_allclose(covariance, np.diag(std**2))
    blind = model_of(FrozenEstimator(LinearRegression().fit(FRAME[["a", "b"]], Y)))
    assert not blind.has_std


def test_weights_reach_clones():
    weight = np.r_[np.ones(10), np.zeros(10)]
    model = NumberModel(LinearRegression(), ["a", "b"], True, "maximize")
    model.fit(FRAME, Y, {"sample_weight": weight}, 4, np.random.RandomState(0))
    only = LinearRegression().fit(FRAME[["a", "b"]][:10], Y[:10])
    np.testing.assert_allclose(model.marginal(NEW)[0], only.predict(NEW[["a", "b"]]))


def test_where_no_member_differs_nothing_is_in_doubt():
    """Two rows on which all trees agree: a covariance of 0, and no warning."""
    past = pd.DataFrame({"a": [0.0, 0.0, 1.0, 1.0], "b": 0.0})
    forest = RandomForestRegressor(5, bootstrap=False, random_state=0)
    model = NumberModel(forest, ["a", "b"], True, "maximize")
    model.fit(past, np.array([1.0, 1.0, 2.0, 2.0]), {}, 0, np.random.RandomState(0))
    mean, covariance = model.joint(past[1:3])
    assert mean.tolist() == [1.0, 2.0]
    assert covariance.tolist() == [[0.0, 0.0], [0.0, 0.0]]
