"""SurrogateTreeExplainer: against black boxes whose truth is known, and its own words."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from skopt import BayesSearchCV
from skopt.space import Integer

from sksiamese import (
    DesignSpace,
    GraphFingerprintSiameseClassifier,
    InvalidSMILESError,
    LowFidelityWarning,
    SMILESFeaturizer,
    SurrogateTreeExplainer,
)
from sksiamese.datasets import make_nanoclusters
from sksiamese.plotting import SurrogateTreeDisplay
from sksiamese.space import Computed, Constant, Levels, Molecules, OfMolecule, Range, When
from sksiamese.surrogate._view import read_view

RNG = np.random.RandomState(0)
LIGANDS = ["NCCS", "CCS", "CCCCS", "OC(=O)CS", "OCCS", "CC(C)S", "SCCCO"]
AROMATIC = ["Sc1ccccc1", "SCc1ccccc1", "Cc1ccc(S)cc1", "Oc1ccc(S)cc1", "Sc1ccc2ccccc2c1"]
X = pd.DataFrame(
    {
        "ligand": [(LIGANDS + AROMATIC)[i % 12] for i in range(80)],
        "mM": RNG.uniform(1, 20, 80),
        "gold_mM": RNG.uniform(1, 5, 80),
        "runs": RNG.randint(1, 9, 80),
    },
    index=[f"run {i}" for i in range(80)],
)
Y = np.where(~X["ligand"].isin(AROMATIC) & (X["mM"] < 12), "works", "fails")


def forest():
    """A pipeline that reads SMILES by itself."""
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), ["ligand"]), remainder="passthrough"
    )
    return make_pipeline(columns, RandomForestClassifier(30, random_state=0))


def explainer(estimator=None, **changes):
    return SurrogateTreeExplainer(
        forest() if estimator is None else estimator,
        **{"n_samples": 1500, "random_state": 0, **changes},
    )


@pytest.fixture(scope="module")
def fitted():
    """One explainer of the forest."""
    return explainer().fit(X, Y)


class Rule(ClassifierMixin, BaseEstimator):
    """Black box that follows a function; the labels of fit are its classes."""

    def __init__(self, rule, n_classes=2):
        self.rule = rule
        self.n_classes = n_classes

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.eye(self.n_classes)[np.asarray(self.rule(X), int)]


def numbers(n_rows=60, seed=0):
    return np.random.RandomState(seed).uniform(size=(n_rows, 3))


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_the_unit_of_a_column_does_not_matter(unit):
    """To scikit-learn's trees, nanomolar amounts in M would all be equal."""
    X = pd.DataFrame(numbers()[:, :2], columns=["amount", "degree"]) * [unit, 1]
    black_box = Rule(lambda frame: frame["amount"] > 0.3 * unit)
    model = SurrogateTreeExplainer(black_box, n_samples=2000, random_state=0).fit(X, [0, 1] * 30)
    assert model.fidelity_["mcc"] > 0.99
    root = model.nodes_.iloc[0]
    assert (root["feature"], root["threshold"]) == ("amount", pytest.approx(0.3 * unit, rel=0.01))
    assert model.tree_.tree_.threshold[0] == root["threshold"]
    assert (model.predict(X) == (X["amount"] > 0.3 * unit)).mean() > 0.97


# -- Fidelity --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_a_black_box_that_is_a_tree_is_recovered(seed):
    """Thresholds lie between samples, so a tree of 10,000 errs on about 1 in 1,000."""
    rows = numbers(200, seed)
    y = (rows[:, 0] > 0.5) * 2 + (rows[:, 1] > 0.4) * (rows[:, 2] > 0.5)
    truth = DecisionTreeClassifier(max_depth=3, random_state=0).fit(rows, y)
    model = SurrogateTreeExplainer(
        FrozenEstimator(truth), max_depth=3, min_samples_split=2, random_state=seed
    ).fit(rows)
    assert min(model.fidelity_.values()) > 0.99
    assert min(model.stability_.values()) > 0.99
    fresh = numbers(20_000, seed + 10)
    assert accuracy_score(truth.predict(fresh), model.predict(fresh)) > 0.998
    split = truth.tree_.feature, truth.tree_.threshold
    planted = [(f, t) for f, t in zip(*split, strict=True) if f >= 0]
    inner = model.nodes_[~model.nodes_["is_leaf"]]
    found = [(int(name[1:]), t) for name, t in inner[["feature", "threshold"]].to_numpy()]
    assert {f for f, _ in found} == {0, 1, 2}
    for feature, threshold in found:
        assert min(abs(t - threshold) for f, t in planted if f == feature) < 0.01


