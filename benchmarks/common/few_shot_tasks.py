"""Past tasks, new tasks and draws of the few-shot benchmark.

A study has one table of rows, which tasks share, and rounds. A round is a training on the labels of
past tasks, and the new tasks that are judged after it. Rows are named by their positions in the
table, so a molecule of many assays stands there once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from rdkit import Chem

from sksiamese import SMILESFeaturizer
from sksiamese.datasets import fetch_moleculenet, fetch_perovskites

SUPPORTS = ("10+/10-", "5+/10-", "1+/10-", "1+/5-", "1+/1-")
SHOTS = ("0", "8", "32")
N_PAST = {"tox21": 9, "sider": 21, "muv": 12}  # tasks to train on; the others are new
LARGEST_SALT = 96
FP_SIZE = 1024

Positions = npt.NDArray[np.intp]


class Data(NamedTuple):
    """The rows that tasks share."""

    X: pd.DataFrame  # what the siamese classifier reads
    numbers: npt.NDArray[Any]  # what the baselines read, (n_rows, n_numbers)
    is_bits: bool  # whether the numbers are those of a fingerprint, 0 and 1


class Prediction(NamedTuple):
    """Probability of class 1, and the predicted class, of each query row."""

    proba: npt.NDArray[Any]
    label: npt.NDArray[Any]


class Labels(NamedTuple):
    """Labels of past tasks."""

    rows: Positions
    y: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]


class Task(NamedTuple):
    """A new task; `part` tells tasks of two rounds apart that have one name."""

    name: str
    number: int
    part: int
    rows: Positions
    y: npt.NDArray[np.int64]


class Round(NamedTuple):
    """A training, and the tasks judged after it."""

    history: Labels
    tasks: list[Task]


class Study(NamedTuple):
    """All of a protocol; `over` says whether its intervals are over draws or over tasks."""

    data: Data
    rounds: list[Round]
    supports: list[str]
    over: str
    title: str
    notes: list[str]


class Draw(NamedTuple):
    """Known rows of a new task, and those to predict; positions within the task."""

    support: Positions
    query: Positions


def make_study(arguments: Any) -> Study:
    """Make the study that the command asks for."""
    if arguments.protocol == "rapid":
        return make_rapid(arguments.path, arguments.shots or list(SHOTS))
    name = "tox21" if arguments.protocol == "tox21" else arguments.name
    split = "unseen" if arguments.strict else "seen" if arguments.same_half else "all"
    return make_assays(name, arguments.path, arguments.shots or list(SUPPORTS), split)


def make_assays(name: str, path: str | None, supports: list[str], split: str) -> Study:
    """Make a study of a MoleculeNet table.

    With `split` "unseen" molecules fall into two random halves, and a training on one half is
    judged on the other; with "seen" it is judged on the same half.
    """
    dataset = fetch_moleculenet(name, path=path)
    smiles = dataset.data["smiles"].astype(object)
    labels = dataset.target.to_numpy()
    names, n_past = list(dataset.task_names), N_PAST[name]
    rounds, notes = [], []
    if split == "all":
        rows = np.arange(len(labels))
        rounds.append(_make_round(labels, names, n_past, rows, rows, part=0))
    else:
        halves, n_distinct = split_molecules(smiles.tolist())
        notes.append(f"{n_distinct} distinct molecules in two random halves")
        for part in (0, 1):
            past, new = halves[part], halves[part if split == "seen" else 1 - part]
            rounds.append(_make_round(labels, names, n_past, past, new, part))
    bits = SMILESFeaturizer("ecfp", fp_size=FP_SIZE).fit_transform(smiles.to_frame())
    graphs = SMILESFeaturizer().fit_transform(smiles.to_frame())
    data = Data(pd.DataFrame({"molecule": graphs[:, 0]}), np.asarray(bits), is_bits=True)
    said = {"all": "", "unseen": ", no molecule of training among them", "seen": ", control"}
    title = f"{name}: {n_past} past tasks, {len(names) - n_past} new ones{said[split]}"
    return Study(data, rounds, supports, "draw", title, notes)


def split_molecules(smiles: list[str]) -> tuple[tuple[Positions, Positions], int]:
    """Split rows into halves that share no molecule, and count the molecules.

    A molecule is its largest fragment without stereochemistry: neither the fingerprints here nor
    the graphs see more, and a counter-ion makes no new molecule.
    """
    codes, keys = pd.factorize(np.array([_parent(text) for text in smiles], dtype=object))
    order = np.random.default_rng(0).permutation(len(keys))
    in_first = np.isin(codes, order[: len(keys) // 2])
    return (np.flatnonzero(in_first), np.flatnonzero(~in_first)), len(keys)


def _parent(smiles: str) -> str:
    fragments = Chem.GetMolFrags(Chem.MolFromSmiles(smiles), asMols=True, sanitizeFrags=False)
    texts = [(each.GetNumHeavyAtoms(), _plain_smiles(each)) for each in fragments]
    return max(texts)[1]


def _plain_smiles(molecule: Any) -> str:
    return str(Chem.MolToSmiles(molecule, isomericSmiles=False))


def _make_round(
    labels: npt.NDArray[np.float64],
    names: list[str],
    n_past: int,
    past: Positions,
    new: Positions,
    part: int,
) -> Round:
    """Train on the first columns of rows `past`, judge on the other columns of rows `new`."""
    group, row = np.nonzero(~np.isnan(labels[past, :n_past]).T)
    history = Labels(past[row], labels[past[row], group].astype(np.int64), group)
    tasks = []
    for t in range(n_past, len(names)):
        rows = new[~np.isnan(labels[new, t])]
        tasks.append(Task(names[t], t, part, rows, labels[rows, t].astype(np.int64)))
    return Round(history, tasks)


def make_rapid(path: str | None, shots: list[str]) -> Study:
    """Make a study of the perovskite release, each salt left out once."""
    dataset = fetch_perovskites(path=path)
    X = dataset.data.reset_index(drop=True)
    for name in ("ammonium_M", "lead_iodide_M", "formic_acid_M"):
        X[f"log_{name}"] = np.log(X[name] + 0.05)  # for all methods; 0.05 M is a small amount here
    y = dataset.target.to_numpy().astype(np.int64)
    groups, salts = pd.factorize(np.asarray(dataset.groups), sort=True)
    names = dataset.frame.groupby("ammonium")["ammonium_name"].first()
    kept = _cut_groups(groups)
    rounds = []
    for group, salt in enumerate(salts):
        rows, past = kept[groups[kept] == group], kept[groups[kept] != group]
        if min(y[rows].sum(), (1 - y[rows]).sum()) >= 2:
            task = Task(str(names[salt]), group, 0, rows, y[rows])
            rounds.append(Round(Labels(past, y[past], groups[past].astype(np.int64)), [task]))
    solvent = dataset.frame.filter(regex="^_solv_").to_numpy(dtype=np.float64)
    salt_numbers = SMILESFeaturizer("descriptors").fit_transform(X[["ammonium"]])
    conditions = X.select_dtypes("number").to_numpy(dtype=np.float64)
    data = Data(X, np.hstack([salt_numbers, conditions, solvent]), is_bits=False)
    notes = [
        f"{len(salts)} salts with at most {LARGEST_SALT} rows ({len(kept)} in all); reported are "
        f"{len(rounds)} that have two successes and two failures, the others are history alone"
    ]
    return Study(data, rounds, shots, "task", "rapid: one salt left out at a time", notes)


def _cut_groups(groups: npt.NDArray[np.intp]) -> Positions:
    """Draw rows of each group that has too many."""
    rng = np.random.default_rng(0)
    parts = []
    for group in range(groups.max() + 1):
        rows = np.flatnonzero(groups == group)
        parts.append(np.sort(rng.permutation(rows)[:LARGEST_SALT]))
    return np.concatenate(parts)


def n_shots(support: str) -> tuple[int, ...]:
    """Read "8" as 8 shots, and "1+/10-" as 1 positive and 10 negative ones."""
    return tuple(int(text.strip("+-")) for text in support.split("/"))


def draw(task: Task, support: str, number: int) -> Draw | None:
    """Draw the support rows; None if the task is too small or the query has one class alone.

    Draws are decided by the task and the number of the draw; a smaller support is part of a larger
    one.
    """
    order = np.random.default_rng([number, task.number, task.part]).permutation(len(task.y))
    counts = n_shots(support)
    if len(counts) == 1:
        chosen = order[: counts[0]]
    else:
        of_class = [order[task.y[order] == label] for label in (1, 0)]
        chosen = np.concatenate([a[:n] for a, n in zip(of_class, counts, strict=True)])
    query = np.setdiff1d(np.arange(len(task.y)), chosen)
    is_short = len(chosen) < sum(counts)
    return None if is_short or len(np.unique(task.y[query])) < 2 else Draw(chosen, query)


def draws(task: Task, supports: list[str], n_draws: int) -> Iterator[tuple[str, int, Draw]]:
    """Give all draws of a task; one without shots is drawn once."""
    for support in supports:
        for number in range(n_draws if sum(n_shots(support)) else 1):
            drawn = draw(task, support, number)
            if drawn is not None:
                yield support, number, drawn
