"""Graphs against RDKit's getters, read one atom and one bond at a time."""

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem, RDConfig, rdBase

from sksiamese.molecules._graph import (
    ATOM_FEATURES,
    BOND_FEATURES,
    ELEMENTS,
    EMPTY_GRAPH,
    MAX_SMILES_LENGTH,
    MolGraph,
    graph_from_smiles,
    mol_to_graph,
)
from sksiamese.molecules._parsing import pack_graphs, unpack_graphs
from tests.molecules.cases import DRUGS, ODD


def slow_atom(atom):
    """One atom's 62 features, each block spelt out."""
    symbol = atom.GetSymbol()
    element = [symbol == e for e in ELEMENTS] + [symbol not in ELEMENTS]
    n_hydrogens = atom.GetTotalNumHs()
    written_bare = (
        symbol in ("B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I")
        and atom.GetFormalCharge() == 0
        and atom.GetNumRadicalElectrons() == 0
        and not (atom.GetIsAromatic() and symbol != "C")
        and atom.GetTotalValence() == Chem.GetPeriodicTable().GetDefaultValence(symbol)
    )
    implicit = n_hydrogens if written_bare else 0
    blocks = [
        element,
        [min(atom.GetDegree(), 5) == d for d in range(6)],
        [min(n_hydrogens, 4) == h for h in range(5)],
        [min(implicit, 5) == v for v in range(6)],
        [atom.GetIsAromatic()],
    ]
    return [float(x) for block in blocks for x in block]


def slow_bond(bond):
    """One bond's 6 features."""
    kind = bond.GetBondType()
    types = Chem.BondType
    return [
        float(kind in (types.SINGLE, types.DATIVE)),
        float(kind == types.DOUBLE),
        float(kind == types.TRIPLE),
        float(kind == types.AROMATIC),
        float(bond.GetIsConjugated()),
        float(bond.IsInRing()),
    ]


def assert_is_molecule(graph, smiles):
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
    assert graph.smiles == smiles
    assert graph.atoms.dtype == graph.bonds.dtype == np.int32
    assert graph.bonds.shape == (mol.GetNumBonds(), 3)
    assert ATOM_FEATURES[graph.atoms].tolist() == [slow_atom(a) for a in mol.GetAtoms()]
    assert BOND_FEATURES[graph.bonds[:, 2]].tolist() == [slow_bond(b) for b in mol.GetBonds()]
    ends = [[b.GetBeginAtomIdx(), b.GetEndAtomIdx()] for b in mol.GetBonds()]
    assert graph.bonds[:, :2].tolist() == ends


def signature(graph):
    """A graph up to the order of its atoms: each atom with its neighbourhood of radius 3."""
    state = graph.atoms.astype(object)
    for _ in range(3):
        around = [[] for _ in state]
        for begin, end, code in graph.bonds.tolist():
            around[begin].append((code, hash(state[end])))
            around[end].append((code, hash(state[begin])))
        state = [hash((s, *sorted(a))) for s, a in zip(state, around, strict=True)]
    return sorted(state), sorted(graph.bonds[:, 2].tolist())


def graphs(smiles):
    return unpack_graphs(smiles, pack_graphs(smiles))


@pytest.fixture(scope="module")
def cmet():
    path = Path(RDConfig.RDContribDir) / "FreeWilson" / "data" / "CHEMBL2321810.smi"
    if not path.exists():
        pytest.skip("this build of rdkit has no Contrib folder")
    return list(dict.fromkeys(line.split()[0] for line in path.read_text().splitlines()))


def test_tables():
    assert ATOM_FEATURES.shape == (44 * 6 * 5 * 6 * 2, 62)
    assert BOND_FEATURES.shape == (20, 6)
    assert ATOM_FEATURES.dtype == BOND_FEATURES.dtype == np.float32
    assert len(ELEMENTS) == len(set(ELEMENTS)) == 43
    assert {"C", "N", "O", "S", "Au", "Ag", "Pb", "I", "Br", "Cs"} - set(ELEMENTS) == {"Cs"}
    assert len(np.unique(ATOM_FEATURES, axis=0)) == len(ATOM_FEATURES)
    with pytest.raises(ValueError, match="assignment destination is read-only"):
        ATOM_FEATURES[0, 0] = 2


@pytest.mark.parametrize("smiles", ODD)
def test_odd_molecules_equal_the_slow_loop(smiles):
    with rdBase.BlockLogs():
        readable = Chem.MolFromSmiles(smiles) is not None
    if not readable:
        assert graph_from_smiles(smiles) is None
        assert graphs([smiles]) == [None]
        return
    assert_is_molecule(graph_from_smiles(smiles), smiles)
    assert_is_molecule(graphs([smiles])[0], smiles)


