"""The inhibitors and activities that RDKit ships beside its Free-Wilson analysis."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from rdkit import RDConfig
from rdkit.Chem.Scaffolds import MurckoScaffold

from ._base import Dataset, build_dataset, read_csv

_DESCR = """c-Met inhibitors (ChEMBL 2321810)
================================

1,017 molecules with one measured activity each, read from the installed RDKit
(Contrib/FreeWilson/data/CHEMBL2321810.smi and CHEMBL2321810_act.csv, BSD licence).

Columns
    compound    identifier within the source, a string
    molecule    SMILES as shipped
    pIC50       -log10 of the half-maximal inhibitory concentration in mol/L, 4.27 to 9.22
    active      1 if pIC50 is above the median of all rows (6.44), else 0: 508 of 1,017

Target: active. Groups: the Bemis-Murcko scaffold of the molecule, canonical SMILES.

Limits
    RDKit's files name neither the protein nor the assay. The set is known here as c-Met; its
    molecules are almost all (1,014) aryl sulfonamides, a class better known from blockers of the
    sodium channel Nav1.7, so look the assay up before reading biology into a model.
    The threshold is the median, not a pharmacological limit; rows near it are close to coin tosses.
"""


def load_cmet(*, return_X_y: bool = False, as_frame: bool = True) -> Dataset:
    """Load 1,017 inhibitors with pIC50 values from the installed RDKit.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        Return pandas objects; otherwise NumPy arrays, `data` of dtype object.

    Returns
    -------
    Bunch
        ``data`` (1017, 1): SMILES in the column "molecule". ``target`` (1017,): 1 if the pIC50 is
        above the median, else 0. ``frame`` (1017, 4): also the identifier and the pIC50 itself,
        for regression. ``groups`` (1017,): Bemis-Murcko scaffolds. Further ``feature_names``,
        ``smiles_columns``, ``name`` and ``DESCR``.

    Raises
    ------
    FileNotFoundError
        If this build of RDKit comes without its Contrib data.
    ValueError
        If the two files do not hold the same compounds.

    Examples
    --------
    >>> from sksiamese.datasets import load_cmet
    >>> inhibitors = load_cmet()
    >>> inhibitors.data.shape, int(inhibitors.target.sum())
    ((1017, 1), 508)
    """
    frame = _read_frame(Path(RDConfig.RDContribDir) / "FreeWilson" / "data")
    scaffolds = [MurckoScaffold.MurckoScaffoldSmiles(smiles) for smiles in frame["molecule"]]
    return build_dataset(
        frame[["molecule"]],
        frame["active"],
        frame=frame,
        smiles_columns=["molecule"],
        groups=pd.Series(scaffolds, index=frame.index, name="scaffold"),
        name="c-Met inhibitors",
        descr=_DESCR,
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def _read_frame(folder: Path) -> pd.DataFrame:
    smiles_path = folder / "CHEMBL2321810.smi"
    activity_path = folder / "CHEMBL2321810_act.csv"
    if not (smiles_path.is_file() and activity_path.is_file()):
        raise FileNotFoundError(
            f"This build of RDKit lacks {smiles_path.name} or {activity_path.name} in "
            f"{str(folder)!r}. The wheels from PyPI have them: 'pip install rdkit'."
        )
    molecules = pd.read_csv(smiles_path, sep=" ", header=None, names=["molecule", "Name"])
    activities = read_csv(activity_path, ["Name", "Act"], "RDKit's activities")
    frame = molecules.merge(activities, on="Name", how="inner", validate="one_to_one")
    if not len(frame) == len(molecules) == len(activities):
        raise ValueError(
            f"{smiles_path.name} has {len(molecules)} compounds and {activity_path.name} has "
            f"{len(activities)}, but only {len(frame)} are in both. Reinstall RDKit."
        )
    active = (frame["Act"] > frame["Act"].median()).astype("int64")
    return pd.DataFrame(
        {
            "compound": frame["Name"].astype(str),
            "molecule": frame["molecule"],
            "pIC50": frame["Act"],
            "active": active,
        }
    )
