"""Votes of support rows in leaves against scikit-learn's forest and a slow loop."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.models._trees import LeafSupport, grow_trees

RNG = np.random.RandomState(0)
X, Y = RNG.randn(30, 4), RNG.randint(3, size=30)
WEIGHT = RNG.uniform(0.5, 2, size=30)
PRIOR = np.bincount(Y, WEIGHT) / WEIGHT.sum()
NEW = RNG.randn(11, 4)


@pytest.fixture(scope="module")
def trees():
    return grow_trees(X, Y, WEIGHT, 20, seed=3)


def test_training_rows_vote_as_the_forest_does(trees):
    support = LeafSupport.of_rows(trees, X, Y, WEIGHT, PRIOR)
    expected = (20 * trees.predict_proba(NEW) + PRIOR) / 21  # the prior is one more tree
    assert_allclose(support.proba(NEW, 1)[0], expected, atol=1e-12)
    # 5 members have four trees each and a fifth of the prior's vote: their mean is the whole
    assert_allclose(support.proba(NEW, 5).mean(axis=0), expected, atol=1e-12)


def test_each_member_has_trees_of_its_own(trees):
    """Three members share 20 trees out in turn: 7, 7 and 6."""
    members = LeafSupport.of_rows(trees, X, Y, WEIGHT, PRIOR).proba(NEW, 3)
    rows = NEW.astype(np.float32)
    for i, member in enumerate(members):
        own = [tree.predict_proba(rows) for tree in trees.estimators_[i::3]]
        assert_allclose(member, (sum(own) + PRIOR / 3) / (len(own) + 1 / 3), atol=1e-12)


def test_more_members_than_trees_share_them():
    support = LeafSupport.of_rows(grow_trees(X, Y, WEIGHT, 2, seed=3), X, Y, WEIGHT, PRIOR)
    two, five = support.proba(NEW, 2), support.proba(NEW, 5)
    assert_allclose(five, two[[0, 1, 0, 1, 0]])


def test_other_support_is_a_loop_over_leaves(trees):
    """Five rows: some leaves hold none of them, and those trees do not vote."""
    x, y, weight = X[:5], Y[:5], WEIGHT[:5]
    support = LeafSupport.of_rows(trees, x, y, weight, PRIOR)
    proba, shares = support.proba(NEW, 1)[0], support.shares(NEW, 1)
    for i, row in enumerate(NEW):
        total, evidence, n_silent = PRIOR.copy(), np.zeros(5), 0
        for tree in trees.estimators_:
            here = tree.apply(x.astype(np.float32)) == tree.apply(row[None].astype(np.float32))
            n_silent += not here.any()
            if here.any():
                evidence += here * weight / weight[here].sum()
        np.add.at(total, y, evidence)
        assert n_silent
        assert_allclose(proba[i], total / total.sum(), atol=1e-12)
        assert_allclose(shares[i], evidence / (1 + evidence.sum()), atol=1e-12)


def test_numbers_beyond_single_precision(trees):
    support = LeafSupport.of_rows(trees, X, Y, WEIGHT, PRIOR)
    assert_allclose(support.proba(NEW * 1e90, 1), support.proba(np.sign(NEW) * 1e30, 1))


def test_probability_is_the_mean_of_networks_and_trees():
    settings = {"n_members": 2, "max_epochs": 5, "random_state": 1}
    both = GraphFingerprintSiameseClassifier(**settings).fit(X, Y)
    networks = GraphFingerprintSiameseClassifier(n_trees=0, **settings).fit(X, Y)
    assert networks.trees_ is None
    assert len(both.trees_.estimators_) == 100
    scaled = (NEW - X.mean(0)) / X.std(0)
    votes = (100 * both.trees_.predict_proba(scaled) + both.class_prior_) / 101
    assert_allclose(both.predict_proba(NEW), (networks.predict_proba(NEW) + votes) / 2)


def test_no_numbers_no_trees():
    model = GraphFingerprintSiameseClassifier(
        n_members=1, max_epochs=1, descriptors=False, tanimoto="never"
    )
    assert model.fit([["CCO"], ["CCC"], ["CCN"], ["CC"]], [0, 1, 0, 1]).trees_ is None


def test_trees_do_not_vote_on_molecules_they_never_met():
    """However spelled; where molecules recur."""
    smiles = ["CCO", "CCC", "CCN", "C", "CC"] * 4
    frame = pd.DataFrame({"ligand": smiles, "pH": np.linspace(0, 1, 20)})
    y = np.arange(20) % 2
    settings = {"n_members": 1, "max_epochs": 3, "random_state": 0}
    both = GraphFingerprintSiameseClassifier(**settings).fit(frame, y)
    networks = GraphFingerprintSiameseClassifier(n_trees=0, **settings).fit(frame, y)
    new = pd.DataFrame({"ligand": ["OCC", "CCS", "CCO"], "pH": [0.1, 0.1, 0.1]})
    with_trees, without = both.predict_proba(new), networks.predict_proba(new)
    assert_allclose(with_trees[1], without[1])
    assert np.abs(with_trees - without)[[0, 2]].min() > 1e-3
    assert_allclose(with_trees[0], with_trees[2], atol=1e-9)
    shares = both.support_evidence(new, n_top=20).groupby("row")["share"].sum()
    assert (shares < 1).all()


def test_trees_vote_where_each_row_has_its_own_molecule():
    frame = pd.DataFrame({"ligand": ["CCO", "CCC", "CCN", "C", "CC", "CCCO"]})
    settings = {"n_members": 1, "max_epochs": 3, "random_state": 0}
    both = GraphFingerprintSiameseClassifier(**settings).fit(frame, [0, 1, 0, 1, 1, 0])
    networks = GraphFingerprintSiameseClassifier(n_trees=0, **settings)
    networks.fit(frame, [0, 1, 0, 1, 1, 0])
    new = pd.DataFrame({"ligand": ["CCS"]})
    assert np.abs(both.predict_proba(new) - networks.predict_proba(new)).max() > 1e-3
