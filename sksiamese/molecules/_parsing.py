"""Many SMILES at once: graphs, and descriptors, from one parse of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from sksiamese.molecules._descriptors import RDKIT_DESCRIPTORS
from sksiamese.molecules._graph import (
    AROMATIC_BOND,
    BOND_TYPES,
    MAX_SMILES_LENGTH,
    N_FLAGS,
    MolGraph,
    atom_code,
    graph_from_smiles,
    parse_smiles,
)
from sksiamese.molecules._quiet_rdkit import quiet_rdkit


class PackedGraphs(NamedTuple):
    """Graphs of many molecules end to end: cheap to make and to send between processes.

    Parameters
    ----------
    n_atoms, n_bonds : ndarray of shape (n_molecules,), dtype int32
        Sizes of the graphs; 0 for those that stand in `apart`.
    atoms : ndarray of shape (n_atoms.sum(),), dtype int32
        Atom codes, molecule after molecule.
    bonds : ndarray of shape (n_bonds.sum(), 3), dtype int32
        Bonds; atoms are counted within their molecule.
    apart : dict of int to MolGraph or None
        Molecules made one by one, None where the SMILES cannot be read.

    Examples
    --------
    >>> from sksiamese.molecules._parsing import pack_graphs
    >>> pack_graphs(["CCO", "O"]).n_atoms
    array([3, 1], dtype=int32)
    """

    n_atoms: npt.NDArray[np.int32]
    n_bonds: npt.NDArray[np.int32]
    atoms: npt.NDArray[np.int32]
    bonds: npt.NDArray[np.int32]
    apart: dict[int, MolGraph | None]
    descriptors: npt.NDArray[np.float64]


# SMILES that the fast reading leaves to graph_from_smiles: isotopes and hydrogen atoms, CXSMILES,
# dative and unspecified bonds, five or more hydrogens on an atom, charges beyond one.
_UNUSUAL = re.compile(r"[\s\0|<>~]|\[(?:[0-9H#]|[^\]]*(?:H[5-9]|H\d\d|[+-][+\d-]))")
_CROWDED = 8  # most neighbours of an atom in the fast reading

_UNSANITIZED = Chem.SmilesParserParams()
_UNSANITIZED.sanitize = False
_UNSANITIZED.removeHs = False
# Everything that the features rest on; hybridisation and what is built on it are not needed.
_SANITIZE = int(Chem.SANITIZE_ALL) & ~(
    int(Chem.SANITIZE_SETHYBRIDIZATION)
    | int(Chem.SANITIZE_CLEANUPCHIRALITY)
    | int(Chem.SANITIZE_CLEANUPATROPISOMERS)
)


class _AtomCodes:
    """Atom codes by a key that RDKit gives for all atoms of a molecule in one call.

    The key is RDKit's connectivity invariant, a 32-bit hash of (element, neighbours including
    hydrogens, hydrogens, charge, isotope), with the atom's degree, twice its sum of bond orders and
    whether it has an aromatic bond. Together these determine every feature: hydrogens are
    neighbours minus degree, and a radical is an atom whose valence, bond orders plus hydrogens,
    falls short for its charge. The code of a new key is measured once, on the atom that shows it.

    Two invariants could collide, but none do among atoms of at most twelve neighbours, up to four
    hydrogens and a charge of -1, 0 or 1: a test goes through all of them. `_UNUSUAL` and `_CROWDED`
    keep every other atom out.
    """

    def __init__(self) -> None:
        self._table = (np.empty(0, np.int64), np.empty(0, np.int32))  # sorted keys, their codes

    def get(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
        """Codes of the keys, -1 for a key not seen before."""
        known, codes = self._table
        if not len(known):
            return np.full(len(keys), -1, np.int32)
        place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        return np.where(known[place] == keys, codes[place], np.int32(-1))

    def learn(self, keys: npt.NDArray[np.int64], codes: npt.NDArray[np.int32]) -> None:
        """Add keys; both arrays are replaced in one assignment, so threads never see half."""
        known, old = self._table
        merged, first = np.unique(np.concatenate([known, keys]), return_index=True)
        self._table = merged, np.concatenate([old, codes])[first]


_ATOM_CODES = _AtomCodes()


class _Scan:
    """Flat lists that collect what RDKit says of the atoms and bonds of many molecules."""

    def __init__(self) -> None:
        self.invariants: list[int] = []
        self.begin: list[int] = []
        self.end: list[int] = []
        self.order: list[float] = []
        self.conjugated: list[bool] = []
        self.in_ring: list[bool] = []

    def add(self, mol: Chem.Mol) -> tuple[int, int]:
        """Append one molecule; return its numbers of atoms and bonds."""
        invariants = rdMolDescriptors.GetConnectivityInvariants(mol, False)
        self.invariants += invariants
        n_bonds = mol.GetNumBonds()
        bonds = list(map(mol.GetBondWithIdx, range(n_bonds)))
        self.begin += map(Chem.Bond.GetBeginAtomIdx, bonds)
        self.end += map(Chem.Bond.GetEndAtomIdx, bonds)
        self.order += map(Chem.Bond.GetBondTypeAsDouble, bonds)
        self.conjugated += map(Chem.Bond.GetIsConjugated, bonds)
        self.in_ring += map(Chem.Bond.IsInRing, bonds)
        return len(invariants), n_bonds


def _read_plain(smiles: str) -> Chem.Mol | None:
    """Parse without stereochemistry, which the features do not hold: a third faster."""
    if len(smiles) > MAX_SMILES_LENGTH or not smiles.isascii() or _UNUSUAL.search(smiles):
        return None
    mol = Chem.MolFromSmiles(smiles, _UNSANITIZED)
    if mol is None or Chem.SanitizeMol(mol, _SANITIZE, True):
        return None
    return mol


@lru_cache(maxsize=100_000)
def read_descriptors(smiles: str) -> tuple[float, ...] | None:
    """Descriptors of a molecule, zeros for an absent one; None if the text cannot be read.

    Those read last are remembered, since graphs are often encoded again and again.
    """
    if not smiles.strip():
        return (0.0,) * len(RDKIT_DESCRIPTORS)
    with quiet_rdkit:
        mol = _read_plain(smiles) or parse_smiles(smiles)
    return None if mol is None else tuple(float(f(mol)) for f in RDKIT_DESCRIPTORS.values())


def pack_graphs(
    smiles: Sequence[str], descriptors: Mapping[str, Callable[[Any], float]] | None = None
) -> PackedGraphs:
    """Read many SMILES as graphs in packed form.

    Equal to :func:`graph_from_smiles` on each, at a fraction of the time: the usual molecules are
    read without stereochemistry, and their codes are worked out for all of them together.

    Parameters
    ----------
    smiles : sequence of str of length n_molecules
        The texts, best without repeats.
    descriptors : mapping of str to callable, optional
        Descriptors to compute on the way, of those that know neither stereochemistry nor
        hybridisation, such as ``sksiamese.descriptors.RDKIT_DESCRIPTORS``.

    Returns
    -------
    PackedGraphs
        To be taken apart by :func:`unpack_graphs`.

    Examples
    --------
    >>> from sksiamese.molecules._parsing import pack_graphs, unpack_graphs
    >>> texts = ["CCO", "O", "C(C"]
    >>> unpack_graphs(texts, pack_graphs(texts))
    [MolGraph('CCO', 3 atoms, 2 bonds), MolGraph('O', 1 atoms, 0 bonds), None]
    """
    scan = _Scan()
    n_atoms = np.zeros(len(smiles), np.int32)
    n_bonds = np.zeros(len(smiles), np.int32)
    apart: dict[int, MolGraph | None] = {}
    functions = list((descriptors or {}).values())
    values = np.zeros((len(smiles), len(functions)))
    with quiet_rdkit:
        for i, text in enumerate(smiles):
            mol = _read_plain(text)
            if mol is not None:
                n_atoms[i], n_bonds[i] = scan.add(mol)
            else:
                apart[i] = graph_from_smiles(text)
                mol = parse_smiles(text) if text.strip() else None
            if functions and mol is not None:
                values[i] = [function(mol) for function in functions]
        first_atom = np.cumsum(n_atoms) - n_atoms
        bonds, keys, degree = _bonds_and_keys(scan, np.repeat(first_atom, n_bonds))
        owner = np.repeat(np.arange(len(smiles)), n_atoms)
        atoms = _codes_of_keys(keys, owner, first_atom, smiles)
        for i in np.unique(owner[degree > _CROWDED]).tolist():
            apart[i] = graph_from_smiles(smiles[i])
    return PackedGraphs(n_atoms, n_bonds, atoms, bonds, apart, values)


def _bonds_and_keys(
    scan: _Scan, offset: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Bonds (n_bonds, 3), atom keys (n_atoms,) and degrees (n_atoms,) of a scan.

    `offset` (n_bonds,) counts the atoms before the molecule of each bond.
    """
    order = np.array(scan.order)
    twice = (2 * order).astype(np.int64)
    by_twice = np.array([BOND_TYPES.get(n / 2, 0) for n in range(8)])
    kind = by_twice[np.minimum(twice, 7)]
    flags = np.array([scan.conjugated, scan.in_ring], np.int64)  # (2, n_bonds)
    code = (kind * N_FLAGS + flags[0]) * N_FLAGS + flags[1]
    ends = np.array([scan.begin, scan.end], np.int64)  # (2, n_bonds)

    n_atoms = len(scan.invariants)
    at = (ends + offset).ravel()  # both ends of each bond, counted over all molecules
    degree = np.bincount(at, minlength=n_atoms)
    valence = np.bincount(at, np.tile(twice, 2), n_atoms).astype(np.int64)
    aromatic = np.bincount(at, np.tile(kind == AROMATIC_BOND, 2), n_atoms) > 0
    keys = np.array(scan.invariants, np.int64)
    keys = ((keys << 12 | np.minimum(degree, 4095)) << 13 | np.minimum(valence, 8191)) << 1
    return np.column_stack([*ends, code]).astype(np.int32), keys | aromatic, degree


