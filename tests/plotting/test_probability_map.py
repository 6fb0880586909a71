"""The map of a probability over two conditions."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from sksiamese import DesignSpace
from sksiamese.plotting import (
    ProbabilityMapDisplay,
)
from sksiamese.plotting import _probability_map as _map_displays
from sksiamese.space import Computed
from tests.plotting.cases import X, Y, forest_pipeline, siamese, siamese_pipeline

AXES = ("temperature_C", "pH")
CUBE = ("gold_mM", "ligand_mM")


@pytest.fixture(scope="module", params=[siamese, forest_pipeline, siamese_pipeline])
def any_model(request):
    return request.param().fit(X, Y)


def draw_map(model, **changes):
    settings = {"columns": AXES, "grid_resolution": 6} | changes
    return ProbabilityMapDisplay.from_estimator(model, X, Y, **settings)


def test_map_holds_what_the_model_says(any_model):
    at = {"ligand": "NCCS", "gold_mM": 2.0, "ligand_mM": 4.0}
    display = draw_map(any_model, at=at)
    assert display.pos_label == "works"
    for i, ph in enumerate(display.y):
        for j, temperature in enumerate(display.x):
            row = pd.DataFrame([{**at, "temperature_C": temperature, "pH": ph}])[X.columns]
            expected = any_model.predict_proba(row)[0, 1]
            assert display.probability[i, j] == pytest.approx(expected, abs=1e-6)
    mesh = display.ax_.collections[0]
    np.testing.assert_array_equal(np.ravel(mesh.get_array()), display.probability.ravel())


def test_axes_of_the_map_span_the_table(fitted):
    display = draw_map(fitted)
    span = np.linspace(X["temperature_C"].min(), X["temperature_C"].max(), 6)
    np.testing.assert_allclose(display.x, span, atol=0.01)  # in steps of 0.01
    assert display.probability.shape == (6, 6)
    assert display.ax_.get_xlabel() == "temperature (°C)"
    assert display.ax_.get_ylabel() == "pH"
    assert display.figure_.axes[1].get_ylabel() == "probability of works"


def test_columns_of_which_one_is_1_keep_to_the_most_frequent():
    """Each of them is mostly 0, but never all."""
    chosen = np.tile([0, 1, 1, 2, 3], len(X) // 5 + 1)[: len(X)]
    ones = pd.DataFrame(np.eye(4, dtype=int)[chosen], columns=list("abcd"))
    table = pd.concat([X[list(AXES)].reset_index(drop=True), ones], axis=1)
    model = LogisticRegression().fit(table, Y)
    display = ProbabilityMapDisplay.from_estimator(model, table, Y, columns=AXES, grid_resolution=2)
    for i, ph in enumerate(display.y):
        row = table[:1].assign(temperature_C=display.x[0], pH=ph, a=0, b=1, c=0, d=0)
        assert display.probability[i, 0] == pytest.approx(model.predict_proba(row)[0, 1])
    with pytest.raises(ValueError, match="'a' cannot be an axis of the picture"):
        ProbabilityMapDisplay.from_estimator(model, table, Y, columns=("a", "pH"))


def test_what_is_not_named_is_usual(fitted):
    display = draw_map(fitted)
    usual = X["ligand"].mode()[0]
    assert f"ligand\u00a0{usual}" in display.fixed
    assert f"gold\u00a0{np.sort(X['gold_mM'])[14]:.4g}\u00a0mM" in display.fixed


def test_experiments_lie_on_the_map_by_outcome(fitted):
    display = draw_map(fitted, at={"ligand": "SCCN"})  # another spelling of cysteamine
    found = display.experiments
    np.testing.assert_array_equal(found[["x", "y"]], X[list(AXES)])
    assert found["outcome"].tolist() == Y.tolist()
    np.testing.assert_array_equal(found["alike"], X["ligand"] == "NCCS")
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["works", "fails"]
    drawn = np.concatenate([part.get_offsets() for part in display.ax_.collections[1:]])
    np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(X[list(AXES)], axis=0))


def test_outcomes_of_one_place_stand_side_by_side():
    places = pd.DataFrame({"x": [0.0, 5.0, 5.0, 5.0, 10.0], "y": [1.0, 2.0, 2.0, 2.0, 1.0]})
    places = places.assign(outcome=["yes", "yes", "no", "yes", "no"], alike=True)
    grid, probability = np.array([0.0, 10.0]), np.full((2, 2), 0.5)
    display = ProbabilityMapDisplay(
        grid, grid, probability, columns=AXES, pos_label="yes", experiments=places
    ).plot()
    drawn = {
        part.get_label(): part.get_offsets()[:, 0].tolist()
        for part in display.ax_.collections
        if part.get_label() in {"yes", "no"}
    }
    assert drawn == {
        "yes": pytest.approx([0.0, 4.89, 4.89]),  # 2.2 % of the axis from one to the other
        "no": pytest.approx([5.11, 10.0]),
    }


def test_legend_says_what_lines_and_small_marks_are(fitted):
    model = siamese().fit(X, Y)
    legend = draw_map(model, at={"ligand": "NCCS"}, spread=True).ax_.get_legend()
    told = [text.get_text() for text in legend.get_texts()]
    assert told == ["works", "fails", "± of the probability"]
    assert legend.get_title().get_text() == "measured (small: other molecules)"
    bare = ProbabilityMapDisplay.from_estimator(
        model, X, columns=AXES, grid_resolution=4, spread=True
    )
    told = [text.get_text() for text in bare.ax_.get_legend().get_texts()]
    assert told == ["± of the probability"]


def test_map_without_outcomes_has_no_experiments(fitted):
    display = ProbabilityMapDisplay.from_estimator(fitted, X, columns=AXES, grid_resolution=4)
    assert display.experiments is None
    assert display.ax_.get_legend() is None


def test_map_of_the_other_class_is_the_rest(fitted):
    works, fails = draw_map(fitted), draw_map(fitted, pos_label="fails")
    np.testing.assert_allclose(works.probability + fails.probability, 1)


@pytest.mark.parametrize("make", [siamese, siamese_pipeline])
def test_spread_is_that_of_the_model(make):
    display = draw_map(make().fit(X, Y), spread=True, at=X.iloc[0])
    row = X.iloc[:1].assign(temperature_C=display.x[2], pH=display.y[3])
    expected = siamese().fit(X, Y).predict_std(row)[0, 1]
    assert display.spread[3, 2] == pytest.approx(expected, abs=1e-6)
    assert len(display.ax_.collections) > len(draw_map(siamese().fit(X, Y)).ax_.collections)


def test_smoothing_keeps_what_is_even_and_leaves_gaps():
    even = np.full((20, 30), 0.3)
    even[:5, 7:20] = np.nan
    np.testing.assert_allclose(_map_displays._smooth(even), even)  # NaN in the same places
    steps = np.random.RandomState(1).random_sample((40, 40))
    assert _map_displays._smooth(steps).std() < 0.3 * steps.std()


def test_impossible_experiments_stay_white(fitted):
    ratio = Computed(lambda frame: frame["ligand_mM"] / frame["gold_mM"])
    space = DesignSpace.from_frame(
        X, columns={"ratio": ratio}, constraints=[lambda frame: frame["ratio"] < 3]
    )
    display = draw_map(fitted, columns=CUBE, space=space)
    ratios = display.y[:, None] / display.x
    np.testing.assert_array_equal(np.isnan(display.probability), ratios >= 3)


def test_map_of_a_table_without_names():
    numbers = X[list(AXES)].to_numpy()
    model = LogisticRegression().fit(numbers, Y)
    display = ProbabilityMapDisplay.from_estimator(
        model, numbers, Y, columns=("x1", "x0"), grid_resolution=3
    )
    corner = model.predict_proba([[display.y[0], display.x[2]]])[0, 1]
    assert display.probability[0, 2] == pytest.approx(corner)


def test_map_in_axes_of_the_caller(fitted):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    display = draw_map(fitted, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert display.plot(ax) is display


def test_legend_in_axes_of_the_caller_lies_within_them(fitted):
    import matplotlib.pyplot as plt

    figure, (ax, _) = plt.subplots(1, 2, figsize=(8, 3))
    display = draw_map(fitted, ax=ax)
    figure.canvas.draw()
    box, room = display.ax_.get_legend().get_window_extent(), ax.get_window_extent()
    assert room.y0 <= box.y0 < box.y1 <= room.y1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"columns": ("pH", "ligand")},
            "'ligand' cannot be an axis of the picture. Columns of numbers that vary in the design "
            "space: 'gold_mM', 'ligand_mM', 'temperature_C', 'pH'.",
        ),
        (
            {"columns": ("pH", "pH")},
            "The 'columns' parameter must name 2 different columns. Got ('pH', 'pH') instead.",
        ),
        (
            {"columns": "pH"},
            "The 'columns' parameter must name 2 different columns. Got 'pH' instead.",
        ),
        (
            {"pos_label": "crystal"},
            "The 'pos_label' parameter must be one of the classes ['fails', 'works']. Got "
            "'crystal' instead.",
        ),
        (
            {"grid_resolution": 1},
            "The 'grid_resolution' parameter of ProbabilityMapDisplay must be an integer of at "
            "least 2. Got 1 instead.",
        ),
        (
            {"spread": "yes"},
            "The 'spread' parameter of ProbabilityMapDisplay must be True or False. Got 'yes' "
            "instead.",
        ),
        (
            {"at": {"solvent": "O"}},
            "The column(s) 'solvent' cannot be chosen. Columns that are drawn: 'ligand', "
            "'gold_mM', 'ligand_mM', 'temperature_C', 'pH'.",
        ),
    ],
)
def test_map_refuses_what_it_cannot_draw(fitted, changes, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        draw_map(fitted, **changes)


def test_map_needs_probabilities_and_members():
    numbers = X[list(AXES)]
    machine = LinearSVC().fit(numbers, Y)
    message = (
        "The picture needs a classifier with predict_proba. LinearSVC has none: give one that has, "
        "for example CalibratedClassifierCV around it."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        ProbabilityMapDisplay.from_estimator(machine, numbers, columns=AXES)
    cured = CalibratedClassifierCV(LinearSVC()).fit(numbers, Y)
    message = (
        "The picture needs predict_std, which CalibratedClassifierCV does not have. Give a "
        "GraphFingerprintSiameseClassifier, or a Pipeline that ends in one."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        ProbabilityMapDisplay.from_estimator(cured, numbers, columns=AXES, spread=True)
