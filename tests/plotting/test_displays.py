"""Pictures: what they hold is compared with direct questions to the model."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from sksiamese import DesignSpace, GraphFingerprintSiameseClassifier, SMILESFeaturizer
from sksiamese.plotting import (
    ConditionCubeDisplay,
    EvidenceDisplay,
    FingerprintDistanceDisplay,
    ProbabilityMapDisplay,
)
from sksiamese.plotting import _probability_map as _map_displays
from sksiamese.plotting._pictures import axis_label, describe_value, draw_molecule
from sksiamese.space import Computed, Range

RNG = np.random.RandomState(0)
LIGANDS = {"cysteamine": "NCCS", "thiophenol": "Sc1ccccc1", "propanethiol": "CCCS"}
X = pd.DataFrame(
    {
        "ligand": RNG.choice(list(LIGANDS.values()), 30),
        "gold_mM": RNG.uniform(1, 5, 30),
        "ligand_mM": RNG.uniform(1, 20, 30),
        "temperature_C": RNG.uniform(0, 80, 30),
        "pH": RNG.uniform(7, 14, 30),
    },
    index=[f"run {i}" for i in range(30)],
)
Y = np.where((X["temperature_C"] < 45) & (X["ligand"] != LIGANDS["thiophenol"]), "works", "fails")
AXES = ("temperature_C", "pH")
CUBE = ("gold_mM", "ligand_mM")


def siamese():
    return GraphFingerprintSiameseClassifier(n_members=3, max_epochs=15, random_state=0)


def forest_pipeline():
    encode = make_column_transformer((OneHotEncoder(), ["ligand"]), remainder="passthrough")
    return make_pipeline(encode, RandomForestClassifier(20, random_state=0))


def siamese_pipeline(output="default"):
    read = make_column_transformer((SMILESFeaturizer(), ["ligand"]), remainder="passthrough")
    return make_pipeline(read.set_output(transform=output), siamese())


@pytest.fixture(scope="module")
def fitted():
    return siamese().fit(X, Y)


@pytest.fixture(scope="module", params=[siamese, forest_pipeline, siamese_pipeline])
def any_model(request):
    return request.param().fit(X, Y)


def draw_map(model, **changes):
    settings = {"columns": AXES, "grid_resolution": 6} | changes
    return ProbabilityMapDisplay.from_estimator(model, X, Y, **settings)


# -- Words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("temperature_C", "temperature (°C)"),
        ("lead_iodide_M", "lead iodide (M)"),
        ("pH", "pH"),
        ("vitamin_B", "vitamin B"),
        ("_C", " C"),
    ],
)
def test_units_come_from_column_names(name, label):
    assert axis_label(name) == label


def test_values_are_told_with_their_unit():
    assert describe_value("ligand_mM", np.float64(3.14159)) == "ligand\u00a03.142\u00a0mM"
    assert describe_value("solvent", "O") == "solvent\u00a0O"


def test_drawn_molecule_is_a_picture_and_nothing_is_none():
    assert draw_molecule("CCO").shape[2] == 4
    assert np.ptp(draw_molecule("CCO")) > 0
    assert [draw_molecule(cell) for cell in ("", " ", None, np.nan)] == [None] * 4


# -- Map -------------------------------------------------------------------------------------------


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
    np.testing.assert_allclose(
        display.x, np.linspace(X["temperature_C"].min(), X["temperature_C"].max(), 6)
    )
    assert display.probability.shape == (6, 6)
    assert display.ax_.get_xlabel() == "temperature (°C)"
    assert display.ax_.get_ylabel() == "pH"
    assert display.figure_.axes[1].get_ylabel() == "probability of works"


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


def test_map_without_outcomes_has_no_experiments(fitted):
    display = ProbabilityMapDisplay.from_estimator(fitted, X, columns=AXES, grid_resolution=4)
    assert display.experiments is None
    assert display.ax_.get_legend() is None


def test_map_of_the_other_class_is_the_rest(fitted):
    works, fails = draw_map(fitted), draw_map(fitted, pos_label="fails")
    np.testing.assert_allclose(works.probability + fails.probability, 1)


@pytest.mark.parametrize("make", [siamese, siamese_pipeline])
def test_spread_is_that_of_the_members(make):
    display = draw_map(make().fit(X, Y), spread=True, at=X.iloc[0])
    row = X.iloc[:1].assign(temperature_C=display.x[2], pH=display.y[3])
    expected = siamese().fit(X, Y).predict_members(row)[:, 0, 1].std()
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
        "The picture needs predict_members, which CalibratedClassifierCV does not have. Give a "
        "GraphFingerprintSiameseClassifier, or a Pipeline that ends in one."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        ProbabilityMapDisplay.from_estimator(cured, numbers, columns=AXES, spread=True)


# -- Cube ------------------------------------------------------------------------------------------


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


# -- Distances -------------------------------------------------------------------------------------


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


# -- Evidence --------------------------------------------------------------------------------------


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
