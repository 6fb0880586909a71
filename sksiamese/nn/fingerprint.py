"""Neural graph fingerprint (Duvenaud et al. 2015, arXiv 1509.09292) over distinct environments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from sksiamese.batching import MAX_DEGREE, BatchedMolGraph, CountMatrix
from sksiamese.molgraph import ATOM_FEATURES, BOND_FEATURES
from sksiamese.nn.layers import ACTIVATIONS, member_normal

__all__ = ["GraphTensors", "NeuralFingerprint"]

_DENSE_SIZE = 8_192  # entries up to which a dense product is faster
_N_ATOM, _N_BOND = ATOM_FEATURES.shape[1], BOND_FEATURES.shape[1]


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


class GraphTensors(nn.Module):
    """A :class:`~sksiamese.batching.BatchedMolGraph` as tensors that move with their network.

    Parameters
    ----------
    batch : BatchedMolGraph
        Molecules by their distinct environments.

    Examples
    --------
    >>> from sksiamese.batching import batch_graphs
    >>> from sksiamese.molgraph import graph_from_smiles
    >>> from sksiamese.nn.fingerprint import GraphTensors
    >>> GraphTensors(batch_graphs([graph_from_smiles("CCO")], radius=2)).n_molecules
    1
    """

    atoms: Tensor
    first: Tensor

    def __init__(self, batch: BatchedMolGraph) -> None:
        super().__init__()
        self.n_molecules = batch.n_molecules
        self.degree_sizes = [list(layer.degree_sizes) for layer in batch.layers]
        self.register_buffer("atoms", torch.as_tensor(batch.atoms))  # (n_environments, n_features)
        for r, layer in enumerate(batch.layers):
            self.register_buffer(f"bonds_{r}", torch.as_tensor(layer.bonds))
        self.inner = nn.ModuleList(_Product(layer.inner) for layer in batch.layers)
        if batch.layers:  # what enters the first convolution has no weights in it yet
            first = torch.cat([self.inner[0](self.atoms), self.bonds[0]], dim=-1)
            self.register_buffer("first", first)
        self.pools = nn.ModuleList(_Product(pool) for pool in batch.pools)

    @property
    def bonds(self) -> list[Tensor]:
        """Summed bond features of each layer, (n_environments, n_bond_features)."""
        return [self.get_buffer(f"bonds_{r}") for r in range(len(self.inner))]


class NeuralFingerprint(nn.Module):
    r"""Learned fingerprint of a molecule, one network for each ensemble member.

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
    >>> from sksiamese.batching import batch_graphs
    >>> from sksiamese.molgraph import graph_from_smiles
    >>> from sksiamese.nn.fingerprint import GraphTensors, NeuralFingerprint
    >>> from sksiamese.nn.layers import member_generators
    >>> network = NeuralFingerprint(member_generators([0]), 10, 32, 2, "leaky_relu")
    >>> molecules = [graph_from_smiles(smiles) for smiles in ("CCO", "OCC", "c1ccccc1")]
    >>> ethanol, again, benzene = network(GraphTensors(batch_graphs(molecules, radius=2)))[0]
    >>> bool((ethanol == again).all()), bool((ethanol == benzene).all())
    (True, False)
    """

    def __init__(
        self,
        generators: Sequence[torch.Generator],
        fp_size: int,
        width: int,
        radius: int,
        activation: str,
    ) -> None:
        super().__init__()
        self.fp_size, self.width, self.activation = fp_size, width, activation
        sizes = [_N_ATOM] + [width] * radius
        n_members = len(generators)

        def normal(n_in: int, *shape: int) -> nn.Parameter:
            scale = (2 / (n_in + shape[-1])) ** 0.5
            return nn.Parameter(scale * member_normal(generators, *shape))

        def zeros(*shape: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(n_members, *shape, dtype=torch.float64))

        n_degrees = MAX_DEGREE + 1
        self.hidden = nn.ParameterList(
            normal(n + _N_BOND, n_degrees, n + _N_BOND, width) for n in sizes[:-1]
        )
        self.hidden_bias = nn.ParameterList(zeros(n_degrees, 1, width) for _ in sizes[:-1])
        self.output = nn.ParameterList(normal(n, n, fp_size) for n in sizes)
        self.output_bias = nn.ParameterList(zeros(1, fp_size) for _ in sizes)

    def forward(self, graphs: GraphTensors) -> Tensor:
        """Compute the fingerprints of a batch.

        Parameters
        ----------
        graphs : GraphTensors
            A batch of the network's radius.

        Returns
        -------
        Tensor of shape (n_members, n_molecules, fp_size)
            The fingerprints; zeros for an empty graph.
        """
        n_members = len(self.output[0])
        h = graphs.atoms.expand(n_members, -1, -1)  # (n_members, n_environments, n_features)
        fingerprint = graphs.pools[0](self._write(h, 0))
        for r in range(len(self.hidden)):
            h = self._convolve(h, graphs, r)
            fingerprint = fingerprint + graphs.pools[r + 1](self._write(h, r + 1))
        return fingerprint.transpose(0, 1)

    def _write(self, h: Tensor, r: int) -> Tensor:
        """Output filter: (n_members, n_environments, width) -> (n_environments, members, size)."""
        logits = torch.baddbmm(self.output_bias[r], h, self.output[r])
        return torch.softmax(logits, dim=-1).transpose(0, 1)

    def _convolve(self, h: Tensor, graphs: GraphTensors, r: int) -> Tensor:
        """Hidden filter: states of radius r to those of radius r + 1, degree by degree."""
        if r == 0:
            v = graphs.first.expand(len(h), -1, -1)
        else:
            total = graphs.inner[r](h.transpose(0, 1)).transpose(0, 1)
            bonds = graphs.bonds[r].expand(len(h), -1, -1)
            v = torch.cat([total, bonds], dim=-1)  # (n_members, n_environments, n_in)
        blocks = v.split(graphs.degree_sizes[r], dim=1)
        filters = self.hidden_bias[r].unbind(1), blocks, self.hidden[r].unbind(1)
        parts = [torch.baddbmm(*each) for each in zip(*filters, strict=True) if each[1].shape[1]]
        if not parts:
            return v.new_zeros(len(h), 0, self.width)
        return ACTIVATIONS[self.activation](torch.cat(parts, dim=1))
