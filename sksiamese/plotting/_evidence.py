"""The past experiments that carry a prediction."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from sksiamese._checks import plain_label, require_integer
from sksiamese._frame_libraries import as_pandas
from sksiamese._frames import ensure_table
from sksiamese.plotting._drawing import (
    CLASS_COLORS,
    MOLECULE_POINTS,
    clip,
    describe_value,
    import_pyplot,
    last_step,
    name_molecules,
    predict_classes,
    require_column,
    show_molecule,
    split_unit,
)
from sksiamese.tables._column_kinds import column_kind

_CHARACTERS = 34  # of a line that tells an experiment
_SAID_CHARACTERS = 30  # of a line that tells probabilities, in bold
_OTHERS = "0.7"  # colour of all other evidence
_REST = "all others, and\nclass frequencies"


@dataclass(eq=False, repr=False)
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

    evidence: pd.DataFrame
    experiment: str
    smiles: str
    probabilities: Mapping[Any, float]

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
            Columns that are written; by default the numbers that vary in X, and all other columns
            in which the experiments of the picture differ.
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
            If `x` is not a single row, a column is missing, or the rows of X cannot be found by
            their labels.
        """
        require_integer(cls.__name__, "n_top", n_top, 1)
        x = as_pandas(x)
        x = x.to_frame().T.infer_objects() if isinstance(x, pd.Series) else x
        asked, past = ensure_table(x).frame, ensure_table(X).frame
        if len(asked) != 1:
            raise ValueError(
                f"x must be a single experiment. Got {len(asked)} rows: choose one, as in x[:1]."
            )
        for name in [*([] if molecule is None else [molecule]), *(columns or [])]:
            require_column(past, name)
        proba = predict_classes(estimator, x)[0]
        last, seen = last_step(estimator, x, "support_evidence")
        found = last.support_evidence(seen, n_top)
        past = _find_rows(past, found["support"], isinstance(as_pandas(seen), pd.DataFrame))
        rows = pd.concat([asked, past])
        written = _in_words(rows, names)
        if columns is None:
            columns = _columns_to_tell(written, ensure_table(X).frame, molecule)
        words, drawn = _describe_rows(rows, written[list(columns)], molecule, names)
        labels = [
            f"{plain_label(label)}{' (the same)' if is_same else ''}: {text}"
            for label, is_same, text in zip(found["support"], found["same"], words[1:], strict=True)
        ]
        evidence = found[["outcome", "share"]].reset_index(drop=True)
        evidence.insert(0, "experiment", labels)
        evidence.insert(1, "smiles", drawn[1:])
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
        plt = import_pyplot()

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


def _in_words(rows: pd.DataFrame, names: Mapping[str, str | None] | None) -> pd.DataFrame:
    """Cells as they are written: molecules by name or in one spelling, "none" for an absent one."""
    written = rows.copy()
    for name in rows:
        if column_kind(rows[name]) == "molecule":
            _, labels, places = name_molecules(rows[name], names)
            written[name] = pd.Series([clip(labels[place]) for place in places], rows.index)
    return written


def _columns_to_tell(written: pd.DataFrame, table: pd.DataFrame, molecule: str | None) -> list[str]:
    """Numbers that vary in the table, and all else in which the rows differ; not what is drawn."""
    numbers = [name for name in table if is_numeric_dtype(table[name])]
    varying = [name for name in numbers if len(table[name].unique()) > 1]
    differ = [name for name in written if len(written[name].astype(str).unique()) > 1]
    return [n for n in written if n in varying or (n in differ and n != molecule)]


def _describe_rows(
    rows: pd.DataFrame,
    told: pd.DataFrame,
    molecule: str | None,
    names: Mapping[str, str | None] | None,
) -> tuple[list[str], list[str]]:
    """Words for each row, and the SMILES to draw beside them ("" for none)."""
    words = [_describe(row, list(told)) for _, row in told.iterrows()]
    if molecule is None:
        return words, [""] * len(rows)
    smiles, labels, keys = name_molecules(rows[molecule], names)
    pairs = zip(keys, words, strict=True)
    return [f"{clip(labels[key])}\n{text}".strip() for key, text in pairs], [
        smiles[key] for key in keys
    ]


def _describe(row: pd.Series, columns: Sequence[str]) -> str:
    """Tell some cells of an experiment, a few lines long; a molecule and its amount together."""
    told: dict[str, str] = {}
    for name in columns:
        quantity = split_unit(name)[0]
        words = describe_value(name, row[name])
        if quantity in told:
            words = f"{told[quantity]} {words[len(quantity) :].lstrip()}"
        told[quantity] = words
    return textwrap.fill(", ".join(told.values()), _CHARACTERS)
