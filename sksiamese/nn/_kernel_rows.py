"""Kernels of a trained network between many rows and a support set, where nothing is derived."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from sksiamese.nn._kernel import (
    JointParameters,
    PairDistances,
    SiameseKernel,
    join_parameters,
)


class ReadyKernels:
    """Several kernels of the same rows, made ready to compare many rows with a few.

    They give what :func:`~sksiamese.nn._kernel.compare` does, at a fraction of its cost: what
    molecules and categories decide is computed once for each combination of them, and sums are
    formed in place.

    Parameters
    ----------
    kernels : sequence of SiameseKernel
        Kernels of the same roles and conditions.
    dtype : torch.dtype
        Precision in which they compare.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn._kernel import PairDistances, SiameseKernel
    >>> from sksiamese.nn._kernel_rows import ReadyKernels
    >>> from sksiamese.nn._layers import member_generators
    >>> kernel = SiameseKernel(member_generators([0]), torch.ones(1, 3), 0, None, 0)
    >>> pairs = PairDistances(torch.rand(1, 3, 2, 4).double(), torch.empty(0, 3, 4).double())
    >>> place = torch.tensor([1, 0, 1])  # the first and the last row are of one combination
    >>> found = ReadyKernels([kernel], torch.float64)(pairs, [None], place)
    >>> found.shape, bool((found[:, 0] == found[:, 2]).all())
    (torch.Size([1, 3, 4]), True)
    """

    @torch.no_grad()
    def __init__(self, kernels: Sequence[SiameseKernel], dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.joint = JointParameters(*(part.to(dtype) for part in join_parameters(kernels)))
        ends = torch.tensor([len(kernel.theta) for kernel in kernels]).cumsum(0).tolist()
        self.members = [slice(*each) for each in zip([0, *ends[:-1]], ends, strict=True)]
        weights = [kernel.learned_weight() for kernel in kernels]
        self.by_learned = [None if each is None else each.to(dtype) for each in weights]

    @torch.no_grad()
    def __call__(
        self, pairs: PairDistances, learned: Sequence[Tensor | None], place: Tensor
    ) -> Tensor:
        """Covariances of rows with the support.

        Parameters
        ----------
        pairs : PairDistances
            Fixed distances: `roles` of each combination of molecules and categories, (R, N_KINDS,
            n_distinct, m), and `conditions` of each row, (J, n, m).
        learned : sequence of Tensor or None
            What each kernel learned: distances of fingerprints of each combination, (members,
            n_molecules, n_distinct, m), of embeddings of each row, (members, n, m), or nothing.
        place : Tensor of shape (n,)
            Which combination each row is of.

        Returns
        -------
        Tensor of shape (members of all kernels, n, m)
            The covariances, kernel after kernel.
        """
        conditions = pairs.conditions.to(self.dtype).flatten(1)  # (J, n * m)
        by_role = self._compare_roles(pairs.roles, learned)
        k, apart = (each.index_select(1, place).flatten(1) for each in by_role.unbind(1))
        joint = self.joint
        for rate, amplitude, condition in zip(joint.rate.T, joint.near.T, conditions, strict=True):
            k.addcmul_(torch.outer(rate, condition).neg_().exp_(), amplitude.unsqueeze(1))
        k.addcmul_(apart.addmm_(joint.exponent, conditions, alpha=-1).exp_(), joint.product)
        for weight, members, distance in self._given(learned, 3):
            k[members].addcmul_(distance.flatten(1).neg().exp_(), weight)
        return k.view(len(k), len(place), -1)

    def _compare_roles(self, roles: Tensor, learned: Sequence[Tensor | None]) -> Tensor:
        """Tell what roles add to the sum and to the exponent, (members, 2, n_distinct, m)."""
        fixed = roles.to(self.dtype).flatten(2).flatten(0, 1)  # (R * N_KINDS, n_distinct * m)
        found = (self.joint.by_kind.flatten(0, 1) @ fixed).view(len(self.joint.largest), 2, -1)
        found[:, 0] += self.joint.largest
        for weight, members, distance in self._given(learned, 4):
            found[members].baddbmm_(weight, distance.flatten(2))
        return found.view(len(found), 2, *roles.shape[2:])

    def _given(
        self, learned: Sequence[Tensor | None], n_axes: int
    ) -> Iterator[tuple[Tensor, slice, Tensor]]:
        """Weight, members and distances of those learned distances that have so many axes."""
        for weight, members, distance in zip(self.by_learned, self.members, learned, strict=True):
            if weight is not None and distance is not None and distance.ndim == n_axes:
                yield weight, members, distance.to(self.dtype)
