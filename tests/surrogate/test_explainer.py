"""SurrogateTreeExplainer: against black boxes whose truth is known, and its own words."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skopt import BayesSearchCV
from skopt.space import Integer

from sksiamese import (
    DesignSpace,
    GraphFingerprintSiameseClassifier,
    InvalidSMILESError,
    LowFidelityWarning,
    SMILESFeaturizer,
)
from sksiamese.space import Constant, Range
from tests.surrogate.cases import Rule, X, Y, explainer, forest, numbers


@pytest.fixture(scope="module")
def fitted():
    """One explainer of the forest."""
    return explainer().fit(X, Y)


# -- Nodes and rules -------------------------------------------------------------------------------


def test_rules_frame(fitted):
    rules = fitted.rules()
    assert rules.columns.tolist() == [
        "rule",
        "prediction",
        "probability",
        "n_samples",
        "agreement",
        "n_measured",
        "n_leaves",
    ]
    assert rules["n_samples"].sum() == 1500
    assert rules["n_measured"].sum() == len(X)
    assert rules["n_leaves"].sum() == fitted.nodes_["is_leaf"].sum()
    assert rules["agreement"].between(0.5, 1).all()
    assert rules.attrs == {
        "fidelity": fitted.fidelity_,
        "fidelity_shown": fitted.fidelity_,
        "stability": fitted.stability_,
    }


def test_export_text():
    box = FrozenEstimator(Rule(lambda X: X[:, 0] > 0.5).fit(None, ["fails", "works"]))
    model = explainer(box).fit(numbers())
    lines = model.export_text().splitlines()
    n_low = int(model.nodes_.loc[1, "n_samples"])
    measured = (numbers()[:, 0] > 0.5).sum()
    assert lines == [
        "Fidelity to Rule on 1,000 fresh samples: accuracy 1.00, F1 1.00, MCC 1.00.",
        "Stability, against 2 other draws of 1,500 samples: accuracy 1.00, F1 1.00, MCC 1.00.",
        "",
        "|--- x0 ≤ 0.5",
        f"|   |--- fails (probability 1.00; {n_low} right, 0 wrong; {60 - measured} measured)",
        "|--- x0 > 0.5",
        f"|   |--- works (probability 1.00; {1500 - n_low} right, 0 wrong; {measured} measured)",
    ]


@pytest.mark.parametrize("kind", ["series", "frame", "dict", "list"])
def test_explain_one_experiment(kind):
    box = FrozenEstimator(Rule(lambda X: X["a"] > 0.5).fit(None, ["fails", "works"]))
    frame = pd.DataFrame(numbers(), columns=["a", "b", "c"])
    model = explainer(box).fit(frame)
    row = frame[frame["a"] > 0.6].iloc[[0]]
    x = {
        "series": row.iloc[0],
        "frame": row,
        "dict": row.iloc[0].to_dict(),
        "list": row.iloc[0].tolist(),
    }[kind]
    n_works = model.rules().set_index("prediction").loc["works", "n_samples"]
    assert model.explain(x) == (
        "The tree predicts 'works' because\n"
        f"  a > 0.5 (here {row['a'].iloc[0]:.3g})\n"
        f"Of {n_works} samples like it, the black box labels 100% so (mean probability 1.00); "
        f"{(frame['a'] > 0.5).sum()} measured.\n"
        "For this one it says 'works' with probability 1.00.\n"
        "Fidelity to Rule on 1,000 fresh samples: accuracy 1.00, F1 1.00, MCC 1.00.\n"
        "Stability, against 2 other draws of 1,500 samples: accuracy 1.00, F1 1.00, MCC 1.00."
    )


@pytest.mark.parametrize("steps", [[], [StandardScaler()]], ids=["forest", "pipeline"])
def test_every_method_with_a_black_box_of_scikit_learn(steps):
    frame = pd.DataFrame(numbers(), columns=["mM", "pH", "volts"])
    y = np.where(frame["mM"] + frame["pH"] > 1, "works", "fails")
    box = make_pipeline(*steps, RandomForestClassifier(20, random_state=0)).fit(frame, y)
    box = box if steps else box[0]
    name = type(box).__name__
    model = explainer(FrozenEstimator(box), min_samples_split=2, max_depth=8).fit(frame)
    assert model.fidelity_["mcc"] > 0.8
    winner = model.classes_[model.predict_proba(frame).argmax(axis=1)]
    assert model.predict(frame).tolist() == winner.tolist()
    assert model.export_text().startswith(f"Fidelity to {name} on 1,000 fresh samples: ")
    p = box.predict_proba(frame[:1])[0]
    told = f"For this one it says {str(box.classes_[p.argmax()])!r} with probability {p.max():.2f}"
    assert told in model.explain(frame.iloc[0])
    assert f"Fidelity to {name} on " in model.explain(frame[:1])
    assert len(model.rules(None)) == model.nodes_["is_leaf"].sum() > 2
    pd.testing.assert_frame_equal(model.plot(max_leaves=4).nodes, model.shown(4))


def test_explain_owns_up_to_an_error():
    box = FrozenEstimator(Rule(lambda X: X[:, 0] % 0.5 > 0.02).fit(None, [0, 1]))
    with pytest.warns(LowFidelityWarning):
        model = explainer(box, max_depth=1).fit(numbers())
    text = model.explain([0.51, 0.5, 0.5])
    assert "For this one it says 0 with probability 1.00: here the tree is wrong about it." in text


def test_explain_refuses_two_experiments(fitted):
    with pytest.raises(
        ValueError, match=r"^x must be one experiment\. Got 2: pass X\.iloc\[\[i\]\]\.$"
    ):
        fitted.explain(X[:2])


def test_explain_a_row_of_mixed_columns(fitted):
    text = fitted.explain(X.iloc[0])
    assert text == fitted.explain(X.iloc[[0]]) == fitted.explain(X.iloc[0].to_dict())
    assert "ligand" in text


# -- Black boxes and labels ------------------------------------------------------------------------


def test_fits_a_clone_or_keeps_a_frozen_estimator():
    given_forest = forest()
    model = explainer(given_forest).fit(X, Y)
    assert model.estimator_ is not given_forest
    with pytest.raises(NotFittedError):
        given_forest.predict(X)
    frozen = FrozenEstimator(given_forest.fit(X, Y))
    kept = explainer(frozen).fit(X)
    assert kept.estimator_ is frozen
    assert kept.export_text() == model.export_text()
    np.testing.assert_array_equal(kept.predict(X), model.predict(X))


def test_siamese_classifier_with_groups():
    settings = {"n_members": 2, "max_epochs": 20, "random_state": 0}
    box = GraphFingerprintSiameseClassifier(**settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        model = explainer(box).fit(X, Y, groups=np.arange(80) % 2)
    alone = GraphFingerprintSiameseClassifier(**settings).fit(X, Y, groups=np.arange(80) % 2)
    np.testing.assert_array_equal(model.estimator_.predict_proba(X), alone.predict_proba(X))
    assert model.fidelity_["accuracy"] > 0.7


def test_three_classes_of_which_one_never_wins():
    y = np.repeat(["a", "b", "c"], 20)
    box = Rule(lambda X: np.where(X[:, 0] > 0.5, 2, 0), n_classes=3)
    model = explainer(box).fit(numbers(), y)
    assert model.classes_.tolist() == ["a", "b", "c"]
    proba = model.predict_proba([[0.9, 0, 0], [0.1, 0, 0]])
    assert proba.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert model.predict([[0.9, 0, 0], [0.1, 0, 0]]).tolist() == ["c", "a"]
    fresh = numbers(2000, 5)
    expected = np.where(fresh[:, 0] > 0.5, "c", "a")
    assert accuracy_score(expected, model.predict(fresh)) > 0.99


def test_predict_proba_is_the_share_in_the_leaf(fitted):
    leaf = fitted.tree_.apply(fitted.view_(X))
    nodes = fitted.nodes_.loc[leaf]
    share = (nodes["n_correct"] / nodes["n_samples"]).to_numpy()
    np.testing.assert_allclose(fitted.predict_proba(X).max(axis=1), share)


def test_arrays_without_names():
    y = np.where(numbers()[:, 0] > 0.5, 1, 0)
    model = explainer(LogisticRegression()).fit(numbers(), y)
    assert set(model.view_(model.space_.sample(5))) == {"x0", "x1", "x2"}
    mixed = X.to_numpy(dtype=object)
    settings = {"n_members": 2, "max_epochs": 5, "random_state": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        model = explainer(GraphFingerprintSiameseClassifier(**settings)).fit(mixed, Y)
    assert len(model.predict(mixed)) == 80
    assert "x0 is aromatic" in model.view_(model.space_.sample(5))


def test_whole_numbers_are_sampled_as_such(fitted):
    assert str(fitted.space_.columns["runs"]) == "1 to 8, whole numbers"
    whole = explainer(LogisticRegression()).fit(X[["mM", "runs"]], Y)
    assert str(whole.space_.columns["runs"]) == "1 to 8, whole numbers"


# -- Use in scikit-learn ---------------------------------------------------------------------------


def test_cross_val_score_and_searches():
    """Depth and samples, with types that skopt draws."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        # skopt 0.10.2 reads an attribute that scikit-learn deprecates; not what is tested here.
        warnings.simplefilter("ignore", FutureWarning)
        model = explainer(n_samples=300)
        assert cross_val_score(model, X, Y, cv=3, error_score="raise").mean() > 0.7
        grid = {"max_depth": [1, 4, None], "estimator__randomforestclassifier__n_estimators": [5]}
        search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, Y)
        assert search.best_params_["max_depth"] in (4, None)
        ranges = {"max_depth": Integer(1, 6), "n_samples": Integer(50, 400)}
        search = BayesSearchCV(model, ranges, n_iter=3, cv=2, random_state=0, error_score="raise")
        search.fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X).shape == (80,)


