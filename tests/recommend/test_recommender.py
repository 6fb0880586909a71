"""ExperimentRecommender: against hand-made cases, brute force, and any classifier."""

import io
import pickle
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import pairwise_distances

from sksiamese import DesignSpace, GraphFingerprintSiameseClassifier, InvalidSMILESError
from sksiamese.recommend.outcomes._acquisition import ACQUISITIONS, acquire
from sksiamese.space import Levels, Molecules, Range, When
from tests.recommend.cases import (
    LABELS,
    LIGANDS,
    NUMBERS,
    ROUNDED,
    SPACE,
    UNIT,
    Members,
    X,
    Y,
    forest,
    recommender,
    unit,
)

RESULTS = ["p(works)", "p_std", "in_domain", "new_pairs"]
RESULTS += ["nearest_experiment", "distance", "acquisition"]


def p_success(plate):
    """Probability of success, whatever the class is called."""
    (name,) = [name for name in plate if name.startswith("p(")]
    return plate[name]


@pytest.fixture(scope="module")
def fitted():
    """One recommender with a pipeline of SMILES and a forest."""
    return recommender().fit(X, Y)


def check(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


# -- Acquisition -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_recommended_values_are_those_of_the_members(name):
    model = unit(acquisition=name, beta=0.5, diversity=0)
    plate = model.recommend(5)
    members = Members().predict_members(plate[["a", "b"]])[:, :, 1]
    truth = acquire(name, members.mean(axis=0), members.std(axis=0), 0.5)
    assert plate["acquisition"].to_numpy() == pytest.approx(truth, abs=ROUNDED)
    assert p_success(plate).to_numpy() == pytest.approx(members.mean(axis=0), abs=ROUNDED)
    assert plate["p_std"].to_numpy() == pytest.approx(members.std(axis=0), abs=ROUNDED)
    assert plate["acquisition"].is_monotonic_decreasing


# -- Batch -----------------------------------------------------------------------------------------


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
    given = pd.concat([pool, outside, pool.head(3)])[list(X.columns)]
    given = pd.concat([given, X.head(3)])
    message = (
        "Of 66 candidates, 36 left out: 30 outside of the design space, 3 repeated, 3 measured."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        plate = fitted.recommend(30, candidates=given)
    assert set(plate.index) == set(pool.index)
    pd.testing.assert_frame_equal(
        plate[list(X.columns)].sort_index(), pool[list(X.columns)].sort_index()
    )


def test_excluded_molecules_are_known_in_any_spelling_where_a_condition_rules():
    ligands = When(lambda f: f["gas"] == "air", Molecules(["NCCS", "Sc1ccccc1", "CCS"]), "O")
    space = DesignSpace({"ligand": ligands, "gas": Levels(["air", "argon"]), "mM": Range(1, 20)})
    past = space.sample(20, random_state=0)
    model = recommender(
        LogisticRegressionOfNumbers(), space=space, acquisition="probability", n_bootstrap=0
    ).fit(past, np.tile([0, 1], 10))
    plate = model.recommend(40, exclude={"ligand": ["SCCN", "c1ccccc1S"]})
    assert set(plate["ligand"]) == {"CCS", "O"}


def test_excluded_molecules_may_be_named():
    named = dict(zip(["cysteamine", "ethanethiol", "butanethiol"], LIGANDS[:3], strict=True))
    space = DesignSpace(
        SPACE.columns | {"ligand": Molecules(named | {"thiophenol": "Sc1ccccc1", "O": "OCCS"})}
    )
    model = recommender(space=space).fit(X, Y)
    plate = model.recommend(20, exclude={"ligand": ["cysteamine", "c1ccccc1S", "butanethiol"]})
    assert set(plate["ligand"]) == {"CCS", "OCCS"}
    message = (
        "'exclude' bans 'cystamine' in column 'ligand', which is neither the name of one of its "
        "molecules ('cysteamine', 'ethanethiol', 'butanethiol', 'thiophenol', 'O') nor readable as "
        "SMILES ('y' at position 2 is not part of SMILES)."
    )
    with check(ValueError, message):
        model.recommend(3, exclude={"ligand": ["cystamine"]})
    plate = model.recommend(20, exclude={"ligand": ["O"]})  # the name goes before the SMILES
    assert "OCCS" not in set(plate["ligand"])


class LogisticRegressionOfNumbers(LogisticRegression):
    """Reads the numbers of a frame."""

    def fit(self, X, y):
        return super().fit(X[["mM"]], y)

    def predict_proba(self, X):
        return super().predict_proba(X[["mM"]])


# -- Any classifier --------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sksiamese.SmallClassWarning")
def test_siamese_classifier():
    siamese = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=3, random_state=0)
    past = X.drop(columns="stirrer")  # which it would read as SMILES
    model = recommender(siamese, space=None).fit(past, Y)
    plate = model.recommend(3)
    rows = plate[list(past.columns)]
    proba = model.estimator_.predict_proba(rows)[:, 1]
    assert p_success(plate).to_numpy() == pytest.approx(proba, abs=ROUNDED)
    std = model.estimator_.predict_std(rows)[:, 1]
    assert plate["p_std"].to_numpy() == pytest.approx(std, abs=ROUNDED)


@pytest.mark.parametrize("labels", [[0, 1], [-1.0, 1.0], ["no", "yes"], [False, True]])
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
    assert p_success(plate).to_numpy() == pytest.approx(proba, abs=ROUNDED)


@pytest.mark.parametrize(
    ("labels", "told", "proposed"),
    [
        (["failure", "large crystal"], "'failure', 'large crystal'", "'large crystal'"),
        ([0, 3, 4, 10], "0, 3, 4, 10", "10"),
        ([1.0, 2.0], "1.0, 2.0", "2.0"),
    ],
)
def test_success_is_never_guessed(labels, told, proposed):
    y = np.array(labels)[np.arange(20) % len(labels)]
    message = (
        f"Which label of y is success? It has: {told}. Say it with positive=, for example "
        f"positive={proposed}."
    )
    with check(ValueError, message):
        recommender(Members(), space=UNIT).fit(NUMBERS, y)
    assert recommender(Members(), space=UNIT, positive=labels[0]).fit(NUMBERS, y).positive_ == y[0]


def test_a_word_says_that_it_is_success():
    """The last of "Active" and "Inactive" is none."""
    words = np.array(["Inactive", "Active"])[LABELS]
    assert recommender(Members(), space=UNIT).fit(NUMBERS, words).positive_ == "Active"


def test_whole_numbers_of_many_levels_are_no_classes():
    y = np.arange(20) * 5
    message = (
        "y holds 20 different numbers, from 0 to 95, which are hardly classes. Say what counts as "
        "success, for example with y = y >= 50, or name the class of success with positive=; or "
        "look for the largest number with goal='maximize' and a regressor."
    )
    with check(ValueError, message):
        recommender(Members(), space=UNIT).fit(NUMBERS, y)
    assert recommender(Members(), space=UNIT).fit(NUMBERS, y >= 50).positive_


def test_spellings_of_a_label_are_one():
    y = np.array(["no", "Yes", "yes", "yes", "No "])[np.arange(20) % 5]
    message = "Spellings of one label in y were taken as one: 'Yes' as 'yes'; 'No ' as 'no'."
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        model = recommender(Members(), space=UNIT).fit(NUMBERS, y)
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.outcomes_.tolist() == ["no", "yes", "yes", "yes", "no"] * 4


def test_arrays_without_names():
    model = recommender(LogisticRegression(), space=None).fit(NUMBERS.to_numpy(), LABELS)
    plate = model.recommend(3)
    assert plate.columns.tolist() == ["x0", "x1", "p(success)", *RESULTS[1:]]
    assert model.n_features_in_ == 2
    assert not hasattr(model, "feature_names_in_")
    assert len(model.add_measurements(plate.assign(outcome=0)).measured_) == 23


# -- Errors ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"estimator": SPACE.columns["mM"]},
            TypeError,
            "The 'estimator' parameter of ExperimentRecommender must be a classifier with "
            "predict_proba. Got Range(low=1, high=20, log=False, integer=False, step=None) "
            "instead. A regressor needs a goal: goal='maximize' or goal='minimize'.",
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
            "positive='maybe' is not a label of y. Its labels are: 'fails', 'works'. Choose one of "
            "these.",
        ),
        (
            {"n_jobs": 0},
            ValueError,
            "The 'n_jobs' parameter of ExperimentRecommender must be None or an integer other than "
            "0. Got 0 instead.",
        ),
        (
            {"n_bootstrap": 1},
            ValueError,
            "The 'n_bootstrap' parameter of ExperimentRecommender must be 0 or an integer of at "
            "least 2. Got 1 instead.",
        ),
        (
            {"n_folds": 1},
            ValueError,
            "The 'n_folds' parameter of ExperimentRecommender must be 0 or an integer of at least "
            "2. Got 1 instead.",
        ),
        (
            {"n_bootstrap": 0},
            ValueError,
            "The acquisition 'ucb' needs a spread, and Pipeline has no predict_std. Choose "
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


_PLACES = np.flatnonzero(X["ligand"].head(3) == X["ligand"].iloc[1])
BROKEN = (
    f"Not readable as SMILES in 'ligand' ({len(_PLACES)} in all):\n"
    + "\n".join(f"  row 'run {i}': 'C(C' ('(' at position 2 is not closed)" for i in _PLACES)
    + "\nCorrect these texts."
)


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
            ValueError,
            "'exclude' bans 'C(C' in column 'ligand', which is neither the name of one of its "
            "molecules nor readable as SMILES ('(' at position 2 is not closed).",
        ),
        (
            {"exclude": {"ligand": ["OCC"]}},
            ValueError,
            "'exclude' bans 'CCO' in column 'ligand', where it cannot occur, so that nothing would "
            "be excluded. The column holds: NCCS, CCS, CCCCS, OCCS, Sc1ccccc1, CC(C)S.",
        ),
        (
            {"exclude": {"stirrer": ["bar", "anchor"]}},
            ValueError,
            "'exclude' bans 'anchor' in column 'stirrer', where it cannot occur, so that nothing "
            "would be excluded. The column holds: bar, cross.",
        ),
        (
            {"exclude": {"mM": [25]}},
            ValueError,
            "'exclude' bans 25 in column 'mM', where it cannot occur, so that nothing would be "
            "excluded. The column holds: 1 to 20.",
        ),
        (
            {"same": "mM"},
            TypeError,
            "'same' must be a list of columns. Got 'mM': write ['mM'].",
        ),
        (
            {"same": ["dose", "mm"]},
            ValueError,
            "'same' names the column(s) 'dose', 'mm', which cannot be chosen. Columns that are "
            "drawn: 'ligand', 'mM', 'runs', 'stirrer'.",
        ),
        (
            {"candidates": X.head(3).replace({"ligand": {X["ligand"].iloc[1]: "C(C"}})},
            InvalidSMILESError,
            BROKEN,
        ),
        (
            {"exclude": {"stirrer": ["bar", "cross"]}},
            ValueError,
            "Only 0 distinct experiment(s) are left for a batch of 3. Of the candidates, 400 left "
            "out: 400 excluded. Lower batch_size, exclude less, or give more n_candidates, a wider "
            "space or the other mode.",
        ),
        (
            {
                "candidates": pd.concat(
                    [SPACE.sample(2, random_state=1)[list(X.columns)], X.head(4)]
                )
            },
            ValueError,
            "Only 2 distinct experiment(s) are left for a batch of 3. Of the candidates, 4 left "
            "out: 4 measured. Lower batch_size, exclude less, or give more n_candidates, a wider "
            "space or the other mode.",
        ),
    ],
)
def test_bad_requests(fitted, arguments, error, message):
    with check(error, message):
        fitted.recommend(**{"batch_size": 3, **arguments})


