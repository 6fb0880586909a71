"""Environments against tuples that spell out every atom's surroundings."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sksiamese.molecules._graph import (
    ATOM_FEATURES,
    BOND_FEATURES,
    EMPTY_GRAPH,
    MolGraph,
    graph_from_smiles,
)
from sksiamese.molecules._graph_batch import (
    MAX_DEGREE,
    GraphPool,
    batch_graphs,
    environment_keys,
    molecule_keys,
)

SMILES = [
    *("", "C", "[Au]", "[Na+].[Cl-]", "CCO", "CCCO", "c1ccccc1", "Cc1ccccc1", "C1CCCCC1", "*CC#N"),
    *("FS(F)(F)(F)(F)F", "[K][Au]([K])([K])([K])([K])([K])([K])([K])[K]", "C[N+](C)(C)CC(=O)[O-]"),
    *("O=S(=O)(Nc1cccs1)c2ccc(Oc3ccccc3c4ccccc4)c(c2)C#N", "CN1C=NC2=C1C(=O)N(C)C(=O)N2C"),
    *("[NH3+]CCc1ccccc1.[I-]", "C=CC=CC=C", "C1CC2CCC1CC2", "OC(O)(O)O", "CC(=O)Oc1ccccc1C(=O)O"),
]
GRAPHS = [graph_from_smiles(text) for text in SMILES]


def environments(graph, radius):
    """Environment of each atom for each radius, as nested tuples."""
    around = [[] for _ in graph.atoms]
    for begin, end, code in graph.bonds.tolist():
        around[begin].append((end, code))
        around[end].append((begin, code))

    def grown(atom, r):
        if r == 0:
            return int(graph.atoms[atom])
        inner = [grown(atom, r - 1)] + [grown(other, r - 1) for other, _ in around[atom]]
        degree = min(len(around[atom]), MAX_DEGREE)
        codes = sorted(code for _, code in around[atom])
        return (degree, tuple(sorted(inner, key=repr)), tuple(codes))

    return [[grown(atom, r) for atom in range(len(around))] for r in range(radius + 1)]


def dense(matrix):
    out = np.zeros(matrix.shape)
    np.add.at(out, (matrix.rows, matrix.columns), matrix.counts)
    return out


@pytest.mark.parametrize("radius", [0, 1, 2, 3])
def test_pools_count_the_environments_of_each_molecule(radius):
    batch = batch_graphs(GRAPHS, radius)
    found = [environments(graph, radius) for graph in GRAPHS]
    assert batch.n_molecules == len(GRAPHS)
    assert len(batch.pools) == radius + 1
    assert len(batch.layers) == radius
    for r, pool in enumerate(batch.pools):
        assert pool.shape == (len(GRAPHS), len({key for keys in found for key in keys[r]}))
        counts = dense(pool)
        assert counts.sum(1).tolist() == [len(graph.atoms) for graph in GRAPHS]
        for row, keys in zip(counts, found, strict=True):
            assert sorted(row[row > 0]) == sorted(Counter(keys[r]).values())


def test_an_environment_is_shared_by_molecules_exactly_if_they_have_it_both():
    batch = batch_graphs(GRAPHS, 2)
    found = [environments(graph, 2) for graph in GRAPHS]
    for r, pool in enumerate(batch.pools):
        counts = [Counter(keys[r]) for keys in found]
        expected = [[sum(a[key] * b[key] for key in a) for b in counts] for a in counts]
        np.testing.assert_array_equal(dense(pool) @ dense(pool).T, expected)


def test_layers_rebuild_every_environment_from_smaller_ones():
    """Feature sums, taken layer by layer over environments, equal those over the atoms."""
    radius = 3
    batch = batch_graphs(GRAPHS, radius)
    values = batch.atoms  # summed over ever larger surroundings
    slow = [ATOM_FEATURES[graph.atoms].astype(float) for graph in GRAPHS]
    for r, layer in enumerate(batch.layers):
        degree = np.repeat(np.arange(MAX_DEGREE + 1), layer.degree_sizes)
        own = np.column_stack([dense(layer.inner) @ values, layer.bonds, degree])
        pool = dense(batch.pools[r + 1])
        for i, graph in enumerate(GRAPHS):
            total, bonds, n_bonds = slow[i].copy(), np.zeros((len(slow[i]), 6)), [0] * len(slow[i])
            for begin, end, code in graph.bonds.tolist():
                for here, there in ((begin, end), (end, begin)):
                    total[here] += slow[i][there]
                    bonds[here] += BOND_FEATURES[code]
                    n_bonds[here] += 1
            slow[i] = np.column_stack([total, bonds, np.minimum(n_bonds, MAX_DEGREE)])
            np.testing.assert_array_equal(pool[i] @ own, slow[i].sum(0))
            np.testing.assert_array_equal(pool[i] @ own**2, (slow[i] ** 2).sum(0))
        values = own


def test_count_matrices_are_sorted_and_state_each_place_once():
    batch = batch_graphs(GRAPHS, 2)
    for matrix in (*batch.pools, *(layer.inner for layer in batch.layers)):
        places = list(zip(matrix.rows.tolist(), matrix.columns.tolist(), strict=True))
        assert places == sorted(set(places))
        assert matrix.counts.min() >= 1
        assert matrix.rows.max() < matrix.shape[0]
        assert matrix.columns.max() < matrix.shape[1]
    for layer in batch.layers:
        n_inner = np.repeat(np.arange(MAX_DEGREE + 1), layer.degree_sizes) + 1
        sums = dense(layer.inner).sum(1)
        few = n_inner <= MAX_DEGREE
        np.testing.assert_array_equal(sums[few], n_inner[few])  # a centre and its neighbours
        assert (sums[~few] > MAX_DEGREE).all()


@settings(max_examples=40)
@given(st.lists(st.sampled_from(GRAPHS), max_size=6), st.integers(0, 2))
def test_any_batch(graphs, radius):
    batch = batch_graphs(graphs, radius)
    found = [environments(graph, radius) for graph in graphs]
    for r, pool in enumerate(batch.pools):
        assert pool.shape == (len(graphs), len({key for keys in found for key in keys[r]}))
        assert dense(pool).sum(1).tolist() == [len(graph.atoms) for graph in graphs]


@settings(max_examples=40)
@given(st.sampled_from([g for g in GRAPHS if len(g.atoms)]), st.randoms(use_true_random=False))
def test_order_of_atoms_and_direction_of_bonds_play_no_part(graph, random):
    order = random.sample(range(len(graph.atoms)), len(graph.atoms))
    atoms = np.empty_like(graph.atoms)
    atoms[order] = graph.atoms
    bonds = [[order[a], order[b], code] for a, b, code in graph.bonds.tolist()]
    bonds = [[b, a, code] if random.random() < 0.5 else [a, b, code] for a, b, code in bonds]
    random.shuffle(bonds)
    other = MolGraph("", atoms, np.array(bonds, np.int32).reshape(-1, 3))
    for pool in batch_graphs([graph, other], 3).pools:
        np.testing.assert_array_equal(*dense(pool))


def test_bond_orders_tell_environments_apart():
    atoms = np.array([5, 5], np.int32)
    graphs = [MolGraph("", atoms, np.array([[0, 1, code]], np.int32)) for code in (4, 8)]
    batch = batch_graphs(graphs, 1)
    assert dense(batch.pools[0]).tolist() == [[2], [2]]
    assert sorted(dense(batch.pools[1]).tolist()) == [[0, 2], [2, 0]]


@pytest.mark.parametrize("graphs", [[], [EMPTY_GRAPH], [EMPTY_GRAPH] * 3])
@pytest.mark.parametrize("radius", [0, 2])
def test_nothing_to_batch(graphs, radius):
    batch = batch_graphs(graphs, radius)
    assert batch.n_molecules == len(graphs)
    assert batch.atoms.shape == (0, ATOM_FEATURES.shape[1])
    assert [pool.shape for pool in batch.pools] == [(len(graphs), 0)] * (radius + 1)
    assert [layer.bonds.shape for layer in batch.layers] == [(0, 6)] * radius
    assert all(len(matrix.counts) == 0 for matrix in batch.pools)


def test_radius_zero_lists_distinct_atoms():
    batch = batch_graphs([graph_from_smiles("CCO"), graph_from_smiles("CO")], 0)
    assert batch.layers == ()
    atoms = {tuple(row) for row in batch.atoms.tolist()}
    codes = [*graph_from_smiles("CCO").atoms, *graph_from_smiles("CO").atoms]
    assert atoms == {tuple(ATOM_FEATURES[code].tolist()) for code in codes}
    assert dense(batch.pools[0]).sum() == 5


def test_a_pool_says_of_its_graphs_what_they_say_themselves_whatever_was_asked_before():
    pool = GraphPool(GRAPHS)
    assert GraphPool.of(pool) is pool
    for radius in (2, 3, 0, 2):
        np.testing.assert_equal(environment_keys(pool, radius), environment_keys(GRAPHS, radius))
        np.testing.assert_array_equal(molecule_keys(pool), molecule_keys(GRAPHS))
        found, expected = batch_graphs(pool, radius), batch_graphs(GRAPHS, radius)
        np.testing.assert_equal(vars(found), vars(expected))
