"""What past campaigns found for the same molecules, against double loops."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksiamese import GraphFingerprintSiameseClassifier, stack_tasks
from sksiamese.molecules._graph import graph_from_smiles
from sksiamese.tables.encoding._past_outcomes import Recall, row_keys

rows = st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 3), st.integers(1, 3))


def slow_number(data, key, group, number):
    """Standard deviations by which a molecule gave a class more often than its campaign."""
    campaign = [(row[1] == number, row[3]) for row in data if row[2] == group]
    own = [(row[1] == number, row[3]) for row in data if row[2] == group and row[0] == key]
    if not own:
        return 0.0
    base = sum(hit * w for hit, w in campaign) / sum(w for _, w in campaign)
    share = sum(hit * w for hit, w in own) / sum(w for _, w in own)
    spread = (base * (1 - base)) ** 0.5
    return (share - base) / spread if spread > 1e-6 else 0.0


def make_recall(data):
    keys, y, groups, weight = np.array(data).T
    keys = keys.astype(np.uint64)
    return Recall(keys, y, groups, weight.astype(float), n_classes=3), keys, groups


@settings(deadline=None)
@given(data=st.lists(rows, min_size=2, max_size=15))
def test_numbers_follow_their_definition(data):
    recall, keys, groups = make_recall(data)
    found = recall.of_rows(np.arange(6, dtype=np.uint64))  # molecule 5 was never met
    expected = {}
    for number in (1, 2):
        for group in range(max(groups) + 1):
            column = [slow_number(data, key, group, number) for key in range(6)]
            met = [any(r[0] == k and r[2] != group for r in data) for k in range(6)]
            if np.any(np.abs(column)[met] > 1e-12):  # tells some other campaign's row something
                expected[number, group] = column
    assert found.shape == (6, len(expected)) == (6, recall.n_columns)
    for column, values in zip(found.T, expected.values(), strict=True):
        np.testing.assert_allclose(column, values, rtol=0, atol=1e-9)
    training = recall.of_training(keys, groups, seed=0)
    whole = recall.of_rows(keys)
    for (_, group), column, full in zip(expected, training.T, whole.T, strict=True):
        assert not column[groups == group].any()  # its own outcome tells a row nothing
        assert all(a in (0, b) for a, b in zip(column, full, strict=True))


def test_a_third_of_the_rows_plays_molecules_never_met():
    data = [(k, (k + g) % 2, g, 1) for k in range(300) for g in range(2)]
    recall, keys, groups = make_recall(data)
    hidden = ~recall.of_training(keys, groups, seed=0).any(axis=1)
    assert 0.27 < hidden.mean() < 0.4


def test_rows_recall_all_or_nothing():
    data = [(k, (k + g) % 2, g, 1) for k in range(100) for g in range(4)]
    recall, keys, groups = make_recall(data)
    known = (recall.of_training(keys, groups, seed=0) != 0).sum(axis=1)
    assert set(known.tolist()) == {0, recall.n_columns - 1}


def test_the_most_used_columns_are_kept(monkeypatch):
    monkeypatch.setattr("sksiamese.tables.encoding._past_outcomes._MOST_COLUMNS", 1)
    shared = [(k, k % 2, g, 1) for k in range(10) for g in (0, 1)]
    data = [*shared, *((k, k % 2, 2, 1) for k in range(3))]
    recall, _, _ = make_recall(data)
    assert recall.n_columns == 1
    assert (recall.of_rows(np.arange(10, dtype=np.uint64)) != 0).sum() == 10


def test_a_campaign_of_few_successes_gives_bounded_numbers():
    data = [(0, 1, 0, 1e-12), *((k, 0, 0, 1) for k in range(1, 21)), (0, 1, 1, 1), (1, 0, 1, 1)]
    keys, y, groups, weight = np.array(data).T
    recall = Recall(keys.astype(np.uint64), y.astype(int), groups.astype(int), weight, 2)
    assert np.abs(recall.of_rows(keys.astype(np.uint64))).max() <= 10


def test_keys_tell_sets_of_molecules_apart():
    ligands, solvents = (
        [graph_from_smiles(s) for s in texts] for texts in (["CCO", "OCC", "CCN"], ["O", "CCO"])
    )
    molecules = np.array([[0, 0], [1, 0], [2, 0], [0, 1], [2, 1]])
    keys = row_keys((ligands, solvents), molecules)
    assert keys[0] == keys[1]  # two spellings
    assert len(set(keys.tolist())) == 4


@pytest.fixture(scope="module")
def assays():
    """Three assays of one panel that agree but for noise; structure tells nothing."""
    rng = np.random.RandomState(0)
    smiles = ["C" * n + tail for n in range(1, 16) for tail in ("O", "N", "S", "Cl")]
    active = rng.uniform(size=len(smiles)) < 0.5
    flips = rng.uniform(size=(len(smiles), 3)) < 0.1
    table = pd.DataFrame(active[:, None] ^ flips, columns=list("abc")).astype(int)
    return pd.DataFrame({"molecule": smiles}), table


def test_it_predicts_another_assay_of_the_same_molecules(assays):
    X, Y = assays
    stacked = stack_tasks(X, Y[["a", "b"]])
    model = GraphFingerprintSiameseClassifier(
        readout="residual", n_members=2, max_epochs=60, fp_size=4, random_state=0
    )
    model.fit(stacked.X, stacked.y, groups=stacked.groups)
    assert model.encoder_.recall_.n_columns == 2
    experiments = model.encoder_.fit_encode(stacked.X, np.ones(120), np.repeat([0, 1], 60))
    labels = stacked.y.to_numpy(), np.repeat([0, 1], 60), np.ones(120), 2
    recalled = model.encoder_.remember(experiments, *labels, seed=0).numeric[:, -2:]
    assert not recalled[:60, 0].any()  # its own outcome would tell a row everything
    assert not recalled[60:, 1].any()
    right = np.mean(model.predict(X) == Y["c"])
    assert right > 0.8
    model.encoder_.recall_ = None
    with pytest.raises(RuntimeError):  # the network counts on these numbers
        model.predict(X)


def test_groups_without_common_molecules_recall_nothing():
    X = pd.DataFrame({"salt": ["C", "CC", "CCC"] * 4, "mM": np.arange(12.0)})
    model = GraphFingerprintSiameseClassifier(readout="residual", n_members=1, max_epochs=1)
    model.fit(X, np.arange(12) % 2, groups=X["salt"])
    assert model.encoder_.recall_ is None