def test_a_random_black_box_warns():
    rng = np.random.RandomState(0)
    noise = Rule(lambda X: rng.randint(0, 2, len(X)))
    message = (
        r"^The tree agrees with the black box with a Matthews correlation of -?0\.0\d only \(below "
        r"0\.8\): its rules tell a part of the story\. Try max_depth=None with max_leaf_nodes=16 "
        r"or more, a narrower space, or a view with the quantities that matter\.$"
    )
    with pytest.warns(LowFidelityWarning, match=message) as caught:
        model = explainer(FrozenEstimator(noise.fit(None, [0, 1]))).fit(numbers())
    assert caught[0].filename == __file__
    assert abs(model.fidelity_["mcc"]) < 0.1
    assert abs(model.stability_["mcc"]) < 0.5


def test_a_black_box_of_one_mind_warns():
    message = (
        "The black box labels all 1,000 fresh samples 'no': there is nothing to tell apart. Widen "
        "the space, or look at how well the black box has learnt."
    )
    majority = DummyClassifier(strategy="most_frequent")
    y = np.repeat(["no", "yes"], [40, 20])
    with pytest.warns(LowFidelityWarning, match=f"^{re.escape(message)}$"):
        model = explainer(majority).fit(numbers(), y)
    assert model.fidelity_ == {"accuracy": 1.0, "f1": 0.0, "mcc": 0.0}
    assert model.predict_proba(numbers(2)).tolist() == [[1.0, 0.0]] * 2
    assert model.rules()["rule"].tolist() == ["always"]
    assert model.explain(numbers(1)[0]).startswith("The tree predicts 'no' always.\nOf 1,500 ")


def test_fidelity_is_that_of_fresh_samples(fitted):
    fresh = fitted.space_.sample(20_000, random_state=77)
    truth, said = fitted.estimator_.predict(fresh), fitted.predict(fresh)
    for name, score in [
        ("accuracy", accuracy_score(truth, said)),
        ("f1", f1_score(truth, said, pos_label="works")),
        ("mcc", matthews_corrcoef(truth, said)),
    ]:
        assert fitted.fidelity_[name] == pytest.approx(score, abs=0.05)


def test_low_fidelity_is_measured_not_assumed():
    """A tree of one split for a rule of two: what it cannot say must show."""
    box = FrozenEstimator(Rule(lambda X: (X[:, 0] > 0.5) & (X[:, 1] > 0.5)).fit(None, [0, 1]))
    with pytest.warns(LowFidelityWarning):
        model = explainer(box, max_depth=1).fit(numbers())
    assert model.fidelity_["accuracy"] == pytest.approx(0.75, abs=0.05)


# -- Nodes and rules -------------------------------------------------------------------------------


def additive_box():
    """Black box that no four questions describe: the sum of three numbers."""
    return FrozenEstimator(Rule(lambda X: X.sum(axis=1) > 1.5).fit(None, ["fails", "works"]))


@pytest.mark.filterwarnings("ignore::sksiamese.LowFidelityWarning")
def test_as_many_leaves_without_a_limit_of_depth_imitate_better():
    by_depth, by_leaves = (
        explainer(additive_box(), min_samples_split=2, n_samples=10_000, **limits).fit(numbers())
        for limits in ({"max_depth": 4}, {"max_depth": None, "max_leaf_nodes": 16})
    )
    assert by_depth.nodes_["is_leaf"].sum() == by_leaves.nodes_["is_leaf"].sum() == 16
    assert by_leaves.nodes_["depth"].max() > 4
    assert by_leaves.fidelity_["mcc"] > by_depth.fidelity_["mcc"] + 0.01


