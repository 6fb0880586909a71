"""Methods of the few-shot benchmark.

A method is fitted to the labels of past tasks once in a round. It then predicts a new task from a
few of its rows, draw after draw. Methods without a history ignore the first step, and give nothing
for a task of which no row is known. Settings are fixed beforehand; none is tuned here.
"""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, Matern, WhiteKernel
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from common.few_shot_network import MultiTaskNetwork
from common.few_shot_tasks import Data, Labels, Positions, Prediction
from sksiamese import GraphFingerprintSiameseClassifier, SMILESFeaturizer

SETTINGS = Path(__file__).parents[1] / "few_shot_settings.json"
SHOT_WEIGHT = 10.0  # of a known row of the new task beside one of the past
_BALANCED_FOREST = {"n_estimators": 100, "class_weight": "balanced", "random_state": 0}

Array = npt.NDArray[Any]


class Siamese:
    """The siamese classifier: trained on the past once, then given supports."""

    has_history = True

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings

    def fit(self, data: Data, history: Labels) -> Self:
        """Train on past tasks, pairs within tasks."""
        self.model_ = GraphFingerprintSiameseClassifier(**{"random_state": 0, **self.settings})
        X = data.X.iloc[history.rows]
        self.model_.fit(X, history.y, groups=history.groups)
        return self

    def few_shot(self, data: Data, support: Positions, y: Array, query: Positions) -> Prediction:
        """Take up the support, if there is one, and predict; the trained model stays as it is."""
        model = copy.copy(self.model_)
        if len(support):
            self.take_up(model, data.X.iloc[support], y)
        return _predict(model, data.X.iloc[query])

    def take_up(self, model: GraphFingerprintSiameseClassifier, X: pd.DataFrame, y: Array) -> None:
        """Give a model the support."""
        model.set_support(X, y)


class Adapted(Siamese):
    """The siamese classifier, whose last step is fine-tuned to the support."""

    def take_up(self, model: GraphFingerprintSiameseClassifier, X: pd.DataFrame, y: Array) -> None:
        """Give a model the support, and fine-tune it."""
        model.adapt(X, y)


class LinearProbe(Siamese):
    """A logistic regression on the embedding that the siamese classifier learned from the past.

    Without rows of both classes it predicts what the classifier does without support.
    """

    def few_shot(self, data: Data, support: Positions, y: Array, query: Positions) -> Prediction:
        """Fit to the embedded support."""
        if len(np.unique(y)) < 2:
            return super().few_shot(data, support[:0], y[:0], query)
        head = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
        )
        head.fit(self.model_.transform(data.X.iloc[support]), y)
        return _predict(head, self.model_.transform(data.X.iloc[query]))


class SelfSupervised(Siamese):
    """The siamese classifier that also learns from all molecules at hand, without their labels.

    Each RDKit descriptor makes one more past task of all molecules, the new ones among them: is it
    above its median?
    """

    def fit(self, data: Data, history: Labels) -> Self:
        """Add the tasks, and train."""
        smiles = [graph.smiles for graph in data.X["molecule"]]
        numbers = SMILESFeaturizer("descriptors").fit_transform(smiles)
        above = np.asarray(numbers > np.median(numbers, axis=0)).astype(np.int64)
        above = above[:, (above.min(axis=0) < above.max(axis=0))]
        n_rows, n_tasks = above.shape
        first = history.groups.max() + 1
        more = Labels(
            np.tile(np.arange(n_rows), n_tasks),
            above.T.ravel(),
            np.repeat(np.arange(first, first + n_tasks), n_rows),
        )
        joined = (np.concatenate(parts) for parts in zip(history, more, strict=True))
        return super().fit(data, Labels(*joined))


class FromSupport:
    """A classifier that knows the support alone."""

    has_history = False

    def __init__(self, molecules: BaseEstimator, experiments: BaseEstimator) -> None:
        self.models = {True: molecules, False: experiments}

    def fit(self, data: Data, history: Labels) -> Self:
        """Learn nothing from past tasks."""
        return self

    def few_shot(self, data: Data, support: Positions, y: Array, query: Positions) -> Prediction:
        """Fit to the support; one class alone gives that class."""
        if len(np.unique(y)) < 2:
            return _constant(y[0], len(query))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a length at its bound is no harm
            model = copy.deepcopy(self.models[data.is_bits]).fit(data.numbers[support], y)
        return _predict(model, data.numbers[query])


class WithHistory:
    """A classifier fitted to past rows and, with ten times their weight, to the support.

    A molecule with equal labels in several past tasks is one row of so many times the weight.
    """

    has_history = True

    def __init__(self, model: BaseEstimator) -> None:
        self.model = model

    def fit(self, data: Data, history: Labels) -> Self:
        """Gather the past rows."""
        cells = np.column_stack([history.rows, history.y])
        (self.cells_, self.weight_) = np.unique(cells, axis=0, return_counts=True)
        self.zero_shot_: Any = None
        return self

    def few_shot(self, data: Data, support: Positions, y: Array, query: Positions) -> Prediction:
        """Fit to history and support; without support, once."""
        if len(support):
            model = self._fit(data, support, y)
        else:
            model = self.zero_shot_ = self.zero_shot_ or self._fit(data, support, y)
        return _predict(model, data.numbers[query])

    def _fit(self, data: Data, support: Positions, y: Array) -> Any:
        rows = np.concatenate([self.cells_[:, 0], support])
        labels = np.concatenate([self.cells_[:, 1], y])
        weight = np.concatenate([self.weight_, np.full(len(support), SHOT_WEIGHT)])
        return copy.deepcopy(self.model).fit(data.numbers[rows], labels, sample_weight=weight)


