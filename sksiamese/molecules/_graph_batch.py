"""Many molecules as one batch, in which equal atom environments are one row.

After r convolutions the state of an atom depends only on its environment of radius r: the atoms and
bonds within r bonds. Drug-like molecules share most of them (54 such molecules: 1,755 atoms, 28 /
123 / 366 distinct environments at r = 0 / 1 / 2), so the network runs over distinct environments,
and sums over neighbours and over the atoms of a molecule become products with small count matrices.
The result is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sksiamese.molecules._graph import (
    ATOM_FEATURES,
    BOND_FEATURES,
    EMPTY_GRAPH,
    MolGraph,
)

MAX_DEGREE = 5
"""Atoms of more neighbours share the weights of this degree."""

_WHOLE = 3  # bonds that an environment reaches by which molecules are told apart

_UInt = npt.NDArray[np.uint64]
_Int = npt.NDArray[np.int64]


class CountMatrix(NamedTuple):
    """Sparse matrix of counts, entry by entry.

    Parameters
    ----------
    rows, columns : ndarray of shape (n_entries,), dtype int64
        Place of each entry, sorted by row, then column; no place stands twice.
    counts : ndarray of shape (n_entries,), dtype float64
        How often the thing of the column stands in the thing of the row.
    shape : tuple of int
        Numbers of rows and columns.
    """

    rows: _Int
    columns: _Int
    counts: npt.NDArray[np.float64]
    shape: tuple[int, int]


class EnvironmentLayer(NamedTuple):
    """Distinct environments of one radius, in the order of their degree.

    Parameters
    ----------
    inner : CountMatrix of shape (n_environments, n_environments of the radius before)
        The environment's centre and its neighbours, one radius smaller.
    bonds : ndarray of shape (n_environments, n_bond_features)
        Sum of the features of the bonds at the centre.
    degree_sizes : tuple of int
        How many environments have a centre of degree 0, 1, ..., `MAX_DEGREE`.
    """

    inner: CountMatrix
    bonds: npt.NDArray[np.float64]
    degree_sizes: tuple[int, ...]


@dataclass(frozen=True)
class BatchedMolGraph:
    """A batch of molecules by their distinct atom environments.

    Parameters
    ----------
    atoms : ndarray of shape (n_distinct_atoms, n_atom_features)
        Features of the distinct atoms, the environments of radius 0.
    layers : tuple of EnvironmentLayer
        Environments of radius 1, 2, ...
    pools : tuple of CountMatrix of shape (n_molecules, n_environments)
        For each radius from 0 on, how often each environment stands in each molecule.

    Examples
    --------
    >>> from sksiamese.molecules._graph_batch import batch_graphs
    >>> from sksiamese.molecules._graph import graph_from_smiles
    >>> batch = batch_graphs([graph_from_smiles(s) for s in ("CCO", "CCCO", "")], radius=1)
    >>> [pool.shape for pool in batch.pools]
    [(3, 3), (3, 5)]
    """

    atoms: npt.NDArray[np.float64]
    layers: tuple[EnvironmentLayer, ...]
    pools: tuple[CountMatrix, ...]

    @property
    def n_molecules(self) -> int:
        """Number of molecules in the batch."""
        return self.pools[0].shape[0]


def batch_graphs(graphs: Sequence[MolGraph], radius: int) -> BatchedMolGraph:
    """Collapse the atoms of many molecules to their distinct environments.

    An environment is known by a 64-bit hash of its parts, mixed so that two different ones among a
    million share a hash with a probability of about one in ten million.

    Parameters
    ----------
    graphs : sequence of MolGraph of length n_molecules
        The molecules; an empty graph is legal.
    radius : int
        Largest environment, in bonds: the number of convolutions.

    Returns
    -------
    BatchedMolGraph
        Environments of radius 0 to `radius`.

    Examples
    --------
    >>> from sksiamese.molecules._graph_batch import batch_graphs
    >>> from sksiamese.molecules._graph import graph_from_smiles
    >>> benzene = batch_graphs([graph_from_smiles("c1ccccc1")], radius=2)
    >>> [pool.counts.tolist() for pool in benzene.pools]  # six times one environment
    [[6.0], [6.0], [6.0]]
    """
    pool = GraphPool.of(graphs)
    atoms = pool.atoms
    codes, example, place = np.unique(atoms.codes, return_index=True, return_inverse=True)
    layers = []
    pools = [_count(atoms.molecule, place, (len(graphs), len(codes)))]
    for keys in pool.keys(radius)[1:]:
        inner_place, n_inner = place, pools[-1].shape[1]
        _, example, place = np.unique(keys, return_index=True, return_inverse=True)
        layers.append(atoms.layer(example, inner_place, n_inner))
        pools.append(_count(atoms.molecule, place, (len(graphs), len(example))))
    return BatchedMolGraph(ATOM_FEATURES[codes].astype(np.float64), tuple(layers), tuple(pools))


def environment_keys(graphs: Sequence[MolGraph], radius: int) -> tuple[_Int, _UInt]:
    """List the distinct atom environments of each molecule: circular fingerprints, unfolded.

    Parameters
    ----------
    graphs : sequence of MolGraph of length n_molecules
        The molecules; an empty graph is legal.
    radius : int
        Largest environment, in bonds.

    Returns
    -------
    molecule : ndarray of shape (n_entries,)
        Place of a molecule in `graphs`.
    key : ndarray of shape (n_entries,), dtype uint64
        Key of an environment of radius 0 to `radius` that it has, the same in every batch; each
        stands once for each molecule.

    Examples
    --------
    >>> from sksiamese.molecules._graph_batch import environment_keys
    >>> from sksiamese.molecules._graph import graph_from_smiles
    >>> graphs = [graph_from_smiles("CCO"), graph_from_smiles("CCCO")]
    >>> molecule, key = environment_keys(graphs, radius=1)
    >>> ethanol, propanol = set(key[molecule == 0]), set(key[molecule == 1])
    >>> len(ethanol & propanol), len(ethanol | propanol)
    (5, 8)
    """
    return GraphPool.of(graphs).environments(radius)


def molecule_keys(graphs: Sequence[MolGraph]) -> _UInt:
    """Name molecules by the multiset of their atom environments of three bonds, however spelled.

    Parameters
    ----------
    graphs : sequence of MolGraph of length n_molecules
        The molecules; an empty graph is legal.

    Returns
    -------
    ndarray of shape (n_molecules,), dtype uint64
        Keys; equal for two spellings of a molecule.

    Examples
    --------
    >>> from sksiamese.molecules._graph_batch import molecule_keys
    >>> from sksiamese.molecules._graph import graph_from_smiles
    >>> first, second, other = molecule_keys([graph_from_smiles(s) for s in ("CCO", "OCC", "CCN")])
    >>> bool(first == second), bool(first == other)
    (True, False)
    """
    pool = GraphPool.of(graphs)
    total = np.zeros(len(graphs), np.uint64)
    np.add.at(total, pool.atoms.molecule, _mix(pool.keys(_WHOLE)[_WHOLE]))
    return total


class GraphPool(list[MolGraph]):
    """Molecules that are looked at several times: the keys of their environments are kept.

    It must not be changed.
    """

    @classmethod
    def of(cls, graphs: Sequence[MolGraph]) -> GraphPool:
        """Give graphs as a pool; one that is a pool already is kept."""
        return graphs if isinstance(graphs, cls) else cls(graphs)

    @cached_property
    def atoms(self) -> _Atoms:
        """All atoms."""
        return _concatenate(self)

    def keys(self, radius: int) -> list[_UInt]:
        """Keys (n_atoms,) of the environments of each atom, of radius 0 to `radius`."""
        found = self.__dict__.get("_keys", [self.atoms.codes.astype(np.uint64)])
        while len(found) <= radius:
            found = [*found, self.atoms.grow(found[-1])]
        self._keys = found
        return found[: radius + 1]

    def environments(self, radius: int) -> tuple[_Int, _UInt]:
        """List the distinct environments of each molecule; see :func:`environment_keys`."""
        known: dict[int, tuple[_Int, _UInt]] = self.__dict__.setdefault("_environments", {})
        if radius not in known:
            key = np.concatenate(self.keys(radius))
            molecule = np.tile(self.atoms.molecule, radius + 1)
            _, first = np.unique(_mix(key) + _mix(molecule.astype(np.uint64)), return_index=True)
            known[radius] = molecule[first], key[first]
        return known[radius]


@dataclass(frozen=True)
class _Atoms:
    """All atoms of a batch, molecule after molecule, and the bonds between them."""

    codes: npt.NDArray[np.int32]  # (n_atoms,)
    molecule: _Int  # (n_atoms,)
    ends: _Int  # (2, n_bonds), counted over the whole batch
    bond_codes: npt.NDArray[np.int32]  # (n_bonds,)
    degree: _Int  # (n_atoms,), at most MAX_DEGREE

    def grow(self, keys: _UInt) -> _UInt:
        """Keys of environments one bond larger; the leading bits hold the degree.

        A centre and its neighbours go through the same weights, so they enter as one multiset.
        """
        mixed, bond = _mix(keys), _mix(self.bond_codes.astype(np.uint64))
        total, bonds = mixed.copy(), np.zeros_like(mixed)
        for here, there in (self.ends, self.ends[::-1]):
            np.add.at(total, here, mixed[there])
            np.add.at(bonds, here, bond)
        grown = _mix(_mix(total) + bonds)
        return (grown >> np.uint64(3)) | (self.degree.astype(np.uint64) << np.uint64(61))

    def layer(self, example: _Int, inner_place: _Int, n_inner: int) -> EnvironmentLayer:
        """Take the environments apart, each shown by the atom `example` (n_environments,)."""
        shown = np.full(len(self.codes), -1)
        shown[example] = np.arange(len(example))
        owner, other = np.hstack([self.ends, self.ends[::-1]])  # each bond from both sides
        kept = np.flatnonzero(shown[owner] >= 0)
        rows = np.concatenate([shown[owner[kept]], np.arange(len(example))])
        columns = np.concatenate([inner_place[other[kept]], inner_place[example]])
        bonds = np.zeros((len(example), BOND_FEATURES.shape[1]))
        np.add.at(bonds, shown[owner[kept]], BOND_FEATURES[np.tile(self.bond_codes, 2)[kept]])
        sizes = np.bincount(self.degree[example], minlength=MAX_DEGREE + 1)
        inner = _count(rows, columns, (len(example), n_inner))
        return EnvironmentLayer(inner, bonds, tuple(sizes.tolist()))


def _concatenate(graphs: Sequence[MolGraph]) -> _Atoms:
    """Join the graphs end to end."""
    n_atoms = np.array([len(g.atoms) for g in graphs], np.int64)
    n_bonds = np.array([len(g.bonds) for g in graphs], np.int64)
    bonds = np.concatenate([EMPTY_GRAPH.bonds, *(g.bonds for g in graphs)])
    ends = bonds[:, :2].T + np.repeat(np.cumsum(n_atoms) - n_atoms, n_bonds)
    return _Atoms(
        codes=np.concatenate([EMPTY_GRAPH.atoms, *(g.atoms for g in graphs)]),
        molecule=np.repeat(np.arange(len(graphs)), n_atoms),
        ends=ends,
        bond_codes=bonds[:, 2],
        degree=np.bincount(ends.ravel(), minlength=n_atoms.sum()).clip(max=MAX_DEGREE),
    )


def _mix(values: _UInt) -> _UInt:
    """Scatter 64-bit numbers evenly, one to one (the finaliser of SplitMix64)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _count(rows: _Int, columns: _Int, shape: tuple[int, int]) -> CountMatrix:
    """Count how often each (row, column) stands."""
    flat, counts = np.unique(rows * max(shape[1], 1) + columns, return_counts=True)
    return CountMatrix(*np.divmod(flat, max(shape[1], 1)), counts.astype(np.float64), shape)