@pytest.mark.filterwarnings("ignore::sksiamese.LowFidelityWarning")
def test_nodes_are_in_the_order_of_reading():
    """Trees with a budget of leaves number their nodes by how much these tell."""
    model = explainer(additive_box(), max_depth=None, max_leaf_nodes=9).fit(numbers())
    assert model.nodes_.index.tolist() != list(range(17))
    assert sorted(model.nodes_.index) == list(range(17))
    tree = model.tree_.tree_

    def read(node):
        left, right = tree.children_left[node], tree.children_right[node]
        return [node] if left < 0 else [node, *read(left), *read(right)]

    assert model.nodes_.index.tolist() == read(0)
    depths = [line.count("|   ") for line in model.export_text().splitlines() if "---" in line]
    expected = []
    for node in model.nodes_.itertuples():
        expected += [node.depth - 1] * (node.depth > 0) + [node.depth] * node.is_leaf
    assert depths == expected
    leaves = model.nodes_[model.nodes_["is_leaf"]].index
    for leaf, rule in zip(leaves, model.rules()["rule"], strict=True):
        assert rule == model._rule(leaf)


def test_leaves_against_brute_force(fitted):
    samples = fitted.space_.sample(1500, random_state=np.random.RandomState(0))
    proba = fitted.estimator_.predict_proba(samples)
    labels = fitted.classes_[proba.argmax(axis=1)]
    leaf = fitted.tree_.apply(fitted.view_(samples))
    leaves = fitted.nodes_[fitted.nodes_["is_leaf"]]
    assert sorted(set(leaf)) == leaves.index.tolist()
    for number, node in leaves.iterrows():
        here = leaf == number
        column = fitted.classes_.tolist().index(node["prediction"])
        assert node["n_samples"] == here.sum()
        assert node["n_correct"] == (labels[here] == node["prediction"]).sum()
        assert 2 * node["n_correct"] >= node["n_samples"]
        assert node["probability"] == pytest.approx(proba[here, column].mean())


def test_rules_frame(fitted):
    rules = fitted.rules()
    assert rules.columns.tolist() == [
        "rule",
        "prediction",
        "probability",
        "n_samples",
        "agreement",
    ]
    assert rules["n_samples"].sum() == 1500
    assert rules["agreement"].between(0.5, 1).all()
    assert rules.attrs == {"fidelity": fitted.fidelity_, "stability": fitted.stability_}


def holds(rule, view):
    """Read a rule's text and tell for which rows it holds."""
    inside = pd.Series(True, index=view.index)
    for text in rule.split(" and "):
        if text in view:
            inside &= view[text] == 1
        elif (positive := text.replace(" is not ", " is ")) in view:
            inside &= view[positive] == 0
        elif match := re.fullmatch(r"(\S+) (<|≤) (.+) ≤ (\S+)", text):
            low, sign, name, high = match.groups()
            above = view[name] > float(low) if sign == "<" else view[name] >= float(low)
            inside &= above & (view[name] <= float(high))
        else:
            name, sign, value = re.fullmatch(r"(.+) (≤|>|≥|=) (\S+)", text).groups()
            value = float(value)
            tests = {"≤": view[name].le, ">": view[name].gt, "≥": view[name].ge, "=": view[name].eq}
            inside &= tests[sign](value)
    return inside


