"""How alike molecules are by fixed circular fingerprints, and points that lie as near."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.decomposition import KernelPCA

from sksiamese.molecules._graph import MolGraph
from sksiamese.molecules._graph_batch import environment_keys

_Float = npt.NDArray[np.float64]
_Int = npt.NDArray[np.int64]

_RADIUS = 2  # that of ECFP4
_MAX_LANDMARKS = 512  # the cost is cubic in their number
_LENGTH = 6.0  # of a point, root mean square; a dozen standardised numbers have 3.5


class Tanimoto:
    """Tanimoto similarities to some molecules.

    The similarity of two molecules is the share of atom environments, up to a radius of two bonds,
    that they have in common among all that either has; two empty molecules have nothing in common.

    Parameters
    ----------
    graphs : list of MolGraph of length n_landmarks
        Molecules to compare with.
    """

    def __init__(self, graphs: list[MolGraph]) -> None:
        self._known = np.unique(environment_keys(graphs, _RADIUS)[1])
        self._landmarks, self._n_keys = self._occurrence(graphs)

    def __call__(self, graphs: list[MolGraph]) -> _Float:
        """Similarities of some molecules to the landmarks, (n_molecules, n_landmarks)."""
        occurrence, n_keys = self._occurrence(graphs)
        common = (occurrence @ self._landmarks.T).toarray()
        return common / np.maximum(n_keys[:, None] + self._n_keys - common, 1)

    def _occurrence(self, graphs: list[MolGraph]) -> tuple[sparse.csr_array, _Int]:
        """Which known environments stand in each molecule, and how many it has in all."""
        molecule, key = environment_keys(graphs, _RADIUS)
        n_keys = np.bincount(molecule, minlength=len(graphs))
        place = np.searchsorted(self._known, key)
        known = np.append(self._known, np.uint64(0))[place] == key
        known &= place < len(self._known)
        places = molecule[known], place[known]
        shape = (len(graphs), len(self._known))
        return sparse.csr_array((np.ones(len(places[0])), places), shape), n_keys


class TanimotoMap:
    """Principal components of the Tanimoto similarities to the molecules of training.

    Parameters
    ----------
    graphs : list of MolGraph of length n_molecules
        Distinct molecules of training, two or more; of many, evenly spaced ones are compared with.
    """

    def __init__(self, graphs: list[MolGraph]) -> None:
        chosen = np.linspace(0, len(graphs) - 1, min(len(graphs), _MAX_LANDMARKS)).astype(int)
        landmarks = [graphs[i] for i in chosen]
        self._similarity = Tanimoto(landmarks)
        similarity = self._similarity(landmarks)
        found = KernelPCA(kernel="precomputed", eigen_solver="dense").fit(similarity)
        spread = np.sqrt(found.eigenvalues_.sum() / len(landmarks))
        scale = _LENGTH / spread if spread > 0 else 0.0
        self._mean = similarity.mean(axis=0)
        # Each column sums to zero: what all similarities of a molecule have in common falls out.
        self._projection = scale * found.eigenvectors_ / np.sqrt(found.eigenvalues_)

    def transform(self, graphs: list[MolGraph]) -> _Float:
        """Points of some molecules, (n_molecules, n_components)."""
        return (self._similarity(graphs) - self._mean) @ self._projection
