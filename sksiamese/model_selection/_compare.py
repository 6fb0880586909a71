"""Splits that ask a chemist's questions, and a fair comparison of classifiers."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Collection
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import (
    make_generator,
    plain_label,
    require_integer,
    require_n_jobs,
    require_option,
    require_verbose,
)
from sksiamese._frame_libraries import as_pandas
from sksiamese._frames import ensure_plain_table
from sksiamese.exceptions import SharedRecipeWarning
from sksiamese.model_selection._baselines import BASELINES, DEFAULT_BASELINES, make_baselines
from sksiamese.model_selection._comparison import ClassifierComparison
from sksiamese.model_selection._cross_validation import (
    FoldJob,
    LabelledRows,
    Splits,
    draw_splits,
    list_jobs,
    name_estimators,
    run_jobs,
)
from sksiamese.model_selection._fold_results import collect_results
from sksiamese.model_selection._scoring import Metric, read_scoring
from sksiamese.tables._labels import read_labels
from sksiamese.tables._recipes import recipe_groups
from sksiamese.tables.reading._findings import describe_rows


def compare_classifiers(
    estimators: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = 5,
    scoring: Any = None,
    groups: Any = None,
    n_repeats: int = 5,
    baselines: bool | str | Collection[str] = True,
    molecules: Literal["descriptors", "ecfp"] = "descriptors",
    null_test: bool = False,
    n_jobs: int | None = None,
    random_state: int | np.random.RandomState | None = None,
    verbose: int = 0,
) -> ClassifierComparison:
    """Cross-validate classifiers on the same folds, beside baselines that have to be beaten.

    By default the baselines are the majority class, random forests on descriptors and on ECFP,
    extra trees, a support vector classifier, a Gaussian process and a logistic regression. Three
    more can be named; the Notes describe all.

    Parameters
    ----------
    estimators : classifier, list of classifiers, or dict of name to classifier
        Unfitted scikit-learn classifiers, pipelines and searches among them. They are cloned.
    X : DataFrame or array of shape (n_samples, n_columns)
        Experiments, in SMILES and numeric columns. The classifiers are given a table of polars or
        pyarrow as one of pandas.
    y : array-like of shape (n_samples,)
        Labels of two or more classes.
    cv : int, splitter or iterable of (train, test), default=5
        An integer is so many stratified folds, drawn anew for each repeat. A splitter with a
        `random_state` also draws anew; any other gives every repeat the same folds.
    scoring : str, callable, list of str, dict of name to str or callable, or None, default=None
        Metrics, as in scikit-learn's ``cross_validate``, of each fold; or "pooled_mcc",
        "pooled_roc_auc", "pooled_average_precision", "pooled_accuracy", "pooled_f1" or
        "pooled_brier", of all out-of-fold predictions of a repeat together. Of two classes, the
        last in sorted order is the positive one. By default "pooled_mcc" (the objective of arXiv
        1811.02771) and "pooled_roc_auc".
    groups : array-like of shape (n_samples,) or None, default=None
        Groups for the splitter; the classifiers do not see them.
    n_repeats : int, default=5
        Number of repeats. Each gives every `random_state` in an estimator another value, whatever
        it was.
    baselines : bool, "all" or collection of str, default=True
        Whether to add the baselines, or which: "majority class", "random forest", "random forest,
        ECFP", "extra trees", "SVC", "Gaussian process", "logistic regression"; and beyond the
        default "random forest, one-hot", "Gaussian process, Tanimoto", "logistic regression,
        one-hot".
    molecules : {"descriptors", "ecfp"}, default="descriptors"
        What SMILES become for the baselines whose names do not tell; see
        :class:`~sksiamese.featurizer.SMILESFeaturizer`.
    null_test : bool, default=False
        Whether to score the `estimators` once more, on the same folds, with the outcomes shuffled
        among all rows in each repeat. A classifier that learns from the outcomes is far ahead of
        itself there; see :meth:`ClassifierComparison.verdict`. It doubles their time.
    n_jobs : int or None, default=None
        Number of processes, as in joblib; each trains one classifier on one fold at a time.
    random_state : int, RandomState instance or None, default=None
        Decides folds and classifiers; the global random state is neither used nor changed.
    verbose : int, default=0
        1 shows a progress bar.

    Returns
    -------
    ClassifierComparison
        Scores, out-of-fold predictions and errors, with ``summary()`` and ``plot()``. A classifier
        that fails on a fold has its error there and the score NaN; the others go on.

    Raises
    ------
    TypeError
        If something in `estimators` is not a classifier, or `scoring` is of an unknown kind.
    ValueError
        If a parameter has an unknown value, the table cannot be used, or the splitter cannot split.

    Warns
    -----
    SharedRecipeWarning
        If folds test on recipes that they train on, with the same outcome.

    See Also
    --------
    recipe_groups : Groups that keep repeats of an experiment in one fold.
    sklearn.model_selection.cross_validate : One classifier, one repeat.

    Notes
    -----
    The baselines have scikit-learn's defaults, with these exceptions. The forests on ECFP and on
    one-hot have 500 trees; ECFP are 2,048 bits of radius 2 for each molecule column; one-hot is a
    column for each molecule of training, so that a new one has zeros. The logistic regressions have
    up to 1,000 iterations, and that on one-hot has the molecules' descriptors besides. The Gaussian
    process has a fitted RBF kernel; that with Tanimoto a sum of one term for each molecule column,
    the Tanimoto similarity on ECFP, and an RBF term of the other columns, with fitted weights and
    length. All but trees have numbers scaled within each fold. "all" adds to the default the two
    on one-hot, which cannot tell new molecules apart by it, and the Gaussian process with Tanimoto,
    which is slow with many rows.

    A pooled metric needs predictions of every fold; ROC-AUC and average precision rank with
    ``decision_function`` where there is no ``predict_proba``. Compare pooled values of such
    classifiers with care: the scales of the folds differ.

    Examples
    --------
    >>> from sksiamese import GraphFingerprintSiameseClassifier, compare_classifiers
    >>> from sksiamese.datasets import make_nanoclusters
    >>> X, y = make_nanoclusters(40, random_state=0, return_X_y=True)
    >>> comparison = compare_classifiers(
    ...     {"siamese": GraphFingerprintSiameseClassifier(n_members=1, max_epochs=5)},
    ...     X,
    ...     y,
    ...     cv=3,
    ...     n_repeats=2,
    ...     baselines=["majority class"],
    ...     random_state=0,
    ... )
    >>> comparison.scores["classifier"].unique().tolist()
    ['siamese', 'majority class']
    """
    owner = "compare_classifiers"
    require_integer(owner, "n_repeats", n_repeats, 1)
    require_option(owner, "molecules", molecules, ("descriptors", "ecfp"))
    require_n_jobs(owner, n_jobs)
    require_verbose(owner, verbose)
    chosen = _choose_baselines(baselines)
    own = name_estimators(estimators)
    _require_classifiers(own, chosen)
    metrics = read_scoring(scoring)
    X = as_pandas(X)
    frame = ensure_plain_table(X).frame
    rows = _read_rows(X, y, frame)
    classifiers = own | make_baselines(frame, chosen, molecules)
    seeds = make_generator(random_state).randint(2**31 - 1, size=(n_repeats, 2)).tolist()
    splits = draw_splits(rows, groups, cv, [seed for seed, _ in seeds])
    _warn_of_shared_recipes(frame, rows.y, splits)
    jobs = list_jobs(classifiers, chosen, splits, [seed for _, seed in seeds])
    by_fold = [metric for metric in metrics if not metric.pooled]
    results = run_jobs(jobs, rows, by_fold, n_jobs, verbose)
    same_folds = all(_are_same(splits[0], folds) for folds in splits)
    found = collect_results(results, rows, frame.index, metrics, chosen, same_folds)
    if not null_test:
        return found
    own_jobs = [job for job in jobs if not job.is_baseline]
    seeds_of_y = [seed for seed, _ in seeds]
    null_scores = _run_null_test(own_jobs, rows, metrics, seeds_of_y, n_jobs, verbose)
    return dataclasses.replace(found, null_scores=null_scores)


def _run_null_test(
    jobs: list[FoldJob],
    rows: LabelledRows,
    metrics: list[Metric],
    seeds: list[int],
    n_jobs: int | None,
    verbose: int,
) -> pd.DataFrame:
    """Score the same folds with shuffled outcomes, shuffled anew for each repeat."""
    by_fold = [metric for metric in metrics if not metric.pooled]
    parts = []
    for repeat, seed in enumerate(seeds):
        y = np.random.RandomState([seed, 1]).permutation(rows.y)  # not the draw of the folds
        shuffled = rows._replace(y=y)
        mine = [job for job in jobs if job.repeat == repeat]
        results = run_jobs(mine, shuffled, by_fold, n_jobs, verbose)
        row_labels = pd.RangeIndex(len(y))
        parts.append(collect_results(results, shuffled, row_labels, metrics, (), False).scores)
    return pd.concat(parts, ignore_index=True)


def _choose_baselines(baselines: Any) -> tuple[str, ...]:
    if isinstance(baselines, bool):
        return DEFAULT_BASELINES if baselines else ()
    if isinstance(baselines, str) and baselines == "all":
        return BASELINES
    is_list = isinstance(baselines, Collection) and not isinstance(baselines, str)
    if is_list and all(name in BASELINES for name in baselines):
        return tuple(name for name in BASELINES if name in baselines)
    raise ValueError(
        "The 'baselines' parameter of compare_classifiers must be True, False, 'all' or a list "
        f"out of {', '.join(map(repr, BASELINES))}. Got {baselines!r} instead."
    )


def _require_classifiers(own: Collection[str], baselines: Collection[str]) -> None:
    """Refuse an empty comparison, and the name of a baseline for another classifier."""
    if not own and not baselines:
        raise ValueError(
            "There is no classifier to compare. Name one in estimators, or choose baselines."
        )
    twice = [name for name in own if name in baselines]
    if twice:
        raise ValueError(
            f"{', '.join(map(repr, twice))} in estimators is also the name of a baseline. Choose "
            "another name, or list the baselines you want with baselines=[...]."
        )


def _read_rows(X: Any, y: Any, frame: pd.DataFrame) -> LabelledRows:
    """Check the labels; a frame or a 2-D array reaches the classifiers as it is."""
    labels = read_labels(y, len(frame))
    classes = np.unique(labels)
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class alone, {plain_label(classes[0])!r}. Classifiers are compared on "
            "rows of two or more classes."
        )
    is_table = isinstance(X, pd.DataFrame) or (isinstance(X, np.ndarray) and X.ndim == 2)
    return LabelledRows(X if is_table else frame, labels, classes)


def _warn_of_shared_recipes(frame: pd.DataFrame, y: npt.NDArray[Any], splits: Splits) -> None:
    """Warn of repeated experiments that stand on both sides of a fold."""
    recipes, (_, outcomes) = recipe_groups(frame), np.unique(y, return_inverse=True)
    _, results = np.unique(np.column_stack([recipes, outcomes]), axis=0, return_inverse=True)
    folds = [fold for repeat in splits for fold in repeat]
    known = [test[np.isin(results[test], results[train])] for train, test in folds]
    rows = np.unique(np.concatenate(known))
    if len(rows):
        labels = describe_rows(map(plain_label, frame.index[rows]))
        warnings.warn(
            f"{len(rows)} of {len(frame)} experiments ({labels}) are tested by classifiers that "
            "were trained with a repeat of them, the same recipe with the same outcome, so that "
            "scores come out too high. Keep each recipe in one fold, with "
            "cv=sklearn.model_selection.StratifiedGroupKFold(shuffle=True) and "
            "groups=sksiamese.model_selection.recipe_groups(X).",
            SharedRecipeWarning,
            stacklevel=3,
        )


def _are_same(first: list[Any], second: list[Any]) -> bool:
    """Whether two repeats have the same test rows in each fold."""
    pairs = zip(first, second, strict=False)
    return len(first) == len(second) and all(np.array_equal(a[1], b[1]) for a, b in pairs)
