"""Robot-made metal halide perovskites: a small table shipped here, and the whole release."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Literal

import pandas as pd

from sksiamese.molecules._canonical import canonical_smiles

from ._base import (
    Dataset,
    RemoteFile,
    build_dataset,
    download,
    read_csv,
    require_numbers,
)

_SMILES = ["ammonium", "solvent", "acid"]
_CONDITIONS = ["ammonium_M", "lead_iodide_M", "formic_acid_M", "temperature_C", "time_s"]
_TARGETS = {"crystal": "large_crystal", "score": "crystal_score"}

_RAW = (
    "https://raw.githubusercontent.com/darkreactions/platipus/"
    "b41daa424c71769e7e53f318bd60c27b25c03ca9/data/"
)
_RELEASE = RemoteFile(
    _RAW + "0057.perovskitedata_DRPFeatures_2020-07-02.csv",
    "10099dc3aa91f2222413f1e57fba1856deeda31d40d5d2d14b23fccfba1f36a3",
    "perovskite_release_0057.csv",
)
_INVENTORY = RemoteFile(
    _RAW + "inventory.csv",
    "1e1030b697253f4cda68d39866f83294ebe3e0feba3ad12feea59234a38e80ca",
    "perovskite_inventory.csv",
)
_INVENTORY_NAMES = ("perovskite_inventory.csv", "inventory.csv")

_SALT_KEY = "_rxn_organic-inchikey"
_SCORE = "_out_crystalscore"
_SOLVENTS = {"_solv_GBL": "O=C1CCCO1", "_solv_DMSO": "CS(C)=O", "_solv_DMF": "CN(C)C=O"}
_ACID = "O=CO"
_CONDITION_OF = {
    "_rxn_M_organic": "ammonium_M",
    "_rxn_M_inorganic": "lead_iodide_M",
    "_rxn_M_acid": "formic_acid_M",
    "_rxn_temperature_c": "temperature_C",
    "_rxn_reactiontime_s": "time_s",
}
_RELEASE_COLUMNS = [_SALT_KEY, *_SOLVENTS, *_CONDITION_OF, _SCORE]
_INVENTORY_COLUMNS = ["Chemical Name", "InChI Key (ID)", "Canonical SMILES String"]

# The inventory writes formamidinium with the proton on the amine, N=C[NH3+], unlike its other
# amidinium salts; the shipped table has the conjugated cation.
_REWRITTEN = {"QHJPGANWSLEMTI-UHFFFAOYSA-N": "NC=[NH2+].[I-]"}

_COLUMNS_DESCR = """Columns of data
    ammonium         SMILES of the ammonium iodide
    solvent          SMILES of the solvent: gamma-butyrolactone, dimethyl sulfoxide or
                     N,N-dimethylformamide; a mixture is dot-separated
    acid             SMILES of formic acid, the same in every row
    ammonium_M       ammonium salt, mol/L
    lead_iodide_M    lead(II) iodide, mol/L
    formic_acid_M    formic acid, mol/L
    temperature_C    temperature, degC
    time_s           duration, s

Score: 1 clear solution, 2 fine powder, 3 small crystals, 4 large single crystals.
Target: 1 for score 4, else 0 (target="crystal"), or the score (target="score").
Groups: the ammonium salt, canonical SMILES.
"""

_LOAD_DESCR = f"""Perovskite crystallisations, 208 measured experiments
====================================================

Inverse temperature crystallisations of lead iodide with ten ammonium iodides, done by the RAPID
robot; 79 of the 208 gave large single crystals. Source: Dark Reactions Project, release 0057 of
2020-07-02 (github.com/darkreactions/platipus).

Choice of rows: every second row of twelve stretches of the release, ten salts in all, whatever the
outcome. Successes are more frequent (38 %) than in the whole release.

{_COLUMNS_DESCR}
The frame also has the experiment's identifier in the release (experiment), the salt's name
(ammonium_name), the score (crystal_score) and the target (large_crystal).

Limits
    Each salt was tried in one solvent only, so the two cannot be told apart.
    The temperature varies for ethylammonium iodide alone (70, 105 and 120 degC); all else is 105.
    acid and time_s (12,600 s) are constant.
    Large crystals of salts never seen are hard to predict: judge a model by leaving salts out.
"""

_FETCH_DESCR = f"""Perovskite crystallisations, release 0057
=========================================

{{n_rows:,}} experiments of the RAPID robot with {{n_salts}} ammonium iodides, {{n_success:,}} of
them with large single crystals. Source: Dark Reactions Project, release 0057 of 2020-07-02
(github.com/darkreactions/platipus), which holds 8,470 experiments; read from {{source}}.

