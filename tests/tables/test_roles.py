"""What each column is, by its name and by what it holds."""

import re

import numpy as np
import pandas as pd
import pytest

from sksiamese.tables._does_not_apply import find_reason
from sksiamese.tables._read_column import read_column
from sksiamese.tables._roles import auc_alone, find_roles
from sksiamese.tables._roles_by_name import role_by_name

CONDITIONS = """
temperature_C; temp (°C); T; time_h; reaction time (min); conc (mM); concentration_M; pH; solvent;
ligand; base; catalyst loading (mol%); equiv base; equivalents; stirring rate (rpm);
flow rate (mL/min); residence time; electrode area (cm2); surface area; current (mA); voltage (V);
light intensity; wavelength (nm); power (W); pressure (bar); number of equivalents;
water content (%); solvent_fraction; volume (mL); ramp rate; heating rate (°C/min);
anneal temperature; spin speed (rpm); batch size; scale (mmol); additive_mM; HAuCl4 [mM];
ligand:gold ratio; n_C; cosolvent; aryl_halide; activator; nucleophile; electrophile; chloride;
boronic_acid; atmosphere; dry; cooling rate; water activity; reagent purity (%); _rxn_M_organic;
_rxn_temperature_c; _rxn_reactiontime_s; _solv_DMSO; antisolvent volume; number of cycles;
PCR cycles; order of addition; time; temp; dielectric; feed ratio; age (d); catalyst; base (equiv);
catalyst class; solvent class; product SMILES; reagent mass (mg); crystal seed; total volume; step;
substrate; Smiles; pKa of base; peak power; particle size (nm); irradiation time;
activation temperature; ionic strength; pulse width; RT; RT (°C); start (min); run time (min);
isolated enzyme; recovered catalyst; target product; quality of solvent; sample volume (uL);
plate temperature; test temperature; number of steps; cycle time; recovery time; charge (F/mol)
"""
RESULTS = """
yield; yield (%); yield_percent; NMR yield; isolated yield; Yield_%; conversion (%); conv. (%); ee;
ee (%); % ee; dr; er; de (%); TON; TOF (h-1); IC50 (nM); pIC50; EC50; Ki; Kd (uM); predicted yield;
prediction; p_pred; retention time; RT (min); purity (%); HPLC purity; LCMS area%; area%;
Product area; UV210_Prod AreaAbs; peak area; selectivity; % inhibition; Inhibition_pct;
pChEMBL Value; activity; score; _out_crystalscore; result; outcome; PLQY; PCE (%); Voc (V); Jsc;
isolated mass (mg); product mass (mg); impurity (%); byproduct_area; SM remaining (%);
cell viability; absorbance; Ausbeute [%]; Umsatz; turnover number; faradaic efficiency; assay yield;
LCAP; GI50; product conc (mM); crystal size; predicted class; tR [min]; RT_min; yld %; %conv;
SM recovered (%); observed mass; worked; kcat; Hill slope
"""
OTHERS = {
    "counter": "entry; Entry #; No.; run; Run no; exp; experiment number; index; #; row; plate; "
    "batch; replicate; exp_no; Unnamed: 0; rxn no",
    "identifier": "id; ID; sample id; barcode; well; CAS; InChIKey; Molecule ChEMBL ID; "
    "lot number; reaction id; ELN ref",
    "date": "date; Date run; timestamp",
    "note": "notes; Comment; observations; operator; remarks",
}


def names(text):
    return [" ".join(name.split()) for name in text.split(";")]


def test_no_condition_is_called_anything_else():
    found = {name: role_by_name(name) for name in names(CONDITIONS)}
    assert len(found) >= 60
    assert {name: role for name, role in found.items() if role} == {}


def test_nine_results_in_ten_are_found():
    found = [(role_by_name(name) or ("",))[0] for name in names(RESULTS)]
    assert found.count("result") >= 0.95 * len(found)


def test_an_excess_of_diastereomers_is_a_result_by_its_whole_name_alone():
    assert role_by_name("de") == role_by_name("% de") == ("result", "de")
    assert role_by_name("column de") is None


@pytest.mark.parametrize("role", OTHERS)
def test_what_counts_names_dates_and_notes_is_found(role):
    found = {name: role_by_name(name) for name in names(OTHERS[role])}
    assert {name for name, its in found.items() if its is None or its[0] != role} == set()


# -- By what a column holds ------------------------------------------------------------------------

N = 24
ROWS = np.arange(N)
SUCCESS = (ROWS % 3 == 0).astype(float)


def roles_of(success=SUCCESS, outcomes=(), **options):
    table = options.pop("table")
    columns = {name: read_column(table[name], list(ROWS)) for name in table}
    found = find_roles(columns, dict.fromkeys(outcomes, "holds the labels"), success, **options)
    return {name: tuple(role) for name, role in found.items()}


def recurring(*values):
    return np.array(values, dtype=object)[ROWS % len(values)]


