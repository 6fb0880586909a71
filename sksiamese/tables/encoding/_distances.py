"""How far experiments are from labelled ones, molecule by molecule and condition by condition."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from sksiamese.molecules._graph import MolGraph
from sksiamese.molecules._graph_batch import molecule_keys
from sksiamese.molecules._tanimoto import Tanimoto
from sksiamese.tables.encoding._encoder import Experiments

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]

_FARTHEST = 6.0  # standard deviations of a number from the mean
_MOST = 50.0  # of half a mean squared difference of descriptors


class RowDistances:
    """Fixed distances of any experiments to some that are kept.

    Parameters
    ----------
    experiments : Experiments
        Encoded rows to keep.
    """

    def __init__(self, experiments: Experiments) -> None:
        self.molecules = experiments.molecules
        self.conditions = experiments.conditions
        self.categories = experiments.categories
        self.roles = [
            RoleDistances(graphs, traits)
            for graphs, traits in zip(experiments.graphs, experiments.traits, strict=True)
        ]

    def of_molecules(self, experiments: Experiments) -> list[_Float]:
        """Distances of the distinct molecules of each role, (3, n_molecules, n_kept molecules)."""
        given = zip(self.roles, experiments.graphs, experiments.traits, strict=True)
        return [role(graphs, traits) for role, graphs, traits in given]

    def of_rows(
        self, each: list[_Float], molecules: _Int, conditions: _Float, categories: _Int
    ) -> tuple[_Float, _Float]:
        """Distances of rows: of roles (n_roles, 3, n, n_kept), and of conditions.

        Those of conditions (n_conditions, n, n_kept) are half the squared differences; numbers are
        clipped, not differences, since clipped differences make no covariance. A name that did not
        stand in training differs from all others.
        """
        n_roles = len(each) + categories.shape[1]
        roles = np.zeros((n_roles, 3, len(molecules), len(self.molecules)))
        for r, distances in enumerate(each):
            roles[r] = distances[:, molecules[:, r, None], self.molecules[:, r]]
        roles[len(each) :, 0] = categories.T[:, :, None] != self.categories.T[:, None]
        left, right = (each.clip(-_FARTHEST, _FARTHEST).T for each in (conditions, self.conditions))
        return roles, (left[:, :, None] - right[:, None]) ** 2 / 2


def distance_kinds(experiments: Experiments) -> list[list[float]]:
    """Which distances each role has: identity, Tanimoto, descriptors; 1 or 0, (n_roles, 3).

    Molecules have all, or no descriptors; categories, which come last, have identity alone.
    """
    molecules = [[1.0, 1.0, float(traits.shape[1] > 0)] for traits in experiments.traits]
    return molecules + [[1.0, 0.0, 0.0]] * experiments.categories.shape[1]


class RoleDistances:
    """Fixed distances, 0 to 1, of any molecules to those of a role.

    Parameters
    ----------
    graphs : list of MolGraph of length n_molecules
        Distinct molecules to keep.
    traits : ndarray of shape (n_molecules, n_traits)
        Their standardised descriptors.
    """

    def __init__(self, graphs: list[MolGraph], traits: _Float) -> None:
        self.keys = molecule_keys(graphs)
        self.similarity = Tanimoto(graphs)
        self.traits = traits

    def __call__(self, graphs: list[MolGraph], traits: _Float) -> _Float:
        """Identity, Tanimoto and descriptor distances, (3, n_molecules, n_kept)."""
        differs = np.not_equal.outer(molecule_keys(graphs), self.keys).astype(np.float64)
        unlike = np.where(differs > 0, 1 - self.similarity(graphs), 0.0)
        apart = np.zeros_like(differs)
        if self.traits.shape[1]:
            apart = cdist(traits, self.traits, "sqeuclidean") / (2 * self.traits.shape[1])
        return np.stack([differs, unlike, 1 - np.exp(-np.minimum(apart, _MOST))])
