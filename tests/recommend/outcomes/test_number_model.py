"""Predictions and spreads of regressors of all kinds."""

import numpy as np
import pandas as pd
import pytest
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
