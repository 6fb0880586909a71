"""The cube of conditions."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sksiamese import DesignSpace
from sksiamese.plotting import (
    ConditionCubeDisplay,
)
from sksiamese.space import Range
from tests.plotting.cases import RNG, X, Y, siamese

AXES = ("temperature_C", "pH")
CUBE = ("gold_mM", "ligand_mM")


@pytest.mark.parametrize("steps", [[], [StandardScaler()]], ids=["forest", "pipeline"])
def test_cube_holds_what_the_model_says(steps):
    numbers = X.drop(columns="ligand").assign(salt_M=RNG.uniform(0, 1, 30))
    model = make_pipeline(*steps, RandomForestClassifier(20, random_state=0)).fit(numbers, Y)
    model = model if steps else model[0]
    names = ("gold_mM", "ligand_mM", "salt_M")
    display = ConditionCubeDisplay.from_estimator(
        model, numbers, cube_columns=names, columns=AXES, cube_resolution=2, grid_resolution=3
    )
    assert display.probability.shape == (2, 2, 2, 3, 3)
    for place in [(0, 0, 0, 0, 0), (1, 0, 1, 2, 0), (0, 1, 1, 1, 2)]:
        axes = [*display.cube, display.x, display.y]
        row = {name: axis[i] for name, axis, i in zip(names + AXES, axes, place, strict=True)}
        expected = model.predict_proba(pd.DataFrame([row])[numbers.columns])[0, 1]
        assert display.probability[place] == pytest.approx(expected)
    images = display.ax_.images
    assert len(images) == 8
    np.testing.assert_array_equal(images[5].get_array(), display.probability[1, 0, 1].T)
    assert display.ax_.get_xlabel().startswith("gold (mM)\nin each map → temperature (°C)")
    assert display.ax_.get_ylabel() == "ligand (mM)"
    assert len(display.ax_.texts) == 2


def test_pages_hold_the_cube_one_sheet_each():
    frame = X.assign(salt_M=RNG.uniform(0, 1, 30))
    model = RandomForestClassifier(5, random_state=0).fit(frame.drop(columns="ligand"), Y)
    whole = ConditionCubeDisplay.from_estimator(
        model,
        frame.drop(columns="ligand"),
        cube_columns=("gold_mM", "ligand_mM", "salt_M"),
        columns=AXES,
        cube_resolution=3,
        grid_resolution=2,
    )
    pages = whole.pages()
    joined = np.concatenate([page.probability for page in pages], axis=2)
    np.testing.assert_array_equal(joined, whole.probability)
    assert [page.cube[2].tolist() for page in pages] == [[value] for value in whole.cube[2]]
    assert pages[0].fixed == whole.fixed
    assert not hasattr(pages[0], "ax_")
    drawn = pages[1].plot()
    assert len(drawn.ax_.images) == 9
    np.testing.assert_array_equal(drawn.ax_.images[4].get_array(), whole.probability[1, 1, 1].T)


def test_cube_needs_five_different_columns(fitted):
    message = (
        "The columns of a cube and of its maps must all differ. Got ['gold_mM', 'ligand_mM', "
        "'pH', 'temperature_C', 'pH']."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ConditionCubeDisplay.from_estimator(fitted, X, cube_columns=(*CUBE, "pH"), columns=AXES)


def test_cube_leaves_out_what_is_impossible(fitted):
    frame = X.assign(salt_M=RNG.uniform(0, 1, 30))
    space = DesignSpace.from_frame(
        frame,
        columns={"gold_mM": Range(1, 5), "ligand_mM": Range(1, 20)},
        constraints=[lambda rows: rows["ligand_mM"] / rows["gold_mM"] < 3],
    )
    display = ConditionCubeDisplay.from_estimator(
        siamese().fit(frame, Y),
        frame,
        cube_columns=(*CUBE, "salt_M"),
        columns=AXES,
        space=space,
        cube_resolution=3,
        grid_resolution=2,
    )
    ratios = display.cube[1] / display.cube[0][:, None]
    np.testing.assert_array_equal(np.isnan(display.probability[:, :, 0, 0, 0]), ratios >= 3)
