"""What is shown of a tree, against a tree solved by hand."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator

from sksiamese.surrogate._tree_cutting import cut_nodes, fidelity_of
from tests.surrogate.cases import Rule, explainer, numbers

#        0
#     1     2
#   3   4  5  6      the split of 2 tells more than that of 1
NODES = pd.DataFrame(
    {
        "parent": [-1, 0, 1, 1, 0, 2, 2],
        "depth": [0, 1, 2, 2, 1, 2, 2],
        "prediction": ["b", "a", "a", "b", "b", "a", "b"],
        "split_order": [0, 2, -1, -1, 1, -1, -1],
        "is_leaf": [False, False, True, True, False, True, True],
    },
    index=[0, 1, 3, 4, 2, 5, 6],
)
COUNTS = np.array([[50, 50], [40, 10], [10, 40], [38, 2], [2, 8], [9, 1], [1, 39]])


@pytest.mark.parametrize(
    ("max_leaves", "max_depth", "shown", "cut"),
    [
        (None, None, [0, 1, 3, 4, 2, 5, 6], []),
        (4, None, [0, 1, 3, 4, 2, 5, 6], []),
        (3, None, [0, 1, 2, 5, 6], [1]),
        (2, None, [0, 1, 2], [1, 2]),
        (None, 1, [0, 1, 2], [1, 2]),
        (3, 1, [0, 1, 2], [1, 2]),
    ],
)
def test_the_splits_that_tell_most_are_shown(max_leaves, max_depth, shown, cut):
    nodes = cut_nodes(NODES, max_leaves, max_depth)
    assert nodes.index.tolist() == shown
    assert nodes.index[nodes["is_cut"]].tolist() == cut
    assert nodes.loc[nodes["is_leaf"], "n_leaves"].sum() == 4
    assert nodes.loc[0, "n_leaves"] == 4


def test_fidelity_of_the_whole_and_of_a_part():
    whole = fidelity_of(cut_nodes(NODES, None, None), COUNTS, np.array(["a", "b"]))
    part = fidelity_of(cut_nodes(NODES, 3, None), COUNTS, np.array(["a", "b"]))
    # Whole: 38 + 9 of class a and 8 + 39 of class b are right; part: 40 + 9 and 39.
    assert whole["accuracy"] == pytest.approx(0.94)
    assert part["accuracy"] == pytest.approx(0.88)
    # 39 of b are said to be b and 1 of a is; 11 of b are said to be a.
    assert part["f1"] == pytest.approx(2 * 39 / (2 * 39 + 1 + 11))
    assert part["mcc"] == pytest.approx((49 * 39 - 11 * 1) / np.sqrt(40 * 50 * 50 * 60))


@pytest.fixture(scope="module")
def many_steps():
    box = FrozenEstimator(Rule(lambda X: np.asarray(X).sum(axis=1) > 1.5).fit(None, ["no", "yes"]))
    return explainer(box, n_samples=4000, min_fidelity=0.85).fit(numbers())


def test_fidelity_of_the_whole_is_that_of_its_predictions(many_steps):
    shown = many_steps.shown(None)
    assert shown.attrs["fidelity_shown"] == many_steps.fidelity_
    assert not shown["is_cut"].any()
    fresh = numbers(20_000, 9)
    hits = many_steps.predict(fresh) == np.where(fresh.sum(axis=1) > 1.5, "yes", "no")
    assert hits.mean() == pytest.approx(many_steps.fidelity_["accuracy"], abs=0.03)


def test_text_and_rules_say_what_was_cut_off(many_steps):
    text, rules = many_steps.export_text(max_leaves=3), many_steps.rules(max_leaves=3)
    n_leaves = many_steps.tree_.get_n_leaves()
    assert len(rules) == 3 < n_leaves
    assert rules["n_leaves"].sum() == n_leaves
    assert rules["n_measured"].sum() == 60
    first, second, third = text.splitlines()[:3]
    assert re.fullmatch(rf"Fidelity to Rule on .*, with all {n_leaves} leaves\.", first)
    assert second.startswith("Of the 3 shown alone: accuracy 0.")
    assert third.startswith("Stability, against 2 other draws")
    found = re.findall(r"measured\) \.\.\. cut: (\d+) leaves, next (\w+)\?", text)
    nodes = many_steps.shown(3)
    ends = nodes[nodes["is_cut"]]
    assert found == list(zip(ends["n_leaves"].astype(str), ends["feature"], strict=True))


def test_nothing_measured_is_said():
    box = FrozenEstimator(Rule(lambda X: np.asarray(X)[:, 0] > 0.5).fit(None, ["no", "yes"]))
    rows = np.array([[0.1, 0.0], [0.2, 1.0], [1.0, 1.0]])
    model = explainer(box).fit(rows)
    model.nodes_.loc[model.nodes_["prediction"] == "yes", "n_measured"] = 0
    assert "yes (probability 1.00;" in model.export_text()
    assert "0 wrong; none measured)" in model.export_text()
    assert "; none measured." in model.explain([0.9, 0.5])
    assert "; 2 measured." in model.explain([0.1, 0.5])


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (
            {"max_leaves": 1},
            "The 'max_leaves' parameter of SurrogateTreeExplainer.shown must be an integer of at "
            "least 2. Got 1 instead.",
        ),
        (
            {"max_depth": 0},
            "The 'max_depth' parameter of SurrogateTreeExplainer.shown must be an integer of at "
            "least 1. Got 0 instead.",
        ),
    ],
)
def test_sizes_that_show_nothing_are_refused(many_steps, size, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        many_steps.rules(**size)
