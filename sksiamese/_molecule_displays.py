"""Pictures with molecules: distances of learned fingerprints, and what a prediction rests on."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_numeric_dtype
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist, squareform

from sksiamese._molecule_columns import Molecules, molecule_keys
from sksiamese._pictures import (
    CLASS_COLORS,
    MOLECULE_POINTS,
    axis_label,
    describe_value,
    last_step,
    predict_classes,
    show_molecule,
)
from sksiamese._validation import ensure_table, plain_label, require_integer

__all__ = ["EvidenceDisplay", "FingerprintDistanceDisplay"]

_MOST_DRAWN = 40  # molecules that are drawn and named beside a matrix
_CHARACTERS = 34  # of a line that tells an experiment
_NAME_CHARACTERS = 24  # of a molecule's name
_SAID_CHARACTERS = 30  # of a line that tells probabilities, in bold
_OTHERS = "0.7"  # colour of all other evidence
_REST = "all others, and\nclass frequencies"

_Floats = npt.NDArray[np.float64]


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

    def __init__(
        self,
        distances: _Floats,
        smiles: Sequence[str],
        labels: Sequence[str],
        column: str = "molecule",
    ) -> None:
        self.distances = distances
        self.smiles = smiles
        self.labels = labels
        self.column = column

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
        _require_column(frame, column)
        smiles, labels, keys = _name_molecules(frame[column], names)
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
        import matplotlib.pyplot as plt

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
            ax.set_yticks(range(n), [_clip(label) for label in self.labels], fontsize=8)
            ax.tick_params(length=0)
            for place, smiles in enumerate(self.smiles):
                show_molecule(ax, smiles, place)
        self.ax_, self.figure_ = ax, ax.figure
        return self


class EvidenceDisplay:
    """Past experiments that carry the prediction of one experiment.

    The experiment itself stands on top. A bar is the share of a past experiment in all evidence,
    coloured by its outcome; the grey bar is what all others, and the class frequencies, add.

    Parameters
    ----------
    evidence : DataFrame of shape (n_top, 4)
        Past experiments, largest share first: "experiment" (words), "smiles", "outcome", "share".
    experiment : str
        The experiment that is predicted, in words.
    smiles : str
        Its molecule; "" where there is none.
    probabilities : mapping of object to float
        Probability of each class, in the order of the classes.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where the bars were drawn.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    EvidenceDisplay.from_estimator : Ask a fitted classifier and draw.

    Examples
    --------
    >>> from sksiamese import GraphFingerprintSiameseClassifier
    >>> from sksiamese.datasets import make_nanoclusters
    >>> from sksiamese.plotting import EvidenceDisplay
    >>> X, y = make_nanoclusters(40, random_state=0, return_X_y=True)
    >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
    >>> model = model.fit(X[1:], y[1:])
    >>> display = EvidenceDisplay.from_estimator(
    ...     model, X[:1], X[1:], molecule="ligand"
    ... )  # doctest: +SKIP
    """

    def __init__(
        self,
        evidence: pd.DataFrame,
        experiment: str,
        smiles: str,
        probabilities: Mapping[Any, float],
    ) -> None:
        self.evidence = evidence
        self.experiment = experiment
        self.smiles = smiles
        self.probabilities = probabilities

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        x: Any,
        X: Any,
        *,
        molecule: str | None = None,
        columns: Sequence[str] | None = None,
        names: Mapping[str, str | None] | None = None,
        n_top: int = 5,
        ax: Any = None,
    ) -> EvidenceDisplay:
        """Ask a fitted classifier what one prediction rests on, and draw it.

        Parameters
        ----------
        estimator : estimator
            A fitted classifier with ``support_evidence``, or a Pipeline that ends in one.
        x : DataFrame or array of shape (1, n_columns)
            The experiment to predict.
        X : DataFrame or array of shape (n_support, n_columns)
            The experiments that the classifier compares with: the table it was fitted with.
        molecule : str or None, default=None
            Molecule column that is drawn; None draws no molecule.
        columns : sequence of str or None, default=None
            Columns that are written; by default the numbers that vary in X.
        names : mapping of str to str or None, default=None
            Names and SMILES of molecules, written beside the drawing.
        n_top : int, default=5
            Number of past experiments.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        EvidenceDisplay
            The picture.

        Raises
        ------
        TypeError
            If the estimator gives no evidence.
        ValueError
            If `x` is no single row, a column is missing, or the rows of X cannot be found by their
            labels.
        """
        require_integer(cls.__name__, "n_top", n_top, 1)
        x = x.to_frame().T.infer_objects() if isinstance(x, pd.Series) else x
        asked, past = ensure_table(x).frame, ensure_table(X).frame
        if len(asked) != 1:
            raise ValueError(
                f"x must be a single experiment. Got {len(asked)} rows: choose one, as in x[:1]."
            )
        for name in [*([] if molecule is None else [molecule]), *(columns or [])]:
            _require_column(past, name)
        proba = predict_classes(estimator, x)[0]
        last, seen = last_step(estimator, x, "support_evidence")
        found = last.support_evidence(seen, n_top)
        past = _find_rows(past, found["support"], isinstance(seen, pd.DataFrame))
        told = _varying_numbers(ensure_table(X).frame) if columns is None else list(columns)
        rows = pd.concat([asked, past])
        words = [_describe(row, told) for _, row in rows[told].iterrows()]
        drawn = [""] * len(rows)
        if molecule is not None:
            smiles, labels, keys = _name_molecules(rows[molecule], names)
            drawn = [smiles[key] for key in keys]
            words = [
                f"{_clip(labels[key])}\n{text}".strip()
                for key, text in zip(keys, words, strict=True)
            ]
        evidence = pd.DataFrame(
            {
                "experiment": [
                    f"{plain_label(label)}: {text}"
                    for label, text in zip(found["support"], words[1:], strict=True)
                ],
                "smiles": drawn[1:],
                "outcome": found["outcome"],
                "share": found["share"],
            }
        )
        probabilities = dict(zip(estimator.classes_.tolist(), proba.tolist(), strict=True))
        return cls(evidence, words[0], drawn[0], probabilities).plot(ax)

    def plot(self, ax: Any = None) -> EvidenceDisplay:
        """Draw the bars.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure, as wide as a notebook's column.

        Returns
        -------
        EvidenceDisplay
            The picture itself.
        """
        import matplotlib.pyplot as plt

        n = len(self.evidence)
        if ax is None:
            _, ax = plt.subplots(figsize=(6.2, 0.75 * (n + 2) + 1.1), layout="constrained")
        classes = list(self.probabilities)
        colors = dict(zip(classes, CLASS_COLORS * len(classes), strict=False))
        shares = self.evidence["share"].to_numpy()
        ax.barh(
            np.arange(1, n + 1),
            shares,
            color=[colors[outcome] for outcome in self.evidence["outcome"].tolist()],
            height=0.6,
        )
        rest = max(0.0, 1 - shares.sum())
        ax.barh(n + 1, rest, color=_OTHERS, height=0.6)
        for place, share in enumerate([*shares, rest], start=1):
            ax.text(share, place, f" {share:.0%}", va="center", fontsize=9)
        ax.text(0, 0, _say(self.probabilities), va="center", fontsize=9, fontweight="bold")
        ax.axhline(0.5, color="0.5", lw=0.8)
        self._label_axes(ax, [self.experiment, *self.evidence["experiment"], _REST])
        self._draw_legend(ax, colors)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _label_axes(self, ax: Any, texts: list[str]) -> None:
        ax.set_yticks(range(len(texts)), texts, fontsize=8)
        ax.set_ylim(len(texts) - 0.5, -0.5)
        ax.set_xlim(0, 1.18 * max([*self.evidence["share"], 1 - self.evidence["share"].sum()]))
        ax.set_xlabel("share of the evidence")
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.tick_params(axis="y", length=0)
        ax.spines[["top", "right"]].set_visible(False)
        drawn = [self.smiles, *self.evidence["smiles"]]
        if any(drawn):
            ax.tick_params(axis="y", pad=MOLECULE_POINTS + 8)
            for place, smiles in enumerate(drawn):
                show_molecule(ax, smiles, place)

    def _draw_legend(self, ax: Any, colors: Mapping[Any, str]) -> None:
        from matplotlib.patches import Patch

        ax.legend(
            handles=[Patch(color=color, label=str(label)) for label, color in colors.items()],
            title="measured outcome",
            loc="center right",
            fontsize=9,
            title_fontsize=9,
        )


def _require_column(frame: pd.DataFrame, name: str) -> None:
    if name not in frame:
        known = ", ".join(map(repr, frame.columns))
        raise ValueError(f"X has no column {name!r}. It has: {known}.")


def _name_molecules(
    cells: pd.Series, names: Mapping[str, str | None] | None
) -> tuple[list[str], list[str], list[int]]:
    """Distinct molecules and their names, and which of them each cell holds."""
    column = Molecules(list(dict.fromkeys(cells.where(cells.notna(), None))))
    keys = molecule_keys(column.smiles)
    known = {} if names is None else Molecules(names).names
    labels = [known.get(key, label) for key, label in zip(keys, column.labels(), strict=True)]
    place = {key: number for number, key in enumerate(keys)}
    smiles = [text or "" for text in column.smiles]
    return smiles, labels, [place[key] for key in molecule_keys(cells)]


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


def _find_rows(frame: pd.DataFrame, labels: pd.Series, by_label: bool) -> pd.DataFrame:
    """Rows of past experiments, by label, or by place where steps before dropped the labels."""
    if not by_label:
        return frame.iloc[labels]
    if not frame.index.is_unique:
        twice = plain_label(frame.index[frame.index.duplicated()][0])
        raise ValueError(
            f"X has more than one row labelled {twice!r}, so past experiments cannot be told "
            "apart. Use X.reset_index(drop=True), and fit again."
        )
    missing = [plain_label(label) for label in labels if label not in frame.index]
    if missing:
        raise ValueError(
            f"X has no row labelled {missing[0]!r}, which the classifier compares with. Give the "
            "table that it was fitted with."
        )
    return frame.loc[labels]


def _say(probabilities: Mapping[Any, float]) -> str:
    """Tell the probabilities in lines that fit beside the bars; no line ends within one."""
    parts = [f"{label} {p:.2f}".replace(" ", "\u00a0") for label, p in probabilities.items()]
    text = textwrap.fill(f"predicted: {', '.join(parts)}", _SAID_CHARACTERS)
    return textwrap.indent(text, " ")  # off the axis


def _clip(label: str) -> str:
    n = _NAME_CHARACTERS
    return label if len(label) <= n else f"{label[: n - 1]}…"


def _varying_numbers(frame: pd.DataFrame) -> list[str]:
    numbers = [name for name in frame if is_numeric_dtype(frame[name])]
    return [name for name in numbers if len(frame[name].unique()) > 1]


def _describe(row: pd.Series, columns: Sequence[str]) -> str:
    """Tell some cells of an experiment, a few lines long."""
    text = ", ".join(describe_value(name, row[name]) for name in columns)
    return textwrap.fill(text, _CHARACTERS)
