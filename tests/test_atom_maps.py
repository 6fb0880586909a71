"""Numbers on atoms, as reaction databases write them, make no other molecule.

Each SMILES stands with and without numbers; RDKit's own canonical SMILES of the second is the key.
"""

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from sksiamese import (
    DesignSpace,
    ExperimentRecommender,
    GraphFingerprintSiameseClassifier,
    LeaveOneMoleculeOut,
    SMILESFeaturizer,
    check_experiments,
)
from sksiamese.molecules import canonical_smiles
from sksiamese.space import Molecules, OfMolecule, Range

MAPPED = {
    "[CH3:1][OH:2]": "CO",
    "[NH2:1][CH2:2][CH2:3][SH:4]": "NCCS",
    "C[C:7](=[O:3])[Cl:1]": "CC(=O)Cl",
    "[cH:1]1[cH:2][cH:3][cH:4][cH:5][cH:6]1": "c1ccccc1",
    "[CH3:1][C@H:2]([F:3])[OH:4]": "C[C@H](F)O",
    "[CH3:1][C@H:2]([CH3:3])[OH:4]": "CC(C)O",  # a centre through the numbers alone
    "[CH3:1]/[CH:2]=[C:3](/[CH3:4])[CH3:5]": "CC=C(C)C",
}
PLAIN = list(MAPPED.values())
RNG = np.random.RandomState(0)
X = pd.DataFrame({"reagent": PLAIN * 4, "mM": RNG.uniform(1, 20, 28)})
WITH_MAPS = X.assign(reagent=list(MAPPED) * 4)
Y = np.where(X["mM"] > 10, "works", "fails")


def recommender(**changes):
    columns = make_column_transformer(
        (SMILESFeaturizer("descriptors"), ["reagent"]), ("passthrough", ["mM"])
    )
    forest = make_pipeline(columns, RandomForestClassifier(10, random_state=0))
    return ExperimentRecommender(
        forest, n_candidates=200, n_bootstrap=0, n_folds=0, random_state=0, **changes
    )


@pytest.mark.parametrize(("mapped", "plain"), MAPPED.items())
def test_spelling_is_that_without_numbers(mapped, plain):
    assert canonical_smiles(mapped) == Chem.CanonSmiles(plain)
    assert canonical_smiles(Chem.MolToSmiles(Chem.MolFromSmiles(mapped))) == Chem.CanonSmiles(plain)


@pytest.mark.parametrize("output", ["ecfp", "descriptors", "table1"])
def test_features_are_those_without_numbers(output):
    expected = SMILESFeaturizer(output).fit_transform(PLAIN)
    np.testing.assert_allclose(SMILESFeaturizer(output).fit_transform(list(MAPPED)), expected)


def test_doctor_finds_two_spellings_and_the_same_recipes():
    table = pd.concat([X, WITH_MAPS[:7]], ignore_index=True).assign(outcome=[*Y, *Y[:7]])
    report = check_experiments(table, outcome="outcome")
    found = report.findings.groupby("check").size()
    assert found["two_spellings"] == 7
    assert found["duplicate"] == 7
    plain = check_experiments(X.assign(outcome=Y), outcome="outcome").findings["check"]
    assert not plain.isin(["two_spellings", "duplicate"]).any()


def test_design_space_holds_them_once():
    both = pd.concat([X, WITH_MAPS], ignore_index=True)
    space = DesignSpace.from_frame(both)
    assert len(space.columns["reagent"].smiles) == len(MAPPED)
    assert space.contains(WITH_MAPS).all()
    places = {smiles: place for place, smiles in enumerate(PLAIN)}
    of_molecule = DesignSpace({"reagent": Molecules(PLAIN), "place": OfMolecule("reagent", places)})
    assert of_molecule.complete(WITH_MAPS[["reagent"]][:7])["place"].tolist() == [*range(7)]


def test_exclusions_and_past_experiments_are_known():
    model = recommender(space=DesignSpace({"reagent": Molecules(PLAIN), "mM": Range(1, 20)}))
    model.fit(X, Y)
    plate = model.recommend(6, exclude={"reagent": list(MAPPED)[:6]})
    assert set(plate["reagent"]) == {PLAIN[6]}
    done = model.recommend(3, candidates=pd.DataFrame({"reagent": PLAIN, "mM": 3.21}))
    names = dict(zip(PLAIN, MAPPED, strict=True))
    written = done[["reagent", "mM"]].assign(reagent=done["reagent"].map(names))
    with pytest.warns(UserWarning, match=r"^Of 7 candidates, 3 left out: 3 excluded\.$"):
        rest = model.recommend(
            3, exclude=written, candidates=pd.DataFrame({"reagent": PLAIN, "mM": 3.21})
        )
    assert not set(rest["reagent"]) & set(done["reagent"])
    with pytest.raises(
        ValueError, match=r"^The same experiment twice: rows 0 and 1 of 2 are measured already "
    ):
        model.add_measurements(WITH_MAPS[:2].assign(outcome=Y[:2]))
    with pytest.raises(ValueError, match=r" Of the candidates, 4 left out: 4 measured\. "):
        model.recommend(1, candidates=WITH_MAPS[:4])


def test_a_classifier_and_a_splitter_know_them():
    model = GraphFingerprintSiameseClassifier(
        n_members=1, max_epochs=3, fp_size=4, conv_width=4, radius=1, random_state=0
    ).fit(X, Y)
    expected = model.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(WITH_MAPS), expected, atol=1e-6)
    evidence = model.support_evidence(WITH_MAPS, n_top=len(X))
    assert (evidence["same"] == (evidence["row"] == evidence["support"])).all()
    folds = LeaveOneMoleculeOut("reagent").split(pd.concat([X, WITH_MAPS], ignore_index=True))
    assert sorted(len(test) for _, test in folds) == [8] * 7
