"""Distances between recipes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import pairwise_distances

from sksiamese import DesignSpace
from sksiamese.recommend._recipe_distances import RecipeGeometry
from sksiamese.space import Constant, Levels, Molecules, Range, When
from tests.recommend.cases import NUMBERS, ROUNDED, unit


def test_distances_by_hand():
    space = DesignSpace(
        {
            "solvent": Molecules(["O", "CCO", None]),
            "mM": Range(1, 100, log=True),
            "pH": When(lambda f: f["solvent"] == "O", Range(7, 14), np.nan),
            "stirrer": Levels(["bar", "cross"]),
            "time": Levels([10, 30]),
            "fixed": Constant(5.0),
        }
    )
    rows = pd.DataFrame(
        {
            "solvent": ["O", "O", "OCC", None],
            "mM": [1.0, 10.0, 1.0, 1.0],
            "pH": [7.0, 14.0, np.nan, np.nan],
            "stirrer": ["bar", "cross", "bar", "bar"],
            "time": [10, 30, 10, 10],
            "fixed": [5.0, 5.0, 5.0, 10.0],
        }
    )
    found = RecipeGeometry(space).distances(rows, rows) ** 2
    assert found[0, 1] == pytest.approx(0.5**2 + 1 + 1 + 1)
    assert found[0, 2] == pytest.approx(1 + 0.5**2 + 1)  # water has no atom environment of ethanol
    assert found[2, 3] == pytest.approx(1 + 1)
    assert np.diag(found) == pytest.approx(0)
    assert found == pytest.approx(found.T)


def test_pairs_of_molecules_never_tried_together():
    molecules = ["O", "CCO", "NCCS", None]
    space = DesignSpace({name: Molecules(molecules) for name in ("ligand", "solvent", "base")})
    past = pd.DataFrame(
        [["NCCS", "O", None], ["CCO", "CCO", "O"]], columns=["ligand", "solvent", "base"]
    )
    rows = [["SCCN", "O", None], ["SCCN", "CCO", None], ["NCCS", "O", "O"], ["NCCS", "CCO", "NCCS"]]
    found = RecipeGeometry(space).new_pairs(pd.DataFrame(rows, columns=past.columns), past)
    assert found.tolist() == [0, 1, 2, 3]


def test_domain_and_nearest_by_brute_force():
    model = unit(n_candidates=200)
    plate = model.recommend(60)
    away = pairwise_distances(plate[["a", "b"]], NUMBERS)
    own = pairwise_distances(NUMBERS)
    np.fill_diagonal(own, np.inf)
    assert plate["nearest_experiment"].tolist() == away.argmin(axis=1).tolist()
    assert plate["distance"].to_numpy() == pytest.approx(away.min(axis=1), abs=ROUNDED)
    inside = away.min(axis=1) <= np.quantile(own.min(axis=1), 0.95)
    assert plate["in_domain"].tolist() == np.where(inside, 1, -1).tolist()
    assert set(plate["in_domain"]) == {1, -1}
