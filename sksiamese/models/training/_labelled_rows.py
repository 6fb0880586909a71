"""What is trained on and for: labelled rows, batches of them, the loss of plain classifiers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.utils.data import Dataset

from sksiamese.nn._fingerprint_network import FingerprintNetwork
from sksiamese.nn._graph_tensors import GraphTensors
from sksiamese.tables.encoding._encoder import Experiments

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]
_Random = np.random.RandomState


class Inputs(NamedTuple):
    """Encoded rows as tensors, as the networks of :mod:`sksiamese.nn` take them."""

    numeric: Tensor
    molecules: Tensor
    graphs: GraphTensors | None


class Batch(NamedTuple):
    """Rows of one step.

    Parameters
    ----------
    target : Tensor of shape (n, n_classes)
        One-hot classes.
    inputs : Inputs
        What the network takes.
    pairs : Tensor of shape (n_terms, n, n)
        Pair weights of each term of a loss over pairs.
    row_weight : Tensor of shape (n,)
        Weights of the rows as queries; they sum to one.
    groups : Tensor of shape (n,)
        Group numbers.
    """

    target: Tensor
    inputs: Inputs
    pairs: Tensor
    row_weight: Tensor
    groups: Tensor


@dataclass
class LabelledExperiments(Dataset):
    """Rows to train on, or to make a support set of.

    Parameters
    ----------
    experiments : Experiments
        Encoded rows.
    y, groups : ndarray of shape (n_rows,)
        Class and group numbers; a batch holds rows of one group, pairs are formed within it.
    weight : ndarray of shape (n_rows,)
        Sample weights.
    held_out : ndarray of shape (n_rows,), dtype bool
        Rows that only validate.
    prior : ndarray of shape (n_classes,)
        Class frequencies that predictions start from.
    """

    experiments: Experiments
    y: _Int
    groups: _Int
    weight: _Float
    held_out: npt.NDArray[np.bool_]
    prior: _Float

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.prior)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)

    def weights(self, rows: _Int, training: bool) -> tuple[_Float, _Float]:
        """Weights of some rows as what is known and as what is predicted, (n,) each."""
        weight = self.weight[rows]
        known = np.where(self.held_out[rows], 0.0, weight)
        return known, (known if training else weight - known)


@dataclass
class ClassLoss:
    """The loss of a network that scores classes; no row is compared with another.

    Parameters
    ----------
    formula : callable
        :func:`~sksiamese.nn._losses.cross_entropy_loss` or
        :func:`~sksiamese.nn._losses.hinge_loss`.
    """

    formula: Callable[[Tensor, Tensor, Tensor], Tensor]

    def weigh(
        self, data: LabelledExperiments, rows: _Int, training: bool, random_state: _Random
    ) -> tuple[_Float, _Float]:
        """No pairs, (0, n, n), and the weights of the rows, (n,)."""
        _, query = data.weights(rows, training)
        return np.empty((0, len(rows), len(rows))), to_shares(query)

    def __call__(self, network: FingerprintNetwork, scores: Tensor, batch: Batch) -> Tensor:
        """Loss of each member, (n_members,)."""
        return self.formula(scores, batch.target, batch.row_weight)


def to_shares(weight: _Float) -> _Float:
    """Scale weights to sum to one, or to zero if all are zero."""
    return weight / max(weight.sum(), np.finfo(float).tiny)
