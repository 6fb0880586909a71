"""Distances between learned fingerprints of molecules, clustered and drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from sksiamese._frames import ensure_table
from sksiamese.plotting._drawing import (
    axis_label,
    clip,
    import_pyplot,
    last_step,
    name_molecules,
    require_column,
    show_molecule,
)

_MOST_DRAWN = 40  # molecules that are drawn and named beside a matrix
_Floats = npt.NDArray[np.float64]


@dataclass(eq=False, repr=False)
class FingerprintDistanceDisplay:
    """Distances between learned fingerprints, in the manner of Fig. 4 of arXiv 1811.02771.

    Molecules that the model takes for alike stand together: the order is that of hierarchical
    clustering (average linkage).

    Parameters
    ----------
    distances : ndarray of shape (n_molecules, n_molecules)
        Euclidean distances between fingerprints, averaged over the members.
    smiles : sequence of str of length n_molecules
        The molecules; "" for an absent one.
    labels : sequence of str of length n_molecules
        Their names.
    column : str, default="molecule"
        Column that they come from.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where the matrix was drawn.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    FingerprintDistanceDisplay.from_estimator : Ask a fitted classifier, cluster and draw.

    Examples
    --------
    >>> from sksiamese import GraphFingerprintSiameseClassifier
    >>> from sksiamese.datasets import make_nanoclusters
    >>> from sksiamese.plotting import FingerprintDistanceDisplay
    >>> X, y = make_nanoclusters(40, random_state=0, return_X_y=True)
    >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
    >>> model = model.fit(X, y)
    >>> display = FingerprintDistanceDisplay.from_estimator(model, X, "ligand")  # doctest: +SKIP
    """

    distances: _Floats
    smiles: Sequence[str]
    labels: Sequence[str]
    column: str = "molecule"

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        column: str,
        *,
        names: Mapping[str, str | None] | None = None,
        ax: Any = None,
    ) -> FingerprintDistanceDisplay:
        """Compare the fingerprints of the molecules of a column, and draw the distances.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier with ``fingerprint``, or a Pipeline that ends in one.
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments; every distinct molecule is taken once.
        column : str
            A molecule column.
        names : mapping of str to str or None, default=None
            Names and SMILES of molecules, as for ``sksiamese.space.Molecules``.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        FingerprintDistanceDisplay
            The picture; beyond 40 molecules, the matrix alone.

        Raises
        ------
        TypeError
            If the estimator learns no fingerprints.
        ValueError
            If `column` has no fingerprints, or fewer than two molecules.
        """
        frame, named = ensure_table(X)
        require_column(frame, column)
        smiles, labels, keys = name_molecules(frame[column], names)
        rows = frame.iloc[np.unique(keys, return_index=True)[1]]
        last, seen = last_step(estimator, rows if named else rows.to_numpy(), "fingerprint")
        values = _of_column(estimator, last.fingerprint(seen), column, rows.columns)
        if len(rows) < 2:
            raise ValueError(
                f"Column {column!r} holds one molecule only, {smiles[keys[0]]!r}, and distances "
                "need two. Give more rows, or another column."
            )
        flat = np.mean([pdist(member) for member in values.transpose(1, 0, 2)], axis=0)
        order = leaves_list(linkage(flat, "average", optimal_ordering=True))
        return cls(
            squareform(flat)[np.ix_(order, order)],
            [smiles[place] for place in order],
            [labels[place] for place in order],
            column,
        ).plot(ax)

    def plot(self, ax: Any = None) -> FingerprintDistanceDisplay:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure, as wide as a notebook's column and as high as
            the molecules need.

        Returns
        -------
        FingerprintDistanceDisplay
            The picture itself.
        """
        plt = import_pyplot()

        n = len(self.smiles)
        is_drawn = n <= _MOST_DRAWN
        if ax is None:
            height = max(3.2, 0.44 * n + 1.3) if is_drawn else 6.0
            _, ax = plt.subplots(figsize=(6.2, height), layout="constrained")
        image = ax.imshow(self.distances, cmap="cividis", vmin=0, aspect="auto")
        ax.figure.colorbar(
            image,
            ax=ax,
            location="bottom",
            label=f"distance of learned fingerprints, {axis_label(self.column)}",
            aspect=40,
            shrink=0.8,
        )
        ax.set_xticks([])
        ax.set_yticks([])
        if is_drawn:
            ax.yaxis.tick_right()
            ax.set_yticks(range(n), [clip(label) for label in self.labels], fontsize=8)
            ax.tick_params(length=0)
            for place, smiles in enumerate(self.smiles):
                show_molecule(ax, smiles, place)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _of_column(
    estimator: Any, fingerprints: Mapping[str, _Floats], column: str, columns: pd.Index
) -> _Floats:
    """Fingerprints (n_molecules, n_members, fp_size) of a column, also behind a Pipeline's steps.

    The steps before may rename "ligand" as "pipeline__ligand", or drop all names.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    found = {name.rpartition("__")[2]: values for name, values in fingerprints.items()}
    if column not in found and hasattr(estimator, "steps"):
        passed = estimator[:-1].get_feature_names_out(columns)
        names = {f"x{place}": name.rpartition("__")[2] for place, name in enumerate(passed)}
        found = {names.get(name, name): values for name, values in fingerprints.items()}
    if column not in found:
        raise ValueError(
            f"The classifier has no fingerprints of column {column!r}. It has those of: "
            f"{', '.join(map(repr, found)) or 'none'}. Molecules that never varied have none."
        )
    return found[column]
