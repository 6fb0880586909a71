"""The picture of a surrogate tree."""

import warnings

import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from sksiamese import DesignSpace, LowFidelityWarning, SMILESFeaturizer
from sksiamese.datasets import make_nanoclusters
from sksiamese.plotting import SurrogateTreeDisplay
from sksiamese.space import Computed, Range, When
from tests.surrogate.cases import Rule, X, Y, explainer, numbers


@pytest.fixture(scope="module")
def fitted():
    """One explainer of the forest."""
    return explainer().fit(X, Y)


def test_picture_holds_the_nodes(fitted):
    display = fitted.plot()
    assert isinstance(display, SurrogateTreeDisplay)
    texts = [text.get_text() for text in display.ax_.texts]
    nodes = fitted.nodes_
    assert len(texts) == len(nodes) + (nodes["depth"] > 0).sum()
    for node in nodes[nodes["is_leaf"]].itertuples():
        counts = f"{node.n_correct:,}/{node.n_samples - node.n_correct:,}"
        assert f"{node.prediction} {node.probability:.2f}\n{counts}" in texts
    for node in nodes[~nodes["is_leaf"]].itertuples():
        assert node.feature in [text.replace("\n", " ") for text in texts]
    assert set(nodes["branch"]) - {""} <= set(texts)
    assert display.ax_.get_title() == (
        f"fidelity of all 3 leaves: MCC {fitted.fidelity_['mcc']:.2f}, F1 "
        f"{fitted.fidelity_['f1']:.2f}\nstability over other draws: MCC "
        f"{fitted.stability_['mcc']:.2f}, F1 {fitted.stability_['f1']:.2f}"
    )
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["fails", "works"]


def test_boxes_do_not_overlap(fitted):
    display = explainer(max_depth=5, min_samples_split=2).fit(X, Y).plot()
    display.figure_.canvas.draw()
    boxes = [
        text.get_bbox_patch().get_window_extent()
        for text in display.ax_.texts
        if text.get_bbox_patch().get_edgecolor()[3] > 0
    ]
    for i, first in enumerate(boxes):
        assert not any(first.overlaps(second) for second in boxes[i + 1 :])


@pytest.mark.filterwarnings("ignore::sksiamese.LowFidelityWarning")
def test_triangles_stand_for_what_was_cut_off():
    box = FrozenEstimator(Rule(lambda X: X.sum(axis=1) > 1.5).fit(None, ["fails", "works"]))
    model = explainer(box, min_fidelity=0.8).fit(numbers())
    display = model.plot(max_leaves=5)
    cuts = display.nodes[display.nodes["is_cut"]]
    assert len(cuts) == len(display.ax_.patches) > 0
    texts = [text.get_text() for text in display.ax_.texts]
    for node, triangle in zip(cuts.itertuples(), display.ax_.patches, strict=True):
        counts = f"{node.n_correct:,}/{node.n_samples - node.n_correct:,}"
        told = f"{node.prediction} {node.probability:.2f}\n{counts}"
        assert f"{told}\n{node.n_leaves} leaves: {node.feature}?" in texts
        assert triangle.get_linestyle() == ("-" if node.n_measured else "--")
    assert "fidelity of the 5 shown: MCC 0." in display.ax_.get_title()


def test_picture_in_axes_of_the_caller(fitted):
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    display = SurrogateTreeDisplay.from_estimator(fitted, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert display.plot(ax) is display


def test_nanoclusters_end_to_end():
    simulated = make_nanoclusters(60, random_state=0)
    space = DesignSpace.from_frame(
        simulated.data,
        columns={
            "pH": When(lambda f: f["solvent"] == "O", Range(7, 14), 7.0),
            "ligand:Au": Computed(lambda f: f["ligand_mM"] / f["HAuCl4_mM"]),
        },
        constraints={"ligand:Au below 20": lambda f: f["ligand:Au"] < 20},
    )
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), simulated.smiles_columns), remainder="passthrough"
    )
    box = make_pipeline(columns, RandomForestClassifier(30, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowFidelityWarning)
        model = explainer(box, space=space).fit(simulated.data, simulated.target)
    assert model.predict(simulated.data).shape == (60,)
    assert model.rules()["n_samples"].sum() == 1500
