"""Three tables of many tasks from the MoleculeNet collection: Tox21, SIDER and MUV."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from sksiamese.molecules._graph import parse_smiles
from sksiamese.molecules._quiet_rdkit import quiet_rdkit

from ._base import Dataset, RemoteFile, build_dataset, download, read_csv, show_cell

_RAW = (
    "https://raw.githubusercontent.com/deepchem/deepchem/fbe3b911a94a6eb8c84c1a9e7ac67a472c49ea80/"
)
_SMILES = "smiles"
_SHOWN = 20  # rows left out that the description lists


class _Collection(NamedTuple):
    """What is known of one of the tables."""

    title: str
    file: RemoteFile
    tasks: tuple[str, ...]
    descr: str


_TOX21 = (
    "NR-AR", "NR-AR-LBD", "NR-AhR", "NR-Aromatase", "NR-ER", "NR-ER-LBD", "NR-PPAR-gamma",
    "SR-ARE", "SR-ATAD5", "SR-HSE", "SR-MMP", "SR-p53",
)  # fmt: skip
_SIDER = (
    "Hepatobiliary disorders",
    "Metabolism and nutrition disorders",
    "Product issues",
    "Eye disorders",
    "Investigations",
    "Musculoskeletal and connective tissue disorders",
    "Gastrointestinal disorders",
    "Social circumstances",
    "Immune system disorders",
    "Reproductive system and breast disorders",
    "Neoplasms benign, malignant and unspecified (incl cysts and polyps)",
    "General disorders and administration site conditions",
    "Endocrine disorders",
    "Surgical and medical procedures",
    "Vascular disorders",
    "Blood and lymphatic system disorders",
    "Skin and subcutaneous tissue disorders",
    "Congenital, familial and genetic disorders",
    "Infections and infestations",
    "Respiratory, thoracic and mediastinal disorders",
    "Psychiatric disorders",
    "Renal and urinary disorders",
    "Pregnancy, puerperium and perinatal conditions",
    "Ear and labyrinth disorders",
    "Cardiac disorders",
    "Nervous system disorders",
    "Injury, poisoning and procedural complications",
)
_MUV = (
    "MUV-466", "MUV-548", "MUV-600", "MUV-644", "MUV-652", "MUV-689", "MUV-692", "MUV-712",
    "MUV-713", "MUV-733", "MUV-737", "MUV-810", "MUV-832", "MUV-846", "MUV-852", "MUV-858",
    "MUV-859",
)  # fmt: skip

_COLLECTIONS = {
    "tox21": _Collection(
        "Tox21",
        RemoteFile(
            _RAW + "datasets/tox21.csv.gz",
            "48b34e4e59a2bae6f95734cd206c1869ab355f50a5e50bb7371a21f861d5e297",
            "tox21.csv.gz",
        ),
        _TOX21,
        "Twelve assays of the Tox21 programme: seven on nuclear receptors (NR-) and five on\n"
        "stress responses (SR-). 1 is active, 0 inactive.",
    ),
    "sider": _Collection(
        "SIDER",
        RemoteFile(
            _RAW + "examples/sider/sider.csv.gz",
            "4cc7ccb20dded475853c583596e227116c222c6ca7dbb40159bdbe9ee3f099b9",
            "sider.csv.gz",
        ),
        _SIDER,
        "Side effects of marketed drugs from the Side Effect Resource, in 27 classes. 1 is a drug\n"
        "with a recorded effect of the class, 0 one without.",
    ),
    "muv": _Collection(
        "MUV",
        RemoteFile(
            _RAW + "datasets/muv.csv.gz",
            "93c8b4a37c5996c76e57d5f3f065fb8b7cf1c19067011eff2293fd2a94ce274a",
            "muv.csv.gz",
        ),
        _MUV,
        "Maximum unbiased validation: 17 assays of PubChem, named by their numbers, with decoys\n"
        "chosen so that simple properties do not tell them from actives. 1 is active, 0 a decoy;\n"
        "actives are rare.",
    ),
}

_DESCR = """{title}
{line}

{about}

{n_rows:,} molecules ({n_distinct:,} distinct SMILES) with {n_labels:,} labels, read from {source}.
Public file: github.com/deepchem/deepchem.

Columns of data
    smiles    SMILES as in the file, not canonical

Target: a column for each task with 1, 0 or NaN, which means "not measured". sksiamese.stack_tasks
makes rows, labels and groups of it. There are no groups of rows.

Labels of each task
{counts}

{left_out}

Limits
    A SMILES may stand in several rows, now and then with different labels in one task.
    An empty cell does not mean an inactive molecule. The two labels are far from balanced in most
    tasks.
