"""Columns as axes: weights of knots, against NumPy's own interpolation."""

import numpy as np
import pandas as pd
import pytest

from sksiamese import DesignSpace
from sksiamese.space import (
    Computed,
    Constant,
    Levels,
    Molecules,
    OfMolecule,
    OneHot,
    Range,
    Ratio,
    When,
)
from sksiamese.surrogate._additive_axes import Axis, find_axes

AXIS = Axis("pH", (0.0, 1.0, 4.0), (), ())


def test_a_curve_is_straight_between_knots():
    numbers = np.array([-1.0, 0.0, 0.25, 1.0, 3.0, 4.0, 9.0])
    values = np.array([2.0, 3.0, -1.0])
    basis = AXIS.basis(pd.Series(numbers), Range(0, 4))
    np.testing.assert_allclose(
        basis.matrix() @ values, np.interp(numbers, [0, 1, 4], values), atol=1e-15
    )
    assert basis.nearest().tolist() == [0, 0, 0, 1, 2, 2, 2]


def test_a_gap_has_a_knot_of_its_own():
    axis = AXIS._replace(keys=("does not apply",), labels=("does not apply",))
    basis = axis.basis(pd.Series([np.nan, 4.0]), Range(0, 4))
    assert basis.matrix().toarray().tolist() == [[0, 0, 0, 1], [0, 0, 1, 0]]
    assert axis.values == [0.0, 1.0, 4.0, "does not apply"]
    without = AXIS.basis(pd.Series([np.nan]), Range(0, 4))
    assert without.matrix().toarray().tolist() == [[0, 0, 0]]
    assert without.nearest().tolist() == [-1]


def test_molecules_are_known_however_they_are_spelled():
    column = Molecules({"ethanol": "CCO", "water": "O"})
    (axis,) = find_axes(DesignSpace({"solvent": column}), *[pd.DataFrame({"solvent": ["O"]})] * 2)
    basis = axis.basis(pd.Series(["OCC", "O", "CCN"]), column)
    assert axis.values == ["ethanol", "water"]
    assert basis.matrix().toarray().tolist() == [[1, 0], [0, 1], [0, 0]]
    assert basis.nearest().tolist() == [0, 1, -1]


def test_products_of_two_axes():
    first = AXIS.basis(pd.Series([0.25, 3.0]), Range(0, 4))
    second = Axis("s", None, ("a", "b"), ("a", "b")).basis(
        pd.Series(["b", "a"]), Levels(["a", "b"])
    )
    one, other = first.matrix().toarray(), second.matrix().toarray()
    expected = [np.outer(a, b).ravel() for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(first.times(second).matrix().toarray(), expected)


@pytest.mark.parametrize("gap", [(), ("does not apply",)])
def test_a_curve_over_coarse_knots_is_one_over_all(gap):
    axis = Axis("T", tuple(np.linspace(0, 1, 19) ** 2), gap, gap)
    coarse = axis.coarse_axis()
    assert (len(coarse.knots), coarse.size) == (7, 7 + len(gap))
    values = np.random.RandomState(0).normal(size=coarse.size)
    cells = pd.Series([*np.linspace(0, 1, 50), *([np.nan] * len(gap))])
    fine = axis.basis(cells, Range(0, 1)).matrix() @ (axis.spread() @ values)
    np.testing.assert_allclose(coarse.basis(cells, Range(0, 1)).matrix() @ values, fine, atol=1e-12)


def test_axes_of_a_space():
    """What belongs to a molecule is told by the molecule; what never varies is left out."""
    space = DesignSpace(
        {
            "solvent": Molecules({"water": "O", "ethanol": "CCO"}),
            "length": OfMolecule("solvent", len),
            "pH": When({"solvent": ["water"]}, Range(7, 14)),
            "stirrer": When({"solvent": ["water"]}, Levels(["bar", "cross"]), "none"),
            "a_mM": Range(1, 5),
            "b_mM": Levels([1.0, 2.0, 4.0]),
            "a:b": Computed(Ratio("a_mM", "b_mM")),
            "light": Constant("off"),
            "volts": Constant(3.0),
        }
    )
    frame = space.sample(500, random_state=0)
    axes = {axis.name: axis for axis in find_axes(space, frame, frame)}
    assert list(axes) == ["solvent", "pH", "stirrer", "a_mM", "b_mM", "a:b"]
    assert axes["pH"].size == 20
    assert axes["pH"].labels == ("does not apply",)
    assert axes["stirrer"].labels == ("bar", "cross", "none")
    assert axes["b_mM"].knots == (1.0, 2.0, 4.0)
    for name, axis in axes.items():
        weights = axis.basis(frame[name], space.columns[name]).weights
        np.testing.assert_allclose(weights.sum(axis=1), 1)


def test_of_a_long_list_the_measured_names_are_told_apart():
    column = Levels([f"lot {i}" for i in range(400)])
    space = DesignSpace({"lot": column})
    past = pd.DataFrame({"lot": ["lot 7", "lot 7", "lot 30"]})
    (axis,) = find_axes(space, space.sample(50, random_state=0), past)
    assert axis.values == ["lot 7", "lot 30", "another"]
    basis = axis.basis(pd.Series(["lot 30", "lot 31", "lot 7"]), column)
    assert basis.nearest().tolist() == [1, 2, 0]


def test_a_choice_in_several_columns_is_one_axis():
    names = ["water", "ethanol"]
    space = DesignSpace(dict.fromkeys(names, OneHot(names)) | {"pH": Range(7, 9)})
    frame = pd.DataFrame({"water": [1, 0], "ethanol": [0, 1], "pH": [7.0, 8.0]})
    axis, _ = find_axes(space, frame, frame)
    assert (axis.name, axis.values) == ("water/ethanol", names)
    assert axis.cells(frame, space).tolist() == names
    assert axis.along(frame, space).matrix().toarray().tolist() == [[1, 0], [0, 1]]