def test_search_by_fidelity():
    def fidelity(model, X, y):
        return model.fidelity_["mcc"]

    frozen = FrozenEstimator(forest().fit(X, Y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        search = GridSearchCV(explainer(frozen), {"max_depth": [1, 5]}, scoring=fidelity, cv=2)
        search.fit(X, Y)
    assert search.best_params_ == {"max_depth": 5}


def test_at_the_end_of_a_pipeline():
    frame = X[["mM", "gold_mM"]]
    scaler = StandardScaler().set_output(transform="pandas")
    model = make_pipeline(scaler, explainer(RandomForestClassifier(20, random_state=0)))
    y = np.where(X["mM"] < 12, "works", "fails")
    assert (model.fit(frame, y).predict(frame) == y).mean() > 0.95


def test_same_seed_same_tree(fitted):
    again = clone(fitted).fit(X, Y)
    pd.testing.assert_frame_equal(again.nodes_, fitted.nodes_)
    assert again.fidelity_ == fitted.fidelity_
    assert again.stability_ == fitted.stability_
    other = clone(fitted).set_params(random_state=1).fit(X, Y)
    assert not other.nodes_["threshold"].equals(fitted.nodes_["threshold"])


def test_pickle(fitted):
    other = pickle.loads(pickle.dumps(fitted))
    assert other.export_text() == fitted.export_text()
    np.testing.assert_array_equal(other.predict(X), fitted.predict(X))


def test_not_fitted():
    for call in ("rules", "export_text", "plot"):
        with pytest.raises(NotFittedError):
            getattr(explainer(), call)()
    with pytest.raises(NotFittedError):
        explainer().explain(X.iloc[0])


# -- Bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"n_samples": 0},
            ValueError,
            "The 'n_samples' parameter of SurrogateTreeExplainer must be an integer of at least 1. "
            "Got 0 instead.",
        ),
        (
            {"max_depth": 0},
            ValueError,
            "The 'max_depth' parameter of SurrogateTreeExplainer must be an integer of at least 1. "
            "Got 0 instead.",
        ),
        (
            {"max_leaf_nodes": 1},
            ValueError,
            "The 'max_leaf_nodes' parameter of SurrogateTreeExplainer must be an integer of at "
            "least 2. Got 1 instead.",
        ),
        (
            {"min_fidelity": 1.1},
            ValueError,
            "The 'min_fidelity' parameter of SurrogateTreeExplainer must be a number in [0, 1]. "
            "Got 1.1 instead.",
        ),
        (
            {"min_samples_split": 1},
            ValueError,
            "The 'min_samples_split' parameter of SurrogateTreeExplainer must be an integer of at "
            "least 2. Got 1 instead.",
        ),
        (
            {"min_samples_split": 1.5},
            ValueError,
            "The 'min_samples_split' parameter of SurrogateTreeExplainer must be a number in (0, "
            "1]. Got 1.5 instead.",
        ),
        (
            {"view": "aromatic"},
            TypeError,
            "The 'view' parameter of SurrogateTreeExplainer must be None or a function of a frame. "
            "Got 'aromatic' instead.",
        ),
        (
            {"space": {"pH": (7, 14)}},
            TypeError,
            "The 'space' parameter of SurrogateTreeExplainer must be None or a DesignSpace. Got "
            "{'pH': (7, 14)} instead.",
        ),
        (
            {"estimator": SMILESFeaturizer()},
            TypeError,
            "The 'estimator' parameter of SurrogateTreeExplainer must be a classifier with "
            "predict_proba. Got SMILESFeaturizer() instead.",
        ),
        (
            {"space": DesignSpace({"mM": Range(0, 1), "runs": Constant(1)})},
            ValueError,
            "The design space lacks the column(s) 'ligand', 'gold_mM' of X. It has: 'mM', 'runs'. "
            "Add them, for example with DesignSpace.from_frame(X).",
        ),
        (
            {"space": DesignSpace.from_frame(X, columns={"pH": Range(7, 14)})},
            ValueError,
            "X lacks the column(s) 'pH'. It has: 'ligand', 'mM', 'gold_mM', "
            "'runs'. Add or rename them.",
        ),
    ],
)
def test_parameters_that_are_refused(changes, error, message):
    with pytest.raises(error) as caught:
        explainer(**changes).fit(X, Y)
    assert str(caught.value) == message


