"""Simulated gold-nanocluster syntheses with a known rule, to check models and explainers."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rdkit import Chem
from sklearn.utils import check_random_state

from sksiamese.molecules._descriptors import (
    DIELECTRIC_CONSTANTS,
    REDOX_POTENTIALS,
    TABLE1_LIGAND_DESCRIPTORS,
    molecule_descriptors,
)

from ._base import Dataset, build_dataset
from ._nanocluster_rule import WATER, check_noise, nanocluster_success_probability, soluble

_LIGANDS = {
    "L-cysteine": "N[C@@H](CS)C(=O)O",
    "L-homocysteine": "N[C@@H](CCS)C(=O)O",
    "D-penicillamine": "CC(C)(S)[C@@H](N)C(=O)O",
    "N-acetyl-L-cysteine": "CC(=O)N[C@@H](CS)C(=O)O",
    "L-glutathione": "N[C@@H](CCC(=O)N[C@@H](CS)C(=O)NCC(=O)O)C(=O)O",
    "captopril": "C[C@H](CS)C(=O)N1CCC[C@H]1C(=O)O",
    "tiopronin": "CC(S)C(=O)NCC(=O)O",
    "thioglycolic acid": "O=C(O)CS",
    "3-mercaptopropionic acid": "O=C(O)CCS",
    "mercaptosuccinic acid": "O=C(O)CC(S)C(=O)O",
    "6-mercaptohexanoic acid": "O=C(O)CCCCCS",
    "8-mercaptooctanoic acid": "O=C(O)CCCCCCCS",
    "11-mercaptoundecanoic acid": "O=C(O)CCCCCCCCCCS",
    "cysteamine": "NCCS",
    "2-mercaptoethanol": "OCCS",
    "1-thioglycerol": "OCC(O)CS",
    "sodium 3-mercapto-1-propanesulfonate": "O=S(=O)([O-])CCCS.[Na+]",
    "1-hexanethiol": "CCCCCCS",
    "1-octanethiol": "CCCCCCCCS",
    "1-dodecanethiol": "CCCCCCCCCCCCS",
    "cyclohexanethiol": "SC1CCCCC1",
    "1-adamantanethiol": "SC12CC3CC(CC(C3)C1)C2",
    "thiophenol": "Sc1ccccc1",
    "4-methylbenzenethiol": "Cc1ccc(S)cc1",
    "4-tert-butylbenzenethiol": "CC(C)(C)c1ccc(S)cc1",
    "2-phenylethanethiol": "SCCc1ccccc1",
    "benzyl mercaptan": "SCc1ccccc1",
    "4-mercaptobenzoic acid": "O=C(O)c1ccc(S)cc1",
    "thiosalicylic acid": "O=C(O)c1ccccc1S",
    "4-aminothiophenol": "Nc1ccc(S)cc1",
    "4-mercaptophenol": "Oc1ccc(S)cc1",
    "2-naphthalenethiol": "Sc1ccc2ccccc2c1",
}
_SOLVENTS = {
    "water": "O",
    "methanol": "CO",
    "ethanol": "CCO",
    "acetonitrile": "CC#N",
    "N,N-dimethylformamide": "CN(C)C=O",
    "dichloromethane": "ClCCl",
    "tetrahydrofuran": "C1CCOC1",
    "toluene": "Cc1ccccc1",
}
_REDUCTANTS = {
    "sodium borohydride": "[BH4-].[Na+]",
    "hydrazine": "NN",
    "sodium dithionite": "O=S([O-])S(=O)[O-].[Na+].[Na+]",
    "formic acid": "O=CO",
    "carbon monoxide": "[C-]#[O+]",
    "L-ascorbic acid": "O=C1O[C@H]([C@@H](O)CO)C(O)=C1O",
    "hydroquinone": "Oc1ccc(O)cc1",
}
_MOLECULES = {"ligand": _LIGANDS, "solvent": _SOLVENTS, "reductant": _REDUCTANTS}
_NOMINAL_PH = 7.0  # of an organic solvent, where pH has no meaning

_P_WATER, _P_BOROHYDRIDE, _P_SENSIBLE_LIGAND = 0.5, 0.4, 0.85

_DESCR = """Simulated gold-nanocluster syntheses
====================================

