"""One spelling for each molecule, and the reason where there is none."""

import re

import pytest
from rdkit import Chem

from sksiamese import InvalidSMILESError
from sksiamese.molecules._canonical import canonical_key, canonical_keys, why_unreadable
from sksiamese.molecules._graph import parse_smiles

SAME = [
    ("CO", "[CH3:1][OH:2]"),  # atom-map numbers
    ("*c1ccccc1", "[*:1]c1ccccc1"),
    ("CC(C)O", "[CH3:1][C@H:2]([CH3:3])[OH:4]"),  # no centre without the numbers
    ("CC=C(C)C", "[CH3:1]/[CH:2]=[C:3](/[CH3:4])[CH3:5]"),
    ("C[C@@H](O)F", "[CH3:1][C@H:2]([F:3])[OH:4]"),
    ("C", "[H:1][CH3:2]"),
    ("CO", "InChI=1S/CH4O/c1-2/h2H,1H3"),
    ("CO", Chem.MolFromSmiles("OC")),
    ("CC", "CC |c:1|"),  # CXSMILES
    ("CC", "CC  "),
    ("", None),
    ("", " "),
]


@pytest.mark.parametrize(("key", "cell"), SAME)
def test_one_molecule_has_one_key(key, cell):
    assert canonical_key(cell) == key


UNREADABLE = [
    ("CC(C)(C)(C)C", " (explicit valence for atom # 1 C, 5, is greater than permitted)"),
    ("c1cccc1", " (can't kekulize mol. Unkekulized atoms: 0 1 2 3 4)"),
    ("CCO + O", " (text behind it: '+ O'; give that a column of its own)"),
    ("CCO ethanol", " (text behind it: 'ethanol'; give that a column of its own)"),
    ("CBr.CO>>COC", " (a reaction; give each molecule a column of its own)"),
    ("CC[Pol]", " ('[Pol]' at position 3 is not an atom)"),
    ("C(C", " ('(' at position 2 is not closed)"),
    ("CÖ", " (not ASCII)"),
    (5.0, " (float, not text)"),
]


@pytest.mark.parametrize(("cell", "reason"), UNREADABLE)
def test_what_is_no_molecule_has_a_reason(cell, reason):
    assert canonical_key(cell) is None
    assert why_unreadable(cell) == reason
    assert not isinstance(cell, str) or parse_smiles(cell) is None


def test_ten_cells_are_listed_and_the_others_counted():
    lines = "".join(f"  position {i}: 'C(C' ('(' at position 2 is not closed)\n" for i in range(10))
    message = f"Not readable as SMILES (12 in all):\n{lines}  and 2 more\nCorrect these texts."
    with pytest.raises(InvalidSMILESError, match=f"^{re.escape(message)}$"):
        canonical_keys(["C(C"] * 12)
