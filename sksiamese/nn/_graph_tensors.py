"""The molecules of a batch as tensors: distinct environments, their sums and their features."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from sksiamese.molecules._graph_batch import BatchedMolGraph, CountMatrix

_DENSE_SIZE = 100_000  # entries up to which a dense product is faster
_PADDED_ROWS = 400  # rows up to which blocks are filled up to equal size
_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]


class _Product(nn.Module):
    """Product of states with a count matrix: dense if small, else as sums over bags of rows.

    States stand in columns here: the sums of all members are one product, without a copy.
    """

    dense: Tensor
    index: Tensor
    offset: Tensor
    back_index: Tensor
    back_offset: Tensor

    def __init__(self, matrix: CountMatrix) -> None:
        super().__init__()
        self.n_rows, n_columns = matrix.shape
        self.is_small = self.n_rows * n_columns <= _DENSE_SIZE
        if self.is_small:
            dense = torch.zeros(n_columns, self.n_rows, dtype=torch.float64)
            dense[matrix.columns, matrix.rows] = torch.as_tensor(matrix.counts)
            self.register_buffer("dense", dense)
            return
        counts = torch.as_tensor(matrix.counts, dtype=torch.int64)
        rows = torch.as_tensor(matrix.rows).repeat_interleave(counts)
        columns = torch.as_tensor(matrix.columns).repeat_interleave(counts)
        by_column = torch.argsort(columns, stable=True)
        self.register_buffer("index", columns)
        self.register_buffer("offset", torch.searchsorted(rows, torch.arange(self.n_rows)))
        self.register_buffer("back_index", rows[by_column])
        starts = torch.searchsorted(columns[by_column], torch.arange(n_columns))
        self.register_buffer("back_offset", starts)

    def forward(self, h: Tensor) -> Tensor:
        """Sum columns of h, (n_members, width, n_columns) -> (n_members, width, n_rows)."""
        if self.is_small:
            return (h.flatten(0, 1) @ self.dense).view(*h.shape[:2], -1)
        return _sum_bags(h, self.index, self.offset)

    def back(self, gradient: Tensor) -> Tensor:
        """Gradient of h from that of the sums, (..., n_rows) -> (..., n_columns)."""
        if self.is_small:
            return (gradient.flatten(0, 1) @ self.dense.T).view(*gradient.shape[:2], -1)
        return _sum_bags(gradient, self.back_index, self.back_offset)


def _sum_bags(h: Tensor, index: Tensor, offset: Tensor) -> Tensor:
    """Sum bags of columns, (n_members, width, n) -> (n_members, width, n_bags)."""
    rows = h.flatten(0, 1).T.contiguous()
    total = functional.embedding_bag(index, rows, offset, mode="sum")
    return total.T.contiguous().view(*h.shape[:2], -1)


class _Features(nn.Module):
    """Features of environments under the filter of each one's block: nothing of it is learnt yet.

    Only the weights of features that occur take part, so that one small product serves all blocks.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_features)
        Counts; they meet the last rows of a filter.
    block : ndarray of shape (n_rows,)
        Number of each row's filter.
    """

    live: Tensor
    blocks: Tensor

    def __init__(self, features: _Float, block: _Int) -> None:
        super().__init__()
        n_rows, self.n_features = features.shape
        rows, column = np.nonzero(features)
        live, places = np.unique(block[rows] * self.n_features + column, return_inverse=True)
        blocks, own = np.unique(block, return_inverse=True)
        self.register_buffer("live", torch.as_tensor(live))
        self.register_buffer("blocks", torch.as_tensor(blocks))
        entries = (
            np.concatenate([rows, np.arange(n_rows)]),
            np.concatenate([places, len(live) + own]),  # biases come last
            np.concatenate([features[rows, column], np.ones(n_rows)]),
        )
        self.product = _sorted_product(*entries, (n_rows, len(live) + len(blocks)))

    def forward(self, weight: Tensor, bias: Tensor) -> Tensor:
        """Filter by block, (n_members, ..., n_in, n_out) -> (n_members, n_out, n_rows)."""
        taken = weight.flatten(1, -2).index_select(1, self._places(weight))
        biases = bias.flatten(1, -2).index_select(1, self.blocks)
        return self.product(torch.cat([taken, biases], dim=1).transpose(1, 2))

    def back(self, gradient: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of the filters, zero where no feature meets them."""
        filters = self.product.back(gradient).transpose(1, 2)  # live weights, then biases
        of_weight, of_bias = torch.zeros_like(weight), torch.zeros_like(bias)
        n_live, places = len(self.live), self._places(weight)
        of_weight.flatten(1, -2).index_copy_(1, places, filters[:, :n_live])
        of_bias.flatten(1, -2).index_copy_(1, self.blocks, filters[:, n_live:])
        return of_weight, of_bias

    def _places(self, weight: Tensor) -> Tensor:
        """Rows of the live weights among those of all filters, (n_live,)."""
        n_before = weight.shape[-2] - self.n_features  # rows that states meet
        if not n_before:
            return self.live
        return self.live + (self.live // self.n_features + 1) * n_before


class _Blocks:
    """Rows for the environments of one radius: a block for each role and degree.

    Small blocks may be filled up to equal size, so that one product serves them all.

    Parameters
    ----------
    counts : ndarray of shape (n_roles, n_degrees)
        Number of environments.
    most : int
        Number of rows up to which they are.
    """

    def __init__(self, counts: _Int, most: int) -> None:
        flat = counts.ravel()
        self.present = np.flatnonzero(flat) if flat.any() else np.zeros(1, int)  # one at least
        largest = flat.max(initial=0)
        is_small = len(self.present) * largest <= most
        sizes = np.where(flat > 0, largest, 0) if is_small else flat
        self.sizes = sizes[self.present]
        self.role_sizes = sizes.reshape(counts.shape).sum(axis=1)
        self.n_rows = int(sizes.sum())
        self.filters = np.repeat(self.present, self.sizes)  # number of each row's block
        starts = (np.cumsum(sizes) - sizes).reshape(counts.shape)
        # Row of each environment of each role: the start of the block of its degree, and its place
        # among the environments of that degree.
        self.places = [
            np.repeat(start - np.cumsum(size) + size, size) + np.arange(size.sum())
            for start, size in zip(starts, counts, strict=True)
        ]

    def fill(self, features: Sequence[_Float]) -> _Float:
        """Put the features of each role's environments into their rows; zeros elsewhere."""
        values = np.zeros((self.n_rows, features[0].shape[1]))
        values[np.concatenate(self.places)] = np.concatenate(features)
        return values


def _join(parts: Sequence[tuple[CountMatrix, _Int, _Int]], shape: tuple[int, int]) -> _Product:
    """Product with several count matrices as one, given the places of their rows and columns."""
    rows = np.concatenate([places[matrix.rows] for matrix, places, _ in parts])
    columns = np.concatenate([places[matrix.columns] for matrix, _, places in parts])
    counts = np.concatenate([matrix.counts for matrix, _, _ in parts])
    return _sorted_product(rows, columns, counts, shape)


def _sorted_product(rows: _Int, columns: _Int, counts: _Float, shape: tuple[int, int]) -> _Product:
    """Product with a count matrix whose entries come in any order."""
    order = np.lexsort((columns, rows))
    return _Product(CountMatrix(rows[order], columns[order], counts[order], shape))


class GraphTensors(nn.Module):
    """The molecules of all roles as tensors that move with their network.

    Parameters
    ----------
    batches : sequence of BatchedMolGraph of length n_roles
        The molecules of each role, one or more, by their distinct environments.

    Examples
    --------
    >>> from sksiamese.molecules._graph_batch import batch_graphs
    >>> from sksiamese.molecules._graph import graph_from_smiles
    >>> from sksiamese.nn._graph_tensors import GraphTensors
    >>> pools = ["SCCN", "SCCO"], ["O"]
    >>> batches = [batch_graphs([graph_from_smiles(s) for s in pool], radius=2) for pool in pools]
    >>> GraphTensors(batches).n_molecules
    [2, 1]
    """

    starts: Tensor
    roles: Tensor

    def __init__(self, batches: Sequence[BatchedMolGraph]) -> None:
        super().__init__()
        self.n_molecules = [batch.n_molecules for batch in batches]
        ends = np.cumsum(self.n_molecules)
        molecules = np.split(np.arange(ends[-1]), ends[:-1])  # of each role
        self.register_buffer("starts", torch.as_tensor(ends - self.n_molecules))
        roles = np.repeat(np.arange(len(batches)), self.n_molecules)
        self.register_buffer("roles", torch.as_tensor(roles))
        layers = list(zip(*(batch.layers for batch in batches), strict=True))
        counts = [np.array([[len(batch.atoms)] for batch in batches])]
        counts += [np.array([part.degree_sizes for part in layer]) for layer in layers]
        # Up to radius 1 nothing learnt enters a filter: one product serves all blocks anyway.
        blocks = [_Blocks(each, _PADDED_ROWS * (r > 1)) for r, each in enumerate(counts)]
        self.block_sizes = [each.sizes.tolist() for each in blocks]
        self.role_sizes = [each.role_sizes.tolist() for each in blocks]
        self.layer_sizes = [each.n_rows for each in blocks]
        atoms = blocks[0].fill([batch.atoms for batch in batches])
        self.inner, self.features = nn.ModuleList(), nn.ModuleList()
        for r, layer in enumerate(layers):
            before, after = blocks[r : r + 2]
            parts = zip((part.inner for part in layer), after.places, before.places, strict=True)
            self.inner.append(_join(list(parts), (after.n_rows, before.n_rows)))
            features = after.fill([part.bonds for part in layer])
            if r == 0:  # what enters the first convolution has no weights in it yet
                sums = self.inner[0](torch.as_tensor(atoms.T.copy())[None])[0].T.numpy()
                features = np.hstack([sums, features])
            self.features.append(_Features(features, after.filters))
            self.register_buffer(f"present_{r}", torch.as_tensor(after.present))
        self.written = _Features(*_before_output(atoms, [each.role_sizes for each in blocks]))
        starts = list(itertools.accumulate(self.layer_sizes, initial=0))
        pools = [
            (batch.pools[r], molecules[role], starts[r] + each.places[role])
            for r, each in enumerate(blocks)
            for role, batch in enumerate(batches)
        ]
        self.pool = _join(pools, (int(ends[-1]), starts[-1]))


def _before_output(atoms: _Float, role_sizes: Sequence[_Int]) -> tuple[_Float, _Int]:
    """Features under the output filters, of radius 0 alone, and the filters of all rows."""
    filters = np.repeat(np.arange(sum(map(len, role_sizes))), np.concatenate(role_sizes))
    features = np.zeros((len(filters), atoms.shape[1]))
    features[: len(atoms)] = atoms
    return features, filters
