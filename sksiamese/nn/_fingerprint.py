"""Neural graph fingerprint (Duvenaud et al. 2015, arXiv 1509.09292) over distinct environments."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from sksiamese.molecules._graph import ATOM_FEATURES, BOND_FEATURES
from sksiamese.molecules._graph_batch import MAX_DEGREE
from sksiamese.nn._graph_tensors import GraphTensors
from sksiamese.nn._layers import ACTIVATIONS, member_normal

_N_ATOM, _N_BOND = ATOM_FEATURES.shape[1], BOND_FEATURES.shape[1]


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
    >>> from sksiamese.nn._fingerprint import NeuralFingerprint
    >>> from sksiamese.nn._graph_tensors import GraphTensors
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
        filters = [*self.hidden, *self.hidden_bias, *self.output, *self.output_bias]
        return _Fingerprint.apply(graphs, self.activation, *filters).transpose(1, 2)


def _glorot(generators: Sequence[torch.Generator], *shape: int) -> Tensor:
    """First weights of a filter, (n_members, ..., n_in, n_out)."""
    return (2 / sum(shape[-2:])) ** 0.5 * member_normal(generators, *shape)


class _Fingerprint(torch.autograd.Function):
    """The equations of :class:`NeuralFingerprint` in one step, and their gradient by hand.

    Rows stand in columns, (n_members, width, n_rows): then sums over neighbours and over atoms are
    one product for all members without a copy, and the softmax runs along them, which is faster.
    """

    @staticmethod
    def forward(ctx: Any, graphs: GraphTensors, activation: str, *filters: Tensor) -> Tensor:
        """Compute fingerprints, (n_members, fp_size, n_molecules)."""
        hidden, hidden_bias, output, output_bias = _part(filters)
        logits = graphs.written(output[0], _side_by_side(output_bias))
        of_radius = logits.split(graphs.layer_sizes, dim=2)
        sums: list[Tensor] = []
        states: list[Tensor] = []
        for r, weight in enumerate(hidden):
            total = graphs.features[r](weight, hidden_bias[r])
            if r:
                sums.append(graphs.inner[r](states[-1]))
                total += _filter(sums[-1], _of_states(weight, graphs, r), graphs.block_sizes[r + 1])
            states.append(ACTIVATIONS[activation](total))
            of_radius[r + 1].add_(_filter(states[r], output[r + 1], graphs.role_sizes[r + 1]))
        written = torch.softmax(logits, dim=1)
        ctx.graphs, ctx.activation = graphs, activation
        ctx.save_for_backward(written, *states, *sums, *filters)
        return graphs.pool(written)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Go the same way back, radius by radius."""
        graphs, (written, *kept) = ctx.graphs, ctx.saved_tensors
        radius = len(graphs.features)
        n_kept = radius + max(radius - 1, 0)
        states, sums = kept[:radius], kept[radius:n_kept]
        hidden, hidden_bias, output, output_bias = _part(kept[n_kept:])
        d_written = graphs.pool.back(grads[0].contiguous())
        d_logits = torch._softmax_backward_data(d_written, written, 1, written.dtype)
        of_atoms, d_bias = graphs.written.back(d_logits, output[0], _side_by_side(output_bias))
        of_radius = d_logits.split(graphs.layer_sizes, dim=2)
        of_hidden: list[tuple[Tensor, Tensor]] = []
        of_output: list[Tensor] = []
        later = None
        for r in reversed(range(radius)):
            sizes = graphs.role_sizes[r + 1]
            d_output, d_state = _filter_back(of_radius[r + 1], states[r], output[r + 1], sizes)
            d_state = d_state if later is None else d_state.add_(later)
            d_total = _DERIVATIVES[ctx.activation](d_state, states[r])
            d_hidden = graphs.features[r].back(d_total, hidden[r], hidden_bias[r])
            if r:
                own, sizes = _of_states(hidden[r], graphs, r), graphs.block_sizes[r + 1]
                d_own, d_sum = _filter_back(d_total, sums[r - 1], own, sizes)
                present = graphs.get_buffer(f"present_{r}")
                _states_part(d_hidden[0]).index_copy_(1, present, d_own)
                later = graphs.inner[r].back(d_sum)
            of_hidden.insert(0, d_hidden)
            of_output.insert(0, d_output)
        of_biases = d_bias.split([each.shape[1] for each in output_bias], dim=1)
        weights, biases = zip(*of_hidden, strict=True) if radius else ((), ())
        return None, None, *weights, *biases, of_atoms, *of_output, *of_biases


