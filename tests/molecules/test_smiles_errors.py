"""Where a text breaks the rules of SMILES."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem, rdBase

from sksiamese.datasets import load_cmet
from sksiamese.molecules._canonical import why_unreadable
from sksiamese.molecules._smiles_errors import syntax_problem

MOLECULES = load_cmet().data.iloc[:100, 0].tolist()
PROBLEMS = {
    "C(C": "'(' at position 2 is not closed",
    "CC)C": "')' at position 3 closes nothing",
    "C1CC": "the ring '1' at position 2 is not closed",
    "C%12CC": "the ring '%12' at position 2 is not closed",
    "C[NH3+": "'[' at position 2 is not closed",
    "C[Xy]": "'[Xy]' at position 2 is not an atom",
    "DMSO": "'D' at position 1 is not part of SMILES",
    "CCX": "'X' at position 3 is not part of SMILES",
}


@pytest.mark.parametrize("text", PROBLEMS)
def test_the_place_is_named(text):
    assert syntax_problem(text) == PROBLEMS[text]
    assert why_unreadable(text) == f" ({PROBLEMS[text]})"


def test_molecules_have_no_problem():
    odd = ["[*:1]CC", "C%(123)CC%(123)", "F/C=C\\F", "[13CH4]", "C1CC1.[Na+].[Cl-]", "N->[Cu+2]"]
    for text in [*MOLECULES, *odd]:
        assert Chem.MolFromSmiles(text) is not None
        assert syntax_problem(text) == ""


@given(st.sampled_from(MOLECULES), st.data())
def test_a_broken_molecule_has_a_problem(text, data):
    place = data.draw(st.integers(0, len(text) - 1))
    broken = (
        text[:place] + data.draw(st.sampled_from(["(", ")", "[", "]", "7", "%91"])) + text[place:]
    )
    with rdBase.BlockLogs():
        is_read = Chem.MolFromSmiles(broken, sanitize=False) is not None
    assert is_read or syntax_problem(broken) or broken[place] == "("