def test_a_failed_fit_leaves_the_explainer_as_it_was(fitted):
    model = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(InvalidSMILESError):
        model.fit(X.assign(ligand="C(C"), Y)
    assert model.export_text() == fitted.export_text()


def test_a_missing_number_is_taken_as_the_middle_of_the_range(fitted):
    gap, middle = X.copy(), X.copy()
    gap.loc["run 3", "mM"] = np.nan
    middle.loc["run 3", "mM"] = (X["mM"].min() + X["mM"].max()) / 2
    np.testing.assert_array_equal(fitted.predict_proba(gap), fitted.predict_proba(middle))


def test_text_that_is_no_molecule_is_refused(fitted):
    typo = X.copy()
    typo.loc[["run 3", "run 7"], "ligand"] = ["C(C", "water"]
    message = (
        "Not readable as SMILES in 'ligand' (2 in all):\n"
        "  row 'run 3': 'C(C' ('(' at position 2 is not closed)\n"
        "  row 'run 7': 'water' ('w' at position 1 is not part of SMILES)\nCorrect these texts."
    )
    with pytest.raises(InvalidSMILESError, match=f"^{re.escape(message)}$") as caught:
        fitted.predict(typo)
    assert caught.value.cells == (("ligand", "run 3", "C(C"), ("ligand", "run 7", "water"))
