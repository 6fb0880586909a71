r"""Similarity of two experiments as a covariance: fixed terms, and what the network learns.

Shapes: M members, R roles (columns of molecules or categories), J conditions (numeric columns), n
and m rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from sksiamese.nn._layers import member_normal

N_KINDS = 3
"""Kinds of fixed distance of a role: identity, Tanimoto, descriptors."""

_JITTER = 0.15  # standard deviation of the first log-parameters of members that differ
_SHARES = (-2.0, 0.5, 0.0, -0.5)  # first logits of identity, Tanimoto, descriptors, fingerprint
_WIDE = {"product": 2.0}  # prior standard deviation of a log-parameter, else 1


class Amplitudes(NamedTuple):
    """How large the parts of the kernel are before training, and by their prior.

    Parameters
    ----------
    constant : float
        The constant.
    additive : float
        All terms of single roles and conditions together.
    product : float
        The term of whole recipes.
    """

    constant: float
    additive: float
    product: float


OF_LOGITS = Amplitudes(3.0, 12.0, 4.0)
"""Of latent outcomes that are logits of probabilities."""

OF_NUMBERS = Amplitudes(0.25, 0.5, 0.5)
"""Of outcomes that are standardised numbers."""


class PairDistances(NamedTuple):
    """How far two sets of rows are apart, before any weight.

    Parameters
    ----------
    roles : Tensor of shape (R, N_KINDS, n, m)
        0 to 1: whether the molecules (or categories) differ, 1 - Tanimoto similarity, and
        ``1 - exp(-d)`` with d half the mean squared difference of standardised descriptors.
    conditions : Tensor of shape (J, n, m)
        Half the squared difference of standardised numbers.
    """

    roles: Tensor
    conditions: Tensor


class KernelTerm(NamedTuple):
    """One addend of the kernel, for those who ask why.

    Parameters
    ----------
    kind : str
        "same", "similar" or "learned" of a role; "near" of a condition; "recipe"; "learned".
    place : int or None
        Which role or condition.
    value : Tensor of shape (M, n, m)
        The addend.
    """

    kind: str
    place: int | None
    value: Tensor


class LogParameters(NamedTuple):
    """Parameters of a kernel, in the order in which they stand side by side.

    Parameters
    ----------
    constant : Tensor of shape (M, 1)
        Logarithm of c.
    amplitude : Tensor of shape (M, R + J)
        Logarithms of a, of roles and then of conditions.
    rate : Tensor of shape (M, J)
        Logarithms of l.
    product : Tensor of shape (M, 1)
        Logarithm of s.
    exponent : Tensor of shape (M, R + J)
        Logarithms of v.
    shares : Tensor of shape (M, R * kinds)
        Logits of m.
    learned : Tensor of shape (M, 0 or 1)
        Logarithm of e.
    scale : Tensor of shape (M, any)
        Logarithms of u or w, which the network multiplies with.
    """

    constant: Any
    amplitude: Any
    rate: Any
    product: Any
    exponent: Any
    shares: Any
    learned: Any
    scale: Any


class SiameseKernel(nn.Module):
    r"""Covariance of the latent outcomes of two experiments x and z.

    .. math::

        k(x, z) = c + \sum_r a_r \, (1 - d_r) + \sum_j a_j \, e^{-l_j C_j}
            + s \, e^{-\sum_r v_r d_r - \sum_j v_j C_j} + k_L(x, z)

    Roles and conditions add up (a good ligand is good anywhere), and whole recipes are alike where
    they are alike in everything. The distance of a role is a learnt mixture of three fixed ones,
    :math:`d_r = \sum_k m_{rk} D_{rk}`. There are three forms of what is learnt:

    - ``None``: nothing, :math:`k_L = 0`;
    - ``"fingerprint"``: the graph fingerprints V are a fourth distance of each role,
      :math:`1 - \exp(-\sum_i u_i |V_i(x) - V_i(z)|)`;
    - ``"embedding"``: :math:`k_L = e \, \exp(-\sum_d w_d |G_d(x) - G_d(z)|)`, the siamese network's
      own similarity (arXiv 1811.02771, eq. 2) as one more term.

    All parameters are positive and learnt as logarithms, with a log-normal prior about where they
    start. They stand side by side in `theta`, and :attr:`log` gives them by name.

    Parameters
    ----------
    generators : sequence of torch.Generator of length n_members
        Source of the first parameters, which differ a little from member to member where something
        is learnt.
    kinds : Tensor of shape (R, N_KINDS)
        1 for each distance that a role has, 0 for others: a category has identity alone. Molecules
        come first; they have fingerprints too.
    n_conditions : int
        Number of conditions, J.
    learned : {None, "fingerprint", "embedding"}
        What is learnt.
    size : int
        Length of a fingerprint or of an embedding.
    amplitudes : Amplitudes
        How large its parts are at first.

    Examples
    --------
    >>> import torch
    >>> from sksiamese.nn._kernel import PairDistances, SiameseKernel
    >>> from sksiamese.nn._layers import member_generators
    >>> kernel = SiameseKernel(member_generators([0]), torch.ones(1, 3), 0, None, 0)
    >>> same, other = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)
    >>> none = torch.zeros(0, 1, 1)
    >>> near = kernel(PairDistances(same.double(), none.double()))
    >>> far = kernel(PairDistances(other.double(), none.double()))
    >>> bool(near > far)
    True
    """

    kinds: Tensor
    first: Tensor
    width: Tensor

    def __init__(
        self,
        generators: Sequence[torch.Generator],
        kinds: Tensor,
        n_conditions: int,
        learned: str | None,
        size: int,
        amplitudes: Amplitudes = OF_LOGITS,
    ) -> None:
        super().__init__()
        self.learned, n_roles = learned, len(kinds)
        is_molecule = kinds[:, 1:2] == 1
        self.n_molecules = int(is_molecule.sum())
        n_terms = max(n_roles + n_conditions, 1)
        n_scales = size * (self.n_molecules if learned == "fingerprint" else 1)
        first = LogParameters(
            constant=[math.log(amplitudes.constant)],
            amplitude=[math.log(amplitudes.additive / n_terms)] * n_terms,
            rate=[0.0] * n_conditions,
            product=[math.log(amplitudes.product)],
            exponent=[0.0] * n_roles + [math.log(0.5)] * n_conditions,
            shares=list(_SHARES[: N_KINDS + (learned == "fingerprint")]) * n_roles,
            learned=[math.log(5.0)] if learned == "embedding" else [],
            scale=[math.log(6 / size)] * n_scales if n_scales else [],
        )
        self.sizes = [len(part) for part in first]
        start = torch.tensor([value for part in first for value in part], dtype=torch.float64)
        start = start.expand(len(generators), -1)
        if learned is not None:  # drawn part by part: member by member they follow each other
            drawn = [member_normal(generators, len(part)) for part in first if part]
            start = start + _JITTER * torch.cat(drawn, 1)
        width = [_WIDE.get(name, 1.0) for name, part in first._asdict().items() for _ in part]
        self.theta = nn.Parameter(start.clone())
        self.register_buffer("first", start.clone())
        self.register_buffer("width", torch.tensor(width, dtype=torch.float64))
        present = [kinds, is_molecule] if learned == "fingerprint" else [kinds]
        self.register_buffer("kinds", torch.cat(present, 1).to(torch.float64))

    @property
    def log(self) -> LogParameters:
        """The parameters by name, as views."""
        return LogParameters(*self.theta.split(self.sizes, dim=1))

    def part(self, name: str) -> Tensor:
        """Give one of the :class:`LogParameters` alone, which is less to derive than all.

        Parameters
        ----------
        name : str
            Name of a field.

        Returns
        -------
        Tensor of shape (M, any)
            The parameters, as a view.
        """
        place = LogParameters._fields.index(name)
        return self.theta.narrow(1, sum(self.sizes[:place]), self.sizes[place])

    def forward(self, pairs: PairDistances, learned: Tensor | None = None) -> Tensor:
        """Covariances of two sets of rows.

        Parameters
        ----------
        pairs : PairDistances
            Their fixed distances.
        learned : Tensor of shape (M, n_molecules, n, m) or (M, n, m), optional
            Distances of fingerprints, 0 to 1, or weighted distances of embeddings.

        Returns
        -------
        Tensor of shape (M, n, m)
            The kernel.
        """
        return compare([self], pairs, [learned])

    def _by_learned(self, distance: Tensor | None, n_pairs: int) -> Tensor:
        """Give what learned distances add to sum and recipe term, (M, 2, n_pairs)."""
        weight = self.learned_weight()
        if weight is None or distance is None:
            return self.theta.new_zeros(len(self.theta), 2, n_pairs)
        if self.learned == "embedding":
            near = weight * torch.exp(-distance.flatten(1))
            return torch.stack([near, torch.zeros_like(near)], 1)
        return weight @ distance.flatten(2)

    def learned_weight(self) -> Tensor | None:
        """Give what learned distances are multiplied with.

        Returns
        -------
        Tensor of shape (M, 2, n_molecules) or (M, 1), or None
            Of fingerprints, what each distance adds to the sum and to the exponent of the recipe;
            of embeddings, the amplitude e; None where nothing is learnt.
        """
        n = self.n_molecules
        if self.learned is None:
            return None
        if self.learned == "embedding":
            return self.part("learned").exp()
        weight = torch.stack([self.part("amplitude")[:, :n], self.part("exponent")[:, :n]], 1).exp()
        return -weight * self.share()[:, None, :n, N_KINDS]

    @property
    def corrected(self) -> bool:
        """Whether its posterior is moved from the mode to the mean; see `_laplace.condition`.

        Not where an embedding is learnt: its amplitude becomes large, and a correction of first
        order no longer small.
        """
        return self.learned != "embedding"

    def own(self) -> Tensor:
        """Variance of a row, k(x, x).

        Returns
        -------
        Tensor of shape (M,)
            The sum of all amplitudes.
        """
        log = self.log
        return torch.cat([log.constant, log.amplitude, log.product, log.learned], 1).exp().sum(1)

    def terms(self, pairs: PairDistances, learned: Tensor | None = None) -> list[KernelTerm]:
        """Addends of the kernel but for the constant, which says nothing of a pair.

        Parameters
        ----------
        pairs, learned
            As in :meth:`forward`.

        Returns
        -------
        list of KernelTerm
            "same", "similar" and, with fingerprints, "learned" of each role; "near" of each
            condition; "recipe", all together; and "learned", of the embedding.
        """
        n_roles = len(pairs.roles)
        amplitude, share = self.log.amplitude.exp()[..., None, None], self.share()[..., None, None]
        distances = [pairs.roles.expand(len(share), -1, -1, -1, -1)]
        if self.learned == "fingerprint" and learned is not None:
            missing = n_roles - self.n_molecules  # categories have no fingerprint
            distances.append(functional.pad(learned, (0, 0, 0, 0, 0, missing)).unsqueeze(2))
        alike = 1 - torch.cat(distances, 2)  # (M, R, kinds, n, m)
        found = []
        for r in range(n_roles):
            parts = amplitude[:, r, None] * share[:, r] * alike[:, r]  # (M, kinds, n, m)
            found.append(KernelTerm("same", r, parts[:, 0]))
            if r < self.n_molecules:
                found.append(KernelTerm("similar", r, parts[:, 1:N_KINDS].sum(1)))
            if self.learned == "fingerprint" and r < self.n_molecules:
                found.append(KernelTerm("learned", r, parts[:, N_KINDS]))
        rate, exponent = self.log.rate.exp()[..., None, None], self.log.exponent.exp()
        for j, condition in enumerate(pairs.conditions):
            near = amplitude[:, n_roles + j] * torch.exp(-rate[:, j] * condition)
            found.append(KernelTerm("near", j, near))
        distance = (share * (1 - alike)).sum(2)  # (M, R, n, m)
        apart = (exponent[:, :n_roles, None, None] * distance).sum(1)
        apart = apart + (exponent[:, n_roles:, None, None] * pairs.conditions).sum(1)
        recipe = self.log.product.exp()[..., None] * torch.exp(-apart)
        found.append(KernelTerm("recipe", None, recipe))
        if self.learned == "embedding" and learned is not None:
            alone = self.log.learned.exp()[..., None] * torch.exp(-learned)
            found.append(KernelTerm("learned", None, alone))
        return found

    def share(self) -> Tensor:
        """Shares of the kinds in the distance of each role.

        Returns
        -------
        Tensor of shape (M, R, N_KINDS or N_KINDS + 1)
            They sum to one; 0 of a kind that the role does not have.
        """
        logits = self.part("shares").reshape(len(self.theta), *self.kinds.shape)
        return torch.softmax(logits.masked_fill(self.kinds == 0, -torch.inf), -1)

    def penalty(self) -> Tensor:
        """Minus the log prior of the parameters, up to a constant.

        Returns
        -------
        Tensor of shape ()
            Half the squared distances from where they started, over their prior variance.
        """
        return (((self.theta - self.first) / self.width) ** 2).sum() / 2


class JointParameters(NamedTuple):
    """Parameters of several kernels of the same rows, member below member.

    Parameters
    ----------
    largest : Tensor of shape (members of all kernels, 1)
        The constant and the amplitudes of all roles: what equal molecules and categories give.
    near : Tensor of shape (members, J)
        Amplitudes of conditions.
    rate : Tensor of shape (members, J)
        l of the sum.
    product : Tensor of shape (members, 1)
        s.
    exponent : Tensor of shape (members, J)
        v of conditions.
    by_kind : Tensor of shape (members, 2, R * N_KINDS)
        What each fixed distance adds to the sum and to the exponent of the recipe.
    """

    largest: Tensor
    near: Tensor
    rate: Tensor
    product: Tensor
    exponent: Tensor
    by_kind: Tensor


def join_parameters(kernels: Sequence[SiameseKernel]) -> JointParameters:
    """Put the parameters of kernels side by side.

    Parameters
    ----------
    kernels : sequence of SiameseKernel
        Kernels of the same roles and conditions.

    Returns
    -------
    JointParameters
        The parameters, without logarithms.
    """
    sizes, n_roles = kernels[0].sizes[:5], len(kernels[0].kinds)
    common = torch.cat([kernel.theta[:, : sum(sizes)] for kernel in kernels]).exp()
    constant, amplitude, rate, product, exponent = common.split(sizes, dim=1)
    largest = constant + amplitude[:, :n_roles].sum(1, keepdim=True)
    near = amplitude[:, n_roles : n_roles + rate.shape[1]]
    share = torch.cat([kernel.share()[..., :N_KINDS] for kernel in kernels])
    weight = torch.stack([amplitude[:, :n_roles], exponent[:, :n_roles]], 1).unsqueeze(-1)
    by_kind = -(weight * share.unsqueeze(1)).flatten(2)
    return JointParameters(largest, near, rate, product, exponent[:, n_roles:], by_kind)


def compare(
    kernels: Sequence[SiameseKernel], pairs: PairDistances, learned: Sequence[Tensor | None]
) -> Tensor:
    """Covariances of two sets of rows by several kernels of the same rows, as if they were one.

    Parameters
    ----------
    kernels : sequence of SiameseKernel
        Kernels of the same roles and conditions.
    pairs : PairDistances
        Fixed distances of the rows.
    learned : sequence of Tensor or None
        The learned distance of each kernel.

    Returns
    -------
    Tensor of shape (members of all kernels, n, m)
        The covariances, kernel after kernel.
    """
    n, m = pairs.roles.shape[2:]
    fixed, conditions = pairs.roles.reshape(-1, n * m), pairs.conditions.reshape(-1, n * m)
    joint = join_parameters(kernels)
    given = zip(kernels, learned, strict=True)
    learnt = torch.cat([kernel._by_learned(each, n * m) for kernel, each in given])
    # As matrix products: the sums over roles and kinds, for all members at once.
    by_role = torch.addmm(learnt.flatten(0, 1), joint.by_kind.flatten(0, 1), fixed)
    by_role = by_role.view_as(learnt)
    near = torch.exp(-joint.rate.unsqueeze(-1) * conditions)  # (members, J, n * m)
    alike = torch.baddbmm(by_role[:, :1], joint.near.unsqueeze(1), near).squeeze(1) + joint.largest
    recipe = torch.exp(torch.addmm(by_role[:, 1], -joint.exponent, conditions))
    return torch.addcmul(alike, joint.product, recipe).view(-1, n, m)
