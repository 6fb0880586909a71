"""What ``make demo`` runs: a comparison on measured experiments, then the next experiments."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch

from sksiamese.datasets import load_perovskites
from sksiamese.model_selection import (
    ClassifierComparison,
    LeaveOneMoleculeOut,
    compare_classifiers,
)
from sksiamese.models import GraphFingerprintSiameseClassifier
from sksiamese.plotting import EvidenceDisplay, ProbabilityMapDisplay
from sksiamese.recommend import ExperimentRecommender

_BASELINES = ["random forest", "SVC", "logistic regression", "majority class"]
_METRICS = ["pooled_mcc", "pooled_roc_auc"]
_AXES = ("ammonium_M", "lead_iodide_M")  # of the map
_N_NEXT = 8


def run_demo(output: str | Path, *, n_jobs: int = 2, quick: bool = False) -> None:
    """Compare models on the perovskite crystallisations, then recommend new experiments.

    Prints tables, and writes ``scores.csv``, ``next.csv`` and ``demo.png`` once all is computed.

    Parameters
    ----------
    output : str or Path
        Folder for the files; made if absent.
    n_jobs : int, default=2
        Number of processes of the comparison.
    quick : bool, default=False
        Small networks and few folds: shows that all works, not how well.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    NotADirectoryError
        If `output` is a file.

    Examples
    --------
    >>> from sksiamese._cli._demo import run_demo
    >>> run_demo("quick_look", quick=True)  # doctest: +SKIP
    """
    output = _check_output(output)
    data = load_perovskites()
    outcomes = data.target.map({0: "failure", 1: "large crystal"})
    print(
        f"Perovskite crystallisations: {len(data.data)} measured experiments with "
        f"{data.groups.nunique()} ammonium salts, {data.target.sum()} of which gave large crystals."
    )
    if quick:
        print("A quick look with small networks and few folds: the scores say little.")
    model = _make_model(quick)
    comparisons = _compare(model, data.data, outcomes, n_jobs, quick)
    for task, comparison in comparisons.items():
        print(f"\n{task}\n{comparison}")
    model.fit(data.data, outcomes)
    plate = _recommend(model, data.data, outcomes)
    print(f"\nThe next {len(plate)} experiments\n{_show(plate, data)}")
    figure = _draw(comparisons, model, data, outcomes, plate)
    _write(output, comparisons, plate, figure)


def _check_output(output: str | Path) -> Path:
    if importlib.util.find_spec("matplotlib") is None:
        raise ImportError(
            "The demo's figure needs matplotlib. Install it with pip install 'sksiamese[plot]'."
        )
    output = Path(output)
    if output.exists() and not output.is_dir():
        raise NotADirectoryError(f"{output} is a file. Name a folder with --output.")
    return output


def _make_model(quick: bool) -> GraphFingerprintSiameseClassifier:
    """Two networks in place of four: half the time, nearly as good."""
    changes: dict[str, Any] = {"max_epochs": 5} if quick else {}
    return GraphFingerprintSiameseClassifier(n_members=2, random_state=0, **changes)


def _compare(
    model: Any, X: pd.DataFrame, y: pd.Series, n_jobs: int, quick: bool
) -> dict[str, ClassifierComparison]:
    """Score the model beside baselines, on salts that training has seen and on new ones."""
    tasks: dict[str, dict[str, Any]] = {
        "Salts known from training": {"cv": 3, "n_repeats": 1 if quick else 3},
        "Salts never seen in training": {"cv": LeaveOneMoleculeOut("ammonium"), "n_repeats": 1},
    }
    return {
        task: compare_classifiers(
            {"siamese": model},
            X,
            y,
            scoring=_METRICS,
            baselines=_BASELINES,
            n_jobs=n_jobs,
            random_state=0,
            verbose=1,
            **how,
        )
        for task, how in tasks.items()
    }


def _recommend(model: Any, X: pd.DataFrame, y: pd.Series) -> pd.DataFrame:
    """Choose the next experiments out of what the columns allow."""
    recommender = ExperimentRecommender(
        FrozenEstimator(model), n_candidates=2000, positive="large crystal", random_state=0
    )
    return recommender.fit(X, y).recommend(_N_NEXT)


def _show(plate: pd.DataFrame, data: Bunch) -> str:
    """Recipes with the names of their salts, which are shorter than SMILES."""
    names = dict(zip(data.frame["ammonium"], data.frame["ammonium_name"], strict=True))
    numbers = [*data.data.select_dtypes("number"), "p(large crystal)", "p_std"]
    return str(
        plate[numbers].round(2).set_axis(plate["ammonium"].map(names).rename("salt")).to_string()
    )


# -- Files -----------------------------------------------------------------------------------------


def _draw(
    comparisons: dict[str, ClassifierComparison],
    model: Any,
    data: Bunch,
    outcomes: pd.Series,
    plate: pd.DataFrame,
) -> Any:
    """Draw the scores on the left; on the right a map, and the evidence for the best recipe."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 9), layout="constrained")
    halves: Any = figure.subfigures(1, 2, width_ratios=[1, 1.1], wspace=0.03)
    parts = halves[0].subfigures(len(comparisons), 1)
    for part, (task, comparison) in zip(parts, comparisons.items(), strict=True):
        part.suptitle(task)
        comparison.plot(part.subplots(1, len(_METRICS), sharey=True))
    above, below = halves[1].subfigures(2, 1)
    X, best = data.data, plate[data.feature_names].iloc[[0]]
    salt = X[X["ammonium"] == best["ammonium"].iloc[0]].iloc[0]
    ProbabilityMapDisplay.from_estimator(
        model, X, outcomes, columns=_AXES, at=salt, ax=above.subplots()
    )
    names = dict(zip(data.frame["ammonium_name"], data.frame["ammonium"], strict=True))
    EvidenceDisplay.from_estimator(
        model, best, X, molecule="ammonium", names=names, n_top=4, ax=below.subplots()
    )
    return figure


def _write(
    output: Path, comparisons: dict[str, ClassifierComparison], plate: pd.DataFrame, figure: Any
) -> None:
    scores = pd.concat({task: found.scores for task, found in comparisons.items()}, names=["task"])
    output.mkdir(parents=True, exist_ok=True)
    scores.reset_index("task").to_csv(output / "scores.csv", index=False)
    plate.to_csv(output / "next.csv", index=False)
    figure.savefig(output / "demo.png", dpi=150)
    print("\nFiles")
    print(f"- {output / 'scores.csv'}: every score behind the tables above")
    print(f"- {output / 'next.csv'}: the recommended experiments, with their SMILES")
    print(
        f"- {output / 'demo.png'}: the scores, a map of the probabilities of one salt, and the "
        "past experiments behind the first recommendation"
    )