class NearestNeighbours(BaseEstimator):
    """Votes of up to five neighbours, weighted by their Tanimoto similarity or distance."""

    def __init__(self, metric: str) -> None:
        self.metric = metric

    def fit(self, X: Array, y: Array) -> Self:
        """Keep the rows."""
        n_neighbors = min(5, len(y))
        self.model_ = KNeighborsClassifier(
            n_neighbors, weights="distance", metric=self.metric, algorithm="brute"
        )
        self.model_.fit(self._read(X), y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, X: Array) -> Array:
        """Weighted votes."""
        return np.asarray(self.model_.predict_proba(self._read(X)))

    def _read(self, X: Array) -> Array:
        return X.astype(bool) if self.metric == "jaccard" else X


class GaussianProcess(BaseEstimator):
    """Regression on outcomes 0 and 1, scale and noise fitted; its mean serves as probability."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def fit(self, X: Array, y: Array) -> Self:
        """Fit the kernel by maximum likelihood."""
        kernel = ConstantKernel() * self.kernel + WhiteKernel(0.1)
        self.model_ = GaussianProcessRegressor(kernel, normalize_y=True)
        self.model_.fit(np.asarray(X, dtype=float), np.asarray(y, dtype=float))
        return self

    def predict_proba(self, X: Array) -> Array:
        """Mean, (n_samples, 2)."""
        mean = self.model_.predict(np.asarray(X, dtype=float))
        return np.column_stack([1 - mean, mean])  # not clipped: ties would spoil the ranking


class Tanimoto(Kernel):
    """Bits that two fingerprints share, by those that either has."""

    def __init__(self) -> None:  # sklearn reads the signature
        super().__init__()

    def __call__(self, X: Array, Y: Array | None = None, eval_gradient: bool = False) -> Any:
        """Similarities (n_x, n_y); there is nothing to fit, so the gradient is empty."""
        other = X if Y is None else Y
        shared = X @ other.T
        either = X.sum(axis=1)[:, None] + other.sum(axis=1) - shared
        similarity = np.where(either > 0, shared / np.maximum(either, 1), 1.0)
        return (similarity, np.empty((*similarity.shape, 0))) if eval_gradient else similarity

    def diag(self, X: Array) -> Array:
        """Similarity of each row to itself."""
        return np.ones(len(X))

    def is_stationary(self) -> bool:
        """Say that it depends on more than a difference."""
        return False


class LightGBM(BaseEstimator):
    """100 boosted trees, imported only when they are asked for."""

    def fit(self, X: Array, y: Array, sample_weight: Array) -> Self:
        """Fit with balanced classes."""
        from lightgbm import LGBMClassifier

        self.model_ = LGBMClassifier(
            n_estimators=100, class_weight="balanced", random_state=0, n_jobs=1, verbose=-1
        )
        self.model_.fit(self._read(X), y, sample_weight=sample_weight)
        return self

    def predict_proba(self, X: Array) -> Array:
        """Probabilities, (n_samples, 2)."""
        return np.asarray(self.model_.predict_proba(self._read(X)))

    def _read(self, X: Array) -> Array:
        return X.astype(np.float32)


def make_method(name: str, settings: dict[str, Any]) -> Any:
    """Make an unfitted method; the settings are those of the siamese classifier."""
    if name == "siamese":
        return Siamese(settings)
    if name == "siamese-adapted":
        return Adapted(settings)
    if name == "siamese-probe":
        return LinearProbe(settings)
    if name == "siamese-unlabelled":
        return SelfSupervised(settings)
    if name == "multitask":
        return MultiTaskNetwork()
    logistic = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000)
    )
    forest = RandomForestClassifier(**_BALANCED_FOREST)
    made: dict[str, Any] = {
        "forest": FromSupport(forest, forest),
        "logistic": FromSupport(logistic, logistic),
        "neighbours": FromSupport(
            NearestNeighbours("jaccard"),
            make_pipeline(StandardScaler(), NearestNeighbours("euclidean")),
        ),
        "process": FromSupport(
            GaussianProcess(Tanimoto()),
            make_pipeline(StandardScaler(), GaussianProcess(Matern(nu=2.5))),
        ),
        "forest-history": WithHistory(RandomForestClassifier(100, random_state=0)),
        "lightgbm-history": WithHistory(LightGBM()),
    }
    return made[name]


def siamese_settings(path: str | Path, protocol: str) -> Any:
    """Read the siamese classifier's settings, which few_shot_tuning.py chose on past tasks.

    Reaction tables have had none chosen: they take those of the perovskites.
    """
    settings = json.loads(Path(path).read_text())
    return settings[protocol if protocol in settings else "rapid"]


def _predict(model: Any, X: Any) -> Prediction:
    """Take both from the probabilities; ours has a threshold of its own."""
    proba, threshold = model.predict_proba(X), np.array([0.5, 0.5])
    if isinstance(model, GraphFingerprintSiameseClassifier):
        threshold = model._support.threshold  # as predict does, which would embed the rows again
    label = (proba / threshold).argmax(axis=1)
    return Prediction(np.asarray(proba[:, 1]), np.asarray(label).astype(np.int64))


def _constant(value: int, n: int) -> Prediction:
    return Prediction(np.full(n, float(value)), np.full(n, value))
