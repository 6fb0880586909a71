"""Past campaigns that a new one learns from, also before its first experiment."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksiamese import (
    DesignSpace,
    ExperimentRecommender,
    GraphFingerprintSiameseRegressor,
    load_model,
    save_model,
)
from sksiamese.space import Range
from tests.recommend.cases import NUMBERED as SPACE

X = SPACE.sample(12, random_state=0)


def measure(frame, level=0.0):
    """A yield that is best with a thiol at 80 degrees."""
    thiol = 40 * frame["ligand"].str.contains("S")
    return (level + thiol + 50 - (frame["temperature"] - 80).abs() / 2).rename("yield")


def campaign(seed, level):
    rows = SPACE.sample(12, random_state=seed)
    return rows.assign(**{"yield": measure(rows, level)})


PAST = {"chloride": campaign(1, -20.0), "iodide": campaign(2, 10.0)}


def recommender(regressor=None, **changes):
    regressor = GraphFingerprintSiameseRegressor() if regressor is None else regressor
    settings = {"space": SPACE, "goal": "maximize", "n_candidates": 200, "random_state": 0}
    return ExperimentRecommender(regressor, **(settings | changes))


@pytest.fixture(scope="module")
def begun():
    return recommender().fit(X[:0], measure(X[:0]), history=PAST)


def test_the_first_plate_follows_the_past(begun):
    plate = begun.recommend(4)
    assert plate["ligand"].str.contains("S").all()
    assert plate["temperature"].between(60, 100).all()
    assert set(plate["nearest_experiment"].str.split(":").str[0]) <= set(PAST)
    assert (len(begun.measured_), begun.outcomes_.name) == (0, "yield")


def test_the_number_to_beat_is_then_what_the_past_promises(begun):
    rows = pd.concat(PAST.values())[X.columns]
    assert begun.best_ == pytest.approx(begun.estimator_.predict(rows).max())


def test_the_regressor_is_told_the_campaigns():
    model = recommender().fit(X, measure(X), history=PAST)
    rows = pd.concat([PAST["chloride"], PAST["iodide"], X.assign(**{"yield": measure(X)})])
    groups = ["chloride"] * 12 + ["iodide"] * 12 + [None] * 12
    alone = GraphFingerprintSiameseRegressor().fit(rows[X.columns], rows["yield"], groups=groups)
    new = SPACE.sample(5, random_state=3)
    np.testing.assert_allclose(model.estimator_.predict(new), alone.predict(new))
    assert (model.best_, len(model.measured_)) == (measure(X).max(), 12)


def test_a_regressor_without_campaigns_learns_from_all_rows():
    table = pd.concat(PAST.values())[["temperature", "yield"]]
    space = DesignSpace({"temperature": Range(20, 120)})
    forest = RandomForestRegressor(5, random_state=0)
    model = recommender(forest, space=space).fit(X[["temperature"]], measure(X), history=table)
    rows, y = pd.concat([table, X])[["temperature"]], np.r_[table["yield"], measure(X)]
    alone = RandomForestRegressor(5, random_state=0).fit(rows, y)
    new = SPACE.sample(5, random_state=3)[["temperature"]]
    np.testing.assert_allclose(model.estimator_.predict(new), alone.predict(new))


def test_a_search_and_a_pipeline_learn_from_the_past():
    search = GridSearchCV(GraphFingerprintSiameseRegressor(), {"descriptors": [True, False]}, cv=2)
    plate = recommender(search).fit(X[:0], measure(X[:0]), history=PAST).recommend(4)
    assert plate["ligand"].str.contains("S").all()
    pipeline = make_pipeline(FunctionTransformer(), GraphFingerprintSiameseRegressor())
    told = recommender(pipeline).fit(X, measure(X), history=PAST)
    alone = recommender().fit(X, measure(X), history=PAST)
    new = SPACE.sample(5, random_state=3)
    np.testing.assert_allclose(told.estimator_.predict(new), alone.estimator_.predict(new))


def test_what_was_done_in_the_past_can_be_done_again():
    again = PAST["iodide"][X.columns]
    plate = recommender().fit(X[:2], measure(X[:2]), history=PAST).recommend(3, candidates=again)
    assert (plate["distance"] == 0).all()
    assert plate["nearest_experiment"].tolist() == [f"iodide: {label}" for label in plate.index]


def test_measurements_join_the_campaign_at_hand(begun, tmp_path):
    save_model(begun, tmp_path / "model.zip")
    model = load_model(tmp_path / "model.zip")
    plate = model.recommend(3)
    model.add_measurements(plate.assign(**{"yield": measure(plate)}))
    whole = recommender().fit(plate[X.columns], measure(plate), history=PAST)
    assert model.best_ == pytest.approx(measure(plate).max())
    pd.testing.assert_frame_equal(model.recommend(3), whole.recommend(3))


def test_weights_are_of_the_campaign_at_hand():
    weight = np.linspace(0.5, 2, 12)
    model = recommender().fit(X, measure(X), sample_weight=weight, history=PAST)
    rows = pd.concat([*PAST.values(), X.assign(**{"yield": measure(X)})])
    groups = ["chloride"] * 12 + ["iodide"] * 12 + [None] * 12
    alone = GraphFingerprintSiameseRegressor()
    alone.fit(rows[X.columns], rows["yield"], np.r_[np.ones(24), weight], groups)
    new = SPACE.sample(5, random_state=3)
    np.testing.assert_allclose(model.estimator_.predict(new), alone.predict(new))


def test_the_space_can_come_from_the_past():
    model = recommender(space=None).fit(X[:0], measure(X[:0]), history=PAST)
    assert set(model.space_.columns["base"].values) == {"KOAc", "K2CO3"}


def test_failed_and_open_rows_of_the_past():
    table = PAST["chloride"].assign(**{"yield": [*PAST["chloride"]["yield"][:10], "failed", None]})
    model = recommender().fit(X[:0], measure(X[:0]), history={"chloride": table})
    plain = table[:11].assign(**{"yield": [*table["yield"][:10], min(table["yield"][:10])]})
    other = recommender().fit(X[:0], measure(X[:0]), history={"chloride": plain})
    pd.testing.assert_frame_equal(model.recommend(3), other.recommend(3))


@pytest.mark.parametrize(
    ("changes", "given", "error", "message"),
    [
        (
            {},
            {"history": PAST, "groups": [0] * 12},
            ValueError,
            "Got both groups and 'history', whose tables are the groups. Leave groups out.",
        ),
        (
            {"goal": None, "estimator": RandomForestClassifier()},
            {"history": PAST},
            ValueError,
            "'history' holds measured numbers of past campaigns, and there is no goal. Set "
            "goal='maximize' or goal='minimize'; of classes, fit a classifier with "
            "readout='residual' on past campaigns.",
        ),
        (
            {},
            {"history": {"chloride": [1, 2]}},
            TypeError,
            "'history' must be a table of experiments with their outcomes, or a dict of such "
            "tables by the name of the campaign. Got [1, 2].",
        ),
        (
            {},
            {"history": {"chloride": X}},
            ValueError,
            "The past campaign 'chloride' lacks the column(s) 'yield'. It has: 'ligand', 'base', "
            "'temperature'. Add or rename them.",
        ),
        (
            {},
            {"history": X.assign(**{"yield": None})},
            ValueError,
            "'history' holds no experiment with an outcome in column 'yield'. Leave it out, or "
            "give tables with measured numbers.",
        ),
    ],
)
def test_bad_history(changes, given, error, message):
    model = recommender().set_params(**changes)
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        model.fit(X, measure(X), **given)
    assert not hasattr(model, "measured_")
