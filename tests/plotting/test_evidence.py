"""The past experiments that carry a prediction."""

import re

import numpy as np
import pandas as pd
import pytest

from sksiamese import GraphFingerprintSiameseClassifier
from sksiamese.plotting import (
    EvidenceDisplay,
)
from tests.plotting.cases import LIGANDS, X, Y, forest_pipeline, siamese, siamese_pipeline


@pytest.mark.parametrize("make", [siamese, siamese_pipeline, lambda: siamese_pipeline("pandas")])
def test_evidence_is_that_of_the_model(make):
    model, plain = make().fit(X[1:], Y[1:]), siamese().fit(X[1:], Y[1:])
    display = EvidenceDisplay.from_estimator(
        model, X[:1], X[1:], molecule="ligand", names=LIGANDS, n_top=3
    )
    expected = plain.support_evidence(X[:1], 3)
    np.testing.assert_allclose(display.evidence["share"], expected["share"], atol=1e-6)
    assert display.evidence["outcome"].tolist() == expected["outcome"].tolist()
    assert display.evidence["smiles"].tolist() == X.loc[expected["support"], "ligand"].tolist()
    assert display.smiles == X["ligand"].iloc[0]
    proba = plain.predict_proba(X[:1])[0]
    assert display.probabilities == pytest.approx(dict(zip(["fails", "works"], proba, strict=True)))
    series = EvidenceDisplay.from_estimator(
        model, X.iloc[0], X[1:], molecule="ligand", names=LIGANDS, n_top=3
    )
    pd.testing.assert_frame_equal(series.evidence, display.evidence)
    widths = [bar.get_width() for bar in display.ax_.patches]
    shares = expected["share"].tolist()
    np.testing.assert_allclose(widths, [*shares, 1 - sum(shares)], atol=1e-6)


def test_evidence_tells_the_experiments(fitted):
    display = EvidenceDisplay.from_estimator(fitted, X[:1], X, columns=["pH"], n_top=2)
    labels = fitted.support_evidence(X[:1], 2)["support"]
    told = [f"{label}: pH\u00a0{X.loc[label, 'pH']:.4g}" for label in labels]
    ticks = [text.get_text() for text in display.ax_.get_yticklabels()]
    first = f"pH\u00a0{X['pH'].iloc[0]:.4g}"
    assert ticks == [first, *told, "all others, and\nclass frequencies"]
    assert display.ax_.get_xlabel() == "share of the evidence"
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["fails", "works"]
    assert not display.ax_.artists  # no molecule asked for


def test_evidence_tells_all_columns_that_differ():
    """Other molecules by name, categories, and nothing that all of them share."""
    rng = np.random.RandomState(0)
    table = X[["ligand", "pH"]].assign(
        solvent=rng.choice(["O", "CCO", None], 30),
        stirrer=rng.choice(["bar", "cross"], 30),
        vendor="A",
    )
    model = siamese().fit(table, Y)
    asked = table[:1].assign(solvent="OCC")
    names = LIGANDS | {"ethanol": "CCO"}
    display = EvidenceDisplay.from_estimator(
        model, asked, table, molecule="ligand", names=names, n_top=12
    )
    assert display.experiment.split("\n", 1)[1].replace("\n", " ") == (
        f"pH\u00a0{table['pH'].iloc[0]:.4g}, solvent\u00a0ethanol, "
        f"stirrer\u00a0{table['stirrer'].iloc[0]}"
    )
    solvents = {"O": "O", "CCO": "ethanol", None: "no molecule"}
    labels = model.support_evidence(asked, 12)["support"]
    for text, label in zip(display.evidence["experiment"], labels, strict=True):
        solvent = table.loc[label, "solvent"]
        solvent = None if pd.isna(solvent) else solvent
        assert f"solvent\u00a0{solvents[solvent]}" in text.replace("\n", " ")
        assert f"stirrer\u00a0{table.loc[label, 'stirrer']}" in text
        assert "vendor" not in text


def test_a_molecule_and_its_amount_are_told_together():
    table = X[["ligand", "pH"]].assign(acid=["OC=O", "CC(=O)O"] * 15, acid_mM=np.arange(30.0))
    display = EvidenceDisplay.from_estimator(siamese().fit(table, Y), table[:1], table, n_top=12)
    told = display.experiment.replace("\n", " ").replace("\u00a0", " ").split(", ")
    assert "acid OC=O 0 mM" in told
    assert sum(part.startswith("acid") for part in told) == 1


def test_evidence_tells_long_classes_within_the_picture():
    y = np.where(Y == "works", "large crystal", "no large crystal")
    display = EvidenceDisplay.from_estimator(siamese().fit(X, y), X[:1], X, molecule="ligand")
    display.figure_.canvas.draw()
    [said] = [text for text in display.ax_.texts if "predicted" in text.get_text()]
    large, small = display.probabilities.values()
    assert " ".join(said.get_text().split()) == (
        f"predicted: large crystal {large:.2f}, no large crystal {small:.2f}"
    )
    for text in display.ax_.texts:
        assert text.get_window_extent().x1 <= display.ax_.bbox.x1


@pytest.mark.parametrize(
    ("x", "past", "message"),
    [
        (X[:2], X, "x must be a single experiment. Got 2 rows: choose one, as in x[:1]."),
        (
            X[:1],
            X.set_axis(["a"] * 30),
            "X has more than one row labelled 'a', so past experiments cannot be told apart. Use "
            "X.reset_index(drop=True), and fit again.",
        ),
    ],
)
def test_evidence_refuses_what_it_cannot_tell(fitted, x, past, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        EvidenceDisplay.from_estimator(fitted, x, past)


def test_evidence_needs_the_table_of_the_fit(fitted):
    label = fitted.support_evidence(X[:1], 1)["support"][0]
    message = (
        f"X has no row labelled {label!r}, which the classifier compares with. Give the table that "
        "it was fitted with."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        EvidenceDisplay.from_estimator(fitted, X[:1], X.drop(index=label), n_top=1)


def test_evidence_needs_a_siamese_classifier():
    forest = forest_pipeline().fit(X, Y)
    message = (
        "The picture needs support_evidence, which RandomForestClassifier does not have. Give a "
        "GraphFingerprintSiameseClassifier, or a Pipeline that ends in one."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        EvidenceDisplay.from_estimator(forest, X[:1], X)


def test_long_smiles_leave_room_for_the_bars():
    chains = [f"{'C' * n}S" for n in range(40, 50)]
    frame = pd.DataFrame({"ligand": chains})
    model = GraphFingerprintSiameseClassifier(n_members=1, max_epochs=1, random_state=0)
    model.fit(frame, np.arange(10) % 2)
    display = EvidenceDisplay.from_estimator(model, frame[:1], frame, molecule="ligand")
    assert display.experiment == "C" * 23 + "…"
    display.figure_.canvas.draw()  # matplotlib would warn of axes without width
    assert display.ax_.get_position().width > 0.3
