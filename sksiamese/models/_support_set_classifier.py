"""What a siamese classifier does with labelled experiments: compare, adapt, show evidence."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import require_integer
from sksiamese._shared_state import replace_state
from sksiamese.models._network_classifier import CHUNK_ROWS, NetworkClassifier
from sksiamese.models._room import Size, count_support, require_room
from sksiamese.models.readouts._protocol import Evidence, ReadOut, Support
from sksiamese.models.training._ensemble_net import EnsembleNet
from sksiamese.models.training._labelled_rows import LabelledExperiments
from sksiamese.models.training._threads import one_thread
from sksiamese.persistence._packed_tables import pack, unpack
from sksiamese.tables._labels import TrainingTable
from sksiamese.tables.encoding._encoder import Experiments
from sksiamese.tables.encoding._past_outcomes import experiment_keys

_Int = npt.NDArray[np.int64]

_EVIDENCE_ROWS = 1024  # rows whose evidence is held at once


class ComparingClassifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, NetworkClassifier):
    """Classifier that compares rows with a support set; `fit` is the subclass's."""

    readout: str
    support_size: int | None
    _readout: ReadOut
    _support: Support
    _trained_net: EnsembleNet

    def set_support(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Compare with other labelled experiments from now on, without training.

        Parameters
        ----------
        X : DataFrame or array of shape (n_support, n_columns)
            Experiments, in the columns of ``fit``.
        y : array-like of shape (n_support,)
            Their labels, of the classes seen in ``fit``. Of a class without any row, predictions
            follow its frequency in training, which counts as two rows with "process".
        sample_weight : array-like of shape (n_support,), default=None
            Trust in each row; a row of weight 0 is left out.

        Returns
        -------
        estimator instance
            The classifier itself; the trained weights stay as they are.

        Raises
        ------
        ValueError
            If a label is not in ``classes_``, or the table cannot be used.

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
        with replace_state(self) as draft:
            check_is_fitted(draft, "net_")
            table = draft._read_support(X, y, sample_weight)
            draft.net_ = draft._trained_net
            draft._keep_support(draft._label(draft.encoder_.encode(table.frame), table), table)
        return self

    def adapt(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Compare with other labelled experiments, and fine-tune the last step to them.

        Of the trained weights only those move that follow the networks: the parameters of the
        kernels ("process"), of the similarity ("mean"), or of the trend ("residual"); a penalty
        holds them near what training found. Whatever an earlier call changed is forgotten first.

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
            If a label is not in ``classes_``, or the table cannot be used.

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
        with replace_state(self) as draft:
            check_is_fitted(draft, "net_")
            table = draft._read_support(X, y, sample_weight)
            rows = draft._label(draft.encoder_.encode(table.frame), table)
            draft.net_ = copy.deepcopy(draft._trained_net)
            with one_thread():
                draft.net_.tune(rows)
            draft._keep_support(rows, table)
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
            From 0 to 1: with "process" the correlation of the latent outcomes, averaged over the
            kernels; with others the mean of sigmoid(s), which "mean" trains to be the probability
            of equal outcomes.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model = model.fit([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1])
        >>> near, far = model.pair_score([[0.0]], [[0.1], [1.0]])[0]
        >>> bool(near > far)
        True
        """
        fitted, frame = self._read_fitted(X)
        left, right = (fitted.encoder_.encode(each) for each in (frame, fitted._read_table(Z)))
        return fitted._readout.similarity(fitted.net_, left, right)

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """Embedding of each row, the members' side by side.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_members * embedding_size)
            Embeddings, weighted so that their L1 distance is that of the learned similarity
            (unless ``readout="paper"``).

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model.fit([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1]).transform([[0.5]]).shape
        (1, 40)
        """
        fitted, frame = self._read_fitted(X)
        parts = fitted.encoder_.encode_parts(frame, CHUNK_ROWS)
        found = [fitted._readout.embedding(fitted.net_, part) for part in parts]
        return torch.cat([each.transpose(0, 1).flatten(1) for each in found]).numpy()

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
        DataFrame of shape (n_samples * min(n_top, n_support), 6 or more)
            Columns "row" (label of the row in X), "support" (label of the past experiment in the
            table it came from), "outcome" (its class), "similarity" (as in :meth:`pair_score`),
            "share" (its part of all evidence, prior included, averaged over the members) and "same"
            (whether it is the very experiment in all columns in use: then a measured outcome is
            evidence for itself, and the row tells nothing of new ones), largest share first.

            With "process" the share is told apart by its reasons, which add up to it: "same
            ligand", "similar ligand", "learned ligand", "near temperature" and so on for each
            column, "recipe" (all columns together) and "learned" (the embedding).

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model = model.fit([[0.0], [0.1], [0.9], [1.0]], ["no", "no", "yes", "yes"])
        >>> model.support_evidence([[0.05]], n_top=2)["outcome"].tolist()
        ['no', 'no']
        """
        require_integer(type(self).__name__, "n_top", n_top, 1)
        (fitted, frame), start, found = self._read_fitted(X), 0, []
        for part in fitted.encoder_.encode_parts(frame, _EVIDENCE_ROWS):
            evidence = fitted._support.evidence(fitted.net_, part)
            top = np.argsort(-evidence.share, axis=1, kind="stable")[:, :n_top]
            labels = frame.index[start : start + len(top)]
            same = np.equal.outer(experiment_keys(part), fitted._support_keys)
            found.append(fitted._list_evidence(evidence, top, labels, same))
            start += len(top)
        return pd.concat(found, ignore_index=True)

    def _list_evidence(
        self, evidence: Evidence, top: _Int, labels: pd.Index, same: npt.NDArray[np.bool_]
    ) -> pd.DataFrame:
        """List the support rows (n, n_top) of each row."""
        rows, places = np.repeat(np.arange(len(top)), top.shape[1]), top.ravel()
        columns = {
            "row": labels[rows],
            "support": unpack(self._support_labels)[places],
            "outcome": self.classes_[self._support_y[places]],
            "similarity": evidence.similarity[rows, places],
            "share": evidence.share[rows, places],
            "same": same[rows, places],
        }
        for reason, share in evidence.parts.items():
            columns[self._spell(*reason)] = share[rows, places]
        return pd.DataFrame(columns)

    def _spell(self, kind: str, place: int | None) -> str:
        """Name a reason with its column: ("same", 0) is "same ligand"."""
        if place is None:
            return kind
        encoder = self.encoder_
        if kind == "near":
            names = [*encoder.numeric_, *(f"{name} given" for name in encoder.fill_)]
        else:
            names = [*encoder.roles_, *encoder.categories_]
        return f"{kind} {names[place]}"

    @property
    def _threshold(self) -> npt.NDArray[np.float64]:
        return self._support.threshold

    @property
    def _n_features_out(self) -> int:
        network = self.module_
        return network.settings.embedding_size * network.n_members

    def _read_support(self, X: Any, y: Any, sample_weight: Any) -> TrainingTable:
        """Read labelled rows, with the numbers that fit gave their classes."""
        table = self._read_labelled(X, y, None, sample_weight, reset=False)
        known = {label: number for number, label in enumerate(self.classes_.tolist())}
        unknown = [label for label in table.classes.tolist() if label not in known]
        if unknown:
            raise ValueError(
                f"y holds the label {unknown[0]!r}, which fit did not see. Labels of the "
                f"support set must be among {list(known)}."
            )
        numbers = np.array([known[label] for label in table.classes.tolist()])[table.y]
        return table._replace(y=numbers, classes=self.classes_)

    def _label(self, experiments: Experiments, table: TrainingTable) -> LabelledExperiments:
        """Put encoded support rows together with their labels, as one group."""
        one_group, none = np.zeros(len(table.y), np.int64), np.zeros(len(table.y), bool)
        rows = experiments, table.y, one_group, table.weight, none
        return LabelledExperiments(*rows, self.class_prior_)

    def _keep_support(self, rows: LabelledExperiments, table: TrainingTable) -> None:
        """Take up the rows that every prediction compares with."""
        size = self._size(len(table.y), len(self.classes_), self.net_.module_.n_members)
        require_room(self._readout, self.readout, size)
        chosen = self._choose_support(table, size)
        with one_thread():
            self._support = self._readout.take_support(self.net_, rows, chosen)
        self._support_y = table.y[chosen]
        self._support_labels = pack(table.frame.index[chosen])
        self._support_keys = experiment_keys(rows.experiments.take(chosen))
        self.support_indices_ = table.rows[chosen]

    def _size(self, n_rows: int, n_classes: int, n_members: int) -> Size:
        """Give what decides how much memory some rows take."""
        return Size(n_rows, n_classes, n_members, self._value("batch_size"), self.support_size)

    def _choose_support(self, table: TrainingTable, size: Size) -> _Int:
        """Draw the rows that are compared with, of each class in its share and at least one."""
        n_rows, n_support = size.n_rows, count_support(self._readout, size)
        if n_support == n_rows:
            return np.arange(n_rows)
        random_state, chosen = np.random.RandomState(self.net_.module_.seeds[0]), []
        for number in np.unique(table.y):
            rows = np.flatnonzero(table.y == number)
            odds = table.weight[rows] / table.weight[rows].sum()
            share = max(1, int(n_support * len(rows) / n_rows))
            chosen.append(random_state.choice(rows, share, replace=False, p=odds))
        return np.sort(np.concatenate(chosen))

    def _proba(self, experiments: Experiments, n_rows: int) -> torch.Tensor:
        return self._support.proba(self.net_, experiments)

    def _variance(self, experiments: Experiments, n_rows: int) -> torch.Tensor:
        return self._support.variance(self.net_, experiments)