@settings(max_examples=15)
@given(st.integers(0, 1000), st.integers(1, 6), st.sampled_from([None, 2, 7]))
def test_rules_say_what_the_tree_does(seed, depth, n_leaves):
    """On levels, whole numbers and molecules no rounding blurs the text."""
    rng = np.random.RandomState(seed)
    space = DesignSpace(
        {
            "ligand": Molecules(LIGANDS[:4] + AROMATIC[:2]),
            "n": Range(1, 8, integer=True),
            "m": Range(0, 50, integer=True),
            "level": Levels([0.5, 1.5, 2.5]),
            "stirrer": Levels(["bar", "cross", "none"]),
        }
    )
    past = space.sample(60, random_state=seed)
    y = rng.choice(["a", "b", "c"], 60)
    codes = make_column_transformer((SMILESFeaturizer("ecfp", 32), ["ligand"]), remainder="drop")
    box = make_pipeline(codes, DecisionTreeClassifier(random_state=0)).fit(past, y)
    numeric = DecisionTreeClassifier(random_state=0).fit(past[["n", "m", "level"]], y)

    class Both(ClassifierMixin, BaseEstimator):
        classes_ = box.classes_

        def predict_proba(self, X):
            cross = (X["stirrer"] == "cross").to_numpy()[:, None]
            other = numeric.predict_proba(X[["n", "m", "level"]])
            return np.where(cross, box.predict_proba(X), other)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        limits = {"max_depth": depth, "max_leaf_nodes": n_leaves}
        model = explainer(FrozenEstimator(Both()), space=space, n_samples=500, **limits)
        model.fit(past)
    fresh = space.sample(300, random_state=seed + 1)
    view = model.view_(fresh).astype(float)
    rules = model.rules()
    hits = np.column_stack(
        [holds(rule, view) for rule in rules["rule"] if rule != "always"] or [np.ones(300, bool)]
    )
    assert (hits.sum(axis=1) == 1).all()
    assert (
        rules["prediction"].to_numpy()[hits.argmax(axis=1)].tolist()
        == model.predict(fresh).tolist()
    )


def test_words_of_conditions():
    space = DesignSpace(
        {
            "pH": Range(0.0, 14.0),
            "runs": Range(1, 9, integer=True),
            "solvent": Molecules({"water": "O", "ethanol": "CCO"}),
            "dry": Levels([False, True]),
        }
    )

    def rule(X):
        dry, water = X["dry"].to_numpy(bool), (X["solvent"] == "O").to_numpy()
        middle = X["pH"].between(4, 9).to_numpy()
        return water & middle & dry & (X["runs"] == 4).to_numpy()

    box = FrozenEstimator(Rule(rule).fit(None, ["fails", "works"]))
    model = explainer(box, space=space, max_depth=8, min_samples_split=2, n_samples=20_000)
    model.fit(space.sample(5, random_state=0))
    rules = model.rules().set_index("prediction")["rule"]
    parts = set(rules["works"].split(" and "))
    assert {"solvent is water", "dry = 1", "runs = 4"} < parts
    (condition,) = parts - {"solvent is water", "dry = 1", "runs = 4"}
    low, high = re.fullmatch(r"(\S+) < pH ≤ (\S+)", condition).groups()
    assert float(low) == pytest.approx(4, abs=0.1)
    assert float(high) == pytest.approx(9, abs=0.1)
    assert "solvent is not water" in " ".join(rules["fails"])
    assert "dry = 0" in " ".join(rules["fails"])


