"""Tanimoto coordinates against RDKit, and their place among the inputs."""

import re

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator
from rdkit.DataStructs import TanimotoSimilarity
from scipy.spatial.distance import pdist, squareform

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.datasets import load_cmet
from sksiamese.molecules._graph import EMPTY_GRAPH, graph_from_smiles
from sksiamese.molecules._graph_batch import environment_keys
from sksiamese.molecules._tanimoto import TanimotoMap
from sksiamese.tables.encoding._encoder import ExperimentEncoder

SMILES = load_cmet().data.iloc[:25, 0].tolist()


def graphs(texts):
    return [graph_from_smiles(text) for text in texts]


def rdkit_similarity(texts):
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2)
    prints = [generator.GetSparseFingerprint(Chem.MolFromSmiles(text)) for text in texts]
    return np.array([[TanimotoSimilarity(a, b) for a in prints] for b in prints])


def test_environment_keys_are_sets_of_atoms_and_neighbourhoods():
    molecule, key = environment_keys([*graphs(["CCO", "OCC", "C"]), EMPTY_GRAPH], radius=1)
    sets = [set(key[molecule == i].tolist()) for i in range(4)]
    assert sets[0] == sets[1]
    assert [len(each) for each in sets] == [6, 6, 2, 0]  # three atoms, three neighbourhoods
    alone = environment_keys(graphs(["CCO"]), radius=1)[1]
    assert set(alone.tolist()) == sets[0]  # in any batch


def test_distances_follow_the_similarity_of_fingerprints():
    """Squared distances are 2 - 2 T; RDKit's invariants differ a little from ours."""
    points = TanimotoMap(graphs(SMILES)).transform(graphs(SMILES))
    assert (points**2).sum(1).mean() == pytest.approx(36)
    squared = squareform(pdist(points, "sqeuclidean"))
    apart = ~np.eye(len(SMILES), dtype=bool)
    expected = 2 - 2 * rdkit_similarity(SMILES)
    assert np.corrcoef(squared[apart], expected[apart])[0, 1] > 0.97


def test_a_new_molecule_is_placed_as_if_it_had_been_there():
    """Its products with the landmarks are the centred similarities."""
    texts = ["CCO", "CCCO", "c1ccccc1", "Cc1ccccc1"]
    fitted = TanimotoMap(graphs(texts))
    sets = [set(environment_keys(graphs([text]), 2)[1].tolist()) for text in [*texts, "CCCCO"]]
    share = np.array([[len(a & b) / len(a | b) for b in sets[:4]] for a in sets])
    centre = np.eye(4) - 1 / 4
    products = (share - share[:4].mean(0)) @ centre
    points = fitted.transform(graphs([*texts, "CCCCO"]))
    scale = 36 / np.trace(products[:4]) * 4
    np.testing.assert_allclose(points @ points[:4].T, scale * products, atol=1e-9)


def test_molecules_without_fingerprints_or_differences():
    assert np.isfinite(TanimotoMap([EMPTY_GRAPH, *graphs(["C"])]).transform([EMPTY_GRAPH])).all()
    alike = TanimotoMap(graphs(["CCCCCCCCCCC", "CCCCCCCCCCCC"]))  # the same environments
    assert alike.transform(graphs(["CC"])).shape == (1, 0)


def test_many_molecules_are_compared_with_some():
    chains = graphs(["C" * (i % 30 + 1) + "O" * (i // 30) + "N" for i in range(600)])
    assert TanimotoMap(chains).transform(chains[:3]).shape[1] <= 512


@pytest.mark.parametrize(
    ("tanimoto", "n_molecules", "joins"),
    [("auto", 8, True), ("auto", 7, False), ("never", 8, False), ("always", 7, True)],
)
def test_auto_needs_three_molecules_for_four_rows(tanimoto, n_molecules, joins):
    texts = [SMILES[i % n_molecules] for i in range(10)]
    frame = pd.DataFrame({"ligand": texts, "pH": np.arange(10.0)})
    encoder = ExperimentEncoder(False, "standard", tanimoto)
    encoder.fit_encode(frame, np.ones(10), np.zeros(10, int))
    width = encoder.encode(frame).numeric.shape[1]
    assert (width > 1) == joins
    halves = pd.concat([frame, frame])  # a weight of two is two rows
    doubled = ExperimentEncoder(False, "standard", tanimoto)
    doubled.fit_encode(frame, np.full(10, 2.0), np.zeros(10, int))
    repeated = ExperimentEncoder(False, "standard", tanimoto)
    repeated.fit_encode(halves, np.ones(20), np.zeros(20, int))
    assert bool(doubled.maps_) == bool(repeated.maps_) == (tanimoto == "always")


def test_unknown_option():
    model = GraphFingerprintSiameseClassifier(tanimoto="sometimes")
    message = (
        "The 'tanimoto' parameter of GraphFingerprintSiameseClassifier must be one of 'auto', "
        "'always', 'never'. Got 'sometimes' instead."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.fit([["CCO", 1.0], ["CCC", 2.0]], [0, 1])