{n_samples} SIMULATED experiments, no measurement among them. The molecules are real, the
conditions drawn at random, and the outcome follows the rule below.

Columns of data
    ligand, solvent, reductant    SMILES: {n_ligands} thiols, {n_solvents} solvents,
                                  {n_reductants} reducing agents
    ligand_mM, HAuCl4_mM, reductant_mM    concentrations, mmol/L
    temperature_C                 degC
    pH                            in water; nominally 7 in organic solvents, which have none
    with descriptors=True, the twelve molecular descriptors of Table 1 of arXiv 1811.02771:
    solvent_dielectric (no unit), ligand_solubility (1 soluble, 0 not, by the rule below),
    reductant_redox_V (V against SHE), and nine of the ligand (charge_potential, h_donors,
    h_acceptors, aromatic, molecular_weight, rotatable_bonds, complexity, tpsa, xlogp)

Target: success, 1 or 0. Groups: the ligand. The frame also has the molecules' names and
true_probability, the exact probability of success under the rule.

Rule (Fig. 6 of the paper, and solubility): an experiment succeeds if all of these hold
    in water the ligand has no aromatic ring
    ligand_mM / HAuCl4_mM is below 6
    reductant_mM below 52: temperature_C is below 50; otherwise: pH is below 12.8
    the ligand dissolves: Crippen logP at most 1.7 in a solvent of dielectric constant 60 or more
    (water), at least -0.5 where that is 10 or more, at least 1 in any other solvent
Each label is then flipped with probability {noise}.

