"""The verdict: whether anything was learnt, by which model, and what so few rows cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from sksiamese.model_selection import ClassifierComparison, compare_classifiers
from sksiamese.molecules._canonical import canonical_keys
from sksiamese.report._subject import Subject
from sksiamese.tables._column_kinds import column_kind
from sksiamese.tables.reading._findings import plural

AUC = "pooled_roc_auc"  # what models are judged and chosen by: a plate needs the right order
METRICS = {AUC: "ROC-AUC", "pooled_mcc": "MCC", "pooled_brier": "Brier score"}

_BASELINES = ["majority class", "logistic regression"]
_NULL = "itself on shuffled outcomes"
_MANY_ROWS = 150  # from which on three folds do
_FEWEST_FOR_SETS = 19  # of a class, whose largest score of 19 bounds the next one in 95 %
_IN_BIN = 10


class Task(NamedTuple):
    """One question to the models, and their answer.

    Parameters
    ----------
    question : str
        What was asked.
    comparison : ClassifierComparison
        All scores and out-of-fold predictions.
    scores : DataFrame
        "model" and the mean of each metric, with its interval in words, best first.
    headline : str
        Whether the best model has learnt something, and beats the best baseline.
    has_learnt : bool
        Whether the best model is ahead of guessing, by more than chance, and of itself on shuffled
        outcomes.
    details : list of str
        The verdict on each model, line by line.
    """

    question: str
    comparison: ClassifierComparison
    scores: pd.DataFrame
    headline: str
    has_learnt: bool
    details: list[str]


class VerdictSection(NamedTuple):
    """What was learnt.

    Parameters
    ----------
    tasks : list of Task
        New rows first; new molecules, where there are molecules enough.
    model : str
        Name of the model that is used.
    why : str
        Why that one.
    limits : list of str
        What the table cannot tell.
    """

    tasks: list[Task]
    model: str
    why: str
    limits: list[str]


def judge_models(
    subject: Subject,
    models: Mapping[str, Any],
    used: str | None,
    n_repeats: int,
    n_jobs: int | None,
    seed: int,
    verbose: int,
) -> VerdictSection:
    """Compare the models on new rows and on new molecules; choose one, unless one is `used`."""
    how = {"n_repeats": n_repeats, "n_jobs": n_jobs, "random_state": seed, "verbose": verbose}
    tasks = [_ask_new_rows(subject, models, how)]
    column = most_varied_molecules(subject.X)
    if column is not None:
        tasks.append(_ask_new_molecules(subject, models, column, how))
    best, why = _choose(tasks[0], list(models), used)
    return VerdictSection(tasks, best, why, _list_limits(subject, tasks[0], best))


# -- Questions -------------------------------------------------------------------------------------


def _ask_new_rows(subject: Subject, models: Mapping[str, Any], how: Mapping[str, Any]) -> Task:
    n_folds = _count_folds(subject.y, 3 if len(subject.y) > _MANY_ROWS else 4)
    cv = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    question = "New rows: experiments much like those in the table"
    found = compare_classifiers(
        models,
        subject.X,
        subject.y,
        cv=cv,
        scoring=list(METRICS),
        baselines=_BASELINES,
        null_test=True,
        **how,
    )
    return _read_task(question, found, subject)


def _ask_new_molecules(
    subject: Subject, models: Mapping[str, Any], column: str, how: Mapping[str, Any]
) -> Task:
    molecules = pd.factorize(np.array(canonical_keys(subject.X[column]), dtype=object))[0]
    n_molecules = len(np.unique(molecules))
    cv = StratifiedGroupKFold(
        min(_count_folds(subject.y, 3), n_molecules), shuffle=True, random_state=0
    )
    question = f"New molecules: {column} never seen in training"
    found = compare_classifiers(
        models,
        subject.X,
        subject.y,
        cv=cv,
        groups=molecules,
        scoring=list(METRICS),
        baselines=_BASELINES,
        **how,
    )
    return _read_task(question, found, subject)


def _count_folds(y: pd.Series, wanted: int) -> int:
    """As many folds as wanted, unless a class has fewer rows."""
    return int(max(2, min(wanted, y.value_counts().min())))


def most_varied_molecules(X: pd.DataFrame) -> str | None:
    """Name the column of SMILES with most different molecules; None if none has three."""
    n_molecules = {name: X[name].nunique() for name in X if column_kind(X[name]) == "molecule"}
    most = max(n_molecules, key=lambda name: n_molecules[name], default=None)
    return most if most is not None and n_molecules[most] >= 3 else None


# -- Answers ---------------------------------------------------------------------------------------


def _read_task(question: str, comparison: ClassifierComparison, subject: Subject) -> Task:
    mean = comparison.summary().loc[AUC, "mean"]
    own = mean.drop(list(comparison.baselines)).dropna()
    headline, has_learnt = "No model could be fitted; the details say why.", False
    if len(own):
        best = str(own.idxmax())
        found = comparison.differences()
        found = found[(found["metric"] == AUC) & (found["classifier"] == best)]
        says, chance = found.set_index("other")["says"], _chance(subject)
        shuffled = _shuffled_scores(comparison, best)
        is_ahead = mean[best] > 0.5 + chance and not (shuffled > mean[best]).any()
        has_learnt = bool(is_ahead and says["guessing"] == "beats")
        headline = _say(best, has_learnt, mean, chance, shuffled)
        if has_learnt:
            headline = f"{headline} {_compare_baseline(says, mean)}".strip()
        elif is_ahead:
            headline += " But that depends too much on the draw of the folds."
    details = comparison.verdict().splitlines()
    return Task(question, comparison, _list_scores(comparison), headline, has_learnt, details)


def _chance(subject: Subject) -> float:
    """How far from 0.5 a ROC-AUC comes by chance in 95 %, if the order says nothing.

    1.96 times the standard deviation of the Mann-Whitney statistic without ties.
    """
    n_hits = int(subject.is_success.sum())
    n_others = len(subject.y) - n_hits
    return float(1.96 * np.sqrt((n_hits + n_others + 1) / (12 * n_hits * n_others)))


def _shuffled_scores(comparison: ClassifierComparison, name: str) -> pd.Series:
    """ROC-AUC of a classifier in each repeat of the null test; empty without one."""
    scores = comparison.null_scores
    if scores is None:
        return pd.Series(dtype=float)
    return scores.loc[(scores["classifier"] == name) & (scores["metric"] == AUC), "value"]


def _say(best: str, has_learnt: bool, mean: pd.Series, chance: float, shuffled: pd.Series) -> str:
    text = (
        f"The {best} ranks held-out experiments best, with a ROC-AUC of {mean[best]:.2f}; guessing "
        f"gives 0.50, ± {chance:.2f} by chance"
    )
    if len(shuffled):
        text += (
            f", and the same model on shuffled outcomes {shuffled.mean():.2f} "
            f"({shuffled.min():.2f} to {shuffled.max():.2f})"
        )
    start = "Yes: something was learnt" if has_learnt else "No: nothing to be relied on was learnt"
    return f"{start}. {text}."


def _compare_baseline(says: pd.Series, mean: pd.Series) -> str:
    """Say how the best model compares with the best baseline."""
    rival = next((other for other in says.index if other not in ("guessing", _NULL)), None)
    if rival is None:
        return ""
    known = {
        "beats": f"It also beats the best baseline, {rival} ({mean[rival]:.2f}).",
        "is not told apart from": f"But it is not told apart from the best baseline, {rival} "
        f"({mean[rival]:.2f}).",
        "is worse than": f"But {rival}, the best baseline, does better ({mean[rival]:.2f}).",
    }
    return known.get(says[rival], "")


def _list_scores(comparison: ClassifierComparison) -> pd.DataFrame:
    summary = comparison.summary()
    table = pd.DataFrame(index=summary.loc[AUC].index)
    for metric, title in METRICS.items():
        part = summary.loc[metric].reindex(table.index)
        half = (part["high"] - part["mean"]).fillna(0)
        table[title] = [
            "–" if np.isnan(m) else f"{m:.3f}" + (f" ± {h:.3f}" if h > 0.0005 else "")
            for m, h in zip(part["mean"], half, strict=True)
        ]
    return table.rename_axis("model").reset_index()


def _choose(task: Task, names: list[str], used: str | None) -> tuple[str, str]:
    """Choose the model that ranks held-out rows best, and say how far it is ahead."""
    values = task.comparison.summary().loc[AUC, "mean"].reindex(names)
    if values.isna().all():
        return used or names[0], "No model could be judged, so this is no choice."
    best = str(values.idxmax())
    shown = {name: f"{name} {value:.2f}" for name, value in values.dropna().items()}
    if used is not None:
        ahead = f"{shown[best]} ranks new rows better." if best != used else "None ranks better."
        listed = ", ".join(shown.values())
        return used, f"The campaign goes on with it. ROC-AUC on new rows: {listed}. {ahead}"
    if len(names) == 1:
        return best, "It was the only one to choose from."
    others = ", ".join(text for name, text in shown.items() if name != best)
    return best, (
        f"It ranks new rows best: ROC-AUC {values[best]:.2f}, against {others}. Being chosen by "
        "these scores flatters it a little; small differences may turn on other experiments."
    )


# -- Limits ----------------------------------------------------------------------------------------


def _list_limits(subject: Subject, task: Task, best: str) -> list[str]:
    n, n_hits = len(subject.y), int(subject.is_success.sum())
    rate = n_hits / n
    spread = np.sqrt(rate * (1 - rate))
    limits = [
        f"The rate of success, {rate:.0%}, is itself known to ± {spread / n**0.5:.1%} (one "
        f"standard error of {n} experiments).",
        f"Of {_IN_BIN} experiments with this probability, the share that works varies by "
        f"± {spread / _IN_BIN**0.5:.0%} by chance alone: look at calibration with that in mind.",
        "The intervals of the scores tell how much the draw of the folds matters. Other "
        "experiments would move them more" + _auc_error(task, best, n_hits, n - n_hits),
    ]
    fewest = int(subject.y.value_counts().min())
    if fewest < 2 * _FEWEST_FOR_SETS:
        limits.append(
            "Sets of outcomes that hold the true one in 95 % of each class (conformal prediction) "
            f"need {_FEWEST_FOR_SETS} experiments of the class set aside, of which the rarest has "
            f"{plural(fewest, 'row')}: "
            + (
                "impossible."
                if fewest < _FEWEST_FOR_SETS
                else "too few would be left to learn from."
            )
        )
    return [text.replace("%", "\u00a0%").replace("\u00a0\u00a0", "\u00a0") for text in limits]


def _auc_error(task: Task, best: str, n_hits: int, n_others: int) -> str:
    """Give twice the standard error of a ROC-AUC by Hanley and McNeil (1982), in words."""
    auc = float(task.comparison.summary().loc[(AUC, best), "mean"])
    if np.isnan(auc) or not n_hits or not n_others:
        return "."
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (n_hits - 1) * (q1 - auc**2) + (n_others - 1) * (q2 - auc**2)
    error = np.sqrt(max(0.0, variance) / (n_hits * n_others))
    return f": about ± {2 * error:.2f} for a ROC-AUC of {auc:.2f} with {n_hits} successes."
