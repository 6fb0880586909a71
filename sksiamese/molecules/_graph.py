"""Molecules as graphs of small integers: one code for each atom and for each bond.

A code is a row number of a lookup table, :data:`ATOM_FEATURES` or :data:`BOND_FEATURES`, which
holds the features of the paper (arXiv 1811.02771): element, degree, hydrogens, implicit valence and
aromaticity of atoms; order, conjugation and ring membership of bonds. Codes are fixed numbers, the
same in every process and every release, so graphs may be stored and compared.

Isotopes, charges and stereochemistry are not among the features, as in the paper. A charge shows
only through the hydrogens and the implicit valence.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rdkit import Chem

from sksiamese.molecules._quiet_rdkit import quiet_rdkit

MAX_SMILES_LENGTH = 5_000
"""Longest SMILES that is read, in characters; RDKit's time grows faster than the length."""

ELEMENTS = (
    *("H", "Li", "B", "C", "N", "O", "F", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "K", "Ca"),
    *("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ge", "As", "Se", "Br", "Zr", "Pd"),
    *("Ag", "Cd", "In", "Sn", "Sb", "I", "Yb", "Pt", "Au", "Hg", "Tl", "Pb"),
)
"""The 43 named elements, by atomic number; every other one, and a wildcard, is "unknown"."""

# Sizes of the one-hot blocks of an atom; the last block, aromatic, is a single column.
_N_ELEMENTS, _N_DEGREES, _N_HYDROGENS, _N_IMPLICIT, _N_AROMATIC = 44, 6, 5, 6, 2
# Sizes of the parts of a bond code: other/single/double/triple/aromatic, conjugated, in ring.
_N_BOND_TYPES = 5
N_FLAGS = 2
"""Values of each of the two last parts of a bond code, (kind * 2 + conjugated) * 2 + in ring."""

_ELEMENT_CODE = {Chem.GetPeriodicTable().GetAtomicNumber(e): i for i, e in enumerate(ELEMENTS)}
_UNKNOWN_ELEMENT = len(ELEMENTS)
# Atoms that SMILES writes without brackets, and the valence that hydrogens then fill up to.
_ORGANIC_VALENCE = {5: 3, 6: 4, 7: 3, 8: 2, 9: 1, 15: 3, 16: 2, 17: 1, 35: 1, 53: 1}
_CARBON = 6
AROMATIC_BOND = 4
"""First part of the bond code of an aromatic bond."""
BOND_TYPES = {1.0: 1, 2.0: 2, 3.0: 3, 1.5: AROMATIC_BOND}
"""RDKit's bond order to the first part of a bond code; others are 0.

A triple bond in an aromatic ring stays triple.
"""


def _atom_features() -> npt.NDArray[np.float32]:
    shape = (_N_ELEMENTS, _N_DEGREES, _N_HYDROGENS, _N_IMPLICIT, _N_AROMATIC)
    digits = np.unravel_index(np.arange(np.prod(shape)), shape)
    blocks = [np.eye(n, dtype=np.float32)[d] for n, d in zip(shape[:-1], digits[:-1], strict=True)]
    return np.hstack([*blocks, digits[-1][:, None].astype(np.float32)])


def _bond_features() -> npt.NDArray[np.float32]:
    shape = (_N_BOND_TYPES, N_FLAGS, N_FLAGS)
    order, conjugated, in_ring = np.unravel_index(np.arange(np.prod(shape)), shape)
    one_hot = np.eye(_N_BOND_TYPES, dtype=np.float32)[order][:, 1:]  # "other" is all zeros
    return np.column_stack([one_hot, conjugated, in_ring]).astype(np.float32)


ATOM_FEATURES: npt.NDArray[np.float32] = _atom_features()
"""Features of an atom code, float32 of shape (15840, 62), read-only.

Columns: 44 elements (:data:`ELEMENTS`, then unknown), degree 0-5, hydrogens 0-4, implicit valence
0-5, aromatic. Larger degrees and hydrogen counts fall into the last column of their block.
"""

BOND_FEATURES: npt.NDArray[np.float32] = _bond_features()
"""Features of a bond code, float32 of shape (20, 6), read-only.

Columns: single, double, triple, aromatic, conjugated, in a ring. A dative bond is a single bond; a
bond of any other order has zeros in the first four columns.
"""

ATOM_FEATURES.setflags(write=False)
BOND_FEATURES.setflags(write=False)


