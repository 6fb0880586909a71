"""Fixed distances of molecules and conditions against RDKit and slow loops."""

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from rdkit.DataStructs import TanimotoSimilarity

from sksiamese.datasets import load_cmet
from sksiamese.molecules._graph import graph_from_smiles
from sksiamese.molecules._graph_batch import environment_keys
from sksiamese.tables.encoding._distances import RoleDistances, RowDistances, distance_kinds
from sksiamese.tables.encoding._encoder import ExperimentEncoder

SMILES = load_cmet().data.iloc[:20, 0].tolist()
TABLE = pd.DataFrame(
    {
        "ligand": ["CCO", "OCC", "CCN", "c1ccccc1", "CCO", "CC(=O)O"],
        "solvent": ["O", "O", "CO", "CO", "ClCCl", "O"],
        "pH": [4.0, 5, 6, 7, 8, 300],
        "mM": [1.0, 0, 1, 0, 1, 0],
    }
)


def graphs(texts):
    return [graph_from_smiles(text) for text in texts]


def encode(table, descriptors=True):
    encoder = ExperimentEncoder(descriptors, "standard", "never")
    encoder.fit_encode(TABLE, np.ones(6), np.zeros(6, int))
    return encoder.encode(table)


def of_rows(kept, rows):
    """Distances of all rows of a table to the kept ones."""
    return RowDistances(kept).of_rows(
        RowDistances(kept).of_molecules(rows), rows.molecules, rows.conditions, rows.categories
    )


def test_tanimoto_distances_follow_rdkit():
    """RDKit's invariants differ a little from ours."""
    found = RoleDistances(graphs(SMILES), np.empty((20, 0)))(graphs(SMILES), np.empty((20, 0)))
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2)
    prints = [generator.GetSparseFingerprint(Chem.MolFromSmiles(text)) for text in SMILES]
    expected = np.array([[1 - TanimotoSimilarity(a, b) for a in prints] for b in prints])
    apart = ~np.eye(20, dtype=bool)
    assert np.corrcoef(found[1][apart], expected[apart])[0, 1] > 0.97
    assert not np.diag(found[1]).any()


def test_tanimoto_distances_are_of_sets_of_environments():
    texts = [*SMILES[:6], "C"]
    found = RoleDistances(graphs(texts[:4]), np.empty((4, 0)))(graphs(texts), np.empty((7, 0)))[1]
    sets = [set(environment_keys(graphs([text]), 2)[1].tolist()) for text in texts]
    slow = [[1 - len(a & b) / len(a | b) for b in sets[:4]] for a in sets]
    np.testing.assert_allclose(found, slow, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("one", "two"), [("CCO", "OCC"), ("c1ccccc1O", "OC1=CC=CC=C1"), ("", "")])
def test_one_molecule_written_two_ways_has_no_distance(one, two):
    traits = np.zeros((1, 2))
    assert not RoleDistances(graphs([one]), traits)(graphs([two]), traits).any()


def test_molecules_of_the_same_environments_still_differ():
    traits = np.empty((1, 0))
    found = RoleDistances(graphs(["C" * 11]), traits)(graphs(["C" * 12]), traits)
    assert found.ravel().tolist() == [1, 0, 0]


def test_descriptor_distances():
    rng = np.random.RandomState(0)
    left, right = rng.normal(size=(3, 5)), rng.normal(size=(4, 5))
    texts = ["C", "CC", "CCC", "CCCC"]
    found = RoleDistances(graphs(texts), right)(graphs(texts[:3]), left)[2]
    for i in range(3):
        for j in range(4):
            mean = np.mean((left[i] - right[j]) ** 2)
            assert found[i, j] == pytest.approx(1 - np.exp(-mean / 2), rel=1e-12)
    far = RoleDistances(graphs(texts), 1e200 * right)(graphs(texts[:3]), -1e200 * left)[2]
    np.testing.assert_allclose(far, 1)


def test_kinds():
    np.testing.assert_array_equal(distance_kinds(encode(TABLE)), np.ones((2, 3)))
    without = encode(TABLE, descriptors=False)
    np.testing.assert_array_equal(distance_kinds(without), [[1, 1, 0], [1, 1, 0]])
    numbers = ExperimentEncoder(True, "standard", "never")
    rows = numbers.fit_encode(TABLE[["pH", "mM"]], np.ones(6), np.zeros(6, int))
    assert distance_kinds(rows) == []


def test_distances_of_rows_row_by_row():
    rows = encode(TABLE)
    roles, conditions = of_rows(rows, rows)
    assert roles.shape == (2, 3, 6, 6)
    assert conditions.shape == (2, 6, 6)
    canonical = TABLE[["ligand", "solvent"]].map(Chem.CanonSmiles)
    for r, name in enumerate(canonical):
        texts = canonical[name].to_numpy()
        np.testing.assert_array_equal(roles[r, 0], texts[:, None] != texts)
        assert not roles[r, 1:, texts[:, None] == texts].any()
    for j, name in enumerate(["pH", "mM"]):
        z = ((TABLE[name] - TABLE[name].mean()) / TABLE[name].std(ddof=0)).to_numpy()
        np.testing.assert_allclose(conditions[j], (z[:, None] - z) ** 2 / 2, atol=1e-12)


def test_numbers_far_off_are_clipped():
    """At six standard deviations, so that what is left is a covariance still."""
    far = TABLE.assign(pH=[1e90, -1e90, 1e9, -1e9, 4, 5])
    rows = encode(far)
    conditions = of_rows(rows, rows)[1][0]
    assert np.isfinite(conditions).all()
    assert conditions[0, 1] == conditions[2, 3] == 12**2 / 2
    assert conditions[0, 2] == 0
    assert conditions[0, 4] == pytest.approx((6 - rows.conditions[4, 0]) ** 2 / 2)
    rng = np.random.RandomState(0)
    wide = rows._replace(
        molecules=np.repeat(rows.molecules[:1], 80, 0),
        conditions=10 * rng.normal(size=(80, 1)),
        categories=np.empty((80, 0), int),
    )
    for rate in (0.01, 0.1, 1.0):
        values = np.linalg.eigvalsh(np.exp(-rate * of_rows(wide, wide)[1][0]))
        assert values[0] > -1e-12 * values[-1]


def test_take_keeps_distances():
    rows, chosen = encode(TABLE), np.array([5, 0, 3, 0])
    roles, conditions = of_rows(rows, rows)
    part = rows.take(chosen)
    assert len(part.graphs[0]) == 3  # molecules that no row has stay behind
    found = of_rows(part, rows)
    np.testing.assert_allclose(found[0], roles[..., chosen], atol=1e-12)
    np.testing.assert_allclose(found[1], conditions[..., chosen], atol=1e-12)
    found = of_rows(rows, part)
    np.testing.assert_allclose(found[0], roles[:, :, chosen], atol=1e-12)
    np.testing.assert_allclose(found[1], conditions[:, chosen], atol=1e-12)