def _codes_of_keys(
    keys: npt.NDArray[np.int64],
    owner: npt.NDArray[np.int64],
    first_atom: npt.NDArray[np.int64],
    smiles: Sequence[str],
) -> npt.NDArray[np.int32]:
    """Atom codes (n_atoms,); a new key is measured on the first atom that shows it."""
    codes = _ATOM_CODES.get(keys)
    missing = np.flatnonzero(codes < 0)
    if not len(missing):
        return codes
    new_keys, place = np.unique(keys[missing], return_index=True)
    measured = np.empty(len(new_keys), np.int32)
    mols: dict[int, Chem.Mol] = {}
    for i, atom in enumerate(missing[place].tolist()):
        molecule = int(owner[atom])
        if molecule not in mols:
            mols[molecule] = _read_plain(smiles[molecule])
        measured[i] = atom_code(mols[molecule].GetAtomWithIdx(atom - int(first_atom[molecule])))
    _ATOM_CODES.learn(new_keys, measured)
    codes[missing] = measured[np.searchsorted(new_keys, keys[missing])]
    return codes


def unpack_graphs(smiles: Sequence[str], packed: PackedGraphs) -> list[MolGraph | None]:
    """Take packed graphs apart.

    Parameters
    ----------
    smiles : sequence of str of length n_molecules
        The texts that were packed.
    packed : PackedGraphs
        What :func:`pack_graphs` made of them.

    Returns
    -------
    list of MolGraph or None
        One graph for each text, None where it cannot be read. The arrays are views of those in
        `packed`.

    Examples
    --------
    >>> from sksiamese.molecules._parsing import pack_graphs, unpack_graphs
    >>> unpack_graphs(["CCO"], pack_graphs(["CCO"]))
    [MolGraph('CCO', 3 atoms, 2 bonds)]
    """
    atom_end = np.cumsum(packed.n_atoms).tolist()
    bond_end = np.cumsum(packed.n_bonds).tolist()
    atoms, bonds = packed.atoms, packed.bonds
    graphs: list[MolGraph | None] = []
    atom, bond = 0, 0
    for text, next_atom, next_bond in zip(smiles, atom_end, bond_end, strict=True):
        graphs.append(MolGraph(text, atoms[atom:next_atom], bonds[bond:next_bond]))
        atom, bond = next_atom, next_bond
    for i, graph in packed.apart.items():
        graphs[i] = graph
    return graphs
