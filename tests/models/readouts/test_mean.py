"""The paper's read-out: probabilities, evidence and pairs from their equations."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from scipy.special import expit

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.models.readouts import _mean as mean_module
from sksiamese.models.readouts._mean import PairLoss
from sksiamese.models.training._labelled_rows import LabelledExperiments
from sksiamese.nn._siamese import SiameseNetwork

LIGANDS = ["SCCN", "SCCO", "CCCCS", "Sc1ccccc1", "OC(=O)CS", "CC(C)S", "CCCCCCS", "SCCCO"]
SOLVENTS = ["O", "CO", "ClCCl"]
SMALL = {"n_members": 2, "max_epochs": 10, "fp_size": 4, "conv_width": 6, "radius": 1}


def classifier(**changes):
    settings = {**SMALL, "readout": "mean", "random_state": 0, **changes}
    return GraphFingerprintSiameseClassifier(**settings)


def make_frame(n=18, seed=0):
    rng = np.random.RandomState(seed)
    return pd.DataFrame(
        {
            "ligand": [LIGANDS[i] for i in rng.randint(0, len(LIGANDS), n)],
            "mM": rng.uniform(0.1, 5, n),
            "solvent": [SOLVENTS[i] for i in rng.randint(0, 3, n)],
            "pH": rng.uniform(4, 12, n),
        },
        index=[f"run {i}" for i in range(n)],
    )


X = make_frame()
Y = (X["pH"].to_numpy() > 8).astype(int)
NEW = make_frame(7, seed=1)


@pytest.fixture(scope="module")
def fitted():
    """A fitted classifier; no test may change it."""
    return classifier().fit(X, Y)


def close(first, second, atol):
    np.testing.assert_allclose(first, second, rtol=0, atol=atol)


def log_odds(model, first, second):
    """Pair log-odds of a single member, from the embedding alone: s = b - d."""
    distance = cdist(model.transform(first), model.transform(second), metric="cityblock")
    return model.module_.similarity.bias.item() - distance


def test_embedding_distances_give_the_probabilities_of_one_member():
    model = classifier(n_members=1).fit(X, Y)
    s = log_odds(model, NEW, X)
    close(model.pair_score(NEW, X), expit(s), 1e-9)
    one_hot = np.eye(2)[Y]
    score = expit(s) @ (one_hot / one_hot.sum(axis=0))
    close(model.predict_proba(NEW), score / score.sum(axis=1, keepdims=True), 1e-9)


def test_embedding_blocks_belong_to_members(fitted):
    assert fitted.transform(NEW).shape == (7, 16)
    blocks = np.split(fitted.transform(NEW), 2, axis=1), np.split(fitted.transform(X), 2, axis=1)
    scores = [
        expit(bias.item() - cdist(new, old, metric="cityblock"))
        for bias, new, old in zip(fitted.module_.similarity.bias, *blocks, strict=True)
    ]
    close(fitted.pair_score(NEW, X), np.mean(scores, axis=0), 1e-9)


def test_class_without_support_keeps_its_share_of_the_prior():
    y = np.arange(18) % 3
    rows = y != 1
    proba = classifier().fit(X, y).set_support(X[rows], y[rows]).predict_proba(NEW)
    close(proba[:, 1], 1 / 3, 1e-12)
    close(proba.sum(axis=1), 1, 1e-12)


def test_support_evidence_adds_up_to_the_probabilities(fitted):
    table = fitted.support_evidence(NEW, n_top=18)
    assert list(table.columns) == ["row", "support", "outcome", "similarity", "share", "same"]
    assert len(table) == 7 * 18
    assert table["row"].tolist() == NEW.index.repeat(18).tolist()
    for row, part in table.groupby("row"):
        assert part["share"].is_monotonic_decreasing
        assert sorted(part["support"]) == sorted(X.index)
        outcome = pd.Series(Y, X.index).loc[part["support"]]
        assert part["outcome"].tolist() == outcome.tolist()
        score = fitted.pair_score(NEW.loc[[row]], X.loc[part["support"]])[0]
        close(part["similarity"], score, 1e-9)
    shares = table.pivot_table("share", "row", "outcome", aggfunc="sum").loc[NEW.index]
    close(fitted.predict_proba(NEW), shares.to_numpy(), 1e-9)


def test_no_pair_crosses_groups():
    groups = np.arange(18) % 4
    experiments = classifier(max_epochs=1).fit(X, Y).encoder_.encode(X)
    nobody = np.zeros(18, bool)
    data = LabelledExperiments(experiments, Y, groups, np.ones(18), nobody, prior=np.full(2, 0.5))
    pairs, row_weight = PairLoss(None).weigh(data, np.arange(18), True, np.random.RandomState(0))
    across = groups[:, None] != groups
    other = ~across & ~np.eye(18, dtype=bool)
    assert not pairs[:, across].any()
    assert (pairs[0][other] > 0).all()
    close(row_weight, 1 / 18, 1e-15)


def test_groups_of_one_row_teach_nothing():
    """Without a pair and a penalty there is no gradient: the first weights stay."""
    settings = {"alpha": 0.0, "tanimoto": "never"}
    module = classifier(**settings).fit(X, Y, groups=np.arange(18)).module_
    n_numeric = module.dense[0].weight.shape[1] - 2 * 4
    first = SiameseNetwork(module.settings, n_numeric, 2, module.seeds, signed=False)
    for name, value in first.named_parameters():
        close(module.get_parameter(name).detach(), value.detach(), 1e-15)
    learnt = classifier(**settings).fit(X, Y).module_.dense[0].weight
    assert (learnt - first.dense[0].weight).abs().max() > 1e-3


def test_many_rows_in_single_precision_give_the_same(monkeypatch):
    rng = np.random.RandomState(0)
    smiles = np.array(["CCO", "CCN", "c1ccccc1", "OCC", "CC(C)C"])
    table = pd.DataFrame({"molecule": smiles[np.arange(60) % 5], "number": rng.normal(size=60)})
    model = classifier(max_epochs=30).fit(table, np.arange(60) % 3)
    double = model.predict_proba(table)
    monkeypatch.setattr(mean_module, "_MANY_PAIRS", 0)
    single = model.predict_proba(table)
    assert (single != double).any()
    close(single, double, 1e-6)
    close(single.sum(axis=1), 1, 1e-6)


def test_absurd_numbers_in_many_rows_give_probabilities(monkeypatch):
    table = pd.DataFrame({"a": [0.0, 0.1, 0.9, 1.0] * 3, "b": np.arange(12.0)[::-1]})
    model = classifier(activation="relu", max_epochs=20).fit(table, [0, 0, 1, 1] * 3)
    far = pd.DataFrame({"a": [0.5, 1e60], "b": [3.0, -1e60]})
    expected = model.predict_proba(far)
    assert np.isfinite(expected).all()
    monkeypatch.setattr(mean_module, "_MANY_PAIRS", 0)
    close(model.predict_proba(far), expected, 1e-6)


@pytest.mark.parametrize("lr", [1e8, 1e14])
def test_absurd_weights_in_many_rows_stay_in_double_precision(lr, monkeypatch):
    rng = np.random.RandomState(0)
    table, y = rng.normal(size=(20, 3)), np.arange(20) % 2
    model = classifier(lr=lr, max_epochs=5).fit(table, y)
    expected = model.predict_proba(table)
    monkeypatch.setattr(mean_module, "_MANY_PAIRS", 0)
    assert np.isfinite(expected).all()
    np.testing.assert_array_equal(model.predict_proba(table), expected)


def test_the_papers_settings_take_groups_of_one_row():
    """No pair can be formed then, and the penalty acts alone."""
    rng = np.random.RandomState(0)
    model = GraphFingerprintSiameseClassifier.from_paper(max_epochs=3, random_state=0)
    model.fit(rng.normal(size=(8, 2)), [0, 1] * 4, groups=np.arange(8))
    assert np.isfinite(model.predict_proba(rng.normal(size=(3, 2)))).all()
