"""Distances between learned fingerprints."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from sksiamese.plotting import (
    FingerprintDistanceDisplay,
)
from tests.plotting.cases import LIGANDS, X, Y, siamese, siamese_pipeline


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_distances_are_those_of_the_fingerprints(fitted, output):
    values = fitted.fingerprint(pd.concat([X.iloc[:1]] * 3).assign(ligand=list(LIGANDS.values())))
    expected = np.mean([cdist(member, member) for member in values["ligand"].swapaxes(0, 1)], 0)
    place = {name: number for number, name in enumerate(LIGANDS)}
    for model in (fitted, siamese_pipeline(output).fit(X, Y)):
        display = FingerprintDistanceDisplay.from_estimator(model, X, "ligand", names=LIGANDS)
        order = [place[label] for label in display.labels]
        np.testing.assert_allclose(display.distances, expected[np.ix_(order, order)], atol=1e-6)
        assert [LIGANDS[label] for label in display.labels] == list(display.smiles)


def test_alike_molecules_stand_together_and_are_drawn(fitted):
    from matplotlib.offsetbox import AnnotationBbox

    display = FingerprintDistanceDisplay.from_estimator(fitted, X, "ligand")
    ticks = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert ticks == list(display.smiles)
    boxes = [part for part in display.ax_.artists if isinstance(part, AnnotationBbox)]
    assert [box.xy[1] for box in boxes] == [0, 1, 2]
    np.testing.assert_array_equal(display.ax_.images[0].get_array(), display.distances)
    # Of three places in a row, the outer two are the farthest apart.
    assert display.distances[0, 2] == display.distances.max()


def test_a_long_list_is_a_matrix_alone():
    names = [str(number) for number in range(41)]
    display = FingerprintDistanceDisplay(np.zeros((41, 41)), ["C"] * 41, names).plot()
    assert not display.ax_.artists
    assert not display.ax_.get_yticklabels()


@pytest.mark.parametrize(
    ("column", "rows", "message"),
    [
        (
            "solvent",
            slice(None),
            "X has no column 'solvent'. It has: 'ligand', 'gold_mM', 'ligand_mM', 'temperature_C', "
            "'pH'.",
        ),
        (
            "ligand",
            slice(1),
            f"Column 'ligand' holds one molecule only, {X['ligand'].iloc[0]!r}, and distances need "
            "two. Give more rows, or another column.",
        ),
    ],
)
def test_distances_refuse_what_they_cannot_draw(fitted, column, rows, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        FingerprintDistanceDisplay.from_estimator(fitted, X[rows], column)


def test_distances_need_a_molecule_that_varied():
    frame = X.assign(solvent=["O"] * 30)
    message = (
        "The classifier has no fingerprints of column 'solvent'. It has those of: 'ligand'. "
        "Molecules that never varied have none."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        FingerprintDistanceDisplay.from_estimator(siamese().fit(frame, Y), frame, "solvent")
