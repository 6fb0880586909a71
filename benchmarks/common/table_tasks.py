"""Tables of reactions and crystallisations, the questions asked of them, and draws of few rows.

known        test rows are drawn from all rows that are not in training
new ROLE     a random third of the molecules of a role is held out: test rows hold these alone
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese.datasets import fetch_perovskites, load_cmet, load_perovskites, make_nanoclusters
from sksiamese.molecules import canonical_smiles

REACTIONS = (
    "direct_arylation",
    "aryl_amination",
    "suzuki",
    "amidation",
    "ligand_screen",
    "nickel_suzuki",
)
TABLES = (*REACTIONS, "perovskites", "crystallisations", "cmet", "simulated")
QUANTILE = 0.7  # of the yields of a table; above it lies a success
NO_INPUTS = ["plate"]  # when an experiment was done
N_SIMULATED = 1200
LEAST_MOLECULES = 6  # of a role that is asked about new ones
LEAST_OF_CLASS = 5  # test rows
N_TEST = 1000
_N_TRIES = 200
_ENVIRONMENT = "SKSIAMESE_DATA"


class Table(NamedTuple):
    """Experiments, their outcomes and the columns of molecules."""

    X: pd.DataFrame
    y: npt.NDArray[np.int64]
    roles: list[str]


class TableTask(NamedTuple):
    """A question to a table; `role` is the column whose molecules are new, if there is one."""

    table: str
    role: str | None = None

    @property
    def name(self) -> str:
        return self.table if self.role is None else f"{self.table}, new {self.role}"


class TableDraw(NamedTuple):
    """Rows to train on and to predict, positions in the table."""

    train: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]


def find_data(tables: str | None, release: str | None) -> tuple[Path | None, Path | None]:
    """Give the folder of reaction tables and the release, by default those in SKSIAMESE_DATA."""
    folder = os.environ.get(_ENVIRONMENT)
    if folder and tables is None:
        tables = str(Path(folder) / "reactions")
    if folder and release is None:
        release = next(map(str, sorted(Path(folder).glob("perovskite_release*.csv.gz"))), None)
    return (None if tables is None else Path(tables)), (None if release is None else Path(release))


def why_no_table(name: str, tables: Path | None, release: Path | None) -> str | None:
    """Say why a table cannot be had; None if it can."""
    if name in REACTIONS and (tables is None or not reaction_path(tables, name).exists()):
        return f"no {name}.csv.gz; name its folder with --tables or {_ENVIRONMENT}"
    if name == "perovskites" and (release is None or not release.exists()):
        return f"no perovskite release; name it with --release or {_ENVIRONMENT}"
    return None


def load_table(name: str, tables: Path | None, release: Path | None) -> Table:
    """Load a table."""
    if name in REACTIONS:
        assert tables is not None
        X = pd.read_csv(reaction_path(tables, name)).drop(columns=NO_INPUTS, errors="ignore")
        yields = X.pop("yield_percent").to_numpy()
        y = (yields > np.quantile(yields, QUANTILE)).astype(np.int64)
        roles = [column for column in X if not pd.api.types.is_numeric_dtype(X[column])]
        return Table(X, y, roles)
    if name == "perovskites":
        dataset: Any = fetch_perovskites(path=str(release))
    elif name == "crystallisations":
        dataset = load_perovskites()
    elif name == "cmet":
        dataset = load_cmet()
    else:
        dataset = make_nanoclusters(N_SIMULATED, random_state=0)
    y = pd.factorize(np.asarray(dataset.target), sort=True)[0].astype(np.int64)
    return Table(dataset.data.reset_index(drop=True), y, list(dataset.smiles_columns))


def reaction_path(tables: Path, name: str) -> Path:
    return tables / f"{name}.csv.gz"


def molecule_codes(table: Table, role: str) -> npt.NDArray[np.intp]:
    """Number the distinct molecules of a role, (n_rows,)."""
    cells = table.X[role].fillna("").astype(object)
    spelled = {cell: canonical_smiles(cell) for cell in cells.unique()}
    return pd.factorize(cells.map(spelled), sort=True)[0]


def list_tasks(name: str, table: Table) -> list[TableTask]:
    """List the questions to a table.

    Where most rows have a molecule of their own, known and new molecules are the same question.
    """
    tasks = [TableTask(name)]
    for role in table.roles:
        n_molecules = len(np.unique(molecule_codes(table, role)))
        if LEAST_MOLECULES <= n_molecules < len(table.y) / 2:
            tasks.append(TableTask(name, role))
    return tasks


def draw_rows(table: Table, role: str | None, n_each: int, seed: int) -> TableDraw | None:
    """Draw `n_each` rows of each class, and up to 1,000 others at the natural rate.

    A smaller draw of the same seed is part of a larger one. None where the classes have too few
    rows, whatever molecules are held out.
    """
    codes = None if role is None else molecule_codes(table, role)
    rng = np.random.default_rng([seed, 0 if role is None else 1 + table.roles.index(role)])
    for _ in range(_N_TRIES):
        held = np.zeros(len(table.y), dtype=bool)
        if codes is not None:
            molecules = rng.permutation(codes.max() + 1)
            held = np.isin(codes, molecules[: max(2, len(molecules) // 3)])
        order, test_order = rng.permutation(len(held)), rng.permutation(len(held))
        free = order[~held[order]]
        train = np.concatenate([free[table.y[free] == label][:n_each] for label in (1, 0)])
        pool = test_order[held[test_order]] if codes is not None else np.setdiff1d(free, train)
        test = (pool if codes is not None else rng.permutation(pool))[:N_TEST]
        enough = np.bincount(table.y[test], minlength=2).min() >= LEAST_OF_CLASS
        if len(train) == 2 * n_each and enough:
            return TableDraw(train, test)
        if codes is None:
            return None
    return None