# -- What success is called ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_plate_names_success_and_comes_back_from_a_file(kind, tmp_path):
    y = pd.Series(np.where(Y == "works", "large crystal, clear", "none"), X.index, name="score")
    model = recommender(positive="large crystal, clear").fit(X, y)
    plate = model.recommend(2).assign(score=["none", "large crystal, clear"])
    name = "p(large crystal, clear)"
    assert plate.columns[X.shape[1]] == name
    path = tmp_path / f"plate.{kind}"
    plate.to_csv(path, index=False) if kind == "csv" else plate.to_excel(path, index=False)
    done = pd.read_csv(path, keep_default_na=False) if kind == "csv" else pd.read_excel(path)
    assert done[name].to_numpy() == pytest.approx(plate[name].to_numpy())
    assert len(model.add_measurements(done).measured_) == len(X) + 2
    assert model.outcomes_.tolist()[-2:] == ["none", "large crystal, clear"]


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.DoubtfulColumnWarning")
def test_a_rule_names_success():
    y = pd.Series((Y == "works").astype(int), X.index, name="yield >= 50")
    model = recommender().fit(X, y)
    assert model.recommend(1).columns[X.shape[1]] == "p(yield >= 50)"
    message = (
        "X has the column(s) 'p(yield >= 50)', which a recommendation or the outcomes would "
        "overwrite. Rename them."
    )
    with check(ValueError, message):
        recommender(space=None).fit(X.assign(**{"p(yield >= 50)": np.arange(40) % 7}), y)
