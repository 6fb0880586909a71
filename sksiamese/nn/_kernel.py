r"""Similarity of two experiments as a covariance: fixed terms, and what the network learns.

Shapes: M members, R roles (columns of molecules or categories), J conditions (numeric columns), n
and m rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from sksiamese.nn._layers import member_normal

N_KINDS = 3
"""Kinds of fixed distance of a role: identity, Tanimoto, descriptors."""

_JITTER = 0.15  # standard deviation of the first log-parameters of members that differ
_SHARES = (-2.0, 0.5, 0.0, -0.5)  # first logits of identity, Tanimoto, descriptors, fingerprint
_WIDE = {"log_product": 2.0}  # prior standard deviation of a log-parameter, else 1


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
    start.

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
    log_constant: Tensor
    log_amplitude: Tensor
    log_rate: Tensor
    log_product: Tensor
    log_exponent: Tensor
    log_learned: Tensor
    log_scale: Tensor
    shares: Tensor

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
        first = {
            "log_constant": [math.log(amplitudes.constant)],
            "log_amplitude": [math.log(amplitudes.additive / n_terms)] * n_terms,
            "log_rate": [0.0] * n_conditions,
            "log_product": [math.log(amplitudes.product)],
            "log_exponent": [0.0] * n_roles + [math.log(0.5)] * n_conditions,
            "shares": list(_SHARES[: N_KINDS + (learned == "fingerprint")]) * n_roles,
        }
        if learned == "fingerprint":
            first["log_scale"] = [math.log(6 / size)] * (self.n_molecules * size)
        if learned == "embedding":
            first["log_learned"] = [math.log(5.0)]
            first["log_scale"] = [math.log(6 / size)] * size
        for name, values in first.items():
            start = torch.tensor(values, dtype=torch.float64).expand(len(generators), -1)
            if learned is not None:
                start = start + _JITTER * member_normal(generators, len(values))
            self.register_parameter(name, nn.Parameter(start.clone()))
            self.register_buffer(f"first_{name}", start.clone())
        present = [kinds, is_molecule] if learned == "fingerprint" else [kinds]
        self.register_buffer("kinds", torch.cat(present, 1).to(torch.float64))

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
        n_roles, _, n, m = pairs.roles.shape
        amplitude, exponent = self.log_amplitude.exp(), self.log_exponent.exp()
        share = self.share()
        fixed = pairs.roles.reshape(n_roles * N_KINDS, n * m)
        conditions = pairs.conditions.reshape(-1, n * m)
        # As matrix products: the sums over roles and kinds, for all members at once.
        mixed = (amplitude[:, :n_roles, None] * share)[..., :N_KINDS].flatten(1)
        k = amplitude[:, :n_roles].sum(1, keepdim=True) - mixed @ fixed
        mixed = (exponent[:, :n_roles, None] * share)[..., :N_KINDS].flatten(1)
        apart = mixed @ fixed + exponent[:, n_roles:] @ conditions
        if self.learned == "fingerprint" and learned is not None:
            distance, own = learned.flatten(2), share[:, : self.n_molecules, N_KINDS]
            mixed = amplitude[:, : self.n_molecules] * own
            k = k - (mixed.unsqueeze(1) @ distance).squeeze(1)
            mixed = exponent[:, : self.n_molecules] * own
            apart = apart + (mixed.unsqueeze(1) @ distance).squeeze(1)
        rate = self.log_rate.exp()
        for j, condition in enumerate(conditions):
            k = k + amplitude[:, n_roles + j, None] * torch.exp(-rate[:, j, None] * condition)
        k = k + self.log_product.exp() * torch.exp(-apart) + self.log_constant.exp()
        if self.learned == "embedding" and learned is not None:
            k = k + self.log_learned.exp() * torch.exp(-learned.flatten(1))
        return k.view(-1, n, m)

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
        names = ["log_constant", "log_amplitude", "log_product"]
        names += ["log_learned"] if self.learned == "embedding" else []
        return torch.cat([self.get_parameter(name).exp() for name in names], 1).sum(1)

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
        amplitude, share = self.log_amplitude.exp()[..., None, None], self.share()[..., None, None]
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
        rate, exponent = self.log_rate.exp()[..., None, None], self.log_exponent.exp()
        for j, condition in enumerate(pairs.conditions):
            near = amplitude[:, n_roles + j] * torch.exp(-rate[:, j] * condition)
            found.append(KernelTerm("near", j, near))
        distance = (share * (1 - alike)).sum(2)  # (M, R, n, m)
        apart = (exponent[:, :n_roles, None, None] * distance).sum(1)
        apart = apart + (exponent[:, n_roles:, None, None] * pairs.conditions).sum(1)
        recipe = self.log_product.exp()[..., None] * torch.exp(-apart)
        found.append(KernelTerm("recipe", None, recipe))
        if self.learned == "embedding" and learned is not None:
            alone = self.log_learned.exp()[..., None] * torch.exp(-learned)
            found.append(KernelTerm("learned", None, alone))
        return found

    def share(self) -> Tensor:
        """Shares of the kinds in the distance of each role.

        Returns
        -------
        Tensor of shape (M, R, N_KINDS or N_KINDS + 1)
            They sum to one; 0 of a kind that the role does not have.
        """
        logits = self.shares.view(len(self.shares), *self.kinds.shape)
        return torch.softmax(logits.masked_fill(self.kinds == 0, -torch.inf), -1)

    def penalty(self) -> Tensor:
        """Minus the log prior of the parameters, up to a constant.

        Returns
        -------
        Tensor of shape ()
            Half the squared distances from where they started, over their prior variance.
        """
        total = self.log_constant.new_zeros(())
        for name, value in self.named_parameters():
            moved = value - self.get_buffer(f"first_{name}")
            total = total + (moved**2).sum() / (2 * _WIDE.get(name, 1.0) ** 2)
        return total
