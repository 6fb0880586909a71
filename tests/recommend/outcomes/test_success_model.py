"""The spread of a probability: members of a classifier, or clones on bootstrap samples."""

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from tests.recommend.cases import LABELS, NUMBERS, ROUNDED, Members, unit


def test_spread_of_bootstrap_clones():
    model = unit(DecisionTreeClassifier(random_state=0), n_bootstrap=4)
    plate = model.recommend(6)
    members = [m.predict_proba(plate[["a", "b"]])[:, 1] for m in model._model._bootstrap]
    assert len(members) == 4
    assert plate["p_std"].to_numpy() == pytest.approx(np.std(members, axis=0), abs=ROUNDED)
    assert (plate["p_std"] > 0).any()


def test_frozen_classifier_is_kept_and_has_no_spread():
    inner = LogisticRegression().fit(NUMBERS, LABELS)
    model = unit(FrozenEstimator(inner), acquisition="probability")
    before = inner.coef_.copy()
    plate = model.recommend(3)
    assert plate["p_std"].isna().all()
    model.add_measurements(plate.assign(outcome=1))
    assert model.estimator_.estimator is inner
    assert (inner.coef_ == before).all()
    assert len(model.measured_) == 23


def test_members_at_the_end_of_a_pipeline():
    steps = make_pipeline(FunctionTransformer(lambda X: X / 2), Members())
    plate = unit(steps).recommend(3)
    members = Members().predict_members(plate[["a", "b"]] / 2)[:, :, 1]
    assert plate["p_std"].to_numpy() == pytest.approx(members.std(axis=0), abs=ROUNDED)


@pytest.mark.parametrize("freeze", [False, True])
def test_members_of_what_a_search_found(freeze):
    search = GridSearchCV(Members(), {}, scoring=lambda *_: 0.0, cv=2)
    search = FrozenEstimator(search.fit(NUMBERS, LABELS)) if freeze else search
    plate = unit(search).recommend(3)
    members = Members().predict_members(plate[["a", "b"]])[:, :, 1]
    assert plate["p_std"].to_numpy() == pytest.approx(members.std(axis=0), abs=ROUNDED)


def test_a_search_is_done_once():
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [2]}, cv=2)
    members = unit(search, n_bootstrap=3)._model._bootstrap
    assert [type(member) for member in members] == [DecisionTreeClassifier] * 3
    assert {member.max_depth for member in members} == {2}
