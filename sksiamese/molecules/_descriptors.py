"""Descriptors of molecules: fast RDKit ones, the ligand set of the paper's Table 1, two constants.

``RDKIT_DESCRIPTORS`` is made for whole libraries: each entry costs at most about 8 microseconds
for a drug-like molecule, all of them together about a quarter of the time of parsing its SMILES.
That is why Crippen's logP and the count of rotatable bonds, which cost 500 and 35 microseconds,
are found in ``TABLE1_LIGAND_DESCRIPTORS`` alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, GraphDescriptors, rdMolDescriptors, rdPartialCharges

from sksiamese.molecules._canonical import canonical_smiles

Descriptor = Callable[[Any], float]

_HALOGENS = Chem.MolFromSmarts("[F,Cl,Br,I]")


def _n_halogens(mol: Chem.Mol) -> int:
    return len(mol.GetSubstructMatches(_HALOGENS))


def _charge_spread(mol: Chem.Mol) -> float:
    """Largest minus smallest Gasteiger charge, in elementary charges, over atoms that have one."""
    copy = Chem.Mol(mol)  # the charges are written into the molecule
    rdPartialCharges.ComputeGasteigerCharges(copy)
    charges = [atom.GetDoubleProp("_GasteigerCharge") for atom in copy.GetAtoms()]
    known = [charge for charge in charges if math.isfinite(charge)]
    return max(known) - min(known) if known else 0.0


def _is_aromatic(mol: Chem.Mol) -> int:
    return int(rdMolDescriptors.CalcNumAromaticRings(mol) > 0)


RDKIT_DESCRIPTORS: Mapping[str, Descriptor] = MappingProxyType(
    {
        "mol_weight": Descriptors.MolWt,
        "heavy_atoms": Chem.Mol.GetNumHeavyAtoms,
        "lipinski_donors": rdMolDescriptors.CalcNumLipinskiHBD,
        "lipinski_acceptors": rdMolDescriptors.CalcNumLipinskiHBA,
        "tpsa": rdMolDescriptors.CalcTPSA,
        "rings": rdMolDescriptors.CalcNumRings,
        "aromatic_rings": rdMolDescriptors.CalcNumAromaticRings,
        "heterocycles": rdMolDescriptors.CalcNumHeterocycles,
        "fraction_sp3": rdMolDescriptors.CalcFractionCSP3,
        "formal_charge": Chem.GetFormalCharge,
        "halogens": _n_halogens,
        "valence_connectivity": rdMolDescriptors.CalcChi0v,
    }
)
"""Name to function of a ``Mol``: twelve general descriptors, finite for every molecule.

Average molecular weight (g/mol); heavy atoms; hydrogens on N or O (donors) and N or O atoms
(acceptors), both as Lipinski counts them; topological polar surface area (square angstrom); rings;
aromatic rings; rings with a hetero atom; fraction of carbons that are sp3; formal charge
(elementary charges); F, Cl, Br and I atoms; the valence connectivity index chi0v. None rests on
stereochemistry or hybridisation, which fast reading (``_parsing.py``) leaves out.
"""

TABLE1_LIGAND_DESCRIPTORS: Mapping[str, Descriptor] = MappingProxyType(
    {
        "charge_potential": _charge_spread,
        "h_donors": rdMolDescriptors.CalcNumHBD,
        "h_acceptors": rdMolDescriptors.CalcNumHBA,
        "aromatic": _is_aromatic,
        "molecular_weight": Descriptors.MolWt,
        "rotatable_bonds": rdMolDescriptors.CalcNumRotatableBonds,
        "complexity": GraphDescriptors.BertzCT,
        "tpsa": rdMolDescriptors.CalcTPSA,
        "xlogp": Crippen.MolLogP,
    }
)
"""Name to function of a ``Mol``: the nine ligand descriptors of Table 1 of arXiv 1811.02771.

The paper takes its values from a database; three have a stand-in here that RDKit can compute for
any molecule. ``charge_potential`` ("electrostatic polarity") is the largest minus the smallest
Gasteiger partial charge, ``complexity`` is Bertz's index, ``xlogp`` is Crippen's logP.
``aromatic`` is 1 for a ligand with an aromatic ring and 0 for an aliphatic one.
"""

DIELECTRIC_CONSTANTS: Mapping[str, float] = MappingProxyType(
    {
        "O": 80.1,  # water
        "NC=O": 111.0,  # formamide
        "CS(C)=O": 47.24,  # dimethyl sulfoxide
        "OCCO": 41.4,  # ethylene glycol
        "O=C1CCCO1": 39.0,  # gamma-butyrolactone
        "CN(C)C=O": 38.25,  # N,N-dimethylformamide
        "CC#N": 36.64,  # acetonitrile
        "CO": 33.0,  # methanol
        "CCO": 25.3,  # ethanol
        "CC(C)=O": 21.01,  # acetone
        "CCCO": 20.8,  # 1-propanol
        "CC(C)O": 20.18,  # 2-propanol
        "ClCCl": 8.93,  # dichloromethane, 25 degC
        "C1CCOC1": 7.52,  # tetrahydrofuran, 22 degC
        "CCOC(C)=O": 6.08,  # ethyl acetate
        "ClC(Cl)Cl": 4.81,  # chloroform
        "CCOCC": 4.27,  # diethyl ether
        "Cc1ccccc1": 2.38,  # toluene, 23 degC
        "c1ccccc1": 2.28,  # benzene
        "C1COCCO1": 2.22,  # 1,4-dioxane
        "C1CCCCC1": 2.02,  # cyclohexane
        "CCCCCC": 1.89,  # hexane
    }
)
"""Canonical SMILES of a solvent to its relative permittivity (no unit), at 20 degC unless noted.

