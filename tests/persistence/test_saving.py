"""Saved models: they come back the same, and files that are not one are refused."""

import io
import json
import os
import pickle
import re
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import Matern, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import sksiamese
from sksiamese import (
    AdditiveEffectsExplainer,
    DesignSpace,
    ExperimentRecommender,
    GraphFingerprintMLPClassifier,
    GraphFingerprintSiameseClassifier,
    GraphFingerprintSVMClassifier,
    SMILESFeaturizer,
    SurrogateTreeExplainer,
    describe_model,
    load_model,
    save_model,
)
from sksiamese.descriptors import dielectric_constant
from sksiamese.exceptions import ModelFileError, ModelVersionWarning
from sksiamese.persistence import _manifest as manifest_module
from sksiamese.persistence import _saving as persistence
from sksiamese.persistence._trusted_types import TRUSTED_TYPES
from sksiamese.space import (
    Bound,
    Computed,
    Molecules,
    OfMolecule,
    OnlyWith,
    Range,
    Sum,
    When,
)

X = pd.DataFrame(
    {
        "ligand": ["SCCN", "SCCO", "CCCCS", "Sc1ccccc1", "OC(=O)CS", "CC(C)S"] * 3,
        "pH": np.linspace(4, 12, 18),
    },
    index=[f"run {i}" for i in range(18)],
)
Y = pd.Series(["fails", "works"] * 9, X.index, name="crystal")
NEW = X.iloc[::3].assign(ligand=["CCS", "SCCN", None, "SCC(N)C(=O)O", "SCCO", "NCCS"])
QUICK = {"n_members": 2, "max_epochs": 5, "fp_size": 4, "conv_width": 6, "random_state": 0}


def siamese(**changes):
    return GraphFingerprintSiameseClassifier(**{**QUICK, **changes})


def featurized(*steps):
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), ["ligand"]), remainder="passthrough"
    )
    return make_pipeline(columns, *steps)


