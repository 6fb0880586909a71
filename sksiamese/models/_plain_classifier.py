"""Classifiers whose last layer holds a score for each class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
import torch

from sksiamese._shared_state import replace_state
from sksiamese.models._network_classifier import MANY_ROWS, NetworkClassifier
from sksiamese.models.training._ensemble_net import EnsembleNet, last_layer
from sksiamese.models.training._labelled_rows import ClassLoss, LabelledExperiments
from sksiamese.nn._fingerprint_network import FingerprintNetwork
from sksiamese.tables._labels import class_shares
from sksiamese.tables.encoding._encoder import Experiments


class ScoreClassifier(NetworkClassifier):
    """Classifier whose last layer holds a score for each class."""

    _loss: ClassVar[Callable[..., torch.Tensor]]

    def fit(self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None) -> Self:
        """Learn from labelled experiments.

        A failure or an interruption (Ctrl-C) leaves the classifier as it was before.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Columns of SMILES, of MolGraph objects and of numbers, in any mix.
        y : array-like of shape (n_samples,)
            Class labels of any type.
        groups : array-like of shape (n_samples,), default=None
            Taken so that all classifiers here can be called alike, and checked, but of no effect:
            groups say which rows may be compared, and no rows are compared here.
        sample_weight : array-like of shape (n_samples,), default=None
            Trust in each row; a weight of 2 counts as two equal rows, of 0 as no row.

        Returns
        -------
        estimator instance
            The fitted classifier.

        Raises
        ------
        InvalidSMILESError
            Listing all cells that are not molecules.
        ValueError
            If the table, the labels, the weights or a hyper-parameter cannot be used; the message
            names column and row. Or if training diverged, and again with smaller steps.

        Warns
        -----
        ConvergenceWarning
            If training diverged, and starts again with steps a tenth as large.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintMLPClassifier
        >>> X = [["CCO", 20.0], ["CCCO", 25.0], ["c1ccccc1", 20.0], ["Cc1ccccc1", 25.0]]
        >>> model = GraphFingerprintMLPClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model.fit(X, ["dissolves", "dissolves", "floats", "floats"]).predict([["CCCCO", 22.0]])
        array(['dissolves'], dtype='<U9')
        """
        with replace_state(self) as draft:
            draft._check_parameters()
            table = draft._read_labelled(X, y, groups, sample_weight, reset=True)
            table = table._replace(groups=np.zeros_like(table.groups))
            encoder, experiments = draft._encode(table)
            seeds = draft._draw_seeds()
            held_out, prior = draft._hold_out(table, seeds.split), class_shares(table)
            rows = experiments, table.y, table.groups, table.weight, held_out
            data = LabelledExperiments(*rows, prior)
            net = draft._train(draft._make_net, data, seeds)
            draft._publish(table, encoder, net, prior)
        return self

    def _last_layer(self, n_classes: int) -> dict[str, Any]:
        return {"embedding_size": n_classes, "embedding_activation": "identity"}

    def _make_net(self, **shared: Any) -> EnsembleNet:
        return EnsembleNet(FingerprintNetwork, criterion=ClassLoss(type(self)._loss), **shared)

    def _proba(self, experiments: Experiments, n_rows: int) -> torch.Tensor:
        scores = last_layer(self.net_, experiments, single=n_rows > MANY_ROWS)
        return torch.softmax(scores, dim=-1)