Source: CRC Handbook of Chemistry and Physics, "Permittivity (Dielectric Constant) of Liquids".
"""

REDOX_POTENTIALS: Mapping[str, float] = MappingProxyType(
    {
        "[BH4-].[Na+]": -1.24,  # H2BO3- + 5 H2O + 8 e- = BH4- + 8 OH-
        "[BH4-].[K+]": -1.24,  # same couple
        "NN": -1.16,  # N2 + 4 H2O + 4 e- = N2H4 + 4 OH-
        "O=S([O-])S(=O)[O-].[Na+].[Na+]": -1.12,  # 2 SO3(2-) + 2 H2O + 2 e- = S2O4(2-) + 4 OH-
        "O=C(O)C(=O)O": -0.49,  # 2 CO2 + 2 H+ + 2 e- = H2C2O4
        "O=CO": -0.199,  # CO2 + 2 H+ + 2 e- = HCOOH
        "[C-]#[O+]": -0.11,  # CO2 + 2 H+ + 2 e- = CO + H2O
        "[H][H]": 0.0,  # 2 H+ + 2 e- = H2
        "O=C1O[C@H]([C@@H](O)CO)C(O)=C1O": 0.39,  # dehydroascorbic acid + 2 H+ + 2 e- = L-ascorbic
        "Oc1ccc(O)cc1": 0.699,  # benzoquinone + 2 H+ + 2 e- = hydroquinone
    }
)
"""Canonical SMILES of a reducing agent to the standard potential of its couple, V against SHE.

The couple stands beside each value; those written with OH- are for 1 mol/L base, the others for
1 mol/L acid. Sources: CRC Handbook of Chemistry and Physics, "Electrochemical Series"; Bard,
Parsons and Jordan, Standard Potentials in Aqueous Solution (1985), for hydrazine and carbon
monoxide; Borsook and Keighley (1933) for ascorbic acid.
"""


def molecule_descriptors(
    mols: Iterable[Chem.Mol | None],
    descriptors: Mapping[str, Descriptor] = RDKIT_DESCRIPTORS,
) -> npt.NDArray[np.float64]:
    """Compute descriptors of molecules, one row for each.

    Parameters
    ----------
    mols : iterable of Mol or None, of length n_molecules
        Sanitised molecules; None is an absent molecule and gives a row of zeros.
    descriptors : mapping of str to callable, default=RDKIT_DESCRIPTORS
        What to compute, in the order of the columns.

    Returns
    -------
    ndarray of shape (n_molecules, n_descriptors)
        The values, in the units named at the mapping.

    Examples
    --------
    >>> from rdkit import Chem
    >>> values = molecule_descriptors([Chem.MolFromSmiles("CCO"), None])
    >>> values.shape
    (2, 12)
    >>> dict(zip(RDKIT_DESCRIPTORS, values[0].round(2).tolist()))["tpsa"]
    20.23
    """
    functions = list(descriptors.values())
    absent = [0.0] * len(functions)
    rows = [absent if mol is None else [f(mol) for f in functions] for mol in mols]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(functions))


def dielectric_constant(smiles: str) -> float:
    """Look up the relative permittivity of a solvent, written in any SMILES spelling.

    Parameters
    ----------
    smiles : str
        One solvent; mixtures have no entry.

    Returns
    -------
    float
        Relative permittivity (no unit), near 20 degC.

    Raises
    ------
    ValueError
        If `smiles` is invalid or the solvent is not in ``DIELECTRIC_CONSTANTS``.

    Examples
    --------
    >>> dielectric_constant("OC")
    33.0
    """
    return _look_up(smiles, DIELECTRIC_CONSTANTS, "dielectric constant", "DIELECTRIC_CONSTANTS")


def redox_potential(smiles: str) -> float:
    """Look up the standard potential of a reducing agent, written in any SMILES spelling.

    Parameters
    ----------
    smiles : str
        One reducing agent, with its counter-ion if it is a salt.

    Returns
    -------
    float
        Standard potential in V against the standard hydrogen electrode.

    Raises
    ------
    ValueError
        If `smiles` is invalid or the compound is not in ``REDOX_POTENTIALS``.

    Examples
    --------
    >>> redox_potential("[Na+].[BH4-]")
    -1.24
    """
    return _look_up(smiles, REDOX_POTENTIALS, "redox potential", "REDOX_POTENTIALS")


def _look_up(smiles: str, table: Mapping[str, float], quantity: str, table_name: str) -> float:
    canonical = canonical_smiles(smiles)
    if canonical not in table:
        raise ValueError(
            f"No {quantity} is stored for {smiles!r}. {table_name} holds: "
            f"{', '.join(table)}. Use one of these, or give the {quantity} as a numeric column."
        )
    return table[canonical]
