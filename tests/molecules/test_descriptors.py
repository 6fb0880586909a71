"""Descriptors against RDKit's own values, known molecules and textbook constants."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import Crippen, Lipinski, rdMolDescriptors

from sksiamese.descriptors import (
    DIELECTRIC_CONSTANTS,
    RDKIT_DESCRIPTORS,
    REDOX_POTENTIALS,
    TABLE1_LIGAND_DESCRIPTORS,
    canonical_smiles,
    dielectric_constant,
    molecule_descriptors,
    redox_potential,
)

ODD_MOLECULES = [
    "[Au]", "[H][H]", "[H+]", "*", "*~*", "[#6]", "[13CH4]", "[CH3]", "[NH4+]", "[Na+].[BH4-]",
    "I[Pb]I", "[Pb+2].[I-].[I-]", "[H+].Cl[Au-](Cl)(Cl)Cl", "[I-].[I-].[NH3+]CC[NH3+]",
    "C[Si](C)(C)C", "[Cu@SP1](Cl)(Br)(I)F", "C1CC[Se]C1", "[C-]#[O+]", "[U]", "",
]  # fmt: skip
SETS = [RDKIT_DESCRIPTORS, TABLE1_LIGAND_DESCRIPTORS]


def values(smiles, descriptors):
    row = molecule_descriptors([Chem.MolFromSmiles(smiles)], descriptors)[0]
    return dict(zip(descriptors, row.tolist(), strict=True))


def test_general_descriptors_of_a_drug():
    # 4-chlorophenylalanine methyl ester hydrochloride, counted by hand
    found = values("COC(=O)[C@@H]([NH3+])Cc1ccc(Cl)cc1.[Cl-]", RDKIT_DESCRIPTORS)
    assert found["mol_weight"] == pytest.approx(250.12, abs=0.01)
    assert found["fraction_sp3"] == pytest.approx(3 / 10)
    counts = {
        "heavy_atoms": 15, "lipinski_donors": 3, "lipinski_acceptors": 3, "rings": 1,
        "aromatic_rings": 1, "heterocycles": 0, "formal_charge": 0, "halogens": 2,
    }  # fmt: skip
    assert {name: found[name] for name in counts} == counts


def test_general_descriptors_agree_with_rdkit():
    mol = Chem.MolFromSmiles("CC(=O)Nc1ccc(O)cc1")
    found = values("CC(=O)Nc1ccc(O)cc1", RDKIT_DESCRIPTORS)
    assert found["tpsa"] == pytest.approx(49.33)
    assert found["lipinski_donors"] == Lipinski.NHOHCount(mol)
    assert found["lipinski_acceptors"] == Lipinski.NOCount(mol)
    assert found["valence_connectivity"] == rdMolDescriptors.CalcChi0v(mol)


def test_table1_has_the_papers_nine_descriptors():
    found = values("OC(=O)c1ccc(S)cc1", TABLE1_LIGAND_DESCRIPTORS)
    mol = Chem.MolFromSmiles("OC(=O)c1ccc(S)cc1")
    assert list(found) == [
        "charge_potential", "h_donors", "h_acceptors", "aromatic", "molecular_weight",
        "rotatable_bonds", "complexity", "tpsa", "xlogp",
    ]  # fmt: skip
    assert found["molecular_weight"] == pytest.approx(154.19, abs=0.01)
    assert found["h_donors"] == 2
    assert found["aromatic"] == 1
    assert found["rotatable_bonds"] == 1
    assert found["xlogp"] == Crippen.MolLogP(mol)
    assert values("SC1CCCCC1", TABLE1_LIGAND_DESCRIPTORS)["aromatic"] == 0


def test_charge_potential_grows_with_polarity_and_leaves_the_molecule_alone():
    hexane, acid = Chem.MolFromSmiles("CCCCCC"), Chem.MolFromSmiles("OC(=O)CS")
    found = molecule_descriptors([hexane, acid], TABLE1_LIGAND_DESCRIPTORS)[:, 0]
    assert 0 < found[0] < 0.1 < found[1] < 1.5
    assert not acid.GetAtomWithIdx(0).HasProp("_GasteigerCharge")


@pytest.mark.parametrize("descriptors", SETS)
@pytest.mark.parametrize("smiles", ODD_MOLECULES)
def test_odd_molecules_give_finite_numbers(smiles, descriptors):
    assert np.isfinite(list(values(smiles, descriptors).values())).all()


@pytest.mark.parametrize("descriptors", SETS)
@given(number=st.integers(1, 118), charge=st.integers(-2, 4), isotope=st.integers(0, 300))
def test_every_element_gives_finite_numbers(descriptors, number, charge, isotope):
    atom = Chem.Atom(number)
    atom.SetFormalCharge(charge)
    atom.SetIsotope(isotope)
    atom.SetNoImplicit(True)
    mol = Chem.RWMol()
    mol.AddAtom(atom)
    Chem.SanitizeMol(mol, sanitizeOps=Chem.SANITIZE_ALL ^ Chem.SANITIZE_PROPERTIES)
    mol.UpdatePropertyCache(strict=False)
    assert np.isfinite(molecule_descriptors([mol], descriptors)).all()


@given(order=st.permutations(range(9)))
def test_descriptors_do_not_depend_on_the_atom_order(order):
    mol = Chem.MolFromSmiles("OC(=O)C(N)CSCC")
    shuffled = Chem.RenumberAtoms(mol, list(order))
    for descriptors in SETS:
        found = molecule_descriptors([mol, shuffled], descriptors)
        np.testing.assert_allclose(found[0], found[1], rtol=1e-9, atol=1e-9)


def test_absent_molecule_gives_zeros_and_no_molecule_an_empty_array():
    found = molecule_descriptors([None, Chem.MolFromSmiles("C"), None])
    assert found.shape == (3, len(RDKIT_DESCRIPTORS))
    assert found.dtype == np.float64
    assert not found[[0, 2]].any()
    assert found[1].any()
    assert molecule_descriptors([]).shape == (0, len(RDKIT_DESCRIPTORS))


@pytest.mark.parametrize("table", [DIELECTRIC_CONSTANTS, REDOX_POTENTIALS])
def test_constants_are_keyed_by_canonical_smiles(table):
    assert [Chem.CanonSmiles(smiles) for smiles in table] == list(table)


@pytest.mark.parametrize(
    ("smiles", "formula"),
    [("O=S([O-])S(=O)[O-].[Na+].[Na+]", "Na2O4S2"), ("O=C1O[C@H]([C@@H](O)CO)C(O)=C1O", "C6H8O6")],
)
def test_less_obvious_reductants_have_the_right_formula(smiles, formula):
    assert smiles in REDOX_POTENTIALS
    assert rdMolDescriptors.CalcMolFormula(Chem.MolFromSmiles(smiles)) == formula


def test_ascorbic_acid_is_the_natural_enantiomer():
    mol = Chem.MolFromSmiles("O=C1O[C@H]([C@@H](O)CO)C(O)=C1O")
    centres = Chem.FindMolChiralCenters(mol, useLegacyImplementation=False)
    assert [label for _, label in centres] == ["R", "S"]  # (5R), its side chain (1S)


def test_constants_are_found_under_any_spelling():
    assert dielectric_constant("[H]O[H]") == 80.1
    assert dielectric_constant("c1ccc(C)cc1") == 2.38
    assert redox_potential("[Na+].[BH4-]") == -1.24
    assert redox_potential("c1(O)ccc(O)cc1") == 0.699
    assert canonical_smiles("C(O)C") == "CCO"


def test_unknown_solvent_and_reductant_list_what_is_known():
    for function, table, quantity, name in [
        (dielectric_constant, DIELECTRIC_CONSTANTS, "dielectric constant", "DIELECTRIC_CONSTANTS"),
        (redox_potential, REDOX_POTENTIALS, "redox potential", "REDOX_POTENTIALS"),
    ]:
        message = (
            f"No {quantity} is stored for 'CCCC'. {name} holds: {', '.join(table)}. "
            f"Use one of these, or give the {quantity} as a numeric column."
        )
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            function("CCCC")


@pytest.mark.parametrize("smiles", ["not a molecule", "C1CC", None, 3.5])
def test_invalid_smiles_is_named(smiles, capfd):
    message = (
        f"{smiles!r} is not a valid SMILES. Write one molecule as RDKit reads it, "
        "for example 'CCO' for ethanol."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        canonical_smiles(smiles)
    assert capfd.readouterr() == ("", "")