class MolGraph(NamedTuple):
    """One molecule as a graph of feature codes.

    Parameters
    ----------
    smiles : str
        The SMILES as it was written; "" for an absent molecule.
    atoms : ndarray of shape (n_atoms,), dtype int32
        Code of each atom, a row of :data:`ATOM_FEATURES`.
    bonds : ndarray of shape (n_bonds, 3), dtype int32
        First atom, second atom and code of each bond, a row of :data:`BOND_FEATURES`. A bond
        stands once, in one direction.

    Examples
    --------
    >>> from sksiamese.molecules._graph import ATOM_FEATURES, graph_from_smiles
    >>> ethanol = graph_from_smiles("CCO")
    >>> ethanol
    MolGraph('CCO', 3 atoms, 2 bonds)
    >>> ATOM_FEATURES[ethanol.atoms].shape
    (3, 62)
    """

    smiles: str
    atoms: npt.NDArray[np.int32]
    bonds: npt.NDArray[np.int32]

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same SMILES text, atom codes and bonds, in the same order."""
        return self is other or (
            isinstance(other, MolGraph)
            and self.smiles == other.smiles
            and np.array_equal(self.atoms, other.atoms)
            and np.array_equal(self.bonds, other.bonds)
        )

    def __ne__(self, other: object) -> bool:
        """Whether they differ; stated because a tuple's own rule would compare the arrays."""
        return not self == other

    def __hash__(self) -> int:
        """Hash of the SMILES text, so that graphs serve as dictionary keys."""
        return hash(self.smiles)

    def __repr__(self) -> str:
        """Text short enough for a cell of a DataFrame."""
        return f"MolGraph({self.smiles!r}, {len(self.atoms)} atoms, {len(self.bonds)} bonds)"


def _frozen(array: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    array.setflags(write=False)
    return array


EMPTY_GRAPH = MolGraph("", _frozen(np.empty(0, np.int32)), _frozen(np.empty((0, 3), np.int32)))
"""The graph of an absent molecule: no atoms, no bonds."""


def _implicit_valence(atom: Any, n_hydrogens: int) -> int:
    """Hydrogens that canonical non-isomeric SMILES leaves unwritten on this atom.

    RDKit's own implicit valence counts the hydrogens that the *given* text left out, 4 for "C" but
    0 for "[CH4]", so two spellings of one molecule would differ. Canonical SMILES without isotopes
    is one spelling, and there an atom goes without brackets, its hydrogens unwritten, when it is of
    the organic subset, uncharged, no radical, of its lowest usual valence, and not an aromatic
    heteroatom (which carries its hydrogen in brackets: "[nH]"). Otherwise the count is 0. What an
    atom is bound to plays no part, although RDKit puts the neighbours of metals in brackets.
    """
    number = atom.GetAtomicNum()
    if n_hydrogens == 0 or number not in _ORGANIC_VALENCE:
        return 0
    if atom.GetFormalCharge() or atom.GetNumRadicalElectrons():
        return 0
    if atom.GetIsAromatic() and number != _CARBON:
        return 0
    return n_hydrogens if atom.GetTotalValence() == _ORGANIC_VALENCE[number] else 0


def atom_code(atom: Any) -> int:
    """Row of :data:`ATOM_FEATURES` of an RDKit atom.

    Parameters
    ----------
    atom : rdkit.Chem.Atom
        Atom of a sanitised molecule.

    Returns
    -------
    int
        The code.

    Examples
    --------
    >>> from rdkit import Chem
    >>> from sksiamese.molecules._graph import ATOM_FEATURES, atom_code
    >>> code = atom_code(Chem.MolFromSmiles("C").GetAtomWithIdx(0))
    >>> float(ATOM_FEATURES[code].sum())  # element, degree, hydrogens, implicit valence
    4.0
    """
    n_hydrogens = atom.GetTotalNumHs()
    code = _ELEMENT_CODE.get(atom.GetAtomicNum(), _UNKNOWN_ELEMENT)
    code = code * _N_DEGREES + min(atom.GetDegree(), _N_DEGREES - 1)
    code = code * _N_HYDROGENS + min(n_hydrogens, _N_HYDROGENS - 1)
    code = code * _N_IMPLICIT + min(_implicit_valence(atom, n_hydrogens), _N_IMPLICIT - 1)
    return code * _N_AROMATIC + atom.GetIsAromatic()


def _bond_code(bond: Any) -> int:
    kind = BOND_TYPES.get(bond.GetBondTypeAsDouble(), 0)
    return (kind * N_FLAGS + bond.GetIsConjugated()) * N_FLAGS + bond.IsInRing()


def mol_to_graph(mol: Chem.Mol, smiles: str | None = None) -> MolGraph:
    """Turn one RDKit molecule into a graph, atom by atom.

    ``pack_graphs`` does the same for many SMILES at once.

    Parameters
    ----------
    mol : rdkit.Chem.Mol
        A sanitised molecule, as ``Chem.MolFromSmiles`` returns it. Hydrogens that are atoms of the
        molecule (after ``Chem.AddHs``) become atoms of the graph.
    smiles : str, optional
        Text to keep in the graph; by default the canonical SMILES of `mol`.

    Returns
    -------
    MolGraph
        Atoms and bonds in the order of `mol`.

    Examples
    --------
    >>> from rdkit import Chem
    >>> from sksiamese.molecules._graph import mol_to_graph
    >>> mol_to_graph(Chem.MolFromSmiles("c1ccccc1"), "c1ccccc1")
    MolGraph('c1ccccc1', 6 atoms, 6 bonds)
    """
    atoms = [atom_code(atom) for atom in mol.GetAtoms()]
    bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx(), _bond_code(b)) for b in mol.GetBonds()]
    text = Chem.MolToSmiles(mol) if smiles is None else smiles
    return MolGraph(
        text, np.array(atoms, np.int32), np.array(bonds, np.int32).reshape(len(bonds), 3)
    )


