"""The verdict: whether anything was learnt, by which model, and what so few rows cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from sksiamese.model_selection import ClassifierComparison, compare_classifiers
from sksiamese.model_selection._verdict import BEATS, IS_WORSE, judge
from sksiamese.molecules._canonical import canonical_keys
from sksiamese.report._calibration_section import spaced
from sksiamese.report._model_choice import Choice
from sksiamese.report._subject import Subject
from sksiamese.tables._column_kinds import column_kind
from sksiamese.tables.reading._findings import plural

AUC = "pooled_roc_auc"  # what models are judged and chosen by: a plate needs the right order
METRICS = {AUC: "ROC-AUC", "pooled_mcc": "MCC", "pooled_brier": "Brier score"}

_GUESSING, _SIMPLE = "majority class", "logistic regression"
_MANY_ROWS = 150  # from which on three folds do
_FEWEST_FOR_SETS = 19  # of a class, whose largest score of 19 bounds the next one in 95 %
_IN_BIN = 10
_CONFIDENCE = 0.95


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
        Whether the best model has learnt something, and how it compares with the next one.
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
    models: Choice,
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
    best, why = _choose(tasks[0], models.names, used)
    return VerdictSection(tasks, best, why, _list_limits(subject, tasks[0], best))


# -- Questions -------------------------------------------------------------------------------------


def _ask_new_rows(subject: Subject, models: Choice, how: dict[str, Any]) -> Task:
    """Ask about held-out rows, and the best model once more with shuffled outcomes."""
    n_folds = _count_folds(subject.y, 3 if len(subject.y) > _MANY_ROWS else 4)
    cv = StratifiedKFold(n_folds, shuffle=True, random_state=0)
    found = _compare(models, subject, subject.y, cv, how)
    best, shuffled = _find_best(found, models.names), []
    for repeat in range(0 if best is None else how["n_repeats"]):
        rng = np.random.RandomState([how["random_state"], repeat])
        y = subject.y.sample(frac=1, random_state=rng).set_axis(subject.y.index)
        only, once = models.only(str(best)), how | {"n_repeats": 1, "verbose": 0}
        null = _compare(only, subject, y, cv, once, plain=[])
        shuffled.append(float(null.summary().loc[(AUC, best), "mean"]))
    question = "New rows: experiments much like those in the table"
    return _read_task(question, found, best, shuffled, subject)


def _ask_new_molecules(subject: Subject, models: Choice, column: str, how: dict[str, Any]) -> Task:
    molecules = pd.factorize(np.array(canonical_keys(subject.X[column]), dtype=object))[0]
    n_folds = min(_count_folds(subject.y, 3), len(np.unique(molecules)))
    cv = StratifiedGroupKFold(n_folds, shuffle=True, random_state=0)
    found = _compare(models, subject, subject.y, cv, how | {"groups": molecules})
    question = f"New molecules: {column} never seen in training"
    return _read_task(question, found, _find_best(found, models.names), [], subject)


def _compare(
    models: Choice,
    subject: Subject,
    y: pd.Series,
    cv: Any,
    how: dict[str, Any],
    plain: Sequence[str] = (_GUESSING, _SIMPLE),
) -> ClassifierComparison:
    """Compare the models with each other and with plain baselines on the same folds."""
    baselines = [*plain, *models.baselines]
    return compare_classifiers(
        models.own, subject.X, y, cv=cv, scoring=list(METRICS), baselines=baselines, **how
    )


def _count_folds(y: pd.Series, wanted: int) -> int:
    """As many folds as wanted, unless a class has fewer rows."""
    return int(max(2, min(wanted, y.value_counts().min())))


def most_varied_molecules(X: pd.DataFrame) -> str | None:
    """Name the column of SMILES with most different molecules; None if none has three."""
    n_molecules = {name: X[name].nunique() for name in X if column_kind(X[name]) == "molecule"}
    most = max(n_molecules, key=lambda name: n_molecules[name], default=None)
    return most if most is not None and n_molecules[most] >= 3 else None


# -- Answers ---------------------------------------------------------------------------------------


def _find_best(comparison: ClassifierComparison, names: list[str]) -> str | None:
    """Name the model that ranks best; None where all failed."""
    mean = comparison.summary().loc[AUC, "mean"].reindex(names).dropna()
    return str(mean.idxmax()) if len(mean) else None


def _read_task(
    question: str,
    comparison: ClassifierComparison,
    best: str | None,
    shuffled: list[float],
    subject: Subject,
) -> Task:
    details, scores = comparison.verdict().splitlines(), _list_scores(comparison)
    if best is None:
        text = "No model could be fitted; the details say why."
        return Task(question, comparison, scores, text, False, [*details, *_errors(comparison)])
    summary, chance = comparison.summary().loc[AUC], _chance(subject)
    mean = summary["mean"]
    is_ahead = mean[best] > 0.5 + chance and mean[best] > max(shuffled, default=0.0)
    has_learnt = bool(is_ahead and summary.loc[best, "low"] > 0.5)
    headline = _say(best, has_learnt, mean, chance, shuffled)
    if has_learnt:
        headline = f"{headline} {_compare_others(best, comparison)}".strip()
    elif is_ahead:
        headline += " But that depends too much on the draw of the folds."
    return Task(question, comparison, scores, headline, has_learnt, details)


def _errors(comparison: ClassifierComparison) -> list[str]:
    """List what failed, each message once."""
    failed = comparison.errors.drop_duplicates(["classifier", "message"])
    return [f"{each.classifier}: {each.message}" for each in failed.itertuples()]


def _chance(subject: Subject) -> float:
    """How far from 0.5 a ROC-AUC comes by chance in 95 %, if the order says nothing.

    1.96 times the standard deviation of the Mann-Whitney statistic without ties.
    """
    n_hits = int(subject.is_success.sum())
    n_others = len(subject.y) - n_hits
    return float(1.96 * np.sqrt((n_hits + n_others + 1) / (12 * n_hits * n_others)))


def _say(best: str, has_learnt: bool, mean: pd.Series, chance: float, shuffled: list[float]) -> str:
    text = (
        f"Of the models to choose from, the {best} ranks held-out experiments best: ROC-AUC "
        f"{mean[best]:.2f}, where guessing gives 0.50, ± {chance:.2f} by chance"
    )
    if shuffled:
        text += (
            f", and the same model on shuffled outcomes {np.mean(shuffled):.2f} "
            f"({min(shuffled):.2f} to {max(shuffled):.2f})"
        )
    start = "Yes: something was learnt" if has_learnt else "No: nothing to be relied on was learnt"
    return f"{start}. {text}."


def _compare_others(best: str, comparison: ClassifierComparison) -> str:
    """Say how the best model compares with the next one, by paired differences."""
    values = comparison._by_repeat(AUC)
    others = values.drop([best, _GUESSING]).mean(axis=1, skipna=False).dropna().sort_values()
    if others.empty:
        return ""
    rival = str(others.index[-1])
    found = judge(best, rival, values.loc[best] - values.loc[rival], False, _CONFIDENCE)
    if found.says == BEATS:
        return f"It beats all others; the next is {rival} ({others.iloc[-1]:.2f})."
    if found.says == IS_WORSE:
        return f"But {rival} does better ({others.iloc[-1]:.2f})."
    return f"It is not told apart from {rival} ({others.iloc[-1]:.2f})."


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
    best = _find_best(task.comparison, names)
    if best is None:
        return used or names[0], "No model could be judged, so this is no choice."
    values = task.comparison.summary().loc[AUC, "mean"].reindex(names)
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
    return [spaced(text) for text in limits]


def _auc_error(task: Task, best: str, n_hits: int, n_others: int) -> str:
    """Give twice the standard error of a ROC-AUC by Hanley and McNeil (1982), in words."""
    auc = float(task.comparison.summary().loc[(AUC, best), "mean"])
    if np.isnan(auc) or not n_hits or not n_others:
        return "."
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (n_hits - 1) * (q1 - auc**2) + (n_others - 1) * (q2 - auc**2)
    error = np.sqrt(max(0.0, variance) / (n_hits * n_others))
    return f": about ± {2 * error:.2f} for a ROC-AUC of {auc:.2f} with {n_hits} successes."
