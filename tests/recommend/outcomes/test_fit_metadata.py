"""Groups and weights on their way to the fit of a classifier."""

import re
from typing import ClassVar

import numpy as np
import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.recommend.cases import LABELS, NUMBERS, UNIT, Members, recommender

WEIGHT = np.arange(20.0) % 3 + 1
GROUPS = np.array(["a", "b", "c", "d"])[np.arange(20) // 5]


class Witness(Members):
    """Notes what each fit was given."""

    seen: ClassVar[list] = []

    def fit(self, X, y, groups=None, sample_weight=None):
        self.seen.append((np.asarray(X)[:, 0], groups, sample_weight))
        return super().fit(X, y)


@pytest.fixture
def seen():
    Witness.seen = []
    return Witness.seen


def check(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def make(estimator, **changes):
    defaults = {"space": UNIT, "acquisition": "probability", "n_bootstrap": 2, "n_folds": 3}
    return recommender(estimator, **defaults | changes)


def require_own(seen, n_fits):
    """Each row had its own group and weight, in all fits."""
    place = {value: i for i, value in enumerate(NUMBERS["a"])}
    assert len(seen) == n_fits
    for values, groups, weight in seen:
        rows = [place[value] for value in values]
        assert groups.tolist() == GROUPS[rows].tolist()
        assert weight.tolist() == WEIGHT[rows].tolist()


def test_each_row_has_its_own_in_all_folds(seen):
    make(Witness()).fit(NUMBERS, LABELS, groups=GROUPS, sample_weight=WEIGHT)
    require_own(seen, 1 + 3)


class WithoutSpread(Witness):
    predict_std = None

    def __getattribute__(self, name):
        if name == "predict_std":
            raise AttributeError(name)
        return super().__getattribute__(name)


def test_each_row_has_its_own_in_bootstrap_samples(seen):
    WithoutSpread.seen = seen
    make(WithoutSpread()).fit(NUMBERS, LABELS, groups=GROUPS, sample_weight=WEIGHT)
    require_own(seen, 1 + 2 + 3)


def test_weights_are_as_good_as_rows():
    """Of a classifier without a penalty, in a pipeline."""
    plain, twice = (make(LogisticRegression(C=np.inf), n_folds=0, n_bootstrap=0) for _ in range(2))
    y = NUMBERS["a"].to_numpy() + np.sin(np.arange(20)) > 0.4
    plain.fit(NUMBERS, y, sample_weight=np.full(20, 2.0) - (np.arange(20) > 9))
    rows = [*range(10), *range(20)]
    twice.fit(NUMBERS.iloc[rows].reset_index(drop=True), y[rows])
    assert plain.estimator_.coef_ == pytest.approx(twice.estimator_.coef_, rel=1e-3)


def test_rows_of_no_weight_do_not_calibrate(seen):
    weight = np.repeat([1.0, 0.0], [12, 8])
    other = np.where(weight == 0, 1 - LABELS, LABELS)
    one, same = (
        make(Witness()).fit(NUMBERS, y, sample_weight=weight).recommend(5) for y in (LABELS, other)
    )
    assert one["p(success)"].tolist() == same["p(success)"].tolist()
    assert [len(each) == 20 or (each > 0).all() for _, _, each in seen] == [True] * 8


class Weighed(Members):
    """States the same, whatever it was fitted with."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y)


def test_rows_of_no_weight_are_calibrated_like_others_and_do_not_count():
    weight = np.repeat([1.0, 0.0], [12, 8])
    model = make(Weighed()).fit(NUMBERS, LABELS, sample_weight=weight)
    stated = Weighed().fit(NUMBERS, LABELS).predict_proba(NUMBERS)[:, 1]
    expected = model._model._calibration.apply(stated)
    assert model.out_of_fold_.to_numpy() == pytest.approx(expected)
    assert (np.abs(expected - stated) > 0.005).all()
    table = model.calibration()
    assert (table["n"].sum(), table["worked"].sum()) == (12, LABELS[:12].sum())


@pytest.mark.parametrize("routing", [False, True])
def test_through_a_pipeline(seen, routing):
    with config_context(enable_metadata_routing=routing):
        witness = Witness()
        if routing:
            witness.set_fit_request(groups=True, sample_weight=True)
        pipeline = make_pipeline("passthrough", witness)
        make(pipeline).fit(NUMBERS, LABELS, groups=GROUPS, sample_weight=WEIGHT)
    require_own(seen, 1 + 3)


def test_groups_split_the_folds_of_a_search(seen):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": [1.0]},
        cv=GroupKFold(4),
    )
    model = make(search).fit(NUMBERS, LABELS, groups=GROUPS, sample_weight=WEIGHT)
    assert model.estimator_.n_splits_ == 4
    alone = make_pipeline(StandardScaler(), LogisticRegression(C=1.0))
    alone.fit(NUMBERS, LABELS, logisticregression__sample_weight=WEIGHT)
    found = model.estimator_.best_estimator_.predict_proba(NUMBERS)
    assert found == pytest.approx(alone.predict_proba(NUMBERS))


def test_added_rows_bring_theirs(seen):
    model = make(Witness(), n_folds=0).fit(NUMBERS[:15], LABELS[:15], sample_weight=WEIGHT[:15])
    new = NUMBERS[15:].assign(outcome=LABELS[15:].astype(float))
    message = (
        "fit was given sample_weight, and the new rows have none. Pass sample_weight= to "
        "add_measurements, one for each row."
    )
    with check(ValueError, message):
        model.add_measurements(new)
    message = (
        "The new rows have groups, and fit was given none. Leave groups out, or call fit with all "
        "experiments and their groups."
    )
    with check(ValueError, message):
        model.add_measurements(new, groups=GROUPS[15:], sample_weight=WEIGHT[15:])
    assert len(model.measured_) == 15
    new.loc[[16, 18], "outcome"] = np.nan
    with pytest.warns(UserWarning, match="2 of 5 experiments have no outcome yet"):
        model.add_measurements(new, sample_weight=WEIGHT[15:])
    assert seen[-1][2].tolist() == WEIGHT[[*range(16), 17, 19]].tolist()


def test_a_fit_that_takes_none():
    message = (
        "The fit of KNeighborsClassifier does not take 'sample_weight'. Leave it out, or give an "
        "estimator that takes it."
    )
    for estimator in (KNeighborsClassifier(), make_pipeline(KNeighborsClassifier())):
        model = make(estimator)
        with check(TypeError, message):
            model.fit(NUMBERS, LABELS, sample_weight=WEIGHT)
        assert not hasattr(model, "measured_")
    message = "groups must hold one group for each row of X. Got 3 groups for 20 rows."
    with check(ValueError, message):
        make(Witness()).fit(NUMBERS, LABELS, groups=GROUPS[:3])