"""


def fetch_moleculenet(
    name: Literal["tox21", "sider", "muv"],
    data_home: str | Path | None = None,
    path: str | Path | None = None,
    *,
    return_X_y: bool = False,
    as_frame: bool = True,
) -> Dataset:
    """Fetch Tox21, SIDER or MUV, or read a local file of the same layout.

    Rows whose SMILES the package cannot read are left out; ``unreadable`` lists them. All SMILES
    are parsed once for that, which takes a second for Tox21 and some 15 for MUV.

    Parameters
    ----------
    name : {"tox21", "sider", "muv"}
        Which table.
    data_home : str or Path, default=None
        Folder that keeps the downloads; None means the user's cache folder. Unused with `path`.
    path : str or Path, default=None
        A local csv file (plain or compressed) with a column "smiles" and all columns of the tasks,
        and with any of the rows. None downloads the table with pooch and checks its SHA-256.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        Return pandas objects; otherwise NumPy arrays, `data` of dtype object.

    Returns
    -------
    Bunch
        ``data`` (n_samples, 1): SMILES in the column "smiles". ``target`` (n_samples, n_tasks): 1,
        0, or NaN where nothing was measured. ``frame``: the file's own columns. Rows keep their
        numbers in the file, counted from 0. ``task_names`` of length n_tasks; ``unreadable``
        (n_left_out,): a Series of the SMILES left out, by row number. ``groups`` is None. Further
        ``feature_names``, ``smiles_columns``, ``name`` and ``DESCR``, which counts the labels.

    Raises
    ------
    FileNotFoundError
        If the local file does not exist.
    ImportError
        If a download is needed and pooch is not installed.
    OSError
        If a download fails.
    ValueError
        If `name` is unknown, a download has the wrong SHA-256, a column is missing, or a label is
        neither 0 nor 1 nor empty.

    See Also
    --------
    sksiamese.stack_tasks : Rows, labels and groups of such a table.

    Examples
    --------
    >>> from sksiamese.datasets import fetch_moleculenet
    >>> tox21 = fetch_moleculenet("tox21")  # doctest: +SKIP
    >>> some = fetch_moleculenet("sider", path="my_sider.csv.gz")  # doctest: +SKIP
    """
    if not isinstance(name, str) or name not in _COLLECTIONS:
        raise ValueError(f"name must be 'tox21', 'sider' or 'muv'. Got {name!r} instead.")
    collection = _COLLECTIONS[name]
    source = f"The {collection.title} table"
    found = download(collection.file, data_home) if path is None else Path(path)
    tasks = list(collection.tasks)
    frame = read_csv(found, [_SMILES, *tasks], source)
    labels = _labels(frame, tasks, source)
    is_readable = _are_readable(frame[_SMILES])
    if not is_readable.any():
        raise ValueError(
            f"{source} ({found.name}): none of the {len(frame):,} cells of column {_SMILES!r} can "
            f"be read as SMILES. The first, in row {frame.index[0]}, holds "
            f"{show_cell(frame[_SMILES].iloc[0])}. Give the path of the table as it was published."
        )
    unreadable = frame.loc[~is_readable, _SMILES]
    frame = frame.assign(**labels)[is_readable]
    return build_dataset(
        frame[[_SMILES]],
        frame[tasks],
        frame=frame,
        smiles_columns=[_SMILES],
        groups=None,
        name=f"MoleculeNet, {collection.title}",
        descr=_describe(collection, frame, unreadable, found.name),
        as_frame=as_frame,
        return_X_y=return_X_y,
        task_names=tasks,
        unreadable=unreadable,
    )


def _labels(frame: pd.DataFrame, tasks: list[str], source: str) -> dict[str, pd.Series]:
    """Labels of each task, 0 or 1; NaN where the cell is empty."""
    labels = {}
    for task in tasks:
        cells = frame[task]
        labels[task] = pd.to_numeric(cells, errors="coerce").astype(np.float64)
        bad = np.flatnonzero(cells.notna() & ~labels[task].isin([0, 1]))
        if bad.size:
            raise ValueError(
                f"{source}: column {task!r} must hold 0, 1 or nothing, but row "
                f"{frame.index[bad[0]]} holds {show_cell(cells.iloc[bad[0]])} ({bad.size} such "
                "row(s)). Correct these cells, or leave them empty."
            )
    return labels


def _are_readable(cells: pd.Series) -> pd.Series:
    """Whether each cell is a SMILES that the package reads; an empty one is not."""
    texts = cells.astype(object)
    with quiet_rdkit:
        readable = {
            text
            for text in texts.unique()
            if isinstance(text, str) and text.strip() and parse_smiles(text) is not None
        }
    return texts.isin(readable)


def _describe(
    collection: _Collection, frame: pd.DataFrame, unreadable: pd.Series, source: str
) -> str:
    labels = frame[list(collection.tasks)]
    width = max(map(len, collection.tasks))
    counts = [
        f"    {task:<{width}}  {labels[task].count():>6,} labels, {int(labels[task].sum()):,} of 1"
        for task in collection.tasks
    ]
    title = f"{collection.title}, {len(collection.tasks)} tasks of MoleculeNet"
    return _DESCR.format(
        title=title,
        line="=" * len(title),
        about=collection.descr,
        n_rows=len(frame),
        n_distinct=frame[_SMILES].nunique(),
        n_labels=int(labels.count().sum()),
        source=source,
        counts="\n".join(counts),
        left_out=_tell_left_out(unreadable, len(frame)),
    )


def _tell_left_out(unreadable: pd.Series, n_kept: int) -> str:
    if unreadable.empty:
        return "Left out: no row, since all SMILES can be read."
    n_rows = n_kept + len(unreadable)
    rows = ", ".join(map(str, unreadable.index[:_SHOWN]))
    more = " and more" if len(unreadable) > _SHOWN else ""
    text = (
        f"Left out: {len(unreadable):,} of {n_rows:,} rows, whose SMILES cannot be read; "
        f"unreadable holds them. Their numbers in the file, counted from 0: {rows}{more}."
    )
    return textwrap.fill(text, 100)
