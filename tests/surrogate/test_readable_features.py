"""Experiments as numbers that a chemist reads."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator

from sksiamese import DesignSpace, LowFidelityWarning
from sksiamese.space import Computed, Molecules, OfMolecule
from sksiamese.surrogate._readable_features import read_view
from tests.surrogate.cases import AROMATIC, LIGANDS, Rule, X, Y, explainer, numbers


@pytest.fixture(scope="module")
def fitted():
    """One explainer of the forest."""
    return explainer().fit(X, Y)


# -- Views -----------------------------------------------------------------------------------------


def test_default_view(fitted):
    view = fitted.view_(X)
    assert view["ligand is aromatic"].tolist() == X["ligand"].isin(AROMATIC).astype(int).tolist()
    assert view["mM"].tolist() == X["mM"].tolist()
    assert {"ligand TPSA", "ligand logP", "ligand H-bond donors"} < set(view)
    assert [name for name in view if name.startswith("ligand is ")] == ["ligand is aromatic"]
    assert sorted(view["ligand"].unique()) == list(range(12))
    assert "mM" in set(fitted.nodes_["feature"])


def test_molecules_are_told_apart_by_name():
    """Descriptors cannot tell mirror images apart."""
    named = {"L": "N[C@@H](CS)C(=O)O", "D": "N[C@H](CS)C(=O)O"}
    others = {f"ligand {i}": text for i, text in enumerate(LIGANDS + AROMATIC)}
    space = DesignSpace.from_frame(X, columns={"ligand": Molecules(named | others)})
    box = FrozenEstimator(Rule(lambda X: X["ligand"] == named["L"]).fit(None, [0, 1]))
    model = explainer(box, space=space).fit(X)
    assert set(model.nodes_["condition"]) == {"", "ligand is L", "ligand is not L"}
    assert model.fidelity_["accuracy"] == 1
    spellings = X[:3].assign(ligand=["C(S)[C@@H](C(=O)O)N", "C(S)[C@H](C(=O)O)N", "CS"])
    assert model.predict(spellings).tolist() == [1, 0, 0]


def test_few_molecules_are_told_by_name_alone():
    frame = X.assign(ligand=np.where(X["runs"] > 4, "CCS", None))
    space = DesignSpace.from_frame(frame)
    box = FrozenEstimator(Rule(lambda X: X["ligand"].isna()).fit(None, [0, 1]))
    model = explainer(box, space=space).fit(frame)
    assert set(model.view_(frame)) == {
        "ligand",
        "mM",
        "gold_mM",
        "runs",
    }
    assert set(model.nodes_["condition"]) == {"", "ligand is CCS", "ligand is no molecule"}
    assert model.fidelity_["accuracy"] == 1


def test_levels_become_groups_and_a_gap_is_a_level():
    frame = pd.DataFrame(
        {"order": ["first", "second", None] * 10, "mM": numbers(30)[:, 0], "spare": [np.nan] * 30}
    )
    box = FrozenEstimator(Rule(lambda X: X["order"].isna()).fit(None, [0, 1]))
    model = explainer(box).fit(frame)
    assert set(model.nodes_["condition"]) == {"", "order is not None", "order is None"}
    assert set(model.view_(frame)) == {"order", "mM"}


def test_columns_that_follow_from_others_explain_too():
    """The ratio is no column of X, but the tree may split on it."""
    space = DesignSpace.from_frame(
        X,
        columns={
            "ligand:Au": Computed(lambda f: f["mM"] / f["gold_mM"]),
            "weight": OfMolecule("ligand", len),
            "note": OfMolecule("ligand", str.lower),
        },
    )
    box = FrozenEstimator(Rule(lambda X: X["mM"] / X["gold_mM"] < 3).fit(None, [0, 1]))
    model = explainer(box, space=space, n_samples=5000).fit(X)
    assert model.nodes_.loc[0, "feature"] == "ligand:Au"
    assert model.nodes_.loc[0, "threshold"] == pytest.approx(3, abs=0.05)
    assert (model.predict(X) == (X["mM"] / X["gold_mM"] < 3)).mean() > 0.97
    assert "note" not in model.view_(space.complete(X))


def test_own_view():
    model = explainer(view=lambda f: pd.DataFrame({"ligand is long": f["ligand"].str.len() > 6}))
    with pytest.warns(LowFidelityWarning):
        model.fit(X, Y)
    assert set(model.nodes_["feature"]) == {"ligand is long", ""}
    assert set(model.nodes_["condition"]) == {"", "ligand is long", "ligand is not long"}


@pytest.mark.parametrize(
    ("view", "error", "message"),
    [
        (
            lambda f: f[["ligand"]],
            TypeError,
            "The view must give a DataFrame of numbers with one row for each of the 80 "
            "experiments. Got a frame of shape (80, 1) with ['str'].",
        ),
        (
            lambda f: f[["mM"]][:5],
            TypeError,
            "The view must give a DataFrame of numbers with one row for each of the 80 "
            "experiments. Got a frame of shape (5, 1) with ['float64'].",
        ),
        (
            lambda f: f["mM"].to_numpy(),
            TypeError,
            "The view must give a DataFrame of numbers with one row for each of the 80 "
            "experiments. Got ndarray.",
        ),
        (
            lambda f: 1 / (f[["mM"]] * 0),
            ValueError,
            "Column 'mM' of the view, row 'run 0', is inf. A tree needs finite numbers: fill the "
            "cell in, drop the row, or give a view without this column.",
        ),
    ],
)
def test_views_that_are_refused(view, error, message):
    with pytest.raises(error) as caught:
        explainer(view=view).fit(X, Y)
    text = str(caught.value).replace("'object'", "'str'")  # pandas before 3 calls text an object
    assert text == message


# -- Bad input -------------------------------------------------------------------------------------


def test_a_missing_number_in_an_own_view_is_refused():
    message = (
        "Column 'mM' of the view, row 'run 3', is NaN. A tree needs finite numbers: fill the cell "
        "in, drop the row, or give a view without this column."
    )
    frame = X.loc[["run 2", "run 3"], ["mM"]]
    frame.loc["run 3", "mM"] = np.nan
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_view(frame, frame)