def parse_smiles(smiles: str) -> Chem.Mol | None:
    """Read one SMILES or InChI with RDKit, or return None if it cannot be read.

    Beyond RDKit's own refusals, text longer than :data:`MAX_SMILES_LENGTH` is refused, since
    parsing time is not bounded by its length; so are characters outside ASCII and NUL, at which
    RDKit stops reading without saying so, and words behind the SMILES, which it takes for a name:
    it would read ``CCO + O`` as ethanol. A CXSMILES block may follow. Atom-map numbers are left
    out, since they make no other molecule. The caller decides about RDKit's log.

    Parameters
    ----------
    smiles : str
        The text, isomeric or not.

    Returns
    -------
    rdkit.Chem.Mol or None
        The sanitised molecule.

    Examples
    --------
    >>> from sksiamese.molecules._graph import parse_smiles
    >>> parse_smiles("CCO").GetNumAtoms()
    3
    >>> parse_smiles("CCO + O") is None
    True
    """
    if len(smiles) > MAX_SMILES_LENGTH or not smiles.isascii() or "\0" in smiles:
        return None
    if smiles.lstrip().startswith("InChI="):
        return Chem.MolFromInchi(smiles.strip())
    if text_behind(smiles):
        return None
    mol = Chem.MolFromSmiles(smiles)
    if mol is not None and ":" in smiles:
        _remove_atom_maps(mol)
    return mol


def _remove_atom_maps(mol: Chem.Mol) -> None:
    """Remove atom-map numbers, and centres and double bonds that only these made stereogenic."""
    mapped = [atom for atom in mol.GetAtoms() if atom.GetAtomMapNum()]
    for atom in mapped:
        atom.SetAtomMapNum(0)
    if mapped:
        Chem.AssignStereochemistry(mol, cleanIt=True, force=True)


def text_behind(smiles: str) -> str:
    """Words that stand behind a SMILES, other than a CXSMILES block; "" if there are none.

    Examples
    --------
    >>> from sksiamese.molecules._graph import text_behind
    >>> text_behind("CCO + O"), text_behind("CCO |c:1| "), text_behind("CCO")
    ('+ O', '', '')
    """
    _, *behind = smiles.split(maxsplit=1) or [""]
    rest = "".join(behind).strip()
    return "" if rest.startswith("|") and rest.endswith("|") and len(rest) > 1 else rest


def graph_from_smiles(smiles: str) -> MolGraph | None:
    """Read one SMILES as a graph.

    Parameters
    ----------
    smiles : str
        The text, isomeric or not; empty text is an absent molecule.

    Returns
    -------
    MolGraph or None
        None if `smiles` cannot be read; :data:`EMPTY_GRAPH` if it is empty. Two spellings of one
        molecule give equal graphs up to the order of atoms and bonds.

    Examples
    --------
    >>> from sksiamese.molecules._graph import graph_from_smiles
    >>> graph_from_smiles("[CH4]").atoms == graph_from_smiles("C").atoms
    array([ True])
    """
    if not smiles.strip():
        return EMPTY_GRAPH
    with quiet_rdkit:
        mol = parse_smiles(smiles)
    return None if mol is None else mol_to_graph(mol, smiles)
