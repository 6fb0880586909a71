"""The picture of effects."""

import numpy as np
import pytest

from sksiamese.plotting import EffectsDisplay
from tests.surrogate.test_additive_explainer import PAST, effects


@pytest.fixture(scope="module")
def fitted():
    """The effects of a sum; nothing was measured above 60 degC."""
    return effects(max_pairs=1).fit(PAST)


def test_panels_hold_the_effects(fitted):
    display = fitted.plot()
    assert isinstance(display, EffectsDisplay)
    assert list(display.axes_) == ["temperature_C", "ligand", "pH"]  # the largest first
    heat = fitted.effects_[fitted.effects_["column"] == "temperature_C"]
    panel = display.axes_["temperature_C"]
    *pieces, rug = panel.get_lines()
    assert rug.get_xdata().tolist() == PAST["temperature_C"].tolist()
    drawn = np.array([piece.get_ydata()[0] for piece in pieces])
    np.testing.assert_allclose(drawn, heat["probability"][:-1])
    known = [piece.get_linestyle() == "-" for piece in pieces]
    seen = heat["n_measured"].to_numpy() > 0
    assert known == (seen[1:] | seen[:-1]).tolist()
    assert not known[-1]
    assert panel.get_xlabel() == "temperature (°C)"
    assert panel.get_ylabel() == "probability of success"
    (told,) = fitted.findings().query("column == 'temperature_C'")["finding"]
    assert panel.get_title().replace("\n", " ") == told
    scores = fitted.fidelity_
    assert display.figure_.get_suptitle() == (
        f"fidelity of 3 effects and 1 pairs: MCC {scores['mcc']:.2f}, F1 {scores['f1']:.2f}"
    )


def test_bars_are_in_order_and_say_how_often_they_were_measured(fitted):
    panel = fitted.plot().axes_["ligand"]
    ligand = fitted.effects_[fitted.effects_["column"] == "ligand"]
    ligand = ligand.sort_values("probability", kind="stable")
    widths = [bar.get_width() for bar in panel.patches]
    np.testing.assert_allclose(widths, ligand["probability"])
    assert [label.get_text() for label in panel.get_yticklabels()] == [
        f"{row.value} ({row.n_measured})" for row in ligand.itertuples()
    ]


def test_panels_in_axes_of_the_caller(fitted):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    display = EffectsDisplay.from_estimator(fitted, ax=ax)
    assert display.figure_ is figure
    assert all(panel.figure is figure for panel in display.axes_.values())
    assert display.ax_ is display.axes_["temperature_C"]
