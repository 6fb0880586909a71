"""What the displays share: colours, units on axes, drawn molecules, questions to a classifier."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rdkit import Chem
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import import_extra, plain_label
from sksiamese.molecules._canonical import canonical_keys
from sksiamese.molecules._graph import parse_smiles
from sksiamese.molecules._import_drawing import import_drawing
from sksiamese.molecules._quiet_rdkit import quiet_rdkit
from sksiamese.space._molecules import Molecules
from sksiamese.tables._positive_label import find_success

# Okabe and Ito's colours, told apart whatever the colour vision.
CLASS_COLORS = ("#E69F00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")

COLORMAP = "cividis"  # looks the same to every colour vision
_NAME_CHARACTERS = 24  # of a molecule's name

_SPELLED = {"C": "°C", "degC": "°C", "uM": "µM", "uL": "µL", "percent": "%"}
_UNITS = {
    "M",
    "mM",
    "nM",
    "K",
    "s",
    "min",
    "h",
    "g",
    "mg",
    "mL",
    "L",
    "mol",
    "mmol",
    "V",
    "mV",
    "nm",
}
_ELEMENTS = {Chem.GetPeriodicTable().GetElementSymbol(number) for number in range(1, 119)}
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
MOLECULE_POINTS = 80  # width of a drawn molecule; 72 are an inch
_PIXELS = (320, 125)


def import_pyplot() -> Any:
    """Import matplotlib, or say how it is installed."""
    return import_extra("matplotlib.pyplot", "plot", "plot")


def axis_label(name: str) -> str:
    """Name of a column with its unit: "ligand_mM" is "ligand (mM)"."""
    quantity, unit = split_unit(name)
    return f"{quantity} ({unit})" if unit else quantity


def describe_value(name: str, value: Any) -> str:
    """Name and value of a cell in words: "ligand 3.2 mM", "solvent O"."""
    quantity, unit = split_unit(name)
    value = plain_label(value)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    text = f"{value:.4g}" if is_number else str(value)
    return "\u00a0".join(filter(None, [quantity, text, unit]))  # no line break in between


def split_unit(name: str) -> tuple[str, str]:
    """Quantity and unit of a column; no unit where the name ends in none that is known."""
    quantity, _, unit = str(name).rpartition("_")
    if not quantity or unit not in _UNITS | _SPELLED.keys():
        quantity, unit = str(name), ""
    words = [_lower_figures(word) for word in quantity.split("_")]
    return " ".join(words), _SPELLED.get(unit, unit)


def _lower_figures(word: str) -> str:
    """Write a formula of two elements or more with subscripts: HAuCl4, but not C18 or B2."""
    symbols = re.findall(r"[A-Z][a-z]?", word)
    is_formula = re.fullmatch(r"(?:[A-Z][a-z]?\d*)+", word) and len(set(symbols)) > 1
    return word.translate(_SUBSCRIPTS) if is_formula and _ELEMENTS.issuperset(symbols) else word


def predict_classes(estimator: Any, X: Any) -> npt.NDArray[np.float64]:
    """Class probabilities (n_samples, n_classes) of a fitted classifier.

    Raises
    ------
    TypeError
        If it gives no probabilities.
    """
    check_is_fitted(estimator)
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"The picture needs a classifier with predict_proba. {type(estimator).__name__} has "
            "none: give one that has, for example CalibratedClassifierCV around it."
        )
    return np.asarray(estimator.predict_proba(X), np.float64)


def class_number(classes: Sequence[Any], pos_label: Any) -> int:
    """Place of a class among `classes`; None is the one that says it is success, else the last.

    Raises
    ------
    ValueError
        If it is not one of them.
    """
    known = [plain_label(label) for label in classes]
    if pos_label is None:
        success = find_success(known)
        return len(known) - 1 if success is None else known.index(success)
    if pos_label not in known:
        raise ValueError(
            f"The 'pos_label' parameter must be one of the classes {known}. Got {pos_label!r} "
            "instead."
        )
    return known.index(pos_label)


def last_step(estimator: Any, X: Any, method: str) -> tuple[Any, Any]:
    """Step of an estimator that has a method of this package, and X as that step sees it.

    A search is its best estimator, a Pipeline its last step.

    Raises
    ------
    TypeError
        If it lacks the method.
    """
    check_is_fitted(estimator)
    estimator = getattr(estimator, "best_estimator_", estimator)
    last = estimator
    if hasattr(estimator, "steps"):
        last = estimator[-1]
        X = estimator[:-1].transform(X) if len(estimator) > 1 else X
    if not hasattr(last, method):
        raise TypeError(
            f"The picture needs {method}, which {type(last).__name__} does not have. Give a "
            "GraphFingerprintSiameseClassifier, or a Pipeline that ends in one."
        )
    return last, X


def draw_molecule(smiles: Any) -> npt.NDArray[Any] | None:
    """Picture (height, width, 4) of a molecule, transparent; None where there is none."""
    if not isinstance(smiles, str) or not smiles.strip():
        return None
    import matplotlib.image

    with quiet_rdkit:
        mol = Chem.Mol(parse_smiles(smiles))
    drawing = import_drawing()
    drawer = drawing.MolDraw2DCairo(*_PIXELS)
    options = drawer.drawOptions()
    options.useBWAtomPalette()
    options.clearBackground = False
    options.fixedBondLength = 32  # or else ethanol would fill the picture
    options.minFontSize = 18
    options.bondLineWidth = 2
    options.padding = 0.03
    drawing.PrepareAndDrawMolecule(drawer, mol)
    drawer.FinishDrawing()
    return np.asarray(matplotlib.image.imread(io.BytesIO(drawer.GetDrawingText())))


def show_molecule(ax: Any, smiles: Any, height: float) -> None:
    """Draw a molecule left of the axes, at a place on the vertical axis."""
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    picture = draw_molecule(smiles)
    if picture is None:
        return
    box = AnnotationBbox(
        OffsetImage(picture, zoom=MOLECULE_POINTS / _PIXELS[0]),
        (0, height),
        xybox=(-MOLECULE_POINTS / 2 - 4, 0),
        xycoords=ax.get_yaxis_transform(),
        boxcoords="offset points",
        frameon=False,
        pad=0,
        annotation_clip=False,
    )
    ax.add_artist(box)


def two_names(columns: Any) -> tuple[str, str]:
    first, second = distinct_names("columns", columns, 2)
    return first, second


def distinct_names(parameter: str, columns: Any, n: int) -> list[str]:
    names = [] if isinstance(columns, str) else list(columns)
    if len(names) != n or len(set(names)) < n:
        raise ValueError(
            f"The {parameter!r} parameter must name {n} different columns. Got {columns!r} instead."
        )
    return names


def draw_title(ax: Any, fixed: str) -> None:
    if fixed:
        ax.set_title(textwrap.fill(f"at {fixed}", 80), fontsize=8)


def require_column(frame: pd.DataFrame, name: str) -> None:
    if name not in frame:
        known = ", ".join(map(repr, frame.columns))
        raise ValueError(f"X has no column {name!r}. It has: {known}.")


def name_molecules(
    cells: pd.Series, names: Mapping[str, str | None] | None
) -> tuple[list[str], list[str], list[int]]:
    """Distinct molecules and their names, and which of them each cell holds."""
    column = Molecules(list(dict.fromkeys(cells.where(cells.notna(), None))))
    keys = canonical_keys(column.smiles)
    known = {} if names is None else Molecules(names).names
    labels = [known.get(key, label) for key, label in zip(keys, column.labels(), strict=True)]
    place = {key: number for number, key in enumerate(keys)}
    smiles = [text or "" for text in column.smiles]
    return smiles, labels, [place[key] for key in canonical_keys(cells)]


def clip(label: str) -> str:
    n = _NAME_CHARACTERS
    return label if len(label) <= n else f"{label[: n - 1]}…"
