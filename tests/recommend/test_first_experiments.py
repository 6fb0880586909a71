"""Campaigns that start with nothing, failed experiments, and outcomes that are still open."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression

from sksiamese import (
    ExperimentRecommender,
    GraphFingerprintSiameseRegressor,
    load_model,
    save_model,
)
from sksiamese.recommend._numbers import read_measured
from tests.recommend.cases import NUMBERED as SPACE

X = SPACE.sample(8, random_state=0)


def recommender(**changes):
    given = {"space": SPACE, "goal": "maximize", "n_candidates": 200, "random_state": 0}
    return ExperimentRecommender(GraphFingerprintSiameseRegressor(), **(given | changes))


@pytest.fixture(scope="module")
def empty():
    return recommender().fit(X[:0], pd.Series([], dtype=float, name="yield"))


def test_a_first_plate_represents_the_space(empty):
    plate = empty.recommend(8)
    assert len(plate[["ligand", "base"]].drop_duplicates()) == 8
    assert plate[["predicted", "std", "p(better)", "distance"]].isna().all(axis=None)
    assert (plate["in_domain"] == -1).all()
    assert np.isnan(empty.best_)


def test_pending_rows_stand_for_what_is_near_to_them(empty):
    plate = empty.recommend(8)
    after = empty.recommend(7, pending=plate[:1])
    nearer = after.merge(plate[:1], on=["ligand", "base"])
    assert nearer.empty


def test_the_order_of_candidates_does_not_decide(empty):
    grid = SPACE.grid(["ligand", "base", "temperature"], 200)
    assert empty.recommend(8, candidates=grid)["base"].nunique() == 2


def test_a_campaign_goes_on_from_nothing(empty):
    model = recommender().fit(X[:0], pd.Series([], dtype=float, name="yield"))
    plate = model.recommend(4)
    model.add_measurements(plate.assign(**{"yield": [3, "failed", 50, ">95"]}))
    whole = recommender().fit(plate[X.columns], pd.Series([3, "failed", 50, ">95"], name="yield"))
    assert model.outcomes_.tolist() == [3, -np.inf, 50, 95]
    pd.testing.assert_frame_equal(model.recommend(3), whole.recommend(3))


def test_what_a_start_with_nothing_allows(empty, tmp_path):
    save_model(empty, tmp_path / "model.zip")
    pd.testing.assert_frame_equal(
        load_model(tmp_path / "model.zip").recommend(3), empty.recommend(3)
    )
    assert len(set(empty.recommend(3, same=["temperature"])["temperature"])) == 1
    message = (
        "No past experiment lies within the design space, so that there is nothing to start from. "
        "Use mode='explore', or widen the space."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        empty.recommend(3, mode="optimize")


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
def test_failed_counts_as_the_worst_number(goal):
    y = [30.0, "failed", 12.0, 55.0, "No  Reaction", 20.0, 41.0, 8.0]
    worst = 8.0 if goal == "maximize" else 55.0
    numbers = [worst if isinstance(cell, str) else cell for cell in y]
    failed, plain = (recommender(goal=goal).fit(X, cells).recommend(3) for cells in (y, numbers))
    pd.testing.assert_frame_equal(failed, plain)


def test_a_campaign_of_failures():
    model = recommender().fit(X[:2], ["failed", "failed"])
    assert model.best_ == 0
    assert len(model.recommend(2)) == 2


def test_open_outcomes_are_pending_from_the_start():
    message = "2 of 8 experiments have no outcome yet and stay pending; 2 are in pending_."
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        model = recommender().fit(X, [1, 2, None, 4, "pending", 6, 7, 8])
    pd.testing.assert_frame_equal(model.pending_, X.iloc[[2, 4]].reset_index(drop=True))
    assert model.outcomes_.index.tolist() == [0, 1, 3, 5, 6, 7]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"space": None},
            "X has no row, so that what is possible cannot be told from it. Say it with "
            "space=DesignSpace(...), for example DesignSpace.from_frame(candidates).",
        ),
        (
            {"estimator": FrozenEstimator(LinearRegression()), "n_bootstrap": 0},
            "X has 0 sample(s) (shape=(0, 3)) while a minimum of 1 is required. Pass at least one "
            "row.",
        ),
    ],
)
def test_what_cannot_start_with_nothing(changes, message):
    model = recommender().set_params(**changes)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.fit(X[:0], [])


def test_other_lengths_and_cells_are_refused():
    message = "y must hold one number for each row of X. Got 7 for 8 rows."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        recommender().fit(X, [1.0] * 7)
    message = (
        "Column 'outcome' must hold numbers, 'failed', or nothing where the outcome is not known "
        "yet. Got 2 other(s), row 1: inf, row 2: 'lost'. Correct these cells."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        recommender().fit(X, [1.0, np.inf, "lost", 4, 5, 6, 7, 8])


NUMBERS = st.integers(-1000, 1000).map(float)
CELLS = st.one_of(
    NUMBERS.map(lambda x: (x, x)),
    NUMBERS.map(lambda x: (f"{x:.1f} %", x)),
    NUMBERS.map(lambda x: (f">{x:.1f}", x)),
    st.sampled_from(["failed", " Failure ", "n.r."]).map(lambda text: (text, -np.inf)),
    st.sampled_from([None, np.nan, "pending", "", "TBD"]).map(lambda cell: (cell, np.nan)),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=8))
def test_cells_of_all_kinds(cells):
    given_cells, expected = zip(*cells, strict=True)
    column = pd.Series(list(given_cells), dtype=object, name="yield")
    found = read_measured(column, len(column), -np.inf, "yield")
    np.testing.assert_allclose(found, expected)
