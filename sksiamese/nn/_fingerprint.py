"""Neural graph fingerprint (Duvenaud et al. 2015, arXiv 1509.09292) over distinct environments."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from sksiamese.molecules._graph import ATOM_FEATURES, BOND_FEATURES
from sksiamese.molecules._graph_batch import MAX_DEGREE, BatchedMolGraph, CountMatrix
from sksiamese.nn._layers import ACTIVATIONS, member_normal

_DENSE_SIZE = 8_192  # entries up to which a dense product is faster
_PADDED_ROWS = 400  # rows up to which blocks are filled up to equal size
_N_ATOM, _N_BOND = ATOM_FEATURES.shape[1], BOND_FEATURES.shape[1]
_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]


class _SumRows(torch.autograd.Function):
    """Sums over bags of rows, whose gradient is another such sum, over the transposed bags."""

    @staticmethod
    def forward(
        ctx: Any, h: Tensor, index: Tensor, offset: Tensor, back_index: Tensor, back_offset: Tensor
    ) -> Tensor:
        """Sum rows of h, (n_columns, d) -> (n_rows, d)."""
        ctx.save_for_backward(back_index, back_offset)
        return functional.embedding_bag(index, h, offset, mode="sum")

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Sum rows of the gradient, (n_rows, d) -> (n_columns, d)."""
        index, offset = ctx.saved_tensors
        gradient = functional.embedding_bag(index, grads[0].contiguous(), offset, mode="sum")
        return gradient, None, None, None, None


class _Product(nn.Module):
    """Product of a count matrix with states: dense if small, else as sums over bags of rows."""

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
            dense = torch.zeros(matrix.shape, dtype=torch.float64)
            dense[matrix.rows, matrix.columns] = torch.as_tensor(matrix.counts)
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
        """Sum rows of h, (n_columns, ...) -> (n_rows, ...)."""
        if self.is_small:
            total = self.dense @ h.flatten(1)
        else:
            bags = self.index, self.offset, self.back_index, self.back_offset
            total = _SumRows.apply(h.flatten(1), *bags)
        return total.view(self.n_rows, *h.shape[1:])


class _Blocks:
    """Rows for the environments of one radius: a block for each role and degree.

    The blocks of a small batch are filled up to equal size, so that one product serves them all.

    Parameters
    ----------
    counts : ndarray of shape (n_roles, n_degrees)
        Number of environments.
    """

    def __init__(self, counts: _Int) -> None:
        self.degrees = np.flatnonzero(counts.any(axis=0))
        counts = counts[:, self.degrees]
        largest = counts.max(initial=0)
        is_small = counts.size * largest <= _PADDED_ROWS
        self.sizes = np.full_like(counts, largest) if is_small else counts
        self.n_rows = int(self.sizes.sum())
        starts = np.cumsum(self.sizes).reshape(counts.shape) - self.sizes
        # Row of each environment of each role: the start of the block of its degree, and its place
        # among the environments of that degree.
        self.places = [
            np.repeat(start - np.cumsum(size) + size, size) + np.arange(size.sum())
            for start, size in zip(starts, counts, strict=True)
        ]

    def fill(self, features: Sequence[_Float]) -> Tensor:
        """Put the features of each role's environments into their rows; zeros elsewhere."""
        values = np.zeros((self.n_rows, features[0].shape[1]))
        values[np.concatenate(self.places)] = np.concatenate(features)
        return torch.as_tensor(values)