Limits: no model of chemistry. Water is drawn in half of the rows unless aqueous_only, and mostly a
ligand that dissolves in it, so that about half of the experiments succeed.
"""


def make_nanoclusters(
    n_samples: int = 54,
    *,
    aqueous_only: bool = False,
    noise: float = 0.05,
    descriptors: bool = False,
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = False,
    as_frame: bool = True,
) -> Dataset:
    """Simulate syntheses of atomically precise gold nanoclusters whose true rule is known.

    The molecules are real, the experiments are not. An experiment succeeds by the rules that
    Fig. 6 of arXiv 1811.02771 reads out of measured data, plus solubility of the ligand; ``DESCR``
    writes them out.

    Parameters
    ----------
    n_samples : int, default=54
        Number of simulated experiments, at least 1.
    aqueous_only : bool, default=False
        Use water as the only solvent.
    noise : float, default=0.05
        Probability that a label is flipped, 0 to 0.5.
    descriptors : bool, default=False
        Add the twelve molecular descriptors of the paper's Table 1 to ``data``.
    random_state : int, RandomState or None, default=None
        Decides the experiments and the flips.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        Return pandas objects; otherwise NumPy arrays, `data` of dtype object.

    Returns
    -------
    Bunch
        ``data`` (n_samples, 8), or (n_samples, 20) with `descriptors`: SMILES of ligand, solvent
        and reductant; three concentrations in mmol/L, temperature in degC, pH (nominally 7 in
        organic solvents). ``target`` (n_samples,): 1 success, 0 failure. ``true_probability``
        (n_samples,): exact P(success). ``groups`` (n_samples,): the ligand. ``molecules``: for
        each SMILES column a dict of name to SMILES. Further ``frame``, ``feature_names``,
        ``smiles_columns``, ``name`` and ``DESCR``.

    Raises
    ------
    ValueError
        If `n_samples` or `noise` is out of range.

    See Also
    --------
    nanocluster_success_probability : The rule, for any other experiments.

    Examples
    --------
    >>> from sksiamese.datasets import make_nanoclusters
    >>> simulated = make_nanoclusters(random_state=0)
    >>> simulated.data.shape, simulated.name
    ((54, 8), 'simulated gold nanoclusters')
    >>> sorted(set(simulated.true_probability.tolist()))
    [0.05, 0.95]
    """
    _check_n_samples(n_samples)
    check_noise(noise)
    rng = check_random_state(random_state)
    molecules = _draw_molecules(int(n_samples), aqueous_only, rng)
    data = molecules.assign(**_draw_conditions(molecules["solvent"], rng))
    probability = nanocluster_success_probability(data, noise=noise)
    success = (rng.uniform(size=len(data)) < probability).astype("int64")
    target = pd.Series(success, index=data.index, name="success")
    if descriptors:
        data = pd.concat([data, _table1(data)], axis=1)
    return build_dataset(
        data,
        target,
        frame=_with_names(data).assign(success=target, true_probability=probability),
        smiles_columns=list(_MOLECULES),
        groups=data["ligand"],
        name="simulated gold nanoclusters",
        descr=_DESCR.format(
            n_samples=n_samples,
            noise=noise,
            n_ligands=len(_LIGANDS),
            n_solvents=len(_SOLVENTS),
            n_reductants=len(_REDUCTANTS),
        ),
        as_frame=as_frame,
        return_X_y=return_X_y,
        true_probability=probability,
        molecules={column: dict(table) for column, table in _MOLECULES.items()},
    )


def _check_n_samples(n_samples: Any) -> None:
    if not isinstance(n_samples, Integral) or isinstance(n_samples, bool) or n_samples < 1:
        raise ValueError(f"n_samples must be an integer of at least 1. Got {n_samples!r} instead.")


def _draw_molecules(n: int, aqueous_only: bool, rng: np.random.RandomState) -> pd.DataFrame:
    organic = [smiles for smiles in _SOLVENTS.values() if smiles != WATER]
    in_water = np.full(n, True) if aqueous_only else rng.uniform(size=n) < _P_WATER
    solvent = np.where(in_water, WATER, rng.choice(organic, size=n))
    ligands = pd.Series(list(_LIGANDS.values()))
    ligand = rng.choice(ligands.to_numpy(dtype=object), size=n)
    sensible = rng.uniform(size=n) < _P_SENSIBLE_LIGAND
    for smiles in _SOLVENTS.values():
        rows = np.flatnonzero(sensible & (solvent == smiles))
        candidates = ligands[soluble(ligands, pd.Series(smiles, index=ligands.index))]
        ligand[rows] = rng.choice(candidates.to_numpy(dtype=object), size=len(rows))
    borohydride, *others = _REDUCTANTS.values()
    use_borohydride = rng.uniform(size=n) < _P_BOROHYDRIDE
    reductant = np.where(use_borohydride, borohydride, rng.choice(others, size=n))
    return pd.DataFrame({"ligand": ligand, "solvent": solvent, "reductant": reductant})


def _draw_conditions(
    solvent: pd.Series, rng: np.random.RandomState
) -> dict[str, npt.NDArray[np.float64]]:
    """Five columns, rounded as a laboratory would write them down."""
    n = len(solvent)
    gold = np.exp(rng.uniform(np.log(0.5), np.log(5.0), size=n))
    ligand = gold * np.exp(rng.uniform(np.log(0.5), np.log(9.0), size=n))
    reductant = np.exp(rng.uniform(np.log(1.0), np.log(200.0), size=n))
    ph = np.where(solvent == WATER, rng.uniform(7.0, 14.0, size=n), _NOMINAL_PH)
    return {
        "ligand_mM": ligand.round(2),
        "HAuCl4_mM": gold.round(2),
        "reductant_mM": reductant.round(1),
        "temperature_C": rng.uniform(0.0, 80.0, size=n).round(0),
        "pH": ph.round(2),
    }


def _table1(data: pd.DataFrame) -> pd.DataFrame:
    """Twelve molecular descriptors of the paper's Table 1, in its order."""
    ligands = data["ligand"].unique()
    of_ligand = pd.DataFrame(
        molecule_descriptors(map(Chem.MolFromSmiles, ligands), TABLE1_LIGAND_DESCRIPTORS),
        index=ligands,
        columns=[f"ligand_{name}" for name in TABLE1_LIGAND_DESCRIPTORS],
    )
    of_row = pd.DataFrame(
        {
            "solvent_dielectric": data["solvent"].map(dict(DIELECTRIC_CONSTANTS)),
            "ligand_solubility": soluble(data["ligand"], data["solvent"]).astype(np.float64),
            "reductant_redox_V": data["reductant"].map(dict(REDOX_POTENTIALS)),
        }
    )
    return pd.concat([of_row, of_ligand.loc[data["ligand"]].set_axis(data.index)], axis=1)


def _with_names(data: pd.DataFrame) -> pd.DataFrame:
    names = {
        f"{column}_name": data[column].map({smiles: name for name, smiles in table.items()})
        for column, table in _MOLECULES.items()
    }
    return data.assign(**names)
