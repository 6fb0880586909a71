"""The tree: what it recovers, its fidelity, its nodes."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef
from sklearn.tree import DecisionTreeClassifier

from sksiamese import LowFidelityWarning, SurrogateTreeExplainer
from sksiamese.space import DesignSpace, Levels
from sksiamese.surrogate._readable_features import ReadableView
from sksiamese.surrogate._tree_growing import Samples, _say, grow_tree
from tests.surrogate.cases import Rule, X, Y, explainer, numbers


@pytest.fixture(scope="module")
def fitted():
    """One explainer of the forest."""
    return explainer().fit(X, Y)


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
        FrozenEstimator(truth), min_fidelity=1, min_samples_split=2, random_state=seed
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
        r"0\.8\): a part of the story\. Try AdditiveEffectsExplainer, a larger max_leaf_nodes, a "
        r"narrower space, or a view with the quantities that matter\.$"
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


def additive_box():
    """Black box that no four questions describe: the sum of three numbers."""
    return FrozenEstimator(Rule(lambda X: X.sum(axis=1) > 1.5).fit(None, ["fails", "works"]))


# -- Nodes and rules -------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sksiamese.LowFidelityWarning")
def test_as_many_leaves_without_a_limit_of_depth_imitate_better():
    by_depth, by_leaves = (
        explainer(additive_box(), n_samples=10_000, min_fidelity=1, **limits).fit(numbers())
        for limits in ({"max_depth": 4}, {"max_leaf_nodes": 16})
    )
    assert max(by_depth.nodes_["is_leaf"].sum(), by_leaves.nodes_["is_leaf"].sum()) <= 16
    assert by_leaves.nodes_["depth"].max() > 4
    assert by_leaves.fidelity_["mcc"] > by_depth.fidelity_["mcc"] + 0.01


def test_leaves_against_brute_force(fitted):
    samples = fitted.space_.sample(1500, random_state=np.random.RandomState(0))
    proba = fitted.estimator_.predict_proba(samples)
    labels = fitted.classes_[proba.argmax(axis=1)]
    leaf = fitted.tree_.apply(fitted.view_(samples))
    leaves = fitted.nodes_[fitted.nodes_["is_leaf"]]
    assert set(leaf) == set(leaves.index)
    for number, node in leaves.iterrows():
        here = leaf == number
        column = fitted.classes_.tolist().index(node["prediction"])
        assert node["n_samples"] == here.sum()
        assert node["n_correct"] == (labels[here] == node["prediction"]).sum()
        assert 2 * node["n_correct"] >= node["n_samples"]
        assert node["probability"] == pytest.approx(proba[here, column].mean())


# -- Size ------------------------------------------------------------------------------------------


def staircase():
    """Black box that each further question tells better: eight steps of unequal width."""
    edges = np.array([0.05, 0.15, 0.25, 0.4, 0.55, 0.75, 0.9])
    rule = lambda X: np.searchsorted(edges, np.asarray(X)[:, 0]) % 2  # noqa: E731
    return FrozenEstimator(Rule(rule).fit(None, ["fails", "works"]))


@pytest.mark.filterwarnings("ignore::sksiamese.LowFidelityWarning")
def test_the_tree_grows_until_the_fidelity_asked_for():
    sizes = []
    for wanted in (0.3, 0.7, 0.95):
        model = explainer(staircase(), min_fidelity=wanted, n_samples=4000).fit(numbers())
        sizes.append(model.nodes_["is_leaf"].sum())
        assert model.fidelity_["mcc"] == pytest.approx(wanted, abs=0.25)
        assert model.fidelity_["mcc"] > wanted - 0.05
    assert sizes[0] < sizes[1] < sizes[2] <= 8


def test_a_budget_is_kept_and_not_spent_in_vain():
    with pytest.warns(LowFidelityWarning):
        model = explainer(staircase(), max_leaf_nodes=4).fit(numbers())
    assert model.nodes_["is_leaf"].sum() <= 4
    rng = np.random.RandomState(0)
    noise = FrozenEstimator(Rule(lambda X: rng.randint(0, 2, len(X))).fit(None, [0, 1]))
    with pytest.warns(LowFidelityWarning):
        model = explainer(noise).fit(numbers())
    assert model.tree_.get_n_leaves() < 128


@pytest.mark.filterwarnings("ignore::sksiamese.LowFidelityWarning")
def test_a_smaller_tree_is_the_beginning_of_a_larger_one():
    """Sizes are compared on one tree, of which fewer leaves are then grown."""
    rows, y = numbers(2000), numbers(2000).sum(axis=1) > 1.5
    samples = Samples(pd.DataFrame(rows, columns=list("abc")), np.eye(2)[y.astype(int)])
    large, other = grow_tree(samples, 0, 40, min_samples_split=2), numbers(500, 1)
    fresh = Samples(pd.DataFrame(other, columns=list("abc")), np.eye(2)[[0] * 500])
    for size, said in enumerate(_say(large, fresh), 1):
        if size in (2, 7, 19, 40):
            small = grow_tree(samples, 0, size, min_samples_split=2)
            assert said.tolist() == small.predict(fresh.view).tolist()


@pytest.mark.filterwarnings("ignore::sksiamese.LowFidelityWarning")
def test_three_classes_of_groups():
    """The order that tells three classes apart best is that of their direction of most variance."""
    proba = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.45, 0.45, 0.1]])
    gases = ["argon", "air", "nitrogen"]
    view = ReadableView(DesignSpace({"gas": Levels(gases)}))
    ordered = view.ordered(pd.DataFrame({"gas": gases * 5}), np.tile(proba, (5, 1)))
    found = [label for _, label in ordered.groups["gas"]]
    assert found in (["argon", "nitrogen", "air"], ["air", "nitrogen", "argon"])