CLASSIFIERS = {
    "siamese": siamese(),
    "siamese, paper": GraphFingerprintSiameseClassifier.from_paper(max_epochs=3, random_state=0),
    "siamese, Tanimoto": siamese(tanimoto="always", early_stopping=True),
    "DNN": GraphFingerprintMLPClassifier(**QUICK),
    "SVM": GraphFingerprintSVMClassifier(**QUICK),
    "pipeline": make_pipeline(
        make_column_transformer(
            (SMILESFeaturizer("graph"), ["ligand"]), (StandardScaler(), ["pH"])
        ),
        siamese(),
    ),
    "explainer": SurrogateTreeExplainer(siamese(), n_samples=200, random_state=0),
    "effects": AdditiveEffectsExplainer(siamese(), n_samples=200, random_state=0),
    "calibrated": CalibratedClassifierCV(siamese(), cv=2),
    "voting": VotingClassifier(
        [("siamese", siamese()), ("forest", featurized(RandomForestClassifier(5)))], voting="soft"
    ),
    "forest": featurized(ExtraTreesClassifier(5, random_state=0)),
    "process": featurized(StandardScaler(), GaussianProcessClassifier(Matern() + WhiteKernel())),
    "SVC": featurized(SimpleImputer(), StandardScaler(), SVC()),
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A fitted siamese classifier and its file; tests only read them."""
    model = siamese().fit(X, Y)
    path = save_model(model, tmp_path_factory.mktemp("saved") / "model.skm", metrics={"MCC": 0.5})
    return model, path


def says(text):
    return f"^{re.escape(text)}$"


def outputs(model, rows):
    names = ("predict", "predict_proba", "decision_function", "predict_members", "transform")
    return {name: getattr(model, name)(rows) for name in names if hasattr(model, name)}


# -- What comes back -------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.LowFidelityWarning")
@pytest.mark.filterwarnings("ignore:The optimal value found:UserWarning")
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_loaded_classifier_predicts_the_same_bits(name, tmp_path):
    model = CLASSIFIERS[name].fit(X, Y)
    copy = load_model(save_model(model, tmp_path / "model.skm"))
    found, expected = outputs(copy, NEW), outputs(model, NEW)
    assert set(found) == set(expected)
    for method, values in expected.items():
        np.testing.assert_array_equal(found[method], values, err_msg=method)
    assert repr(copy) == repr(model)


def test_a_loaded_classifier_has_all_methods(saved):
    model, path = saved
    copy = load_model(path)
    pd.testing.assert_frame_equal(copy.support_evidence(NEW), model.support_evidence(NEW))
    np.testing.assert_array_equal(copy.pair_score(NEW, X), model.pair_score(NEW, X))
    np.testing.assert_array_equal(copy.fingerprint(NEW)["ligand"], model.fingerprint(NEW)["ligand"])
    assert list(copy.history_) == list(model.history_)
    np.testing.assert_array_equal(
        copy.set_support(X[:6], Y[:6]).predict_proba(NEW),
        pickle.loads(pickle.dumps(model)).set_support(X[:6], Y[:6]).predict_proba(NEW),
    )
    np.testing.assert_array_equal(
        copy.fit(X, Y).predict_proba(NEW), siamese().fit(X, Y).predict_proba(NEW)
    )


def test_a_loaded_featurizer_reads_the_same(tmp_path):
    featurizer = SMILESFeaturizer("ecfp", fp_size=64).fit(X[["ligand"]])
    copy = load_model(save_model(featurizer, tmp_path / "featurizer.skm"))
    np.testing.assert_array_equal(
        copy.transform(X[["ligand"]]), featurizer.transform(X[["ligand"]])
    )


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.LowFidelityWarning")
def test_a_loaded_explainer_has_its_tables(tmp_path):
    model = SurrogateTreeExplainer(siamese(), n_samples=200, random_state=0).fit(X, Y)
    copy = load_model(save_model(model, tmp_path / "explainer.skm"))
    pd.testing.assert_frame_equal(copy.rules(), model.rules())
    pd.testing.assert_frame_equal(copy.nodes_, model.nodes_)
    assert copy.export_text() == model.export_text()
    assert copy.fidelity_ == model.fidelity_


@pytest.mark.filterwarnings("ignore::sksiamese.exceptions.LowFidelityWarning")
def test_loaded_effects_have_their_tables(tmp_path):
    model = AdditiveEffectsExplainer(siamese(), n_samples=200, random_state=0).fit(X, Y)
    copy = load_model(save_model(model, tmp_path / "effects.skm"))
    pd.testing.assert_frame_equal(copy.effects_, model.effects_)
    pd.testing.assert_frame_equal(copy.pairs_, model.pairs_)
    assert copy.export_text() == model.export_text()
    assert copy.explain(X.iloc[0]) == model.explain(X.iloc[0])


@pytest.mark.parametrize(
    "black_box", [siamese(), featurized(RandomForestClassifier(5, random_state=0))]
)
def test_a_loaded_recommender_goes_on(black_box, tmp_path):
    space = DesignSpace.from_frame(X, margin=0.2)
    model = ExperimentRecommender(
        black_box, space, n_candidates=500, n_bootstrap=2, random_state=0
    ).fit(X, Y)
    copy = load_model(save_model(model, tmp_path / "recommender.skm"))
    pd.testing.assert_frame_equal(copy.measured_, model.measured_)
    pd.testing.assert_series_equal(copy.outcomes_, model.outcomes_)
    first = model.recommend(3)
    pd.testing.assert_frame_equal(copy.recommend(3), first)
    done = first.assign(crystal=["works", "fails", "fails"])
    again = [each.add_measurements(done).recommend(2) for each in (copy, model)]
    pd.testing.assert_frame_equal(*again)


@pytest.mark.parametrize("dtype", [object, "str", "string", "category", "string[pyarrow]"])
def test_tables_keep_their_types(dtype, tmp_path):
    if dtype == "string[pyarrow]":
        pytest.importorskip("pyarrow")
    table = X.assign(ligand=X["ligand"].astype(dtype), n=pd.array([1, 2, 3] * 6, "Int64"))
    table.columns.name = "what"
    model = ExperimentRecommender(siamese(), n_candidates=50).fit(table, Y)
    copies = (
        load_model(save_model(model, tmp_path / "model.skm")),
        pickle.loads(pickle.dumps(model)),
    )
    for copy in copies:
        found = copy.measured_
        if str(found["ligand"].dtype) == "string":  # held by Python or Arrow, as pandas prefers
            found = found.astype({"ligand": dtype})
        pd.testing.assert_frame_equal(found, model.measured_)


def test_a_new_process_gives_the_same_bits(saved, tmp_path):
    model, path = saved
    NEW.to_pickle(tmp_path / "new.pkl")
    code = (
        "import sys, numpy, pandas, sksiamese\n"
        "model = sksiamese.load_model(sys.argv[1])\n"
        "found = model.predict_proba(pandas.read_pickle(sys.argv[2]))\n"
        "numpy.save(sys.argv[3], found)\n"
    )
    files = [path, tmp_path / "new.pkl", tmp_path / "found.npy"]
    command = [sys.executable, "-W", "error", "-c", code, *map(str, files)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "found.npy"), model.predict_proba(NEW))


# -- The manifest ----------------------------------------------------------------------------------


def test_the_manifest_tells_what_the_model_is(saved):
    model, path = saved
    manifest = describe_model(path)
    assert manifest.estimator == " ".join(repr(model).split())
    assert manifest.columns == {"ligand": {"n_distinct": 6}, "pH": {"low": 4.0, "high": 12.0}}
    assert manifest.classes == ["fails", "works"]
    assert manifest.metrics == {"MCC": 0.5}
    assert manifest.versions["sksiamese"] == sksiamese.__version__
    assert manifest.versions["numpy"] == np.__version__
    assert pd.Timestamp(manifest.trained) <= pd.Timestamp(manifest.saved)
    assert pd.Timestamp.now("UTC") - pd.Timestamp(manifest.saved) < pd.Timedelta("1h")
    lines = str(manifest).splitlines()
    assert lines[0] == manifest.estimator
    assert lines[1] == f"trained {manifest.trained}, saved {manifest.saved}"
    assert lines[2:6] == [
        "classes: fails, works",
        "column 'ligand': 6 distinct",
        "column 'pH': 4 to 12",
        "MCC: 0.5",
    ]


def test_a_model_of_scikit_learn_alone_tells_its_columns(tmp_path):
    model = LogisticRegression().fit(X[["pH"]], Y)
    manifest = describe_model(save_model(model, tmp_path / "model.skm"))
    assert (manifest.columns, manifest.trained) == ({"pH": {}}, "")
    assert "column 'pH': not told" in str(manifest)


def test_describing_loads_nothing(saved, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("loaded")

    monkeypatch.setattr(skops.io, "loads", refuse)
    assert describe_model(saved[1]).metrics == {"MCC": 0.5}


def test_other_versions_are_warned_of(saved, monkeypatch):
    _, path = saved
    here = manifest_module.version

    def version(name):
        return "9.9.1" if name in ("rdkit", "torch") else here(name)

    monkeypatch.setattr(manifest_module, "version", version)
    message = (
        f"model.skm was saved with rdkit {here('rdkit')} (here 9.9.1). Predictions may differ: "
        "compare some with known ones, or install those versions."
    )
    with pytest.warns(ModelVersionWarning, match=says(message)):
        load_model(path)


def test_a_patch_release_is_no_gap(saved, monkeypatch):
    _, path = saved
    here = manifest_module.version
    monkeypatch.setattr(
        manifest_module, "version", lambda n: ".".join([*here(n).split(".")[:2], "99"])
    )
    load_model(path)  # warnings are errors


def test_parameters_that_another_version_did_not_have_get_their_defaults():
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[["pH"]], Y)
    expected = model.predict_proba(X[["pH"]])
    del model[0].with_mean, model[1].l1_ratio
    copy = persistence._restore(persistence._dump(model), Path("pipeline.skm"))
    assert clone(copy)[0].with_mean is True
    np.testing.assert_array_equal(copy.predict_proba(X[["pH"]]), expected)


# -- What cannot be saved --------------------------------------------------------------------------


def test_an_unfitted_model_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        save_model(siamese(), tmp_path / "model.skm")
    assert not list(tmp_path.iterdir())


def test_only_estimators_are_saved(tmp_path):
    message = "save_model takes a fitted estimator or a DesignSpace. Got [1, 2]."
    with pytest.raises(TypeError, match=says(message)):
        save_model([1, 2], tmp_path / "model.skm")


def test_an_absent_folder_is_named(saved, tmp_path):
    message = f"The folder {str(tmp_path / 'no')!r} does not exist. Create it first."
    with pytest.raises(FileNotFoundError, match=says(message)):
        save_model(saved[0], tmp_path / "no" / "model.skm")


class Doubled(BaseEstimator):
    """An estimator that is neither this package's nor scikit-learn's."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.hstack([X, X])


REPLACE = (
    "Replace it by what this package or scikit-learn offers, or use joblib.dump, whose files run "
    "code when they are loaded."
)


@pytest.mark.parametrize(
    ("part", "model", "kind"),
    [
        (
            "steps[0][1].func",
            make_pipeline(FunctionTransformer(lambda x: x), LogisticRegression()),
            "builtins.function",
        ),
        (
            "steps[0][1]",
            make_pipeline(Doubled(), LogisticRegression()),
            f"{__name__}.Doubled",
        ),
        (
            "_tree",
            KNeighborsClassifier(2, algorithm="kd_tree"),
            "sklearn.neighbors._kd_tree.KDTree",
        ),
    ],
)
def test_the_part_that_cannot_be_saved_is_named(part, model, kind, tmp_path):
    model.fit(X[["pH"]].to_numpy(), Y)
    with pytest.raises(TypeError) as caught:
        save_model(model, tmp_path / "model.skm")
    message = str(caught.value)
    assert message.startswith(f"{type(model).__name__} cannot be saved: its part {part}, ")
    tail = f" of type {kind}, is not of the types that may be loaded. {REPLACE}"
    assert message.endswith(tail), message
    assert not list(tmp_path.iterdir())


def warm(frame):
    return frame["twice"] > 5


def test_functions_of_a_design_space_are_named_with_what_to_declare(tmp_path):
    space = DesignSpace(
        {"pH": Range(4, 12), "twice": Computed(lambda f: 2 * f["pH"])}, {"few": warm}
    )
    table = X[["pH"]].assign(twice=2 * X["pH"])
    model = ExperimentRecommender(siamese(), space, n_candidates=50).fit(table, Y)
    name = "test_functions_of_a_design_space_are_named_with_what_to_declare.<locals>.<lambda>"
    for value in (space, model):
        message = (
            f"{type(value).__name__} cannot be saved: its DesignSpace holds functions, and a file "
            f"that holds no code cannot hold them: column 'twice' ({name}), constraint 'few' "
            '(warm). Declare them: Computed(Ratio("a", "b")), Sum or Product for a column, '
            'When({"a": ["x"]}, ...) for a condition, Bound or OnlyWith for a constraint, a dict '
            "for OfMolecule or OfSeveral, or use joblib.dump, whose files run code when they are "
            "loaded."
        )
        with pytest.raises(TypeError, match=says(message)):
            save_model(value, tmp_path / "model.skm")
    assert not list(tmp_path.iterdir())


def test_a_recommender_with_a_declared_space_goes_on(tmp_path):
    ligands = list(X["ligand"].unique())
    space = DesignSpace(
        {
            "ligand": Molecules(ligands),
            "dielectric": OfMolecule("ligand", dict.fromkeys(ligands, 2.0)),
            "pH": When({"ligand": ligands[:4]}, Range(4, 12), 7.0),
            "twice": Computed(Sum("pH", "pH")),
        },
        [Bound("twice", 9), OnlyWith({"ligand": ligands[:2]}, {"pH": Range(6, 12)})],
    )
    table = X.assign(dielectric=2.0, twice=2 * X["pH"])
    model = ExperimentRecommender(siamese(), space, n_candidates=200, random_state=0).fit(table, Y)
    path = save_model(model, tmp_path / "model.skm")
    copy = load_model(path)
    assert repr(copy.space_) == repr(space)
    pd.testing.assert_frame_equal(copy.recommend(3), model.recommend(3))


def test_a_design_space_is_saved_by_itself(tmp_path):
    space = DesignSpace(
        {"solvent": Molecules(["O", "CCO"]), "e": OfMolecule("solvent", dielectric_constant)}
    )
    path = save_model(space, tmp_path / "space.skm", metrics={"by": "Ada"})
    manifest = describe_model(path)
    assert manifest.estimator == repr(space)
    assert str(manifest).startswith(f"{space!r}\nsaved {manifest.saved}\nby: Ada\nversions: ")
    pd.testing.assert_frame_equal(
        load_model(path).sample(20, random_state=0), space.sample(20, random_state=0)
    )


@pytest.mark.parametrize("value", [None, [0.5], {"MCC": 1}])
def test_metrics_are_numbers_or_text(value, saved, tmp_path):
    message = f"Metric 'MCC' must be a number or text. Got {value!r}."
    with pytest.raises(TypeError, match=says(message)):
        save_model(saved[0], tmp_path / "model.skm", metrics={"MCC": value})
    assert not list(tmp_path.iterdir())


# -- The old file stays ----------------------------------------------------------------------------


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_leaves_the_old_file(failing, saved, tmp_path, monkeypatch):
    path = tmp_path / "model.skm"
    path.write_bytes(b"old")

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match=says("disk full")):
        save_model(saved[0], path)
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["model.skm"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_a_new_file_has_the_mode_that_open_gives(umask, mode, saved, tmp_path):
    before = os.umask(umask)
    try:
        path = save_model(saved[0], tmp_path / "model.skm")
        (tmp_path / "opened").write_bytes(b"")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == mode == (tmp_path / "opened").stat().st_mode & 0o777
    path.chmod(0o640)
    assert save_model(saved[0], path).stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_are_followed(saved, tmp_path):
    (tmp_path / "shared").mkdir()
    for name in ("old.skm", "new.skm"):
        link = tmp_path / name
        link.symlink_to(tmp_path / "shared" / name)
        if name == "old.skm":
            link.write_bytes(b"old")
        assert save_model(saved[0], link) == link
        assert link.is_symlink()
        assert describe_model(tmp_path / "shared" / name).metrics == {}


def test_a_tilde_is_the_home_folder(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert save_model(saved[0], "~/model.skm") == tmp_path / "model.skm"
    assert describe_model("~/model.skm").classes == ["fails", "works"]
    assert load_model("~/model.skm").classes_.tolist() == ["fails", "works"]
    message = f"The folder {str(tmp_path / 'no')!r} does not exist. Create it first."
    with pytest.raises(FileNotFoundError, match=says(message)):
        save_model(saved[0], "~/no/model.skm")


def test_folders_are_named(saved, tmp_path):
    message = (
        f"{str(tmp_path)!r} is a folder. Name a file in it, such as "
        f"{str(tmp_path / 'model.skm')!r}."
    )
    with pytest.raises(IsADirectoryError, match=says(message)):
        save_model(saved[0], tmp_path)
    message = f"{str(tmp_path)!r} is a folder. Name the file in it."
    for read in (load_model, describe_model):
        with pytest.raises(IsADirectoryError, match=says(message)):
            read(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    message = f"{str(tmp_path / 'file')!r} is a file, and no folder. Choose a folder."
    with pytest.raises(NotADirectoryError, match=says(message)):
        save_model(saved[0], tmp_path / "file" / "model.skm")


def test_a_folder_that_cannot_be_written_to_is_named(saved, tmp_path, monkeypatch):
    def refuse(*args):
        raise PermissionError(13, "Permission denied", str(args[0]))

    monkeypatch.setattr(os, "open", refuse)
    message = (
        f"{str(tmp_path / 'model.skm')!r} cannot be written: no file can be made in the folder "
        f"{str(tmp_path)!r} (Permission denied). Choose another folder, or see to its permissions."
    )
    with pytest.raises(PermissionError, match=says(message)):
        save_model(saved[0], tmp_path / "model.skm")


@pytest.mark.parametrize(
    "labels",
    [
        pd.date_range("2026-03-01", periods=18, tz="Europe/Berlin"),
        pd.interval_range(0, 18),
        pd.period_range("2026-03-01", periods=18, freq="D"),
        pd.Index([day.date() for day in pd.date_range("2026-03-01", periods=18)]),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_rows_may_be_called_by_dates_and_intervals(labels, tmp_path):
    model = ExperimentRecommender(siamese(), n_candidates=50).fit(
        X.set_axis(labels), Y.set_axis(labels)
    )
    copy = load_model(save_model(model, tmp_path / "model.skm"))
    pd.testing.assert_frame_equal(copy.measured_, model.measured_, check_freq=False)


KILLED = """
import sys, sksiamese
model = sksiamese.load_model(sys.argv[1])
print("ready", flush=True)
while True:
    sksiamese.save_model(model, sys.argv[2], metrics={"MCC": 0.6})
"""


def test_a_killed_process_leaves_a_whole_file(saved, tmp_path):
    """A few kills here; `tests/fuzz/kill_saving.py` does two hundred."""
    path = tmp_path / "model.skm"
    for n in range(3):
        path.write_bytes(saved[1].read_bytes())
        command = [sys.executable, "-c", KILLED, str(saved[1]), str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.03 * (n + 1))
            process.kill()
        assert describe_model(path).metrics in ({"MCC": 0.5}, {"MCC": 0.6})


# -- Files that are no model -----------------------------------------------------------------------


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "no.skm"))):
        load_model(tmp_path / "no.skm")


def foreign_files(tmp_path):
    joblib.dump({"a": 1}, tmp_path / "a.joblib")
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text.csv").write_text("ligand,pH\nSCCN,4\n")
    return list(tmp_path.iterdir())


def test_foreign_files_are_refused(tmp_path):
    for path in foreign_files(tmp_path):
        message = (
            f"{str(path)!r} was not written by save_model. Files of pickle and joblib are not "
            "loaded here, since they can run any code."
        )
        for read in (load_model, describe_model):
            with pytest.raises(ModelFileError, match=says(message)):
                read(path)


def test_another_archive_is_refused(saved, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "hello")
    with pytest.raises(
        ModelFileError, match=says(f"{str(path)!r} is an archive, but none that save_model writes.")
    ):
        load_model(path)


def test_every_cut_is_noticed(saved, tmp_path):
    content = saved[1].read_bytes()
    path = tmp_path / "cut.skm"
    for size in np.linspace(4, len(content) - 1, 40).astype(int):
        path.write_bytes(content[:size])
        with pytest.raises(ModelFileError, match="is cut off or damaged"):
            load_model(path)


def test_flipped_bytes_are_noticed_or_harmless(saved, tmp_path):
    """A few here; `tests/fuzz/mutate_models.py` does ten thousand."""
    model, original = saved
    content, expected = original.read_bytes(), model.predict_proba(NEW)
    rng = np.random.RandomState(0)
    path = tmp_path / "flipped.skm"
    refused = 0
    for place in rng.randint(len(content), size=60):
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.randint(8)
        path.write_bytes(flipped)
        try:
            copy = load_model(path)
        except ModelFileError:
            refused += 1
        else:
            np.testing.assert_array_equal(copy.predict_proba(NEW), expected)
    assert refused > 50


def forge(path, payload, **changes):
    """Write a file whose manifest fits the payload."""
    about = json.loads(zipfile.ZipFile(io.BytesIO(path.read_bytes())).read("manifest.json"))
    about |= {"sha256": manifest_module.sha256(payload), **changes}
    forged = path.with_name("forged.skm")
    with zipfile.ZipFile(forged, "w", zipfile.ZIP_STORED) as file:
        file.writestr("manifest.json", json.dumps(about))
        file.writestr("model.skops", payload)
    return forged


@pytest.fixture
def path(saved, tmp_path):
    """A copy of the file, to be forged or damaged."""
    copy = tmp_path / "model.skm"
    copy.write_bytes(saved[1].read_bytes())
    return copy


def payload_of(path):
    return zipfile.ZipFile(path).read("model.skops")


def test_another_model_behind_the_manifest_is_noticed(path, saved):
    payload = bytes(skops.io.dumps(LogisticRegression().fit([[0], [1]], [0, 1])))
    forged = forge(path, payload, sha256="0" * 64)
    message = (
        f"{str(forged)!r} was changed after it was saved: the model is not the one that the "
        "manifest was written for. Copy it again, or save the model again."
    )
    with pytest.raises(ModelFileError, match=says(message)):
        load_model(forged)


def test_a_later_format_is_refused(path):
    forged = forge(path, payload_of(path), format=2)
    message = (
        f"{str(forged)!r} is of format 2, and this version knows formats up to 1. Upgrade "
        "sksiamese to load it."
    )
    for read in (load_model, describe_model):
        with pytest.raises(ModelFileError, match=says(message)):
            read(forged)


@pytest.mark.parametrize("change", [{"columns": []}, {"estimator": None}, {"sha256": 5}])
def test_a_damaged_manifest_is_refused(change, path):
    forged = forge(path, payload_of(path), **change)
    message = (
        f"{str(forged)!r} has a damaged manifest: {next(iter(change))!r} is absent or of a wrong "
        "type."
    )
    with pytest.raises(ModelFileError, match=says(message)):
        load_model(forged)


class Opens:
    """What an attacker's pickle would be: it touches a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_hostile_type_runs_nothing(path, tmp_path):
    """The forged file names os.mkdir where the model should be."""
    trap = tmp_path / "trap"
    schema = {
        "__class__": "mkdir",
        "__module__": "os",
        "__loader__": "ConstructorFromReduceNode",
        "content": {
            "__class__": "tuple",
            "__module__": "builtins",
            "__loader__": "TupleNode",
            "content": [
                {
                    "__class__": "str",
                    "__module__": "builtins",
                    "__loader__": "JsonNode",
                    "content": json.dumps(str(trap)),
                    "__id__": 2,
                }
            ],
            "__id__": 1,
        },
        "__id__": 0,
        "protocol": 2,
        "_skops_version": "0.14",
    }
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("schema.json", json.dumps(schema))
    with pytest.raises(ModelFileError, match="holds types that load_model does not trust"):
        load_model(forge(path, inner.getvalue()))
    assert not trap.exists()


def test_a_pickle_in_the_place_of_the_model_runs_nothing(path, tmp_path):
    trap = tmp_path / "trap"
    with pytest.raises(ModelFileError, match="is cut off or damaged"):
        load_model(forge(path, pickle.dumps(Opens(str(trap)))))
    assert not trap.exists()


def test_paths_out_of_the_archive_are_refused(path, tmp_path):
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("../escaped.txt", "out")
    with pytest.raises(ModelFileError, match="is an archive, but none that save_model writes"):
        load_model(path)
    assert not (tmp_path.parent / "escaped.txt").exists()


def test_archives_that_swell_are_refused(path, tmp_path):
    """A hundred kilobytes that would become a hundred megabytes, inside and outside."""
    about = zipfile.ZipFile(path).read("manifest.json")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("schema.json", " " * 100_000_000)
    bombs = [forge(path, inner.getvalue()), tmp_path / "manifest.skm", tmp_path / "model.skm"]
    with zipfile.ZipFile(bombs[1], "w") as file:
        file.writestr("manifest.json", " " * 100_000_000, zipfile.ZIP_DEFLATED)
        file.writestr("model.skops", payload_of(path))
    with zipfile.ZipFile(bombs[2], "w") as file:
        file.writestr("manifest.json", about)
        file.writestr("model.skops", " " * 100_000_000, zipfile.ZIP_DEFLATED)
    for bomb in bombs:
        with pytest.raises(ModelFileError, match="is an archive, but none that save_model writes"):
            load_model(bomb)


def test_a_model_that_lies_about_its_size_is_read_no_further(path):
    """The archive says one kilobyte, and what is compressed would become a hundred megabytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("manifest.json", zipfile.ZipFile(path).read("manifest.json"))
        file.writestr("model.skops", " " * 100_000_000, zipfile.ZIP_DEFLATED)
    size = (100_000_000).to_bytes(4, "little")
    assert content.getvalue().count(size) == 2
    path.write_bytes(content.getvalue().replace(size, (1000).to_bytes(4, "little")))
    tracemalloc.start()
    with pytest.raises(ModelFileError, match="is cut off or damaged"):
        load_model(path)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_campaign_with_a_forest_is_no_large_file(tmp_path):
    """Of 220 trees, which skops writes in five megabytes."""
    forest = RandomForestClassifier(20, random_state=0)
    campaign = ExperimentRecommender(forest, n_folds=0, positive=1, random_state=0)
    rng = np.random.RandomState(0)
    table = pd.DataFrame(rng.uniform(size=(60, 2)), columns=list("ab"))
    path = save_model(campaign.fit(table, rng.randint(0, 2, 60)), tmp_path / "campaign.skm")
    assert path.stat().st_size < 1_000_000
    copy = load_model(path)
    pd.testing.assert_frame_equal(copy.recommend(2), campaign.recommend(2))


def test_what_could_hardly_be_smaller_is_loaded_too(tmp_path):
    """Zeros compress a thousandfold, more than is let in: they are written as they are."""
    model = DummyRegressor().fit(np.zeros((2, 1)), np.zeros((2, 500_000)))
    path = save_model(model, tmp_path / "zeros.skm")
    assert path.stat().st_size > 4_000_000
    assert load_model(path).predict([[0.0]]).shape == (1, 500_000)


@pytest.mark.parametrize("attribute", ["children_left", "children_right", "feature"])
def test_a_forged_tree_is_refused(attribute, path):
    """Compiled code follows these indices without a look."""
    forest = RandomForestClassifier(2, random_state=0).fit(X[["pH"]], Y)
    getattr(forest.estimators_[1].tree_, attribute)[0] = 10**6
    forged = forge(path, bytes(skops.io.dumps(forest)))
    with pytest.raises(ModelFileError, match="ValueError: a tree"):
        load_model(forged)


def test_weights_of_another_shape_are_refused(path, saved):
    state = saved[0].net_.__getstate__()
    forged_net = type(saved[0].net_).__new__(type(saved[0].net_))
    forged_net.__getstate__ = lambda: (
        state | {"settings": state["settings"] | {"module__n_numeric": 1}}
    )
    model = pickle.loads(pickle.dumps(saved[0]))
    model.net_ = forged_net
    with pytest.raises(ModelFileError, match="holds a model that cannot be built here"):
        load_model(forge(path, bytes(skops.io.dumps(model))))


def test_trusted_types_exist():
    for name in TRUSTED_TYPES:
        module, _, kind = name.rpartition(".")
        __import__(module)
        assert hasattr(sys.modules[module], kind), name
