"""What a siamese classifier does with labelled experiments: compare, adapt, show evidence."""

from __future__ import annotations

import copy
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import require_integer
from sksiamese.models._network import NetworkClassifier
from sksiamese.models._objectives import LabelledExperiments
from sksiamese.models._support import (
    ResidualSupport,
    SupportSet,
    campaign_rate,
    choose_support,
    chunks,
    compare,
)
from sksiamese.models._training import one_thread
from sksiamese.models._trees import LeafSupport
from sksiamese.nn._siamese import SiameseNetwork
from sksiamese.tables._encoder import Experiments
from sksiamese.tables._labelled import TrainingTable

__all__ = ["ComparingClassifier"]

_Int = npt.NDArray[np.int64]


class ComparingClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, NetworkClassifier):
    """Classifier that compares rows with a support set; `fit` is the subclass's."""

    def set_support(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Compare with other labelled experiments from now on, without training.

        Parameters
        ----------
        X : DataFrame or array of shape (n_support, n_columns)
            Experiments, in the columns of ``fit``.
        y : array-like of shape (n_support,)
            Their labels, of the classes seen in ``fit``. A class without any row keeps its share of
            the training prior.
        sample_weight : array-like of shape (n_support,), default=None
            Trust in each row; a row of weight 0 is left out.

        Returns
        -------
        estimator instance
            The classifier itself; the trained weights stay as they are.

        Raises
        ------
        ValueError
            If a label is none of ``classes_``, or the table cannot be used.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> from sksiamese.datasets import load_perovskites
        >>> X, y = load_perovskites(return_X_y=True)
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model = model.fit(X[:100], y[:100]).set_support(X[100:], y[100:])
        >>> len(model.support_indices_)
        108
        """
        check_is_fitted(self, "net_")
        with self._all_or_nothing():
            table, numbers = self._read_support(X, y, sample_weight)
            self.net_ = self._trained()
            self._keep_support(self.encoder_.encode(table.frame), numbers, table)
        return self

    def adapt(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Compare with other labelled experiments, and fine-tune the last step to them.

        Of the trained weights only those move that follow the embedding: of the similarity, or of
        the trend where ``readout="residual"``; a penalty holds them near what training found.
        Whatever an earlier call changed is forgotten first.

        Parameters
        ----------
        X : DataFrame or array of shape (n_support, n_columns)
            Experiments, in the columns of ``fit``.
        y : array-like of shape (n_support,)
            Their labels, of the classes seen in ``fit``.
        sample_weight : array-like of shape (n_support,), default=None
            Trust in each row; a row of weight 0 is left out.

        Returns
        -------
        estimator instance
            The classifier itself; ``set_support`` and ``fit`` bring other weights back.

        Raises
        ------
        ValueError
            If a label is none of ``classes_``, or the table cannot be used.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> from sksiamese.datasets import load_perovskites
        >>> X, y = load_perovskites(return_X_y=True)
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model = model.fit(X[:100], y[:100]).adapt(X[100:], y[100:])
        >>> len(model.support_indices_)
        108
        """
        check_is_fitted(self, "net_")
        with self._all_or_nothing():
            table, numbers = self._read_support(X, y, sample_weight)
            experiments = self.encoder_.encode(table.frame)
            data = LabelledExperiments(
                experiments,
                numbers,
                np.zeros(len(numbers), np.int64),
                table.weight,
                np.zeros(len(numbers), bool),
                len(self.classes_),
            )
            self._trained_net = self._trained()
            self.net_ = copy.deepcopy(self._trained_net)
            with one_thread():
                self.net_.tune_head(self._last_layer(experiments), data)
            self._keep_support(experiments, numbers, table)
        return self

    def pair_score(self, X: Any, Z: Any) -> npt.NDArray[np.float64]:
        """Similarity of every row of X with every row of Z, averaged over the members.

        Parameters
        ----------
        X, Z : DataFrame or array of shape (n_samples, n_columns), (m_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, m_samples)
            Mean of sigmoid(s), from 0 to 1; trained to be the probability of equal outcomes where
            ``readout="mean"``.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model = model.fit([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1])
        >>> near, far = model.pair_score([[0.0]], [[0.1], [1.0]])[0]
        >>> bool(near > far)
        True
        """
        first, second = self._embed_all(X), self._embed_all(Z)
        similarity = self._network.similarity
        with torch.no_grad():
            blocks = [
                torch.sigmoid(compare(similarity, first[:, rows], second)).mean(0)
                for rows in chunks(first, second.shape[1])
            ]
        return torch.cat(blocks).numpy()

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """Embedding of each row, the members' side by side.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_members * embedding_size)
            Embeddings, weighted so that their L1 distance is that of the similarity (unless
            ``signed=True``).

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model.fit([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1]).transform([[0.5]]).shape
        (1, 16)
        """
        frame = self._read_fitted(X)
        blocks, similarity = [], self._network.similarity
        for _, embedding in self._embed(frame):
            with torch.no_grad():
                scaled = similarity.scale(embedding.to(similarity.bias.device)).cpu()
            blocks.append(scaled.transpose(0, 1).flatten(1))
        return torch.cat(blocks).numpy()

    def support_evidence(self, X: Any, n_top: int = 5) -> pd.DataFrame:
        """Past experiments that carry each prediction.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.
        n_top : int, default=5
            Number of past experiments to list for each row.

        Returns
        -------
        DataFrame of shape (n_samples * min(n_top, n_support), 5)
            Columns "row" (label of the row in X), "support" (label of the past experiment in the
            table it came from), "outcome" (its class), "similarity" (as in :meth:`pair_score`) and
            "share" (its part of all evidence, prior included, averaged over the members, and over
            networks and trees), largest share first.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model = model.fit([[0.0], [0.1], [0.9], [1.0]], ["no", "no", "yes", "yes"])
        >>> model.support_evidence([[0.05]], n_top=2)["outcome"].tolist()
        ['no', 'no']
        """
        require_integer(type(self).__name__, "n_top", n_top, 1)
        frame = self._read_fitted(X)
        support, parts, start = self._support, [], 0
        for experiments, embedding in self._embed(frame):
            places = np.arange(embedding.shape[1])
            for part in chunks(embedding, len(support.y)):
                similarity, share = support.shares(
                    self._network, embedding[:, part], experiments.take(places[part])
                )
                top = np.argsort(-share, axis=1, kind="stable")[:, :n_top]
                rows = np.repeat(np.arange(len(top)), top.shape[1])
                flat = top.ravel()
                parts.append(
                    pd.DataFrame(
                        {
                            "row": frame.index[start + rows],
                            "support": pd.Index(support.labels)[flat],
                            "outcome": self.classes_[support.y[flat]],
                            "similarity": similarity[rows, flat],
                            "share": share[rows, flat],
                        }
                    )
                )
                start += len(top)
        return pd.concat(parts, ignore_index=True)

    @property
    def _network(self) -> SiameseNetwork:
        return cast(SiameseNetwork, self.module_)

    def _trained(self) -> Any:
        """Give the net as trained; in models of before there was `adapt` it never changes."""
        return getattr(self, "_trained_net", self.net_)

    @property
    def _threshold(self) -> npt.NDArray[np.float64]:
        return self._support.threshold

    @property
    def _n_features_out(self) -> int:
        return self.module_.settings.embedding_size * len(self.module_.seeds)

    def _read_support(self, X: Any, y: Any, sample_weight: Any) -> tuple[TrainingTable, _Int]:
        """Read labelled rows and the numbers that fit gave their classes."""
        table = self._read_labelled(X, y, None, sample_weight, reset=False)
        known = {label: number for number, label in enumerate(self.classes_.tolist())}
        unknown = [label for label in table.classes.tolist() if label not in known]
        if unknown:
            raise ValueError(
                f"y holds the label {unknown[0]!r}, which fit did not see. Labels of the "
                f"support set must be among {list(known)}."
            )
        return table, np.array([known[label] for label in table.classes.tolist()])[table.y]

    def _keep_support(self, experiments: Experiments, y: _Int, table: TrainingTable) -> None:
        """Embed the rows that every prediction compares with, class after class."""
        embedding, rows = self._last_layer(experiments), np.arange(len(y))
        if self.support_size is not None and self.support_size < len(y):
            points = embedding.transpose(0, 1).flatten(1).numpy()
            central = self.support_choice == "central"
            sizes = self.support_size, central, self.module_.seeds[0]
            rows = choose_support(points, y, table.weight, *sizes)
        rows = rows[np.argsort(y[rows], kind="stable")]
        fixed = y[rows], table.weight[rows], table.frame.index[rows].to_numpy()
        self._support: ResidualSupport | SupportSet
        if hasattr(self._network, "residual"):
            rate = campaign_rate(y, table.weight, self.class_prior_)
            self._support = ResidualSupport.of_rows(self._network, embedding[:, rows], *fixed, rate)
        else:
            leaves = None
            if self.trees_ is not None:
                known = experiments.numeric[rows], *fixed[:2], self.class_prior_
                leaves = LeafSupport.of_rows(self.trees_, *known)
            readout, kept = self.net_.criterion_.readout, embedding[:, rows].numpy()
            self._support = SupportSet(kept, *fixed, self.class_prior_, readout, leaves)
        self.support_indices_ = table.rows[np.sort(rows)]

    def _proba(self, experiments: Experiments, outputs: torch.Tensor) -> torch.Tensor:
        return self._support.proba(self._network, outputs, experiments)