CONTENTS = [
    ("ligand", recurring("CC", "CO", None), ("molecule", "holds SMILES")),
    ("yield", recurring("CC", "CO", "CCC"), ("molecule", "holds SMILES")),
    ("ligand", recurring("PPh3", "XPhos"), ("category", "holds names that recur")),
    ("dry", recurring("yes", "no"), ("category", "holds names that recur")),
    ("x", ROWS % 5, ("number", "holds numbers")),
    ("flag", ROWS % 2 == 0, ("category", "holds truth values")),
    ("x", ROWS, ("counter", "counts the rows")),
    ("x", ROWS + 1.0, ("counter", "counts the rows")),
    ("x", ROWS + 20, ("number", "holds numbers")),
    ("column 1", ROWS + 20, ("counter", "counts the rows")),
    ("Unnamed: 0", ROWS + 20, ("counter", "the name says 'unnamed'")),
    ("temperature_C", ROWS, ("number", "holds numbers")),
    ("plate", ROWS // 8, ("counter", "the name says 'plate'")),
    ("sample id", ROWS + 5000, ("identifier", "the name says 'id'")),
    ("ligand id", ROWS % 4, ("number", "holds numbers")),
    ("code", [f"A{i}" for i in ROWS], ("identifier", "the name says 'code'")),
    ("what", [f"A{i}" for i in ROWS], ("identifier", "holds names that hardly recur")),
    ("what", [f"it was {i} or so" for i in ROWS], ("note", "holds sentences that hardly recur")),
    ("when", [f"2024-03-{i + 1:02}" for i in ROWS], ("date", "holds dates")),
    ("when", pd.date_range("2024-01-01", periods=N), ("date", "holds dates")),
    ("date", ROWS % 7, ("number", "holds numbers")),
    ("yield", 50 + ROWS % 7, ("result", "the name says 'yield'")),
    ("x", [None] * N, ("empty", "holds nothing")),
    ("x", [[1]] * N, ("note", "holds neither text nor numbers")),
    (
        *("rxn", recurring("CCBr.OC>>CCOC", "CBr.OC>>COC")),
        ("note", "holds reactions; give each molecule a column of its own"),
    ),
]


@pytest.mark.parametrize(("name", "cells", "role"), CONTENTS)
def test_role_of_a_column(name, cells, role):
    assert roles_of(table=pd.DataFrame({name: cells})) == {name: role}


def test_a_number_that_decides_the_outcome_alone_is_a_result():
    numbers = SUCCESS * 5 + ROWS % 4
    reason = "it alone all but decides the outcome (AUC 1.00)"
    assert roles_of(table=pd.DataFrame({"x": numbers})) == {"x": ("result", reason)}
    assert roles_of(table=pd.DataFrame({"x": -numbers})) == {"x": ("result", reason)}
    quantity = roles_of(table=pd.DataFrame({"temperature_C": numbers}))
    assert quantity == {"temperature_C": ("number", "holds numbers")}
    unknown = roles_of(table=pd.DataFrame({"x": numbers}), success=np.full(N, np.nan))
    assert unknown == {"x": ("number", "holds numbers")}


def test_area_under_the_curve_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    numbers = np.random.RandomState(0).permutation(N) % 9 + 2 * SUCCESS
    column = read_column(pd.Series(numbers, name="x"), list(ROWS))
    assert auc_alone(column, SUCCESS) == pytest.approx(roc_auc_score(SUCCESS, numbers))


def test_wishes_come_first():
    table = pd.DataFrame({"entry": ROWS, "yield": ROWS % 7, "x": ROWS % 5, "y": SUCCESS})
    named = ("ignored", "not among the inputs that you named")
    assert roles_of(table=table, outcomes=["y"], inputs=["yield"]) == {
        "entry": named,
        "yield": ("number", "holds numbers"),
        "x": named,
        "y": ("outcome", "holds the labels"),
    }
    found = roles_of(table=table, outcomes=["y"], ignore=["x"], roles={"yield": "number"})
    assert found["x"] == ("ignored", "as you said")
    assert found["yield"] == ("number", "as you said")


WRONG = [
    (
        {"inputs": ["z"]},
        "The table that inputs= speaks of lacks the column(s) 'z'. It has: 'x'. "
        "Add or rename them.",
    ),
    (
        {"roles": {"x": "input"}},
        "There is no role 'input', as roles= gives for 'x'. Give one of: 'molecule', 'category', "
        "'number', 'outcome', 'result', 'counter', 'identifier', 'date', 'note', 'empty', "
        "'ignored'.",
    ),
    ({"ignore": "x"}, "ignore must be a list of columns. Got 'x': write ['x']."),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_wrong_wishes(options, message):
    with pytest.raises((TypeError, ValueError), match=f"^{re.escape(message)}$"):
        roles_of(table=pd.DataFrame({"x": ROWS % 5}), **options)


# -- Gaps ------------------------------------------------------------------------------------------


def test_the_column_that_tells_where_another_one_is_empty():
    solvents = recurring("O", "CCO", "O", "CO").tolist()
    ligands = recurring("", "CP", "CN").tolist()
    others = [("solvent", solvents), ("ligand", ligands)]
    missing = np.array(solvents) != "O"
    assert find_reason(missing, others) == ("solvent", ["O"])
    assert find_reason(np.array(ligands) == "", others) == ("ligand", ["CN", "CP"])
    missing[0] = True
    assert find_reason(missing, others) is None
    assert find_reason(np.zeros(N, bool), others) is None
    assert find_reason(np.arange(N) < 5, [("id", [str(i) for i in ROWS])]) is None