def test_export_text():
    box = FrozenEstimator(Rule(lambda X: X[:, 0] > 0.5).fit(None, ["fails", "works"]))
    model = explainer(box).fit(numbers())
    lines = model.export_text().splitlines()
    n_low = int(model.nodes_.loc[1, "n_samples"])
    assert lines == [
        "Fidelity to Rule on 1,000 fresh samples: accuracy 1.00, F1 1.00, MCC 1.00.",
        "Stability, against 2 other draws of 1,500 samples: accuracy 1.00, F1 1.00, MCC 1.00.",
        "",
        "|--- x0 ≤ 0.5",
        f"|   |--- fails (probability 1.00; {n_low} right, 0 wrong)",
        "|--- x0 > 0.5",
        f"|   |--- works (probability 1.00; {1500 - n_low} right, 0 wrong)",
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
        f"Of {n_works} samples like it, the black box labels 100% so (mean probability 1.00).\n"
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
    assert len(model.rules()) == model.nodes_["is_leaf"].sum() > 2
    assert model.plot().nodes is model.nodes_


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


# -- Views -----------------------------------------------------------------------------------------


def test_default_view(fitted):
    view = fitted.view_(X)
    assert view["ligand is aromatic"].tolist() == X["ligand"].isin(AROMATIC).astype(int).tolist()
    assert view["mM"].tolist() == X["mM"].tolist()
    assert {"ligand TPSA", "ligand logP", "ligand H-bond donors"} < set(view)
    assert not [name for name in view if name.startswith("ligand is ") and "aromatic" not in name]
    splits = set(fitted.nodes_["feature"])
    assert {"ligand is aromatic", "mM"} & splits


def test_names_of_molecules_become_statements():
    """Descriptors cannot tell mirror images apart."""
    named = {"L": "N[C@@H](CS)C(=O)O", "D": "N[C@H](CS)C(=O)O"}
    others = {f"ligand {i}": text for i, text in enumerate(LIGANDS + AROMATIC)}
    space = DesignSpace.from_frame(X, columns={"ligand": Molecules(named | others)})
    box = FrozenEstimator(Rule(lambda X: X["ligand"] == named["L"]).fit(None, [0, 1]))
    model = explainer(box, space=space).fit(X)
    assert "ligand is L" in set(model.nodes_["feature"])
    assert model.fidelity_["accuracy"] == 1
    spellings = X[:3].assign(ligand=["C(S)[C@@H](C(=O)O)N", "C(S)[C@H](C(=O)O)N", "CS"])
    assert model.predict(spellings).tolist() == [1, 0, 0]


def test_few_molecules_are_told_by_name_alone():
    frame = X.assign(ligand=np.where(X["runs"] > 4, "CCS", None))
    space = DesignSpace.from_frame(frame)
    box = FrozenEstimator(Rule(lambda X: X["ligand"].isna()).fit(None, [0, 1]))
    model = explainer(box, space=space).fit(frame)
    assert set(model.view_(frame)) == {
        "ligand is CCS",
        "ligand is no molecule",
        "mM",
        "gold_mM",
        "runs",
    }
    assert model.fidelity_["accuracy"] == 1


def test_levels_become_statements_and_a_gap_is_one():
    frame = pd.DataFrame(
        {"batch": ["first", "second", None] * 10, "mM": numbers(30)[:, 0], "spare": [np.nan] * 30}
    )
    box = FrozenEstimator(Rule(lambda X: X["batch"].isna()).fit(None, [0, 1]))
    model = explainer(box).fit(frame)
    assert model.nodes_["condition"].tolist() == ["", "batch is not None", "batch is None"]
    assert set(model.view_(frame)) == {
        "batch is first",
        "batch is second",
        "batch is None",
        "mM",
    }


def test_columns_that_follow_from_others_explain_too():
    """The ratio is no column of X, but the tree may split on it."""
    space = DesignSpace.from_frame(
        X,
        columns={
            "ligand:Au": Computed(lambda f: f["mM"] / f["gold_mM"]),
            "weight": OfMolecule("ligand", len),
            "note": OfMolecule("ligand", str.lower),
        },
    )
    box = FrozenEstimator(Rule(lambda X: X["mM"] / X["gold_mM"] < 3).fit(None, [0, 1]))
    model = explainer(box, space=space, n_samples=5000).fit(X)
    assert model.nodes_.loc[0, "feature"] == "ligand:Au"
    assert model.nodes_.loc[0, "threshold"] == pytest.approx(3, abs=0.05)
    assert (model.predict(X) == (X["mM"] / X["gold_mM"] < 3)).mean() > 0.97
    assert "note" not in model.view_(space.complete(X))


def test_own_view():
    model = explainer(view=lambda f: pd.DataFrame({"ligand is long": f["ligand"].str.len() > 6}))
    with pytest.warns(LowFidelityWarning):
        model.fit(X, Y)
    assert set(model.nodes_["feature"]) == {"ligand is long", ""}
    assert set(model.nodes_["condition"]) == {"", "ligand is long", "ligand is not long"}


@pytest.mark.parametrize(
    ("view", "error", "message"),
    [
        (
            lambda f: f[["ligand"]],
            TypeError,
            "The view must give a DataFrame of numbers with one row for each of the 80 "
            "experiments. Got a frame of shape (80, 1) with ['str'].",
        ),
        (
            lambda f: f[["mM"]][:5],
            TypeError,
            "The view must give a DataFrame of numbers with one row for each of the 80 "
            "experiments. Got a frame of shape (5, 1) with ['float64'].",
        ),
        (
            lambda f: f["mM"].to_numpy(),
            TypeError,
            "The view must give a DataFrame of numbers with one row for each of the 80 "
            "experiments. Got ndarray.",
        ),
        (
            lambda f: 1 / (f[["mM"]] * 0),
            ValueError,
            "Column 'mM' of the view, row 'run 0', is inf. A tree needs finite numbers: fill the "
            "cell in, drop the row, or give a view without this column.",
        ),
    ],
)
def test_views_that_are_refused(view, error, message):
    with pytest.raises(error) as caught:
        explainer(view=view).fit(X, Y)
    text = str(caught.value).replace("'object'", "'str'")  # pandas before 3 calls text an object
    assert text == message


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


def test_a_missing_number_in_an_own_view_is_refused():
    message = (
        "Column 'mM' of the view, row 'run 3', is NaN. A tree needs finite numbers: fill the cell "
        "in, drop the row, or give a view without this column."
    )
    frame = X.loc[["run 2", "run 3"], ["mM"]]
    frame.loc["run 3", "mM"] = np.nan
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_view(frame, frame)


def test_text_that_is_no_molecule_is_refused(fitted):
    typo = X.copy()
    typo.loc[["run 3", "run 7"], "ligand"] = ["C(C", "water"]
    message = (
        "Not readable as SMILES in 'ligand' (2 in all):\n  row 'run 3': 'C(C'\n  row 'run 7': "
        "'water'\nCorrect these texts."
    )
    with pytest.raises(InvalidSMILESError, match=f"^{re.escape(message)}$") as caught:
        fitted.predict(typo)
    assert caught.value.cells == (("ligand", "run 3", "C(C"), ("ligand", "run 7", "water"))


# -- Picture ---------------------------------------------------------------------------------------


def test_picture_holds_the_nodes(fitted):
    display = fitted.plot()
    assert isinstance(display, SurrogateTreeDisplay)
    texts = [text.get_text() for text in display.ax_.texts]
    nodes = fitted.nodes_
    assert len(texts) == len(nodes) + (nodes["depth"] > 0).sum()
    for node in nodes[nodes["is_leaf"]].itertuples():
        counts = f"{node.n_correct:,}/{node.n_samples - node.n_correct:,}"
        assert f"{node.prediction} {node.probability:.2f}\n{counts}" in texts
    for node in nodes[~nodes["is_leaf"]].itertuples():
        assert node.feature in [text.replace("\n", " ") for text in texts]
    assert set(nodes["branch"]) - {""} <= set(texts)
    assert display.ax_.get_title() == (
        f"fidelity to the black box: MCC {fitted.fidelity_['mcc']:.2f}, F1 "
        f"{fitted.fidelity_['f1']:.2f}\nstability over other draws: MCC "
        f"{fitted.stability_['mcc']:.2f}, F1 {fitted.stability_['f1']:.2f}"
    )
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["fails", "works"]


def test_boxes_do_not_overlap(fitted):
    display = explainer(max_depth=5, min_samples_split=2).fit(X, Y).plot()
    display.figure_.canvas.draw()
    boxes = [
        text.get_bbox_patch().get_window_extent()
        for text in display.ax_.texts
        if text.get_bbox_patch().get_edgecolor()[3] > 0
    ]
    for i, first in enumerate(boxes):
        assert not any(first.overlaps(second) for second in boxes[i + 1 :])


def test_picture_in_axes_of_the_caller(fitted):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    display = SurrogateTreeDisplay.from_estimator(fitted, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert display.plot(ax) is display


def test_nanoclusters_end_to_end():
    simulated = make_nanoclusters(60, random_state=0)
    space = DesignSpace.from_frame(
        simulated.data,
        columns={
            "pH": When(lambda f: f["solvent"] == "O", Range(7, 14), 7.0),
            "ligand:Au": Computed(lambda f: f["ligand_mM"] / f["HAuCl4_mM"]),
        },
        constraints={"ligand:Au below 20": lambda f: f["ligand:Au"] < 20},
    )
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), simulated.smiles_columns), remainder="passthrough"
    )
    box = make_pipeline(columns, RandomForestClassifier(30, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        model = explainer(box, space=space).fit(simulated.data, simulated.target)
    assert model.predict(simulated.data).shape == (60,)
    assert model.rules()["n_samples"].sum() == 1500
