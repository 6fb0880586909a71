"""Looking for the largest or smallest number."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import BayesianRidge, LinearRegression

from sksiamese import (
    DesignSpace,
    ExperimentRecommender,
    GraphFingerprintSiameseRegressor,
    load_model,
    save_model,
)
from sksiamese.recommend.outcomes._expected_improvement import expected_improvement
from sksiamese.space import Levels, Molecules, Range

LIGANDS = ["CCN", "CCO", "CCCCS", "Sc1ccccc1"]
SPACE = DesignSpace(
    {
        "ligand": Molecules(LIGANDS),
        "base": Levels(["KOAc", "K2CO3"]),
        "temperature": Range(20, 120),
    }
)
X = SPACE.sample(20, random_state=0)
X.index = [f"run {i}" for i in range(20)]
SETTINGS = {"space": SPACE, "n_candidates": 200, "random_state": 0}


def measure(frame):
    """A yield that is best with a thiol at 80 degrees."""
    thiol = 40 * frame["ligand"].str.contains("S")
    return (thiol + 50 - (frame["temperature"] - 80).abs() / 2).rename("yield")


def recommender(regressor=None, goal="maximize", **changes):
    regressor = GraphFingerprintSiameseRegressor() if regressor is None else regressor
    return ExperimentRecommender(regressor, goal=goal, **(SETTINGS | changes))


@pytest.fixture(scope="module")
def fitted():
    return recommender().fit(X, measure(X))


def test_a_plate_holds_what_the_regressor_says(fitted):
    plate = fitted.recommend(4)
    assert plate.columns[3:].tolist() == [
        "predicted",
        "std",
        "p(better)",
        "in_domain",
        "new_pairs",
        "nearest_experiment",
        "distance",
        "acquisition",
    ]
    mean, std = fitted.estimator_.predict(plate[X.columns], return_std=True)
    np.testing.assert_allclose(plate["predicted"], mean, atol=0.06)
    np.testing.assert_allclose(plate["std"], std, atol=0.06)
    worth = expected_improvement(mean, std, measure(X).max())
    np.testing.assert_allclose(plate["acquisition"], worth, atol=0.06)
    assert fitted.best_ == measure(X).max()
    assert not hasattr(fitted, "classes_")


def test_a_loop_finds_the_best_recipe():
    model = recommender().fit(X[:5], measure(X[:5]))
    for _ in range(4):
        plate = model.recommend(3)
        model.add_measurements(plate.assign(**{"yield": measure(plate)}))
    assert model.best_ > 85
    assert len(model.measured_) == 17


@pytest.mark.parametrize("acquisition", ["expected_improvement", "probability", "ucb"])
def test_minimizing_is_maximizing_the_negative(acquisition):
    large = recommender(acquisition=acquisition).fit(X, -measure(X)).recommend(4)
    small = recommender(goal="minimize", acquisition=acquisition).fit(X, measure(X)).recommend(4)
    pd.testing.assert_frame_equal(large[X.columns], small[X.columns])
    np.testing.assert_allclose(large["predicted"], -small["predicted"], atol=0.1)
    np.testing.assert_allclose(large["p(better)"], small["p(better)"], atol=0.01)


def test_it_works_from_the_first_row_on():
    plate = recommender().fit(X[:1], [34.0]).recommend(4)
    assert (plate["p(better)"] == 0.5).all()
    assert set(plate["ligand"]) == set(LIGANDS) - {X["ligand"].iloc[0]}  # all others


def test_pending_experiments_are_believed(fitted):
    alone = fitted.recommend(4)
    after = fitted.recommend(3, pending=alone[:1])
    pd.testing.assert_frame_equal(
        after[X.columns], alone[1:][X.columns].reset_index(drop=True), rtol=1e-9
    )


def test_measurements_that_come_back():
    model = recommender().fit(X, measure(X))
    plate = model.recommend(4)
    done = plate.assign(**{"yield": [">95", "trace", "41.5 %", None]})
    with pytest.warns(UserWarning, match=r"^1 of 4 experiments have no outcome yet"):
        model.add_measurements(done)
    assert model.outcomes_.tolist()[-3:] == [95, 5, 41.5]
    assert (model.best_, len(model.pending_)) == (95, 1)
    message = (
        "Column 'yield' must hold numbers, 'failed', or nothing where the outcome is not known "
        "yet. Got 1 other(s), row 0: 'lost'. Correct these cells."
    )
    plate = model.recommend(1)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.add_measurements(plate.assign(**{"yield": ["lost"]}))
    assert len(model.measured_) == 23


def test_rows_of_a_list_and_shared_conditions(fitted):
    grid = SPACE.grid(["ligand", "base", "temperature"], 3)
    grid.index = [f"vial {i}" for i in range(len(grid))]
    plate = fitted.recommend(3, candidates=grid)
    assert plate.index.isin(grid.index).all()
    shared = fitted.recommend(3, candidates=grid, same=["temperature"])
    assert len(set(shared["temperature"])) == 1
    centres = X.loc[measure(X).nlargest(10).index, "base"].unique()
    assert fitted.recommend(3, mode="optimize")["base"].isin(centres).all()


@pytest.mark.parametrize(
    "regressor", [RandomForestRegressor(10, random_state=0), BayesianRidge(), LinearRegression()]
)
def test_any_regressor_can_take_its_place(regressor):
    numbers = X[["temperature"]].assign(copy=X["temperature"] / 2)
    space = DesignSpace({"temperature": Range(20, 120), "copy": Range(10, 60)})
    model = recommender(regressor, space=space, n_bootstrap=4).fit(numbers, measure(X))
    plate = model.recommend(4)
    assert (plate["std"] > 0).all()
    assert len(plate.drop_duplicates(["temperature", "copy"])) == 4


def test_labels_are_numbers_too():
    plate = recommender().fit(X, measure(X) > 70).recommend(3)
    assert plate["ligand"].str.contains("S").all()


def test_copies_recommend_the_same(fitted, tmp_path):
    save_model(fitted, tmp_path / "model.zip")
    pd.testing.assert_frame_equal(
        load_model(tmp_path / "model.zip").recommend(3), fitted.recommend(3)
    )
    assert clone(fitted).goal == "maximize"


def test_classes_after_numbers_leave_nothing_behind():
    model = recommender().fit(X, measure(X))
    forest = RandomForestClassifier(5, random_state=0)
    model.set_params(goal=None, estimator=forest, n_bootstrap=0)
    numbers = DesignSpace({"temperature": Range(20, 120)})
    model.set_params(space=numbers).fit(X[["temperature"]], measure(X) > 70)
    assert not hasattr(model, "best_")
    assert model.positive_


BLIND = FrozenEstimator(LinearRegression().fit(X[["temperature"]], measure(X)))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"goal": "best"},
            ValueError,
            "The 'goal' parameter of ExperimentRecommender must be one of 'maximize', 'minimize'. "
            "Got 'best' instead.",
        ),
        (
            {"acquisition": "entropy"},
            ValueError,
            "The 'acquisition' parameter of ExperimentRecommender must be one of "
            "'expected_improvement', 'probability', 'ucb'. Got 'entropy' instead.",
        ),
        (
            {"regressor": RandomForestClassifier()},
            TypeError,
            "The 'estimator' parameter of ExperimentRecommender must be a regressor where there is "
            "a goal. Got RandomForestClassifier() instead: take one such as "
            "GraphFingerprintSiameseRegressor, or leave goal out.",
        ),
        (
            {"regressor": BLIND, "space": DesignSpace({"temperature": Range(20, 120)})},
            ValueError,
            "A goal needs a spread, and FrozenEstimator gives none: its predict takes no "
            "return_std, and it has no members. Give a regressor that does, or one that is not "
            "frozen and n_bootstrap of at least 2.",
        ),
    ],
)
def test_bad_parameters(changes, error, message):
    frame = X[["temperature"]] if "space" in changes else X
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        recommender(**changes).fit(frame, measure(X))


def test_bad_requests(fitted):
    message = (
        "calibration() is of probabilities of success, and with a goal there are none. To see how "
        "far predictions can be trusted, compare those of cross_val_predict with the outcomes."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fitted.calibration()
    message = (
        "The 'estimator' parameter of ExperimentRecommender must be a classifier with "
        "predict_proba. Got BayesianRidge() instead. A regressor needs a goal: goal='maximize' or "
        "goal='minimize'."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        recommender(BayesianRidge(), goal=None).fit(X, measure(X))
    message = "n_later is of classes. Got 5 with goal='maximize': leave n_later out."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fitted.recommend(2, n_later=5)
    message = (
        "X has the column(s) 'std', which a recommendation or the outcomes would overwrite. Rename "
        "them."
    )
    frame = X.rename(columns={"temperature": "std"})
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        recommender(space=None).fit(frame, measure(X))
