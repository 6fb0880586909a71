"""The rule that decides a simulated gold-nanocluster synthesis: Fig. 6 of the paper, solubility."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rdkit import Chem

from sksiamese._frames import require_columns
from sksiamese.molecules._canonical import canonical_smiles
from sksiamese.molecules._descriptors import TABLE1_LIGAND_DESCRIPTORS, dielectric_constant

from ._base import require_numbers

WATER = "O"
CONDITIONS = ["ligand_mM", "HAuCl4_mM", "reductant_mM", "temperature_C", "pH"]

# Fig. 6 of the paper
_MAX_LIGAND_PER_GOLD = 6.0
_STRONG_REDUCTANT_MM = 52.0
_MAX_TEMPERATURE_C = 50.0
_MAX_PH = 12.8

# Crippen logP of a soluble ligand, by the solvent's dielectric constant
_WATERY, _POLAR = 60.0, 10.0
_MAX_LOGP_IN_WATER, _MIN_LOGP_IN_POLAR, _MIN_LOGP_IN_OTHER = 1.7, -0.5, 1.0


def nanocluster_success_probability(
    frame: pd.DataFrame, *, noise: float = 0.05
) -> npt.NDArray[np.float64]:
    """Evaluate the rule behind :func:`make_nanoclusters` on any experiments.

    Parameters
    ----------
    frame : DataFrame of shape (n_samples, n_columns)
        Needs the columns ligand and solvent (SMILES, any spelling), ligand_mM, HAuCl4_mM,
        reductant_mM (mmol/L), temperature_C (degC) and pH; others are ignored.
    noise : float, default=0.05
        Probability that a label is flipped, 0 to 0.5.

    Returns
    -------
    ndarray of shape (n_samples,)
        Exact probability of success: ``1 - noise`` where the rule holds, else ``noise``.

    Raises
    ------
    ValueError
        If a column is missing, a number is not finite, HAuCl4_mM is not above 0, a SMILES is
        invalid, a solvent has no stored dielectric constant, or `noise` is out of range.

    Examples
    --------
    Cysteamine and sodium borohydride in water, which the paper predicted and then made:

    >>> import pandas as pd
    >>> from sksiamese.datasets import nanocluster_success_probability
    >>> experiment = pd.DataFrame(
    ...     {
    ...         "ligand": ["NCCS"],
    ...         "solvent": ["O"],
    ...         "ligand_mM": [1.0],
    ...         "HAuCl4_mM": [1.78],
    ...         "reductant_mM": [2.33],
    ...         "temperature_C": [22.0],
    ...         "pH": [13.22],
    ...     }
    ... )
    >>> nanocluster_success_probability(experiment).tolist()
    [0.95]
    """
    check_noise(noise)
    require_columns(frame.columns, ["ligand", "solvent", *CONDITIONS], "The frame of experiments")
    values = require_numbers(frame, CONDITIONS, "The frame of experiments")
    without_gold = values.index[values["HAuCl4_mM"] <= 0]
    if len(without_gold):
        raise ValueError(
            "The frame of experiments: column 'HAuCl4_mM' must be above 0, but row "
            f"{without_gold[0]} holds {values.loc[without_gold[0], 'HAuCl4_mM']:g}."
        )
    solvent = frame["solvent"].map(_for_each_distinct(canonical_smiles, frame["solvent"]))
    aromatic_in_water = _is_aromatic(frame["ligand"]) & (solvent == WATER).to_numpy(dtype=bool)
    reductant = values["reductant_mM"].to_numpy()
    mild = np.where(
        reductant < _STRONG_REDUCTANT_MM,
        values["temperature_C"] < _MAX_TEMPERATURE_C,
        values["pH"] < _MAX_PH,
    )
    few_ligands = (values["ligand_mM"] / values["HAuCl4_mM"] < _MAX_LIGAND_PER_GOLD).to_numpy()
    holds = soluble(frame["ligand"], solvent) & ~aromatic_in_water & few_ligands & mild
    return np.where(holds, 1.0 - noise, float(noise))


def check_noise(noise: Any) -> None:
    """Raise ValueError unless `noise` is a probability from 0 to 0.5."""
    if not isinstance(noise, Real) or isinstance(noise, bool) or not 0 <= float(noise) <= 0.5:
        raise ValueError(f"noise must be a number from 0 to 0.5. Got {noise!r} instead.")


def _for_each_distinct(function: Callable[[str], Any], smiles: pd.Series) -> dict[str, Any]:
    return {text: function(text) for text in smiles.unique()}


def _ligand_values(name: str, ligand: pd.Series) -> npt.NDArray[np.float64]:
    descriptor = TABLE1_LIGAND_DESCRIPTORS[name]

    def value(smiles: str) -> float:
        return descriptor(Chem.MolFromSmiles(canonical_smiles(smiles)))

    values = ligand.map(_for_each_distinct(value, ligand))
    return np.asarray(values.to_numpy(dtype=np.float64))


def _is_aromatic(ligand: pd.Series) -> npt.NDArray[np.bool_]:
    return _ligand_values("aromatic", ligand) > 0


def soluble(ligand: pd.Series, solvent: pd.Series) -> npt.NDArray[np.bool_]:
    """Whether each ligand dissolves in its solvent, by logP and dielectric constant."""
    logp = _ligand_values("xlogp", ligand)
    epsilon = solvent.map(_for_each_distinct(dielectric_constant, solvent)).to_numpy()
    in_organic = logp >= np.where(epsilon >= _POLAR, _MIN_LOGP_IN_POLAR, _MIN_LOGP_IN_OTHER)
    return np.where(epsilon >= _WATERY, logp <= _MAX_LOGP_IN_WATER, in_organic)
