"""Simulated nanoclusters: real molecules, and labels that follow the written rule."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import Crippen, rdMolDescriptors

from sksiamese.datasets import make_nanoclusters, nanocluster_success_probability

FORMULAS = {
    "L-cysteine": "C3H7NO2S", "L-homocysteine": "C4H9NO2S", "D-penicillamine": "C5H11NO2S",
    "N-acetyl-L-cysteine": "C5H9NO3S", "L-glutathione": "C10H17N3O6S", "captopril": "C9H15NO3S",
    "tiopronin": "C5H9NO3S", "thioglycolic acid": "C2H4O2S",
    "3-mercaptopropionic acid": "C3H6O2S", "mercaptosuccinic acid": "C4H6O4S",
    "6-mercaptohexanoic acid": "C6H12O2S", "8-mercaptooctanoic acid": "C8H16O2S",
    "11-mercaptoundecanoic acid": "C11H22O2S", "cysteamine": "C2H7NS",
    "2-mercaptoethanol": "C2H6OS", "1-thioglycerol": "C3H8O2S",
    "sodium 3-mercapto-1-propanesulfonate": "C3H7NaO3S2", "1-hexanethiol": "C6H14S",
    "1-octanethiol": "C8H18S", "1-dodecanethiol": "C12H26S", "cyclohexanethiol": "C6H12S",
    "1-adamantanethiol": "C10H16S", "thiophenol": "C6H6S", "4-methylbenzenethiol": "C7H8S",
    "4-tert-butylbenzenethiol": "C10H14S", "2-phenylethanethiol": "C8H10S",
    "benzyl mercaptan": "C7H8S", "4-mercaptobenzoic acid": "C7H6O2S",
    "thiosalicylic acid": "C7H6O2S", "4-aminothiophenol": "C6H7NS", "4-mercaptophenol": "C6H6OS",
    "2-naphthalenethiol": "C10H8S",
    "water": "H2O", "methanol": "CH4O", "ethanol": "C2H6O", "acetonitrile": "C2H3N",
    "N,N-dimethylformamide": "C3H7NO", "dichloromethane": "CH2Cl2", "tetrahydrofuran": "C4H8O",
    "toluene": "C7H8",
    "sodium borohydride": "H4BNa", "hydrazine": "H4N2", "sodium dithionite": "Na2O4S2",
    "formic acid": "CH2O2", "carbon monoxide": "CO", "L-ascorbic acid": "C6H8O6",
    "hydroquinone": "C6H6O2",
}  # fmt: skip
CHIRALITY = {
    "L-cysteine": "R", "L-homocysteine": "S", "D-penicillamine": "S", "N-acetyl-L-cysteine": "R",
    "L-glutathione": "SR", "captopril": "SS",
}  # fmt: skip

GOOD = {
    "ligand": "NCCS", "solvent": "O", "ligand_mM": 1.0, "HAuCl4_mM": 1.78, "reductant_mM": 2.33,
    "temperature_C": 22.0, "pH": 13.22,
}  # fmt: skip


def probability(noise=0.05, **changes):
    return nanocluster_success_probability(pd.DataFrame([GOOD | changes]), noise=noise).item()


@pytest.fixture(scope="module")
def simulated():
    return make_nanoclusters(2000, random_state=0, descriptors=True)


def test_molecules_are_what_their_names_say(simulated):
    molecules = {
        name: Chem.MolFromSmiles(smiles)
        for table in simulated.molecules.values()
        for name, smiles in table.items()
    }
    found = {name: rdMolDescriptors.CalcMolFormula(mol) for name, mol in molecules.items()}
    assert {name: found[name].replace("+", "").replace("-", "") for name in found} == FORMULAS
    for name, labels in CHIRALITY.items():
        centres = Chem.FindMolChiralCenters(molecules[name], useLegacyImplementation=False)
        assert "".join(label for _, label in centres) == labels
    thiol = Chem.MolFromSmarts("[SX2H]")
    for name in simulated.molecules["ligand"]:
        assert molecules[name].HasSubstructMatch(thiol)


def test_there_are_enough_molecules_all_canonical_and_used(simulated):
    counts = {column: len(table) for column, table in simulated.molecules.items()}
    assert counts == {"ligand": 32, "solvent": 8, "reductant": 7}
    for column, table in simulated.molecules.items():
        assert [Chem.CanonSmiles(smiles) for smiles in table.values()] == list(table.values())
        assert set(simulated.frame[column]) == set(table.values())
        named = simulated.frame[f"{column}_name"].map(table)
        assert (named == simulated.frame[column]).all()


def test_conditions_are_plausible(simulated):
    data = simulated.data
    ranges = {
        "HAuCl4_mM": (0.5, 5), "ligand_mM": (0.25, 45), "reductant_mM": (1, 200),
        "temperature_C": (0, 80), "pH": (7, 14),
    }  # fmt: skip
    for column, (low, high) in ranges.items():
        assert data[column].dtype == np.float64
        assert data[column].between(low, high).all()
    assert (data.loc[data["solvent"] != "O", "pH"] == 7).all()
    assert not data.isna().any().any()
    assert 0.45 < (data["solvent"] == "O").mean() < 0.55


def test_the_papers_experiment_succeeds():
    assert probability() == 0.95


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ligand_mM": 10.67}, 0.95),  # ratio 5.994
        ({"ligand_mM": 10.68}, 0.05),  # ratio 6
        ({"temperature_C": 49.9}, 0.95),
        ({"temperature_C": 50.0}, 0.05),
        ({"reductant_mM": 51.9, "pH": 12.9}, 0.95),
        ({"reductant_mM": 52.0, "pH": 12.9}, 0.05),
        ({"reductant_mM": 52.0, "pH": 12.79, "temperature_C": 79.0}, 0.95),
        ({"reductant_mM": 52.0, "pH": 12.8}, 0.05),
        ({"ligand": "OC(=O)c1ccc(S)cc1"}, 0.05),  # soluble in water but aromatic
        ({"ligand": "OC(=O)c1ccc(S)cc1", "solvent": "OC"}, 0.95),
        ({"ligand": "SCCCCCC"}, 0.05),  # does not dissolve in water
        ({"ligand": "SCCCCCC", "solvent": "c1ccccc1C"}, 0.95),
        ({"solvent": "c1ccccc1C"}, 0.05),  # cysteamine does not dissolve in toluene
        ({"solvent": "OC"}, 0.95),
        ({"ligand": "NCCS", "solvent": "[H]O[H]"}, 0.95),
    ],
)
def test_rule_at_its_borders(changes, expected):
    assert probability(**changes) == expected


def test_noise_is_the_probability_of_a_flip():
    assert probability(noise=0) == 1
    assert probability(noise=0.2) == 0.8
    assert probability(noise=0.2, temperature_C=70) == 0.2


def by_hand(row):
    mol = Chem.MolFromSmiles(row["ligand"])
    logp = Crippen.MolLogP(mol)
    aromatic = any(atom.GetIsAromatic() for atom in mol.GetAtoms())
    if row["solvent"] == "O":
        dissolves = logp <= 1.7
    elif row["solvent"] in {"ClCCl", "C1CCOC1", "Cc1ccccc1"}:
        dissolves = logp >= 1
    else:
        dissolves = logp >= -0.5
    calm = row["temperature_C"] < 50 if row["reductant_mM"] < 52 else row["pH"] < 12.8
    few = row["ligand_mM"] / row["HAuCl4_mM"] < 6
    return dissolves and calm and few and not (aromatic and row["solvent"] == "O")


def test_true_probability_is_the_rule_row_by_row(simulated):
    expected = [0.95 if by_hand(row) else 0.05 for _, row in simulated.data.iterrows()]
    assert simulated.true_probability.tolist() == expected
    assert simulated.frame["true_probability"].tolist() == expected
    assert nanocluster_success_probability(simulated.frame).tolist() == expected


@pytest.mark.parametrize("noise", [0, 0.05, 0.3, 0.5])
def test_labels_flip_as_often_as_noise_says(noise):
    simulated = make_nanoclusters(4000, noise=noise, random_state=1)
    truth = nanocluster_success_probability(simulated.data, noise=0)
    flipped = (simulated.target.to_numpy() != truth).mean()
    assert abs(flipped - noise) <= 5 * np.sqrt(noise * (1 - noise) / 4000)


@pytest.mark.parametrize("aqueous_only", [False, True])
def test_classes_are_roughly_balanced(aqueous_only):
    rate = make_nanoclusters(4000, aqueous_only=aqueous_only, random_state=2).target.mean()
    assert 0.4 < rate < 0.6


def test_aqueous_only_has_water_alone():
    simulated = make_nanoclusters(aqueous_only=True, random_state=0)
    assert set(simulated.data["solvent"]) == {"O"}
    assert len(simulated.data) == 54


def test_table1_descriptors(simulated):
    columns = simulated.feature_names[8:]
    assert columns == [
        "solvent_dielectric", "ligand_solubility", "reductant_redox_V", "ligand_charge_potential",
        "ligand_h_donors", "ligand_h_acceptors", "ligand_aromatic", "ligand_molecular_weight",
        "ligand_rotatable_bonds", "ligand_complexity", "ligand_tpsa", "ligand_xlogp",
    ]  # fmt: skip
    cysteamine = simulated.data[simulated.data["ligand"] == "NCCS"]
    assert cysteamine["ligand_molecular_weight"].round(2).unique().tolist() == [77.15]
    water = simulated.data["solvent"] == "O"
    assert simulated.data.loc[water, "solvent_dielectric"].unique().tolist() == [80.1]
    assert set(simulated.data.loc[water, "ligand_solubility"]) == {0, 1}
    strongest = simulated.data["reductant"] == "[BH4-].[Na+]"
    assert simulated.data.loc[strongest, "reductant_redox_V"].unique().tolist() == [-1.24]
    assert (simulated.data[columns].dtypes == np.float64).all()


def test_bunch_says_simulated(simulated):
    assert simulated.smiles_columns == ["ligand", "solvent", "reductant"]
    assert simulated.feature_names == list(simulated.data.columns)
    assert (simulated.groups == simulated.data["ligand"]).all()
    assert simulated.name == "simulated gold nanoclusters"
    assert "SIMULATED" in simulated.DESCR
    assert simulated.frame["success"].equals(simulated.target)


def test_arrays_and_pair():
    simulated = make_nanoclusters(10, random_state=0, as_frame=False)
    assert (simulated.data.shape, simulated.data.dtype) == ((10, 8), object)
    assert isinstance(simulated.target, np.ndarray)
    assert simulated.frame is None
    X, y = make_nanoclusters(10, random_state=0, return_X_y=True)
    assert (X.to_numpy(dtype=object) == simulated.data).all()
    assert (y.to_numpy() == simulated.target).all()


def test_random_state_decides_all_and_global_state_is_untouched():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = (make_nanoclusters(random_state=seed).frame for seed in (3, 3, 4))
    assert make_nanoclusters(random_state=np.random.RandomState(3)).frame.equals(first)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    assert first.equals(again)
    assert not first.equals(other)


@given(
    ligand=st.floats(0, 100),
    gold=st.floats(1e-3, 100),
    reductant=st.floats(0, 500),
    temperature=st.floats(-20, 150),
    ph=st.floats(0, 14),
    noise=st.floats(0, 0.5),
)
def test_any_experiment_has_one_of_two_probabilities(
    ligand, gold, reductant, temperature, ph, noise
):
    changes = {"ligand_mM": ligand, "HAuCl4_mM": gold, "reductant_mM": reductant}
    row = GOOD | changes | {"temperature_C": temperature, "pH": ph}
    expected = 1 - noise if by_hand(row) else noise
    assert nanocluster_success_probability(pd.DataFrame([row]), noise=noise).item() == expected


@pytest.mark.parametrize("n_samples", [0, -3, 2.5, True, "ten"])
def test_bad_n_samples(n_samples):
    message = f"n_samples must be an integer of at least 1. Got {n_samples!r} instead."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_nanoclusters(n_samples)


@pytest.mark.parametrize("noise", [-0.1, 0.6, float("nan"), "a", None, True])
def test_bad_noise(noise):
    message = f"noise must be a number from 0 to 0.5. Got {noise!r} instead."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_nanoclusters(noise=noise)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        probability(noise=noise)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pd.DataFrame([GOOD]).drop(columns=["pH", "solvent"]),
            "The frame of experiments lacks the column(s) 'solvent', 'pH'. It has: 'ligand', "
            "'ligand_mM', 'HAuCl4_mM', 'reductant_mM', 'temperature_C'. Add or rename them.",
        ),
        (
            pd.DataFrame([GOOD, GOOD | {"pH": None}], index=["a", "b"]),
            "The frame of experiments: column 'pH' must hold finite numbers, but row b holds "
            "nothing (1 such row(s)). Correct these cells or leave the rows out.",
        ),
        (
            pd.DataFrame([GOOD | {"temperature_C": "warm"}]),
            "The frame of experiments: column 'temperature_C' must hold finite numbers, but row 0 "
            "holds 'warm' (1 such row(s)). Correct these cells or leave the rows out.",
        ),
        (
            pd.DataFrame([GOOD | {"temperature_C": float("inf")}]),
            "The frame of experiments: column 'temperature_C' must hold finite numbers, but row 0 "
            "holds inf (1 such row(s)). Correct these cells or leave the rows out.",
        ),
        (
            pd.DataFrame([GOOD, GOOD | {"HAuCl4_mM": 0.0}]),
            "The frame of experiments: column 'HAuCl4_mM' must be above 0, but row 1 holds 0.",
        ),
        (
            pd.concat([pd.DataFrame([GOOD]), pd.DataFrame({"pH": [7.0]})], axis=1),
            "The frame of experiments has more than one column called 'pH'. Keep one of each or "
            "rename the others.",
        ),
    ],
)
def test_unusable_frames(frame, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        nanocluster_success_probability(frame)