{_COLUMNS_DESCR}
The frame has the release's own columns (_rxn_* conditions, _solv_* solvent flags, _feat_* and
_stoich_* derived values, _raw_modelname: how the experiment was chosen) followed by ammonium_name,
ammonium, solvent, acid and the target.

Limits
    The experiments were partly chosen by people and by algorithms, not at random.
    Many salts never gave a large crystal. An experiment with no solvent flag has no solvent.
    Formamidinium is written NC=[NH2+], as in load_perovskites, not N=C[NH3+] as in the inventory.
"""


def load_perovskites(
    *,
    target: Literal["crystal", "score"] = "crystal",
    return_X_y: bool = False,
    as_frame: bool = True,
) -> Dataset:
    """Load 208 measured perovskite crystallisations, shipped with the package.

    Parameters
    ----------
    target : {"crystal", "score"}, default="crystal"
        "crystal" gives 1 for a large single crystal (score 4), else 0; "score" gives the score,
        1 to 4.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        Return pandas objects; otherwise NumPy arrays, `data` of dtype object.

    Returns
    -------
    Bunch
        ``data`` (208, 8): SMILES of ammonium salt, solvent and acid; three concentrations in
        mol/L, temperature in degC, time in s. ``target`` (208,), ``groups`` (208,): the salt.
        ``frame`` (208, 12), ``feature_names``, ``smiles_columns``, ``name`` and ``DESCR``, which
        tells the source, how the rows were chosen, and the limits.

    Raises
    ------
    ValueError
        If `target` is neither "crystal" nor "score".

    See Also
    --------
    fetch_perovskites : The whole release these rows come from.

    Examples
    --------
    >>> from sksiamese.datasets import load_perovskites
    >>> perovskites = load_perovskites()
    >>> perovskites.data.shape, int(perovskites.target.sum()), perovskites.groups.nunique()
    ((208, 8), 79, 10)
    """
    column = _target_column(target)
    table = resources.files("sksiamese.datasets") / "data" / "perovskite_crystallization.csv"
    with table.open(encoding="utf-8") as file:
        frame = pd.read_csv(file, dtype=dict.fromkeys(_CONDITIONS, "float64"))
    frame["large_crystal"] = (frame["crystal_score"] == 4).astype("int64")
    return build_dataset(
        frame[_SMILES + _CONDITIONS],
        frame[column],
        frame=frame,
        smiles_columns=_SMILES,
        groups=frame["ammonium"],
        name="perovskites",
        descr=_LOAD_DESCR,
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def fetch_perovskites(
    data_home: str | Path | None = None,
    path: str | Path | None = None,
    *,
    inventory_path: str | Path | None = None,
    target: Literal["crystal", "score"] = "crystal",
    return_X_y: bool = False,
    as_frame: bool = True,
) -> Dataset:
    """Fetch the whole perovskite release, or read a local file of the same layout.

    Parameters
    ----------
    data_home : str or Path, default=None
        Folder that keeps the downloads; None means the user's cache folder. Unused with `path`.
    path : str or Path, default=None
        A local csv file (plain or compressed) in the release's layout, complete or not. None
        downloads the release with pooch and checks its SHA-256.
    inventory_path : str or Path, default=None
        The csv file that maps InChIKeys to SMILES and names. None means the download, or with
        `path` the file perovskite_inventory.csv or inventory.csv in the same folder.
    target : {"crystal", "score"}, default="crystal"
        "crystal" gives 1 for a large single crystal (score 4), else 0; "score" gives the score,
        1 to 4.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        Return pandas objects; otherwise NumPy arrays, `data` of dtype object.

    Returns
    -------
    Bunch
        ``data`` (n_samples, 8) with the columns of :func:`load_perovskites`; mixed solvents are
        dot-separated SMILES, no solvent is missing. ``target`` and ``groups`` (n_samples,).
        ``frame``: the release's own columns, then name and SMILES of the salt, solvent, acid and
        the target. Further ``feature_names``, ``smiles_columns``, ``name`` and ``DESCR``.

    Raises
    ------
    FileNotFoundError
        If a local file does not exist.
    ImportError
        If a download is needed and pooch is not installed.
    OSError
        If a download fails.
    ValueError
        If a download has the wrong SHA-256, a column is missing, a salt is not in the inventory,
        or a cell cannot be used.

    Examples
    --------
    >>> from sksiamese.datasets import fetch_perovskites
    >>> release = fetch_perovskites()  # doctest: +SKIP
    >>> part = fetch_perovskites(path="my_part.csv")  # doctest: +SKIP
    """
    column = _target_column(target)
    release_path, inventory_path = _locate(data_home, path, inventory_path)
    release = read_csv(release_path, _RELEASE_COLUMNS, "The perovskite release")
    inventory = read_csv(inventory_path, _INVENTORY_COLUMNS, "The perovskite inventory")
    # A saved frame of this function can be read again: its added columns are made anew.
    clashes = {"ammonium_name", *_SMILES, *_TARGETS.values()} & set(release.columns)
    release = release.drop(columns=sorted(clashes))
    salts = _salts(release, inventory)
    molecules = salts.assign(solvent=_solvents(release), acid=_ACID)
    conditions = require_numbers(release, _CONDITION_OF, "The perovskite release")
    score = _scores(release)
    labels = pd.DataFrame({"large_crystal": (score == 4).astype("int64"), "crystal_score": score})
    return build_dataset(
        pd.concat([molecules[_SMILES], conditions.rename(columns=_CONDITION_OF)], axis=1),
        labels[column],
        frame=pd.concat([release, molecules, labels[column]], axis=1),
        smiles_columns=_SMILES,
        groups=molecules["ammonium"],
        name="perovskites, release 0057",
        descr=_FETCH_DESCR.format(
            n_rows=len(release),
            n_salts=molecules["ammonium"].nunique(),
            n_success=int(labels["large_crystal"].sum()),
            source=release_path.name,
        ),
        as_frame=as_frame,
        return_X_y=return_X_y,
    )


def _target_column(target: str) -> str:
    if target not in _TARGETS:
        raise ValueError(f"target must be 'crystal' or 'score'. Got {target!r} instead.")
    return _TARGETS[target]


def _locate(
    data_home: str | Path | None, path: str | Path | None, inventory_path: str | Path | None
) -> tuple[Path, Path]:
    """Paths of the release and of the inventory, downloaded where no local file is given."""
    release = download(_RELEASE, data_home) if path is None else Path(path)
    if inventory_path is not None:
        return release, Path(inventory_path)
    if path is None:
        return release, download(_INVENTORY, data_home)
    for name in _INVENTORY_NAMES:
        if (release.parent / name).is_file():
            return release, release.parent / name
    raise FileNotFoundError(
        f"There is neither {_INVENTORY_NAMES[0]!r} nor {_INVENTORY_NAMES[1]!r} in "
        f"{str(release.parent)!r}. Put the inventory there or give its path as inventory_path."
    )


def _salts(release: pd.DataFrame, inventory: pd.DataFrame) -> pd.DataFrame:
    """Name and canonical SMILES of each row's ammonium salt."""
    keys = release[_SALT_KEY]
    usable = inventory.dropna(subset=_INVENTORY_COLUMNS)
    known = usable.drop_duplicates("InChI Key (ID)").set_index("InChI Key (ID)")
    unknown = sorted(set(keys.astype(str)) - set(known.index))
    if unknown:
        raise ValueError(
            f"The inventory has no SMILES for the salt(s) {', '.join(unknown)}, named in column "
            f"{_SALT_KEY!r}. Give a more complete inventory or leave these rows out."
        )
    used = known.loc[keys.unique()]
    smiles = used["Canonical SMILES String"].to_dict() | _REWRITTEN
    canonical = {key: canonical_smiles(smiles[key]) for key in used.index}
    names = used["Chemical Name"].str.strip().to_dict()
    return pd.DataFrame({"ammonium_name": keys.map(names), "ammonium": keys.map(canonical)})


