"""Candidates that a user gives: tables one by one, molecules that the space does not list."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from sksiamese import DesignSpace, screen
from sksiamese.exceptions import InvalidSMILESError
from sksiamese.space import Levels, Molecules, Range, When
from tests.recommend.cases import NUMBERS, SPACE, Members, X, Y, recommender, unit


@pytest.fixture(scope="module")
def fitted():
    return recommender().fit(X, Y)


def check(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def points(seed, n=50):
    values = np.random.RandomState(seed).uniform(0, 1, (n, 2))
    return pd.DataFrame(values, [f"{seed}-{i}" for i in range(n)], ["a", "b"])


# -- Tables one by one -----------------------------------------------------------------------------


@pytest.mark.parametrize("same", [[], ["a"]])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_tables_are_as_good_as_one(n_jobs, same):
    tables = [points(seed).round(1) for seed in range(4)]
    model = unit(n_jobs=n_jobs)
    message = r"^Of 200 candidates, \d+ left out: \d+ repeated\.$"
    with pytest.warns(UserWarning, match=message):
        expected = model.recommend(3, candidates=pd.concat(tables), same=same)
    with pytest.warns(UserWarning, match=message):
        plate = model.recommend(3, candidates=iter([points(0).head(0), *tables]), same=same)
    pd.testing.assert_frame_equal(plate, expected)


def test_tables_are_read_one_by_one():
    drawn, scored = [], []

    class Watching(Members):
        def predict_members(self, X):
            scored.append(len(drawn))
            return super().predict_members(X)

    def tables():
        for seed in range(10):
            drawn.append(seed)
            yield points(seed)

    model = unit(Watching())
    scored.clear()
    model.recommend(2, candidates=tables())
    scored = scored[:-1]  # without the plate
    assert (min(scored), max(scored)) == (1, 10)
    assert scored == sorted(scored)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_table_that_fails_is_named(fitted, n_jobs):
    model = unit(n_jobs=n_jobs)
    with check(
        TypeError, "'candidates[1]' must be None, a DataFrame of experiments. Got 'plate.csv'."
    ):
        model.recommend(2, candidates=[points(0), "plate.csv"])
    message = "'candidates[2]' lacks the column(s) 'b'. It has: 'a'. Add or rename them."
    with check(ValueError, message):
        model.recommend(2, candidates=[points(0), points(1), points(2)[["a"]]])


def test_what_is_no_table_is_refused(fitted):
    message = "'candidates' must be None, a DataFrame of experiments, or an iterable of such. Got "
    with check(TypeError, f"{message}3."):
        fitted.recommend(2, candidates=3)
    with check(TypeError, f"{message}'plate.csv'."):
        fitted.recommend(2, candidates="plate.csv")
    message = "'candidates' has no rows. Leave it out, and candidates are made from the space."
    for nothing in ([], iter([X.head(0)])):
        with check(ValueError, message):
            fitted.recommend(2, candidates=nothing)


# -- Molecules that the space does not list --------------------------------------------------------


def test_new_molecules_on_request(fitted):
    given = SPACE.sample(6, random_state=5)[list(X.columns)].set_axis(list("abcdef"))
    given["ligand"] = ["CCCCCCS", "SCCCCCC", "NCCS", "CCCCCCS", None, "CCCCCS"]
    given.loc["f", "mM"] = 99.0
    with pytest.warns(UserWarning, match=r"^Of 6 candidates, 5 left out: 5 outside of the design"):
        assert fitted.recommend(1, candidates=given).index.tolist() == ["c"]
    with pytest.warns(UserWarning, match=r"^Of 6 candidates, 2 left out: 2 outside of the design"):
        plate = fitted.recommend(4, candidates=given, new_molecules=True)
    assert sorted(plate.index) == ["a", "b", "c", "d"]
    assert plate["ligand"].to_dict() == given["ligand"][plate.index].to_dict()
    with pytest.warns(UserWarning, match=r"2 outside of the design space, 1 excluded\.$"):
        plate = fitted.recommend(1, candidates=given, new_molecules=True, exclude=given.loc[["c"]])
    assert plate.index[0] != "c"


def test_new_molecules_where_a_condition_rules():
    ligands = When({"gas": ["air"]}, Molecules(["NCCS", "CCS"]), "O")
    space = DesignSpace({"ligand": ligands, "gas": Levels(["air", "argon"]), "mM": Range(1, 20)})
    rows = pd.DataFrame(
        {"ligand": ["CCCS", "O", "CCCS"], "gas": ["air", "argon", "argon"], "mM": 5.0}
    )
    assert space._allows(space.complete(rows)).tolist() == [False, True, False]
    assert space._allows(space.complete(rows), True).tolist() == [True, True, False]


def test_new_molecules_are_read_all_the_same(fitted):
    given = X.head(3).replace({"ligand": {X["ligand"].iloc[1]: "C(C"}})
    with pytest.raises(InvalidSMILESError, match=r"C\(C"):
        fitted.recommend(1, candidates=given, new_molecules=True)


def test_new_molecules_need_candidates(fitted):
    message = (
        "new_molecules=True is for candidates that you give. Without them, add molecules to the "
        "space with DesignSpace.extend."
    )
    with check(ValueError, message):
        fitted.recommend(1, new_molecules=True)
    with check(
        ValueError,
        "The 'new_molecules' parameter of recommend must be True or False. Got 'yes' instead.",
    ):
        fitted.recommend(1, candidates=X, new_molecules="yes")


def test_a_plate_of_different_recipes_out_of_a_screened_library():
    library = pd.concat([points(0, 500), points(0, 500).round(2)], ignore_index=True)
    library["vial"] = [f"v{i}" for i in range(1000)]
    model = unit(LogisticRegression(), acquisition="probability", n_bootstrap=0)
    found = screen(model.estimator_, library, 200, positive=model.positive_)
    with pytest.warns(UserWarning, match=r"\d+ left out: \d+ repeated\.$"):
        plate = model.recommend(4, candidates=found.best)
    assert list(plate.index.names) == ["part", "row"]
    assert set(plate.index) <= set(found.best.index)
    top = found.best[["a", "b"]].head(4)
    spread = [np.ptp(frame[["a", "b"]].to_numpy(), axis=0).sum() for frame in (plate, top)]
    assert spread[0] > spread[1]
    assert len(NUMBERS) == len(model.measured_)