_DERIVATIVES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "identity": lambda gradient, _: gradient,
    "leaky_relu": lambda gradient, y: torch.ops.aten.leaky_relu_backward(gradient, y, 0.01, True),
    "relu": lambda gradient, y: torch.ops.aten.threshold_backward(gradient, y, 0),
    "sigmoid": torch.ops.aten.sigmoid_backward,
    "tanh": torch.ops.aten.tanh_backward,
}
"""Gradient of what enters an activation, from that of what leaves it and the latter, y."""


def _part(filters: Sequence[Tensor]) -> list[Sequence[Tensor]]:
    """Part hidden filters, their biases, output filters (one more) and their biases."""
    radius = (len(filters) - 2) // 4
    ends = [0, radius, 2 * radius, 3 * radius + 1, len(filters)]
    return [filters[start:end] for start, end in itertools.pairwise(ends)]


def _side_by_side(output_bias: Sequence[Tensor]) -> Tensor:
    """Join the biases of all output filters, (n_members, (radius + 1) * n_roles, 1, fp_size)."""
    return torch.cat(list(output_bias), dim=1)


def _states_part(weight: Tensor) -> Tensor:
    """Take the rows that states meet, (n_members, n_roles * n_degrees, width, width)."""
    return weight[..., : weight.shape[-1], :].flatten(1, 2)


def _of_states(weight: Tensor, graphs: GraphTensors, r: int) -> Tensor:
    """Take those of the roles and degrees that occur, a block each."""
    return _states_part(weight).index_select(1, graphs.get_buffer(f"present_{r}"))


def _cut(x: Tensor, sizes: list[int]) -> Sequence[Tensor]:
    """Cut rows into blocks, (n_members, width, n_rows); blocks of one size become one tensor."""
    if len(set(sizes)) == 1:
        return [x.unflatten(2, (len(sizes), sizes[0])).transpose(1, 2).flatten(0, 1)]
    return x.split(sizes, dim=2)


def _cut_filters(weight: Tensor, sizes: list[int]) -> Sequence[Tensor]:
    """Take the filters of the same blocks, (n_members, n_blocks, n_in, n_out)."""
    return [weight.flatten(0, 1)] if len(set(sizes)) == 1 else weight.unbind(1)


def _paste(parts: list[Tensor], sizes: list[int]) -> Tensor:
    """Put blocks together again."""
    if len(set(sizes)) == 1:
        whole = parts[0].unflatten(0, (-1, len(sizes)))  # (n_members, n_blocks, width, size)
        return whole.transpose(1, 2).flatten(2)
    return torch.cat(parts, dim=2)


def _filter(x: Tensor, weight: Tensor, sizes: list[int]) -> Tensor:
    """Map each block by its filter, (n_members, n_in, n_rows) -> (n_members, n_out, n_rows)."""
    pairs = zip(_cut(x, sizes), _cut_filters(weight, sizes), strict=True)
    return _paste([torch.bmm(each.mT, part) for part, each in pairs], sizes)


def _filter_back(
    gradient: Tensor, x: Tensor, weight: Tensor, sizes: list[int]
) -> tuple[Tensor, Tensor]:
    """Gradients of the filters and of the rows that went through them."""
    gradients = _cut(gradient, sizes)
    of_weight = [torch.bmm(part, d.mT) for part, d in zip(_cut(x, sizes), gradients, strict=True)]
    filters = _cut_filters(weight, sizes)
    of_x = [torch.bmm(each, d) for each, d in zip(filters, gradients, strict=True)]
    if len(of_weight) == 1:
        return of_weight[0].view_as(weight), _paste(of_x, sizes)
    return torch.stack(of_weight, dim=1), _paste(of_x, sizes)
