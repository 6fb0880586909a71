"""The picture of effects."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sksiamese import AdditiveEffectsExplainer, DesignSpace
from sksiamese.plotting import EffectsDisplay
from sksiamese.space import Levels
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


def test_of_many_names_both_ends_are_drawn():
    names = [f"name {i:02}" for i in range(20)]
    table = pd.DataFrame({"name": names * 5})
    y = np.where(np.arange(100) % 20 < 8, "success", "failure")
    model = make_pipeline(OneHotEncoder(), LogisticRegression())
    space = DesignSpace({"name": Levels(names)})
    found = AdditiveEffectsExplainer(model, space, n_samples=500, random_state=0).fit(table, y)
    panel = found.plot().axes_["name"]
    order = found.effects_.sort_values("probability", ascending=False)["value"].tolist()
    shown = [label.get_text().partition(" (")[0] for label in panel.get_yticklabels()]
    assert len(shown) == 14
    assert set(shown) == {*order[:7], *order[-7:]}
