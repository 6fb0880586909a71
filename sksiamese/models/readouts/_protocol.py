"""What every read-out gives the siamese classifier."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sksiamese.models.training._ensemble_net import EnsembleNet
from sksiamese.models.training._labelled_rows import LabelledExperiments
from sksiamese.tables._labels import TrainingTable, class_shares
from sksiamese.tables.encoding._encoder import ExperimentEncoder, Experiments

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]

Reason: TypeAlias = tuple[str, int | None]
"""Kind of a reason ("same", "near", "learned" ...), and the place of its column if it has one."""


class Evidence(NamedTuple):
    """What carries a prediction.

    Parameters
    ----------
    similarity : ndarray of shape (n, n_support)
        Similarity of rows and support rows, 0 to 1.
    share : ndarray of shape (n, n_support)
        Part of each support row in all evidence, what is known without any row included.
    parts : dict of Reason to ndarray of shape (n, n_support)
        Shares told apart by their reason; they add up to `share`. Empty where there is one reason.
    """

    similarity: _Float
    share: _Float
    parts: dict[Reason, _Float]


class Support(Protocol):
    """A support set, taken up by a trained net."""

    @property
    def threshold(self) -> _Float:
        """Decision threshold of each class, (n_classes,); the largest ratio to it is predicted."""

    def proba(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Class probabilities of encoded rows, (n_members, n, n_classes)."""

    def variance(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Variance of the class probabilities over all that is not known, (n, n_classes)."""

    def evidence(self, net: EnsembleNet, experiments: Experiments) -> Evidence:
        """Tell what carries the predictions of encoded rows."""


class ReadOut(Protocol):
    """A way to train a siamese network, and to predict with it.

    Those that inherit from it write only the methods in which they differ from what stands here.
    """

    defaults: ClassVar[dict[str, Any]]
    """Values of the classifier's parameters that are None."""

    def prior(self, table: TrainingTable) -> _Float:
        """Class frequencies that predictions start from, (n_classes,)."""
        return class_shares(table)

    def enrich(
        self,
        encoder: ExperimentEncoder,
        experiments: Experiments,
        table: TrainingTable,
        held_out: npt.NDArray[np.bool_],
        seed: int,
    ) -> Experiments:
        """Let the encoder keep what it needs of the labels: nothing."""
        return experiments

    def make_net(self, data: LabelledExperiments, **shared: Any) -> EnsembleNet:
        """Make an untrained net with its loss."""

    def starts_empty(self, has_groups: bool) -> bool:
        """Whether there is no support row after a fit."""
        return False

    def most_rows(self, n_members: int, n_classes: int) -> int | None:
        """Largest number of support rows by default; None for no limit."""
        return None

    def room(
        self, n_rows: int, n_support: int, n_members: int, n_classes: int, batch_size: int
    ) -> float:
        """Bytes that a fit takes at most, where they grow faster than rows; 0 is little."""
        return 0.0

    def take_support(self, net: EnsembleNet, rows: LabelledExperiments, chosen: _Int) -> Support:
        """Make a support set of labelled rows, of which the chosen ones are compared with."""

    def similarity(self, net: EnsembleNet, left: Experiments, right: Experiments) -> _Float:
        """Similarity of all pairs, 0 to 1, (n, m)."""

    def embedding(self, net: EnsembleNet, experiments: Experiments) -> Tensor:
        """Embeddings whose L1 distance is that of the similarity, (n_members, n, size)."""


def kept_tensor(array: npt.NDArray[Any], dtype: torch.dtype | None = None) -> Tensor:
    """Give an array that a support set keeps as a tensor.

    One that joblib maps read-only from a file is copied: torch has no such tensors, and warns.
    """
    return torch.as_tensor(array if array.flags.writeable else array.copy(), dtype=dtype)