def test_cmet_equals_the_slow_loop(cmet):
    for smiles, graph in zip(cmet, graphs(cmet), strict=True):
        assert_is_molecule(graph, smiles)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "[CH4]"),
        ("C", "[13CH4]"),
        ("C", "[CH4:7]"),
        ("CCO", "OCC"),
        ("CCO", "[CH3][CH2][OH]"),
        ("c1ccccc1", "C1=CC=CC=C1"),
        ("c1cc[nH]c1", "C1=CNC=C1"),
        ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"),
        ("F/C=C/F", "F/C=C\\F"),
        ("[H]O[H]", "O"),
        ("C[N+](=O)[O-]", "CN(=O)=O"),
        ("[Na+].[Cl-]", "[Cl-].[Na+]"),
        ("N->[Au]", "[Au]<-N"),
    ],
)
def test_two_spellings_give_one_graph(one, other):
    assert signature(graph_from_smiles(one)) == signature(graph_from_smiles(other))


@pytest.mark.parametrize(
    ("one", "other"), [("C", "[CH3]"), ("C=C", "[CH2][CH2]"), ("[Au]", "[Ag]")]
)
def test_different_molecules_give_different_graphs(one, other):
    assert signature(graph_from_smiles(one)) != signature(graph_from_smiles(other))


@given(pick=st.integers(0, 10**6), seed=st.integers(1, 2**30))
def test_atom_order_does_not_matter(pick, seed):
    text = DRUGS[pick % len(DRUGS)]
    mol = Chem.MolFromSmiles(text)
    other = Chem.MolToRandomSmilesVect(mol, 1, randomSeed=seed)[0]
    assert signature(graphs([text])[0]) == signature(graphs([other])[0])


def test_triple_bond_in_an_aromatic_ring_is_triple():
    assert_is_molecule(graph_from_smiles("c1c#cccc1"), "c1c#cccc1")
    assert_is_molecule(graphs(["c1c#cccc1"])[0], "c1c#cccc1")


def test_empty_and_unreadable():
    assert graph_from_smiles("") is EMPTY_GRAPH
    assert graph_from_smiles("  ") is EMPTY_GRAPH
    bad = ["C(C", "c1cccc1", "C(C)(C)(C)(C)C", "xyz", "CCO\u2013C", "C\0C", "\ud800"]
    assert graphs(["C", *bad]) == [graph_from_smiles("C"), *[None] * len(bad)]


@pytest.mark.parametrize("unit", ["C=CC=C", "C1CC1", "C(C)", "c1ccccc1", "C"])
def test_longest_text_is_read_and_longer_refused(unit):
    longest = unit * (MAX_SMILES_LENGTH // len(unit))
    assert graph_from_smiles(longest).atoms.size >= MAX_SMILES_LENGTH // 2
    assert graph_from_smiles(longest + "C" * len(unit)) is None


def test_deep_brackets_do_not_overflow():
    depth = (MAX_SMILES_LENGTH - 1) // 3
    assert len(graph_from_smiles("C(" * depth + "C" + ")" * depth).atoms) == depth + 1


def test_hydrogens_added_as_atoms_are_atoms_of_the_graph():
    graph = mol_to_graph(Chem.AddHs(Chem.MolFromSmiles("C")))
    assert len(graph.atoms) == 5
    assert graph.smiles == "[H]C([H])([H])[H]"


def test_equality_hash_repr_and_pickle():
    graph = graph_from_smiles("CCO")
    again = pickle.loads(pickle.dumps(graph))
    assert graph == again
    assert hash(graph) == hash(again)
    assert not graph.__ne__(again)
    assert graph != graph_from_smiles("OCC")
    assert graph != ("CCO", graph.atoms, graph.bonds)
    assert graph != MolGraph("CCO", graph.atoms, graph.bonds[:1])
    assert repr(graph) == "MolGraph('CCO', 3 atoms, 2 bonds)"


def test_reading_is_silent_and_leaves_the_log_as_it_was(capfd):
    before = rdBase.LogStatus()
    graphs(["C(C", "CN(C)(C)(C)C"])
    assert rdBase.LogStatus() == before
    assert capfd.readouterr().err == ""
    assert Chem.MolFromSmiles("C(C") is None
    sys.stderr.flush()
    assert "SMILES Parse Error" in capfd.readouterr().err