def _solvents(release: pd.DataFrame) -> list[str | None]:
    """SMILES of each row's solvent, dot-separated for a mixture, None without any flag."""
    flags = require_numbers(release, _SOLVENTS, "The perovskite release")
    for column in flags:
        bad = flags.index[~flags[column].isin([0, 1])]
        if len(bad):
            raise ValueError(
                f"The perovskite release: column {column!r} must hold 0 or 1, but row {bad[0]} "
                f"holds {flags.loc[bad[0], column]:g} ({len(bad)} such row(s))."
            )
    written: dict[tuple[float, ...], str | None] = {}
    for combination in flags.drop_duplicates().itertuples(index=False, name=None):
        parts = [smiles for smiles, on in zip(_SOLVENTS.values(), combination, strict=True) if on]
        written[combination] = canonical_smiles(".".join(parts)) if parts else None
    return [written[row] for row in flags.itertuples(index=False, name=None)]


def _scores(release: pd.DataFrame) -> pd.Series:
    scores = require_numbers(release, [_SCORE], "The perovskite release")[_SCORE]
    bad = scores.index[~scores.isin([1, 2, 3, 4])]
    if len(bad):
        raise ValueError(
            f"The perovskite release: column {_SCORE!r} must hold a score from 1 to 4, but row "
            f"{bad[0]} holds {scores[bad[0]]:g} ({len(bad)} such row(s)). Leave these rows out."
        )
    return scores.astype("int64")
