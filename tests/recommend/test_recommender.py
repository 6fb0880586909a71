"""ExperimentRecommender: against hand-made cases, brute force, and any classifier."""

import io
import math
import pickle
import re
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import pairwise_distances
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from sksiamese import (
    DesignSpace,
    ExperimentRecommender,
    GraphFingerprintSiameseClassifier,
    InvalidSMILESError,
    SMILESFeaturizer,
)
from sksiamese.recommend import _candidates
from sksiamese.recommend._acquisition import ACQUISITIONS, acquire, choose_ahead, choose_batch
from sksiamese.recommend._recipes import RecipeGeometry
from sksiamese.space import Computed, Constant, Levels, Molecules, Range, When

RNG = np.random.RandomState(0)
LIGANDS = ["NCCS", "CCS", "CCCCS", "OCCS", "Sc1ccccc1"]
SPACE = DesignSpace(
    {
        "ligand": Molecules([*LIGANDS, "CC(C)S"]),
        "mM": Range(1, 20),
        "runs": Range(1, 8, integer=True),
        "stirrer": Levels(["bar", "cross"]),
        "dose": Computed(lambda frame: frame["mM"] * frame["runs"]),
    },
    {"dose below 100": lambda frame: frame["dose"] < 100},
)
X = SPACE.sample(40, random_state=0)[["ligand", "mM", "runs", "stirrer"]]
X.index = [f"run {i}" for i in range(40)]
Y = np.where((X["ligand"] != "Sc1ccccc1") & (X["mM"] < 12), "works", "fails")
RESULTS = ["p_success", "p_std", "in_domain", "nearest_experiment", "distance", "acquisition"]


def forest(n_trees=10):
    """A pipeline that reads SMILES by itself."""
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), ["ligand"]), ("passthrough", ["mM", "runs"])
    )
    return make_pipeline(columns, RandomForestClassifier(n_trees, random_state=0))


def recommender(estimator=None, **changes):
    defaults = {"space": SPACE, "acquisition": "ucb", "diversity": 1.0, "n_candidates": 400}
    defaults |= {"n_bootstrap": 3, "random_state": 0}
    return ExperimentRecommender(forest() if estimator is None else estimator, **defaults | changes)


