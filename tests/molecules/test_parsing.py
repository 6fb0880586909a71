"""Many SMILES at once, against one by one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem, RDConfig
from rdkit.Chem import rdMolDescriptors

from sksiamese.molecules import _parsing
from sksiamese.molecules._graph import graph_from_smiles
from sksiamese.molecules._parsing import pack_graphs, unpack_graphs
from tests.molecules.cases import DRUGS, ODD

PIECES = ["", *"CNOPSFIBcnops()=#$-123@/.*~H", "[nH]", "[CH2]", "[C]", "[N+]", "[O-]", "[Au]", "->"]


def graphs(smiles):
    return unpack_graphs(smiles, pack_graphs(smiles))


@pytest.fixture(scope="module")
def cmet():
    path = Path(RDConfig.RDContribDir) / "FreeWilson" / "data" / "CHEMBL2321810.smi"
    if not path.exists():
        pytest.skip("this build of rdkit has no Contrib folder")
    return list(dict.fromkeys(line.split()[0] for line in path.read_text().splitlines()))


def test_codes_do_not_depend_on_what_was_read_before(cmet, monkeypatch):
    smiles = cmet[:200] + ODD
    before = graphs(smiles)
    monkeypatch.setattr(_parsing, "_ATOM_CODES", _parsing._AtomCodes())
    backwards = [g for s in reversed(smiles) for g in graphs([s])]
    assert before == backwards[::-1]


def _hash_of(columns):
    """RDKit's 32-bit hash of a row of integers, for many rows."""
    seed = np.zeros(columns[0].shape, np.uint32)
    for column in columns:
        value = column.astype(np.int64).astype(np.uint32)
        seed ^= value + np.uint32(0x9E3779B9) + (seed << np.uint32(6)) + (seed >> np.uint32(2))
    return seed


def test_no_two_atoms_of_the_fast_reading_share_an_invariant():
    for smiles in ["CCO", "[NH4+]", "[O-]C", "c1cc[nH]c1", "*C", "I[Pb]I"]:
        mol = Chem.MolFromSmiles(smiles)
        parts = [
            (a.GetAtomicNum(), a.GetTotalDegree(), a.GetTotalNumHs(), a.GetFormalCharge(), 0)
            for a in mol.GetAtoms()
        ]
        got = list(rdMolDescriptors.GetConnectivityInvariants(mol, False))
        assert got == _hash_of(np.array(parts).T).tolist()

    # Elements x neighbours (8 atoms + 4 hydrogens) x hydrogens x charge.
    ranges = np.arange(119), np.arange(13), np.arange(5), np.arange(-1, 2)
    element, neighbours, hydrogens, charge = (g.ravel() for g in np.meshgrid(*ranges))
    real = hydrogens <= neighbours
    parts = [p[real] for p in (element, neighbours, hydrogens, charge, np.zeros_like(element))]
    assert len(np.unique(_hash_of(parts))) == real.sum()


@given(data=st.data())
def test_fast_reading_equals_the_slow_loop_on_mutated_text(data):
    text = data.draw(st.sampled_from(DRUGS + ODD))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        skip = data.draw(st.integers(0, 1))
        text = text[:place] + data.draw(st.sampled_from(PIECES)) + text[place + skip :]
    assert graphs([text]) == [graph_from_smiles(text)]