def _join(parts: Sequence[tuple[CountMatrix, _Int, _Int]], shape: tuple[int, int]) -> _Product:
    """Product with several count matrices as one, given the places of their rows and columns."""
    rows = np.concatenate([places[matrix.rows] for matrix, places, _ in parts])
    columns = np.concatenate([places[matrix.columns] for matrix, _, places in parts])
    counts = np.concatenate([matrix.counts for matrix, _, _ in parts])
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
    >>> from sksiamese.nn._fingerprint import GraphTensors
    >>> pools = ["SCCN", "SCCO"], ["O"]
    >>> batches = [batch_graphs([graph_from_smiles(s) for s in pool], radius=2) for pool in pools]
    >>> GraphTensors(batches).n_molecules
    [2, 1]
    """

    atoms: Tensor
    first: Tensor
    starts: Tensor

    def __init__(self, batches: Sequence[BatchedMolGraph]) -> None:
        super().__init__()
        self.n_molecules = [batch.n_molecules for batch in batches]
        ends = np.cumsum(self.n_molecules)
        molecules = np.split(np.arange(ends[-1]), ends[:-1])  # of each role
        self.register_buffer("starts", torch.as_tensor(ends - self.n_molecules))
        layers = list(zip(*(batch.layers for batch in batches), strict=True))
        blocks = [_Blocks(np.array([[len(batch.atoms)] for batch in batches]))]
        blocks += [_Blocks(np.array([part.degree_sizes for part in layer])) for layer in layers]
        self.block_sizes = [each.sizes.ravel().tolist() for each in blocks]
        self.role_sizes = [each.sizes.sum(axis=1).tolist() for each in blocks]
        self.register_buffer("atoms", blocks[0].fill([batch.atoms for batch in batches]))
        self.inner = nn.ModuleList()
        for r, layer in enumerate(layers):
            before, after = blocks[r : r + 2]
            parts = zip((part.inner for part in layer), after.places, before.places, strict=True)
            self.inner.append(_join(list(parts), (after.n_rows, before.n_rows)))
            self.register_buffer(f"bonds_{r}", after.fill([part.bonds for part in layer]))
            self.register_buffer(f"degrees_{r}", torch.as_tensor(after.degrees))
        if layers:  # what enters the first convolution has no weights in it yet
            first = torch.cat([self.inner[0](self.atoms), self.get_buffer("bonds_0")], dim=-1)
            self.register_buffer("first", first)
        starts = list(itertools.accumulate((each.n_rows for each in blocks), initial=0))
        pools = [
            (batch.pools[r], molecules[role], starts[r] + each.places[role])
            for r, each in enumerate(blocks)
            for role, batch in enumerate(batches)
        ]
        self.pool = _join(pools, (int(ends[-1]), starts[-1]))


class NeuralFingerprint(nn.Module):
    r"""Learned fingerprint of a molecule, one network for each ensemble member and role.

    With the state :math:`h_a^0` of atom a its features, :math:`N(a)` its neighbours, d(a) their
    number and :math:`e_{ab}` the features of a bond,

    .. math::

        h_a^{r+1} &= \sigma\Bigl(\bigl[h_a^r + \sum_{b \in N(a)} h_b^r,\;
                     \sum_{b \in N(a)} e_{ab}\bigr]\, H^r_{d(a)} + c^r_{d(a)}\Bigr) \\
        V &= \sum_{r=0}^{P} \sum_a \mathrm{softmax}(h_a^r W^r + b^r)

    where H is the hidden and W the output filter (P = 2 and fp_size = 10 in arXiv 1811.02771).

    Parameters
    ----------
    generators : sequence of torch.Generator of length n_members
        Source of the first weights.
    n_roles : int
        Number of molecule roles.
    fp_size : int
        Length of the fingerprint.
    width : int
        Size of an atom's state after a convolution.
    radius : int
        Number of convolutions, P.
    activation : str
        Name of the hidden filter's activation.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.molecules._graph_batch import batch_graphs
    >>> from sksiamese.molecules._graph import graph_from_smiles
    >>> from sksiamese.nn._fingerprint import GraphTensors, NeuralFingerprint
    >>> from sksiamese.nn._layers import member_generators
    >>> graphs = [graph_from_smiles(text) for text in ("CCO", "OCC", "CCN")]
    >>> network = NeuralFingerprint(member_generators([0]), 1, 10, 32, 2, "tanh")
    >>> first, again, other = network(GraphTensors([batch_graphs(graphs, radius=2)]))[0]
    >>> torch.allclose(first, again), torch.allclose(first, other)
    (True, False)
    """

    def __init__(
        self,
        generators: Sequence[torch.Generator],
        n_roles: int,
        fp_size: int,
        width: int,
        radius: int,
        activation: str,
    ) -> None:
        super().__init__()
        self.fp_size, self.width, self.activation = fp_size, width, activation
        sizes = [_N_ATOM] + [width] * radius
        n_degrees = MAX_DEGREE + 1
        shapes: list[tuple[int, ...]] = [(n_degrees, n + _N_BOND, width) for n in sizes[:-1]]
        shapes += [(n, fp_size) for n in sizes]  # of hidden filters above, of output filters here
        draws = [[_glorot(generators, *shape) for shape in shapes] for _ in range(n_roles)]
        filters = [torch.stack(each, dim=1) for each in zip(*draws, strict=True)]
        biases = [each.new_zeros(*each.shape[:-2], 1, each.shape[-1]) for each in filters]
        # (n_members, n_roles, n_degrees, n_in, n_out) and, for output filters, without degrees
        self.hidden = nn.ParameterList(filters[:radius])
        self.hidden_bias = nn.ParameterList(biases[:radius])
        self.output = nn.ParameterList(filters[radius:])
        self.output_bias = nn.ParameterList(biases[radius:])

    def forward(self, graphs: GraphTensors) -> Tensor:
        """Compute the fingerprints of a batch.

        Parameters
        ----------
        graphs : GraphTensors
            A batch of the network's radius and number of roles.

        Returns
        -------
        Tensor of shape (n_members, n_molecules, fp_size)
            The fingerprints, role after role; zeros for an empty graph.
        """
        n_members = len(self.output[0])
        h = graphs.atoms.expand(n_members, -1, -1)  # (n_members, n_rows, n_features)
        logits = [self._write(h, graphs, 0)]
        for r in range(len(self.hidden)):
            h = self._convolve(h, graphs, r)
            logits.append(self._write(h, graphs, r + 1))
        written = torch.softmax(torch.cat(logits, dim=1), dim=-1).transpose(0, 1)
        return graphs.pool(written).transpose(0, 1)

    def _write(self, h: Tensor, graphs: GraphTensors, r: int) -> Tensor:
        """Output filter, role by role: (n_members, n_rows, width) -> (..., fp_size)."""
        return _filter(h, self.output[r], self.output_bias[r], graphs.role_sizes[r])

    def _convolve(self, h: Tensor, graphs: GraphTensors, r: int) -> Tensor:
        """Hidden filter: states of radius r to those of radius r + 1, degree by degree."""
        if r == 0:
            v = graphs.first.expand(len(h), -1, -1)
        else:
            total = graphs.inner[r](h.transpose(0, 1)).transpose(0, 1)
            bonds = graphs.get_buffer(f"bonds_{r}").expand(len(h), -1, -1)
            v = torch.cat([total, bonds], dim=-1)  # (n_members, n_rows, n_in)
        degrees = graphs.get_buffer(f"degrees_{r}")
        weight, bias = (
            each[r].index_select(2, degrees).flatten(1, 2)  # (n_members, n_blocks, ...)
            for each in (self.hidden, self.hidden_bias)
        )
        return ACTIVATIONS[self.activation](_filter(v, weight, bias, graphs.block_sizes[r + 1]))


def _glorot(generators: Sequence[torch.Generator], *shape: int) -> Tensor:
    """First weights of a filter, (n_members, ..., n_in, n_out)."""
    return (2 / sum(shape[-2:])) ** 0.5 * member_normal(generators, *shape)


def _filter(x: Tensor, weight: Tensor, bias: Tensor, sizes: list[int]) -> Tensor:
    """Affine map of each block of rows, (n_members, n_rows, n_in) -> (n_members, n_rows, n_out).

    `weight` is (n_members, n_blocks, n_in, n_out); blocks of one size go through one product.
    """
    n_members, n_rows, n_in = x.shape
    if not n_rows:
        return x.new_zeros(n_members, 0, weight.shape[-1])
    if len(set(sizes)) == 1:
        blocks = x.reshape(n_members * len(sizes), sizes[0], n_in)
        mapped = torch.baddbmm(bias.flatten(0, 1), blocks, weight.flatten(0, 1))
        return mapped.view(n_members, n_rows, -1)
    filters = bias.unbind(1), x.split(sizes, dim=1), weight.unbind(1)
    parts = [torch.baddbmm(*each) for each in zip(*filters, strict=True) if each[1].shape[1]]
    return torch.cat(parts, dim=1)
