"""Pictures of a report, as SVG that takes the colours of the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from markupsafe import Markup
from rdkit import Chem

from sksiamese.molecules._graph import parse_smiles
from sksiamese.molecules._import_drawing import import_drawing
from sksiamese.molecules._quiet_rdkit import quiet_rdkit
from sksiamese.plotting._drawing import axis_label
from sksiamese.report._calibration_section import CalibrationSection
from sksiamese.report._effects_section import MAX_LEAVES, Effect, EffectsSection
from sksiamese.report._plate_section import PlateSection
from sksiamese.report._subject import Subject

# Stand-ins that become the page's own colours, which depend on light or dark.
_INK, _FAINT, _YES, _NO = "#010203", "#010204", "#010205", "#010206"
_PAGE_COLORS = {
    _INK: "currentColor",
    _FAINT: "var(--faint)",
    _YES: "var(--yes)",
    _NO: "var(--no)",
}
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "sksiamese",  # the same picture has the same names each time
    "text.parse_math": False,  # a "$" in a name is a "$"
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _FAINT,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "legend.frameon": False,
    "savefig.facecolor": "none",
    "xtick.color": _INK,
    "ytick.color": _INK,
}
_NOTHING = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # of metadata
_MOLECULE = (200, 110)  # pixels


class Pictures:
    """Draws pictures whose names do not clash within one page."""

    def __init__(self) -> None:
        self._n_drawn = 0

    def calibration(self, section: CalibrationSection) -> Markup:
        """Draw what was said against what happened; a bar is a 95 % interval."""
        with self._figure(4.4, 3.6) as (figure, finish):
            ax, bins = figure.subplots(), section.bins
            ax.plot([0, 1], [0, 1], color=_FAINT, lw=1, ls="--")
            bars = np.abs(bins[["low", "high"]].T.to_numpy() - bins["share"].to_numpy())
            ax.errorbar(bins["stated"], bins["share"], bars, fmt="o", color=_YES, capsize=3)
            for row in bins.itertuples():
                ax.annotate(
                    f"{row.worked} of {row.n}",
                    (row.stated, row.share),
                    xytext=(6, 4),
                    textcoords="offset points",
                )
            ax.set(xlim=(0, 1.12), ylim=(-0.02, 1.02))
            ax.set(xlabel="probability of success that was said", ylabel="share that worked")
            return finish(
                "Share of held-out experiments that worked against what was said of them."
            )

    def effect(self, effect: Effect, subject: Subject) -> Markup:
        """Draw the mean probability over a number; marks are the measured experiments."""
        x, seen = effect.values.astype(float), effect.n_measured > 0
        with self._figure(3.3, 2.3) as (figure, finish):
            ax = figure.subplots()
            if effect.column in subject.X:
                cells, worked = subject.X[effect.column], subject.is_success
                for here, color, height in ((worked, _YES, 1.06), (~worked, _NO, -0.06)):
                    ax.plot(cells[here], np.full(here.sum(), height), "|", color=color, ms=7)
            ax.fill_between(x, effect.low, effect.high, color=_FAINT, alpha=0.4, lw=0)
            for i in range(len(x) - 1):
                style = "-" if seen[i] or seen[i + 1] else ":"
                ax.plot(x[i : i + 2], effect.probability[i : i + 2], style, color=_INK, lw=2)
            ax.set(ylim=(-0.12, 1.12), yticks=[0, 0.5, 1], xlabel=axis_label(effect.column))
            ax.set_ylabel("probability")
            return finish(
                f"Mean probability of success over {effect.column}, from "
                f"{effect.lowest:.2f} to {effect.highest:.2f}."
            )

    def nearness(self, section: PlateSection) -> Markup:
        """Draw how far recipes are from what was measured, beside what is usual in the table."""
        with self._figure(6.4, 1.7) as (figure, finish):
            ax = figure.subplots()
            ax.plot(section.spacing, np.ones(len(section.spacing)), "|", color=_FAINT, ms=12)
            for recipe in section.recipes:
                ax.plot(recipe.distance, 0, "o", color=_YES if recipe.in_domain else _NO, ms=6)
                ax.annotate(
                    str(recipe.number),
                    (recipe.distance, 0),
                    xytext=(0, 7),
                    textcoords="offset points",
                    ha="center",
                )
            ax.set(ylim=(-0.6, 1.5), yticks=[1, 0], yticklabels=["measured", "recipes"])
            ax.set_xlim(left=0)
            ax.set_xlabel("distance to the nearest measured experiment (1 is usual in your table)")
            return finish(
                "Distances of measured experiments and of recipes to the nearest experiment."
            )

    def tree(self, section: EffectsSection) -> Markup:
        """Draw the tree that imitates the model."""
        import matplotlib.pyplot as plt

        with plt.rc_context(_SETTINGS):
            figure = section.explainer.plot(max_leaves=MAX_LEAVES).figure_
            picture = self._finish(figure, "Decision tree; its rules stand in the table below.")
            plt.close(figure)
        return picture

    @contextmanager
    def _figure(self, width: float, height: float) -> Iterator[Any]:
        """Give a figure of some inches, and what makes an SVG of it."""
        import matplotlib
        from matplotlib.figure import Figure

        with matplotlib.rc_context(_SETTINGS):
            figure = Figure(figsize=(width, height), layout="constrained")
            yield figure, lambda title: self._finish(figure, title)

    def _finish(self, figure: Any, title: str) -> Markup:
        self._n_drawn += 1
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata=_NOTHING)
        svg = file.getvalue()
        return _embed(svg[svg.index("<svg") :], title, f"picture{self._n_drawn}")


def draw_molecule(smiles: str) -> Markup | None:
    """Draw a molecule in the page's colour; None for what is not a molecule."""
    with quiet_rdkit:
        mol = parse_smiles(smiles)
    if mol is None or not mol.GetNumAtoms():
        return None
    drawing = import_drawing()
    drawer = drawing.MolDraw2DSVG(*_MOLECULE)
    options = drawer.drawOptions()
    options.useBWAtomPalette()
    options.clearBackground = False
    options.fixedBondLength = 28
    options.bondLineWidth = 1
    options.minFontSize = 12
    drawing.PrepareAndDrawMolecule(drawer, Chem.Mol(mol))
    drawer.FinishDrawing()
    svg = drawer.GetDrawingText()
    inner = re.sub(r" class='[^']*'", "", svg[svg.index("<!-- END OF HEADER -->") + 22 :])
    inner = inner.replace("</svg>", "").replace("#000000", "currentColor")
    return Markup(re.sub(r"(\d\.\d)\d+", r"\1", inner).strip())


def _embed(svg: str, title: str, prefix: str) -> Markup:
    """Make an SVG a picture of the page: its colours, names of its own, a title."""
    for color, of_page in _PAGE_COLORS.items():
        svg = svg.replace(color, of_page)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{prefix}-", svg)
    svg = re.sub(r"(\d\.\d\d)\d+", r"\1", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    head = f'<svg role="img" aria-label="{Markup.escape(title)}" '
    return Markup(svg.replace("<svg ", head, 1))
