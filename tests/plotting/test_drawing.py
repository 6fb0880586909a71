"""Words and drawn molecules of the pictures."""

import re
import sys

import numpy as np
import pytest

from sksiamese import plotting
from sksiamese.plotting._drawing import axis_label, class_number, describe_value, draw_molecule


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("temperature_C", "temperature (°C)"),
        ("lead_iodide_M", "lead iodide (M)"),
        ("pH", "pH"),
        ("vitamin_B", "vitamin B"),
        ("_C", " C"),
        ("HAuCl4_mM", "HAuCl₄ (mM)"),
        ("K2CO3_mmol", "K₂CO₃ (mmol)"),
        ("C18_column", "C18 column"),  # one element
        ("X2Y3_M", "X2Y3 (M)"),  # no elements
    ],
)
def test_units_come_from_column_names(name, label):
    assert axis_label(name) == label


def test_values_are_told_with_their_unit():
    assert describe_value("ligand_mM", np.float64(3.14159)) == "ligand\u00a03.142\u00a0mM"
    assert describe_value("solvent", "O") == "solvent\u00a0O"


def test_drawn_molecule_is_a_picture_and_nothing_is_none():
    assert draw_molecule("CCO").shape[2] == 4
    assert np.ptp(draw_molecule("CCO")) > 0
    assert [draw_molecule(cell) for cell in ("", " ", None, np.nan)] == [None] * 4


@pytest.mark.parametrize(
    ("classes", "pos_label", "place"),
    [
        (["Active", "Inactive"], None, 0),
        ([0, 1], None, 1),
        (["blue", "red"], None, 1),
        (["Active", "Inactive"], "Inactive", 1),
    ],
)
def test_the_class_that_is_drawn_is_success_where_the_classes_tell(classes, pos_label, place):
    assert class_number(classes, pos_label) == place


@pytest.mark.parametrize("name", plotting.__all__)
def test_without_matplotlib_a_picture_says_how_to_install_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    display = getattr(plotting, name)
    message = "plot needs matplotlib. Install it with pip install 'sksiamese[plot]'."
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        display.plot(display.__new__(display))
