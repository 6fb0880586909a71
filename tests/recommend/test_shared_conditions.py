"""Plates whose experiments share a condition, against all plates of small spaces."""

import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from sksiamese import DesignSpace
from sksiamese.space import Computed, Levels, Range, When
from tests.recommend.cases import LABELS, NUMBERS, UNIT, Members, recommender, unit


def make(space, past, y, **changes):
    defaults = {"acquisition": "probability", "diversity": 0, "n_candidates": 500}
    return recommender(Members(), space=space, **defaults | changes).fit(past, y)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("given", [False, True])
def test_the_best_of_all_plates(seed, given):
    """Every batch of three, of all that are possible and share `b` and `c`."""
    rng = np.random.RandomState(seed)
    a, b, c = ((rng.permutation(20)[:n] / 20).tolist() for n in (6, 3, 2))
    rule = {"one": lambda f: (f["a"] - f["b"]).abs() > 0.2}
    space = DesignSpace({"a": Levels(a), "b": Levels(b), "c": Levels(c)}, rule)
    whole = pd.MultiIndex.from_product([a, b, c], names=["a", "b", "c"]).to_frame(index=False)
    past = whole.sample(6, random_state=seed)
    rest = whole.drop(past.index)
    rest = rest[(rest["a"] - rest["b"]).abs() > 0.2]
    model = make(space, past, np.arange(6) % 2)
    p = pd.Series(model.estimator_.predict_proba(rest)[:, 1], rest.index)
    best = max(
        p[list(rows)].sum()
        for _, part in rest.groupby(["b", "c"])
        for rows in combinations(part.index, 3)
    )
    plate = model.recommend(3, candidates=rest if given else None, same=["b", "c"])
    assert len(plate[["b", "c"]].drop_duplicates()) == 1
    found = model.estimator_.predict_proba(plate[["a", "b", "c"]])[:, 1]
    assert found.sum() == pytest.approx(best)
    assert len(plate.drop_duplicates("a")) == 3


@pytest.mark.parametrize("mode", ["explore", "optimize"])
def test_numbers_are_shared(mode):
    model = unit(diversity=0.5)
    plate = model.recommend(5, mode, same=["a"])
    assert len(set(plate["a"])) == 1
    assert plate["b"].nunique() == 5
    assert plate["a"].iloc[0] > 0.6  # success lies at large a
    if mode == "optimize":
        assert plate["a"].iloc[0] in set(NUMBERS["a"])


def test_what_follows_and_what_depends_go_along():
    """pH is shared where it applies, and the dose is computed anew."""
    space = DesignSpace(
        {
            "mM": Levels([0.2, 0.5, 0.8]),
            "t": Range(0, 1),
            "solvent": Levels(["water", "oil"]),
            "pH": When(lambda f: f["solvent"] == "water", Range(7, 14), np.nan),
            "dose": Computed(lambda f: f["mM"] * 2),
        },
        {"little": lambda f: f["dose"] < 1.5},
    )
    past = space.sample(20, random_state=0)
    for mode in ("explore", "optimize"):
        plate = make(space, past, LABELS).recommend(8, mode, same=["mM", "pH"])
        assert space.contains(plate).all()
        assert len(set(plate["mM"])) == 1
        assert len(set(plate["pH"].dropna())) <= 1
        assert plate["dose"].to_numpy() == pytest.approx(2 * plate["mM"].to_numpy())


def test_candidates_that_were_left_out_are_counted_whatever_they_share():
    new = pd.MultiIndex.from_product([[0.2, 0.8], [0.1, 0.3, 0.5]], names=["a", "b"])
    given = pd.concat([new.to_frame(index=False), NUMBERS.head(3)], ignore_index=True)
    with pytest.warns(UserWarning, match=r"^Of 9 candidates, 3 left out: 3 measured\.$"):
        plate = unit().recommend(2, candidates=given, same=["a"])
    assert plate["a"].tolist() == [0.8, 0.8]


class Counting(Members):
    """Counts the rows that it is asked for."""

    def predict_proba(self, X):
        self.asked_ = getattr(self, "asked_", 0) + len(X)
        return super().predict_proba(X)


def test_candidates_that_share_are_scored_once():
    given = pd.MultiIndex.from_product([[0.21, 0.81], [0.11, 0.31, 0.51]], names=["a", "b"])
    model = recommender(Counting(), space=UNIT, acquisition="probability").fit(NUMBERS, LABELS)
    model.estimator_.asked_ = 0
    plate = model.recommend(2, candidates=given.to_frame(index=False), same=["a"])
    assert model.estimator_.asked_ == 6 + len(plate)  # which are described once more


def test_errors_of_a_model_are_not_taken_for_narrow_constraints():
    class Broken(Members):
        def predict_proba(self, X):
            if getattr(self, "is_broken", False):
                raise ValueError("the model is broken")
            return super().predict_proba(X)

    model = recommender(Broken(), space=UNIT, acquisition="probability").fit(NUMBERS, LABELS)
    model.estimator_.is_broken = True
    for same in ([], ["a"]):
        with pytest.raises(ValueError, match=r"^the model is broken$"):
            model.recommend(2, same=same)


def test_a_value_without_candidates_is_passed_over():
    """Half of the values leave too little of the space; the plate is of the others."""
    rare = {"b": lambda f: (f["a"] > 0.5) | ((f["b"] > 0.4) & (f["b"] < 0.4004))}
    space = DesignSpace({"a": Levels([0.2, 0.8]), "b": Range(0, 1, step=0.0001)}, rare)
    model = make(space, NUMBERS.assign(a=np.tile([0.2, 0.8], 10)), LABELS)
    plate = model.recommend(2, same=["a"])
    assert plate["a"].tolist() == [0.8, 0.8]


def test_no_value_can_be_shared():
    space = DesignSpace({"a": Range(0, 1), "b": Levels([0, 1])}, [lambda f: f["b"] < 0])
    model = unit()
    model.space_ = space
    message = (
        "None of 2 values that a batch could share in 'b' satisfies the constraints. Leave 'same' "
        "out, or loosen the constraints."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        model.recommend(2, same=["b"])