class Members(ClassifierMixin, BaseEstimator):
    """Three opinions on the first column, which are known exactly."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_members(self, X):
        x = np.asarray(X)[:, 0].astype(float)
        success = np.array([x, x**2, np.sqrt(x)])
        return np.stack([1 - success, success], axis=2)

    def predict_proba(self, X):
        return self.predict_members(X).mean(axis=0)


UNIT = DesignSpace({"a": Range(0, 1), "b": Range(0, 1)})
NUMBERS = pd.DataFrame(RNG.uniform(0, 0.8, (20, 2)), columns=["a", "b"])
LABELS = np.tile([0, 1], 10)


def unit(estimator=None, **changes):
    """Recommender on two numbers from 0 to 1."""
    estimator = Members() if estimator is None else estimator
    return recommender(estimator, **{"space": UNIT, **changes}).fit(NUMBERS, LABELS)


@pytest.fixture(scope="module")
def fitted():
    """One recommender with a pipeline of SMILES and a forest."""
    return recommender().fit(X, Y)


def check(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# -- Acquisition -----------------------------------------------------------------------------------


def test_acquisition_by_hand():
    members = np.array([[0.2, 0.5, 0.0], [0.8, 0.5, 1.0]])
    p = members.mean(axis=0)
    assert acquire("probability", p, None) is p
    assert acquire("entropy", np.array([0.5, 0.0, 1.0]), None) == pytest.approx([1, 0, 0])
    assert acquire("ucb", p, members, beta=2) == pytest.approx([0.5 + 2 * 0.3, 0.5, 0.5 + 2 * 0.5])


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_recommended_values_are_those_of_the_members(name):
    model = unit(acquisition=name, beta=0.5, diversity=0)
    plate = model.recommend(5)
    members = Members().predict_members(plate[["a", "b"]])[:, :, 1]
    truth = acquire(name, members.mean(axis=0), members, 0.5)
    assert plate["acquisition"].to_numpy() == pytest.approx(truth)
    assert plate["p_success"].to_numpy() == pytest.approx(members.mean(axis=0))
    assert plate["p_std"].to_numpy() == pytest.approx(members.std(axis=0))
    assert plate["acquisition"].is_monotonic_decreasing


# -- Batch -----------------------------------------------------------------------------------------


def test_choice_by_hand():
    """Of a pair of neighbours only the better one is taken, however good the other is."""
    places, values = np.array([0.0, 0.01, 5.0, 9.0]), np.array([1.0, 0.99, 0.5, 0.4])

    def choose(length, pending=()):
        away = np.abs(places[:, None] - np.array(pending)[None, :])
        return choose_batch(values, 3, lambda i: np.abs(places - places[i]), length, away)

    assert choose(1.0) == [0, 2, 3]
    assert choose(0.0) == [0, 1, 2]
    assert choose(1.0, pending=[5.0]) == [0, 3, 1]


def test_choice_never_repeats_when_nothing_is_worth_anything():
    zeros = np.zeros(4)
    chosen = choose_batch(zeros, 4, lambda _: np.zeros(4), 1.0, np.zeros((4, 1)))
    assert sorted(chosen) == [0, 1, 2, 3]


def test_diversity_spreads_the_batch():
    spread = [
        pairwise_distances(unit(diversity=d).recommend(8)[["a", "b"]])[np.triu_indices(8, 1)].min()
        for d in (0, 2)
    ]
    assert spread[1] > 3 * spread[0]


def test_pending_experiments_keep_others_away():
    model = unit(diversity=2)
    first = model.recommend(1)
    second = model.recommend(1, pending=first)
    away = np.linalg.norm(first[["a", "b"]].to_numpy() - second[["a", "b"]].to_numpy())
    # Without penalisation the second best of 400 candidates by `a` alone could lie anywhere in b.
    assert away > np.median(model._spacing)


def ahead_by_hand(p, batch_size, n_later, n_judged, places, reach):
    """The rule of choose_ahead in plain loops."""
    p, chosen = dict(enumerate(p)), []
    for k in range(batch_size):
        n, values = n_later + batch_size - k - 1, {}
        for x in range(n_judged):
            others = [z for z in p if z not in (x, *chosen)]
            w = {z: 0.75 * math.exp(-(((places[x] - places[z]) / reach) ** 2)) for z in others}
            up = sorted(p[z] + (1 - p[z]) * w[z] for z in others)[-n:]
            down = sorted(p[z] * (1 - w[z]) for z in others)[-n:]
            values[x] = p[x] * (1 + sum(up)) + (1 - p[x]) * sum(down)
        left = [x for x in range(n_judged) if x not in chosen]
        chosen.append(max(left, key=lambda x: round(values[x], 9)))  # of a tie, the first
    return chosen


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 30), st.floats(0.05, 2))
def test_looking_ahead_by_brute_force(seed, batch_size, n_later, reach):
    rng = np.random.RandomState(seed)
    n, n_judged = rng.randint(6, 15), 6
    places, p = rng.uniform(0, 1, n), np.sort(rng.uniform(0, 1, n))[::-1]
    distance = np.abs(places[:n_judged, None] - places[None, :])
    none = np.empty((n, 0))
    found = choose_ahead(p, batch_size, n_later, distance, reach, 0.0, none)
    assert found == ahead_by_hand(p, batch_size, n_later, n_judged, places, reach)


def test_looking_ahead_prefers_what_opens_more():
    """One lone candidate, and three neighbours that are a little less probable."""
    places, p = np.array([0.0, 5.0, 5.1, 5.2]), np.array([0.5, 0.48, 0.47, 0.46])
    distance, none = np.abs(places[:, None] - places[None, :]), np.empty((4, 0))

    def choose(n_later, pending=none):
        return choose_ahead(p, 1, n_later, distance, 1.0, 0.5, pending)

    assert p.argmax() == 0
    assert choose(1) == [1]
    assert choose(1, pending=distance[:, [1]]) == [0]


def test_plates_that_look_ahead():
    model = unit(acquisition="probability", diversity=0)
    greedy, ahead = model.recommend(6), model.recommend(6, n_later=20)
    assert set(ahead["a"]) != set(greedy["a"])
    assert len(ahead.drop_duplicates(["a", "b"])) == 6
    with check(
        ValueError,
        "n_later needs the acquisition 'probability'. Got 20 with 'ucb': leave n_later out, or set "
        "acquisition='probability'.",
    ):
        unit().recommend(6, n_later=20)


# -- Distances -------------------------------------------------------------------------------------


def test_distances_by_hand():
    space = DesignSpace(
        {
            "solvent": Molecules(["O", "CCO", None]),
            "mM": Range(1, 100, log=True),
            "pH": When(lambda f: f["solvent"] == "O", Range(7, 14), np.nan),
            "stirrer": Levels(["bar", "cross"]),
            "time": Levels([10, 30]),
            "fixed": Constant(5.0),
        }
    )
    rows = pd.DataFrame(
        {
            "solvent": ["O", "O", "OCC", None],
            "mM": [1.0, 10.0, 1.0, 1.0],
            "pH": [7.0, 14.0, np.nan, np.nan],
            "stirrer": ["bar", "cross", "bar", "bar"],
            "time": [10, 30, 10, 10],
            "fixed": [5.0, 5.0, 5.0, 10.0],
        }
    )
    found = RecipeGeometry(space).distances(rows, rows) ** 2
    assert found[0, 1] == pytest.approx(0.5**2 + 1 + 1 + 1)
    assert found[0, 2] == pytest.approx(1 + 0.5**2 + 1)  # water has no atom environment of ethanol
    assert found[2, 3] == pytest.approx(1 + 1)
    assert np.diag(found) == pytest.approx(0)
    assert found == pytest.approx(found.T)


def test_domain_and_nearest_by_brute_force():
    model = unit(n_candidates=200)
    plate = model.recommend(60)
    away = pairwise_distances(plate[["a", "b"]], NUMBERS)
    own = pairwise_distances(NUMBERS)
    np.fill_diagonal(own, np.inf)
    assert plate["nearest_experiment"].tolist() == away.argmin(axis=1).tolist()
    assert plate["distance"].to_numpy() == pytest.approx(away.min(axis=1))
    inside = away.min(axis=1) <= np.quantile(own.min(axis=1), 0.95)
    assert plate["in_domain"].tolist() == np.where(inside, 1, -1).tolist()
    assert set(plate["in_domain"]) == {1, -1}


# -- Recommendations -------------------------------------------------------------------------------


@settings(max_examples=8)
@given(
    st.integers(0, 1000),
    st.integers(1, 12),
    st.sampled_from(["explore", "optimize"]),
    st.sampled_from([("probability", 0.0), ("probability", 1.0), ("ucb", 0.0)]),
    st.sets(st.sampled_from(LIGANDS[1:]), max_size=2),
)
def test_recommendations_are_new_and_possible(seed, size, mode, wanted, out_of_stock):
    """Without diversity, nothing but the rule itself keeps pending experiments out."""
    acquisition, diversity = wanted
    model = recommender(
        forest(3), acquisition=acquisition, diversity=diversity, n_bootstrap=2, random_state=seed
    ).fit(X, Y)
    first = model.recommend(size, mode, exclude={"ligand": out_of_stock})
    # Molecules spelled otherwise, and a trip through a file, leave an experiment the same.
    text = first.replace({"ligand": {"NCCS": "SCCN"}}).to_csv(index=False)
    pending = pd.read_csv(io.StringIO(text))
    second = model.recommend(size, mode, exclude={"ligand": out_of_stock}, pending=pending)
    third = model.recommend(size, mode, exclude=pending)
    for plate in (first, second, third):
        assert len(plate) == size
        assert SPACE.contains(plate).all()
        rows = [tuple(row) for row in plate[list(X.columns)].itertuples(index=False)]
        assert len(set(rows)) == size
        assert not set(rows) & {tuple(row) for row in X.itertuples(index=False)}
    for plate in (first, second):
        assert not plate["ligand"].isin(out_of_stock).any()
    taken = {tuple(row) for row in first[list(X.columns)].itertuples(index=False)}
    for plate in (second, third):
        assert not taken & {tuple(row) for row in plate[list(X.columns)].itertuples(index=False)}


def test_columns_and_csv(fitted):
    plate = fitted.recommend(4)
    assert plate.columns.tolist() == [*X.columns, *RESULTS]
    assert plate.index.tolist() == [0, 1, 2, 3]
    assert plate["nearest_experiment"].isin(X.index).all()
    back = pd.read_csv(io.StringIO(plate.to_csv(index=False)))
    assert back.columns.tolist() == plate.columns.tolist()
    for name in plate:
        is_float = plate[name].dtype.kind == "f"
        truth = plate[name].tolist()
        assert back[name].tolist() == (pytest.approx(truth, rel=1e-12) if is_float else truth)


def test_same_seed_same_plate(fitted):
    pd.testing.assert_frame_equal(fitted.recommend(5), fitted.recommend(5))
    other = clone(fitted).fit(X, Y).recommend(5)
    pd.testing.assert_frame_equal(fitted.recommend(5), other)
    copy = pickle.loads(pickle.dumps(recommender(space=None).fit(X, Y)))
    assert len(copy.recommend(2)) == 2


def test_explore_tries_molecules_never_tried(fitted):
    past = X[X["ligand"] != "NCCS"]
    model = recommender(acquisition="entropy", diversity=3).fit(past, Y[X["ligand"] != "NCCS"])
    assert "NCCS" in set(model.recommend(24)["ligand"])


def test_optimize_stays_around_successes(fitted):
    model = recommender(tolerance={"mM": 0.5}).fit(X, Y)
    plate = model.recommend(20, "optimize")
    past = X[Y == "works"]
    for row in plate.itertuples():
        same = past[
            (past["ligand"] == row.ligand)
            & (past["runs"] == row.runs)
            & (past["stirrer"] == row.stirrer)
        ]
        assert ((same["mM"] - row.mM).abs() <= 0.5).any()


def test_optimize_starts_from_failures_where_nothing_worked():
    model = unit(positive=1)
    model.outcomes_ = model.outcomes_.map(lambda _: 0)
    assert len(model.recommend(3, "optimize")) == 3


def test_choose_among_candidates(fitted):
    pool = SPACE.sample(30, random_state=5).set_axis([f"bottle {i}" for i in range(30)])
    outside = pool.assign(mM=99.0).set_axis([f"outside {i}" for i in range(30)])
    plate = fitted.recommend(30, candidates=pd.concat([pool, outside, X.head(3), pool.head(3)]))
    assert set(plate.index) == set(pool.index)
    pd.testing.assert_frame_equal(
        plate[list(X.columns)].sort_index(), pool[list(X.columns)].sort_index()
    )


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_threads_change_nothing(n_jobs):
    model = unit(n_candidates=150_000)  # three chunks
    plate = model.recommend(5)
    pd.testing.assert_frame_equal(plate, model.set_params(n_jobs=n_jobs).recommend(5))


def test_chunks_that_repeat_each_other():
    """Of few possible recipes, each is kept once, and none of the best is lost."""
    space = DesignSpace({"a": Levels([0.1, 0.2, 0.5, 0.9]), "b": Levels([0.0, 0.5])})
    past = pd.DataFrame({"a": [0.1, 0.9], "b": [0.0, 0.0]})
    model = recommender(Members(), space=space, n_candidates=200_000, diversity=0)
    plate = model.fit(past, [0, 1]).recommend(6)
    assert len(plate.drop_duplicates(["a", "b"])) == 6
    assert plate["a"].tolist()[:1] == [0.9]


class Careless(Members):
    """Does to warning filters what threads of scikit-learn's forests do to each other's."""

    def predict_members(self, X):
        if len(X) > 1000:  # candidates, not the plate
            warnings.warn("a black box speaks", stacklevel=1)
            warnings.warn(f"{_candidates._NO_FILTERS} to make it possible", stacklevel=1)
            warnings.resetwarnings()
        return super().predict_members(X)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_warning_filters_are_left_as_they_were(n_jobs):
    model = unit(Careless(), n_candidates=100_000, n_jobs=n_jobs)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        model.recommend(2)
        assert warnings.filters == before
    assert {str(warning.message) for warning in shown} == {"a black box speaks"}


@pytest.mark.parametrize(("n_jobs", "growth"), [(None, 1.4), (2, 2.5)])
def test_memory_does_not_grow_with_candidates(n_jobs, growth):
    peaks = []
    for n in (200_000, 1_000_000):  # a few blocks, and many
        model = unit(n_candidates=n, n_jobs=n_jobs)
        tracemalloc.start()
        model.recommend(4)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Threads hold some parts more or less, by chance; what grew with candidates would grow by 5.
    assert peaks[1] < growth * peaks[0]


def test_excluded_molecules_are_known_in_any_spelling_where_a_condition_rules():
    ligands = When(lambda f: f["gas"] == "air", Molecules(["NCCS", "Sc1ccccc1", "CCS"]), "O")
    space = DesignSpace({"ligand": ligands, "gas": Levels(["air", "argon"]), "mM": Range(1, 20)})
    past = space.sample(20, random_state=0)
    model = recommender(
        LogisticRegressionOfNumbers(), space=space, acquisition="probability", n_bootstrap=0
    ).fit(past, np.tile([0, 1], 10))
    plate = model.recommend(40, exclude={"ligand": ["SCCN", "c1ccccc1S"]})
    assert set(plate["ligand"]) == {"CCS", "O"}


class LogisticRegressionOfNumbers(LogisticRegression):
    """Reads the numbers of a frame."""

    def fit(self, X, y):
        return super().fit(X[["mM"]], y)

    def predict_proba(self, X):
        return super().predict_proba(X[["mM"]])


def test_successes_get_other_molecules_first():
    """With room for a few candidates, no failure is varied while a success waits."""
    model = recommender(n_candidates=2 * 6 * 4).fit(X, Y)
    swapped = next(model._make_candidates("explore", None, np.random.RandomState(0)))
    past = X[["mM", "runs", "stirrer"]].assign(outcome=Y)
    found = swapped.merge(past, on=["mM", "runs", "stirrer"])
    assert len(found) == len(swapped)
    assert set(found["outcome"]) == {"works"}


# -- Any classifier --------------------------------------------------------------------------------


def test_spread_of_bootstrap_clones():
    model = unit(DecisionTreeClassifier(random_state=0), n_bootstrap=4)
    plate = model.recommend(6)
    members = [m.predict_proba(plate[["a", "b"]])[:, 1] for m in model._model._bootstrap]
    assert len(members) == 4
    assert plate["p_std"].to_numpy() == pytest.approx(np.std(members, axis=0))
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
    assert plate["p_std"].to_numpy() == pytest.approx(members.std(axis=0))


@pytest.mark.parametrize("freeze", [False, True])
def test_members_of_what_a_search_found(freeze):
    search = GridSearchCV(Members(), {}, scoring=lambda *_: 0.0, cv=2)
    search = FrozenEstimator(search.fit(NUMBERS, LABELS)) if freeze else search
    plate = unit(search).recommend(3)
    members = Members().predict_members(plate[["a", "b"]])[:, :, 1]
    assert plate["p_std"].to_numpy() == pytest.approx(members.std(axis=0))


def test_a_search_is_done_once():
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [2]}, cv=2)
    members = unit(search, n_bootstrap=3)._model._bootstrap
    assert [type(member) for member in members] == [DecisionTreeClassifier] * 3
    assert {member.max_depth for member in members} == {2}


@pytest.mark.filterwarnings("ignore::sksiamese.SmallClassWarning")
def test_siamese_classifier():
    siamese = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=3, random_state=0)
    past = X.drop(columns="stirrer")  # which it would read as SMILES
    model = recommender(siamese, space=None).fit(past, Y)
    plate = model.recommend(3)
    rows = plate[list(past.columns)]
    assert plate["p_success"].to_numpy() == pytest.approx(
        model.estimator_.predict_proba(rows)[:, 1]
    )
    spread = model.estimator_.predict_members(rows)[:, :, 1].std(axis=0)
    assert plate["p_std"].to_numpy() == pytest.approx(spread, abs=1e-6)


@pytest.mark.parametrize("labels", [[0, 1], ["no", "yes"], [False, True], [1.0, 2.0]])
@pytest.mark.parametrize("positive", [None, 0])
def test_any_label_and_positive_class(labels, positive):
    y = np.array(labels)[LABELS]
    chosen = labels[-1] if positive is None else labels[0]
    given_label = None if positive is None else labels[0]
    model = unit(Members(), positive=None)
    model = recommender(Members(), space=UNIT, positive=given_label).fit(NUMBERS, y)
    assert model.positive_ == chosen
    plate = model.recommend(2)
    proba = model.estimator_.predict_proba(plate[["a", "b"]])[:, labels.index(chosen)]
    assert plate["p_success"].to_numpy() == pytest.approx(proba)


def test_a_text_that_means_success_is_never_guessed():
    """The last of "Active" and "Inactive" is no success."""
    y = np.array(["failure", "large crystal"])[LABELS]
    message = (
        "Which class is success? y holds 'failure', 'large crystal'. Pass it as 'positive' to "
        "ExperimentRecommender, for example positive='large crystal'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        recommender(Members(), space=UNIT).fit(NUMBERS, y)
    words = np.array(["Inactive", "Active"])[LABELS]
    assert recommender(Members(), space=UNIT).fit(NUMBERS, words).positive_ == "Active"


def test_arrays_without_names():
    model = recommender(LogisticRegression(), space=None).fit(NUMBERS.to_numpy(), LABELS)
    plate = model.recommend(3)
    assert plate.columns.tolist() == ["x0", "x1", *RESULTS]
    assert model.n_features_in_ == 2
    assert not hasattr(model, "feature_names_in_")
    assert len(model.add_measurements(plate.assign(outcome=0)).measured_) == 23


# -- Closing the loop ------------------------------------------------------------------------------


def test_measurements_are_as_good_as_a_fit():
    y = pd.Series(Y, X.index, name="result")
    model = recommender().fit(X[:30], y[:30])
    model.add_measurements(X[30:].assign(result=y[30:], note="ok"))
    whole = recommender().fit(X, y)
    pd.testing.assert_frame_equal(model.measured_, whole.measured_)
    pd.testing.assert_series_equal(model.outcomes_, whole.outcomes_)
    pd.testing.assert_frame_equal(model.recommend(4), whole.recommend(4))


def test_labels_of_added_rows_go_on():
    model = unit()
    plate = model.recommend(3)
    model.add_measurements(plate.assign(outcome=1))
    assert model.measured_.index.tolist() == list(range(23))
    again = model.recommend(3)
    assert not again["a"].isin(plate["a"]).any()


def test_outcomes_keep_their_type():
    """A column of a CSV that is half filled in holds 1.0 and 0.0."""
    model = unit()
    plate = model.recommend(2).assign(outcome=[1.0, 0.0])
    model.add_measurements(plate)
    assert model.outcomes_.dtype == LABELS.dtype
    assert model.outcomes_.tolist()[20:] == [1, 0]
    assert model.classes_.tolist() == [0, 1]


@pytest.mark.parametrize("label", [float, lambda i: i + 0.5])
def test_labels_go_on_beside_fractions(label):
    past = NUMBERS.set_axis([label(i) for i in range(20)])
    model = recommender(Members(), space=UNIT).fit(past, LABELS)
    for _ in range(2):
        model.add_measurements(model.recommend(2).assign(outcome=1))
    assert model.measured_.index.is_unique
    assert len(model.measured_) == 24


def test_labels_go_on_beside_text():
    past = NUMBERS.set_axis([f"E{i}" for i in range(20)])
    model = recommender(Members(), space=UNIT).fit(past, LABELS)
    for plate in range(3):
        model.add_measurements(model.recommend(2).assign(outcome=1))
        assert model.measured_.index.tolist()[20:] == list(range(2 * plate + 2))


# -- Errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"estimator": SPACE.columns["mM"]},
            TypeError,
            "The 'estimator' parameter of ExperimentRecommender must be a classifier with "
            "predict_proba. Got Range(low=1, high=20, log=False, integer=False) instead.",
        ),
        (
            {"space": 3},
            TypeError,
            "The 'space' parameter of ExperimentRecommender must be None or a DesignSpace. Got 3 "
            "instead.",
        ),
        (
            {"acquisition": "luck"},
            ValueError,
            "The 'acquisition' parameter of ExperimentRecommender must be one of 'probability', "
            "'ucb', 'entropy'. Got 'luck' instead.",
        ),
        (
            {"diversity": -1},
            ValueError,
            "The 'diversity' parameter of ExperimentRecommender must be a number in [0, inf). Got "
            "-1 instead.",
        ),
        (
            {"positive": "maybe"},
            ValueError,
            "The 'positive' parameter of ExperimentRecommender must be one of the classes 'fails', "
            "'works'. Got 'maybe' instead.",
        ),
        (
            {"n_jobs": 0},
            ValueError,
            "The 'n_jobs' parameter of ExperimentRecommender must be None or an integer other than "
            "0. Got 0 instead.",
        ),
        (
            {"n_bootstrap": 0},
            ValueError,
            "The acquisition 'ucb' needs a spread, and Pipeline has no predict_members. Choose "
            "'probability' or 'entropy', or give a classifier that is not frozen and n_bootstrap "
            "of at least 2.",
        ),
    ],
)
def test_bad_parameters(changes, error, message):
    model = recommender().set_params(**changes)
    with check(error, message):
        model.fit(X, Y)
    assert not hasattr(model, "measured_")


def test_bad_tables(fitted):
    with check(ValueError, "y must hold one label for each row of X. Got 3 labels for 40 rows."):
        recommender().fit(X, Y[:3])
    message = (
        "y holds one class only, 'works', in 40 rows. A classifier needs rows of at least two "
        "classes."
    )
    with check(ValueError, message):
        recommender().fit(X, ["works"] * 40)
    message = (
        "X has the column(s) 'distance', which a recommendation or the outcomes would overwrite. "
        "Rename them."
    )
    with check(ValueError, message):
        recommender(space=None).fit(X.assign(distance=1.0), Y)
    with pytest.raises(NotFittedError):
        recommender().recommend(3)
    with pytest.raises(NotFittedError):
        recommender().add_measurements(X)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"batch_size": 0},
            ValueError,
            "The 'batch_size' parameter of recommend must be an integer of at least 1. Got 0 "
            "instead.",
        ),
        (
            {"mode": "guess"},
            ValueError,
            "The 'mode' parameter of recommend must be one of 'explore', 'optimize'. Got 'guess' "
            "instead.",
        ),
        (
            {"exclude": {"base": ["NCCS"]}},
            ValueError,
            "'exclude' names the column 'base', which the design space lacks. It has: 'ligand', "
            "'mM', 'runs', 'stirrer', 'dose'.",
        ),
        (
            {"exclude": {"ligand": "NCCS"}},
            TypeError,
            "'exclude' must give a list of values for column 'ligand'. Got 'NCCS': write ['NCCS'].",
        ),
        (
            {"exclude": ["NCCS"]},
            TypeError,
            "'exclude' must be None, a dict of column to values, or a DataFrame. Got ['NCCS'].",
        ),
        (
            {"pending": 3},
            TypeError,
            "'pending' must be None, a DataFrame of experiments. Got 3.",
        ),
        (
            {"candidates": X.head(0)},
            ValueError,
            "'candidates' has no rows. Leave it out, and candidates are made from the space.",
        ),
        (
            {"exclude": {"ligand": ["C(C"]}},
            InvalidSMILESError,
            "Not readable as SMILES in 'ligand' (1 in all):\n  row 0: 'C(C'\nCorrect these texts.",
        ),
        (
            {"exclude": {"stirrer": ["bar", "cross"]}},
            ValueError,
            "Only 0 distinct experiment(s) are left for a batch of 3: all other candidates are "
            "measured, pending, excluded or outside of the design space. Lower batch_size, exclude "
            "less, or give more n_candidates, a wider space or the other mode.",
        ),
        (
            {"candidates": SPACE.sample(2, random_state=1)},
            ValueError,
            "Only 2 distinct experiment(s) are left for a batch of 3: all other candidates are "
            "measured, pending, excluded or outside of the design space. Lower batch_size, exclude "
            "less, or give more n_candidates, a wider space or the other mode.",
        ),
    ],
)
def test_bad_requests(fitted, arguments, error, message):
    with check(error, message):
        fitted.recommend(**{"batch_size": 3, **arguments})


def test_optimize_needs_an_experiment_within_the_space():
    far = DesignSpace({"a": Range(5, 6), "b": Range(5, 6)})
    model = recommender(Members(), space=far).fit(NUMBERS, LABELS)
    message = (
        "No past experiment lies within the design space, so that there is nothing to start from. "
        "Use mode='explore', or widen the space."
    )
    with check(ValueError, message):
        model.recommend(2, "optimize")


def test_bad_measurements_change_nothing():
    model = recommender().fit(X, Y)
    rows = X.head(2).set_axis(["new 1", "new 2"])
    message = (
        "The table of measurements lacks the column(s) 'outcome'. It has: 'ligand', 'mM', 'runs', "
        "'stirrer'. Add or rename them."
    )
    with check(ValueError, message):
        model.add_measurements(rows)
    message = (
        "Column 'outcome' must hold one of 'fails', 'works' in each row. Got 2 other(s), row "
        "'new 1': 'wroks', row 'new 2': nan. Leave rows out that are not measured yet, or call "
        "fit with all experiments for a new class."
    )
    with check(ValueError, message):
        model.add_measurements(rows.assign(outcome=["wroks", np.nan]))
    message = (
        "The index of the measurements repeats 'run 0', 'run 1' of the past experiments. Give the "
        "rows labels of their own."
    )
    with check(ValueError, message):
        model.add_measurements(X.head(2).assign(outcome="works"))
    with check(TypeError, "add_measurements takes a DataFrame. Got 3."):
        model.add_measurements(3)
    broken = rows.assign(outcome="works", ligand=["C(C", "NCCS"])
    with pytest.raises(InvalidSMILESError):
        model.add_measurements(broken)
    assert len(model.measured_) == 40
    assert len(model.recommend(2)) == 2
