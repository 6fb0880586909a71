"""Conditions of a tree in words."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from sksiamese import DesignSpace, LowFidelityWarning, SMILESFeaturizer
from sksiamese.space import Levels, Molecules, Range
from sksiamese.surrogate._tree_words import Feature
from tests.surrogate.cases import AROMATIC, LIGANDS, Rule, explainer, numbers


def additive_box():
    """Black box that no four questions describe: the sum of three numbers."""
    return FrozenEstimator(Rule(lambda X: X.sum(axis=1) > 1.5).fit(None, ["fails", "works"]))


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
        assert rule == " and ".join(model._words.conditions(leaf).values())


def holds(rule, view):
    """Read a rule's text and tell for which rows it holds."""
    inside = pd.Series(True, index=view.index)
    for text in rule.split(" and "):
        if match := re.fullmatch(r"(\S+) is (not |none of |one of )?(.+)", text):
            name, how, names = match.groups()
            inside &= view[name].isin(names.split(", ")) == (how in (None, "one of "))
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
    rules = model.rules(None)
    hits = np.column_stack(
        [holds(rule, fresh) for rule in rules["rule"] if rule != "always"] or [np.ones(300, bool)]
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
    assert "solvent is ethanol" in " ".join(rules["fails"])
    assert "dry = 0" in " ".join(rules["fails"])


def test_groups_are_told_by_what_they_share_or_by_the_shorter_list():
    names = ("A", "B", "C", "D,E", "F")
    feature = Feature("ligand", "group", names, (("ligand is aromatic", (0, 1)),))
    low, high = -np.inf, np.inf
    said = [feature.condition(*limits) for limits in [(low, 1.5), (1.5, high), (low, 0.5)]]
    assert said == ["ligand is aromatic", "ligand is none of A, B", "ligand is A"]
    assert feature.condition(0.5, high) == "ligand is not A"
    assert feature.condition(0.5, 2.5) == "ligand is one of B, C"
    assert feature.condition(2.5, high) == "ligand is one of D,E; F"
    assert feature.condition(0.5, 3.5, most=2) == "ligand is one of B; C and 1 more"
    assert [feature.branch(*limits) for limits in [(low, 0.5), (0.5, high), (1.5, high)]] == [
        "is A",
        "is not A",
        "others",
    ]
    assert [feature.value(place) for place in (0.0, 2.25)] == ["A", "none that the space lists"]
