"""Classifiers around an ensemble of networks: parameters, training, prediction."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import (
    require_boolean,
    require_integer,
    require_n_jobs,
    require_number,
    require_option,
    require_verbose,
)
from sksiamese._shared_state import freeze
from sksiamese.models._checks import require_callbacks, require_device, require_random_state
from sksiamese.models.training._ensemble_net import EnsembleNet, to_tensors
from sksiamese.models.training._fitting import Seeds, draw_seeds, hold_out, make_callbacks, train
from sksiamese.models.training._labelled_rows import LabelledExperiments
from sksiamese.nn._fingerprint_network import FingerprintNetwork, NetworkSettings
from sksiamese.nn._layers import ACTIVATIONS
from sksiamese.tables._doubtful_columns import warn_of_doubts
from sksiamese.tables._labels import TrainingTable
from sksiamese.tables._table_estimator import TableClassifier, record_training
from sksiamese.tables.encoding._encoder import (
    ExperimentEncoder,
    Experiments,
)

_LAYER = re.compile(r"hidden_layer_sizes__\d{1,2}")
CHUNK_ROWS = 16_384  # rows that are encoded and put through the networks together
MANY_ROWS = 4096  # rows beyond which dense layers compute in single precision


# Settings of arXiv 1811.02771; each classifier takes those that it has a parameter for.
_PAPER = {
    "fp_size": 10,
    "conv_width": 32,
    "radius": 2,
    "descriptors": False,
    "scaling": "minmax",
    "tanimoto": "never",
    "hidden_layer_sizes": (60,),
    "embedding_size": 50,
    "activation": "leaky_relu",
    "embedding_activation": "sigmoid",
    "readout": "paper",
    "dropout": 0.5,
    "alpha": 0.001,
    "n_members": 1,
    "max_epochs": 800,  # 25 x 32 steps
    "lr": 0.001,
    "lr_schedule": "constant",
}


class NetworkClassifier(TableClassifier, ABC):
    """Classifier around an ensemble of networks.

    A subclass has the parameters named here, a `fit`, and says what is its own: `_last_layer`, and
    `_proba`, how encoded rows become probabilities.
    """

    hidden_layer_sizes: int | Sequence[int] | None
    dropout: float | None

    @classmethod
    def from_paper(cls, **changes: Any) -> Self:
        """Give a classifier with the settings of arXiv 1811.02771, where they apply.

        Of all models: fingerprints of length 10 from two convolutions of width 32, leaky ReLU,
        L1 = L2 = 0.001, Adam with 0.001, one network, 25 x 32 steps. Of dense ones: a hidden layer
        of 60, dropout 0.5. Of the siamese one: an embedding of 50 through a sigmoid, mean
        similarity to each class, 32 pairs a step, half of equal class; dropout is drawn for each
        row of a step, not for each half of a pair.

        Parameters
        ----------
        **changes : dict
            Parameters to set otherwise, such as `n_members` or `random_state`.

        Returns
        -------
        estimator instance
            An unfitted classifier.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> GraphFingerprintSiameseClassifier.from_paper(random_state=0).embedding_size
        50
        """
        own = cls().get_params()
        settings = {name: value for name, value in _PAPER.items() if name in own}
        return cls(**(settings | changes))

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Parameters
        ----------
        **params : dict
            Values by name. ``hidden_layer_sizes__0`` is the size of the first hidden layer alone,
            ``hidden_layer_sizes__1`` of the second: one number each, as searches need them.

        Returns
        -------
        estimator instance
            The estimator itself.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier()
        >>> model.set_params(hidden_layer_sizes__0=60, hidden_layer_sizes__1=20).hidden_layer_sizes
        (60, 20)
        """
        layers = {}
        if "hidden_layer_sizes" in self.get_params(deep=False):
            layers = {name: params.pop(name) for name in list(params) if _LAYER.fullmatch(name)}
        super().set_params(**params)
        if layers:
            sizes = dict(enumerate(_as_tuple(self._value("hidden_layer_sizes"))))
            sizes |= {int(name.rpartition("__")[2]): size for name, size in layers.items()}
            self.hidden_layer_sizes = tuple(sizes.get(i, 0) for i in range(max(sizes) + 1))
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Class probabilities, averaged over the members.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities in the order of ``classes_``.

        Raises
        ------
        ValueError
            If the table cannot be used.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model.fit([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1]).predict_proba([[0.5]]).shape
        (1, 2)
        """
        return self.predict_members(X).mean(axis=0)

    def predict_log_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Logarithms of the class probabilities.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Logarithms in the order of ``classes_``; minus infinity for a probability of 0.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model = model.fit([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1])
        >>> model.predict_log_proba([[0.5]]).shape
        (1, 2)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Most probable class of each row.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels out of ``classes_``.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=50, random_state=0)
        >>> model.fit([[0.0], [0.1], [0.9], [1.0]], ["no", "no", "yes", "yes"]).predict([[0.95]])
        array(['yes'], dtype='<U3')
        """
        fitted = freeze(self)
        proba = fitted.predict_proba(X)  # first, since it tells whether there are classes_
        return fitted.classes_[(proba / fitted._threshold).argmax(axis=1)]

    def predict_members(self, X: Any) -> npt.NDArray[np.float64]:
        """Class probabilities by each member of the ensemble; their spread tells of doubt.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_members, n_samples, n_classes)
            Probabilities.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=3, max_epochs=20, random_state=0)
        >>> model.fit([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1]).predict_members([[0.5]]).shape
        (3, 1, 2)
        """
        fitted, frame = self._read_fitted(X)
        parts = fitted.encoder_.encode_parts(frame, CHUNK_ROWS)
        blocks = [fitted._proba(part, len(frame)) for part in parts]
        proba = torch.cat(blocks, dim=1).numpy()
        if not fitted.encoder_.has_columns:
            proba[:] = fitted.class_prior_
        return proba

    def predict_std(self, X: Any) -> npt.NDArray[np.float64]:
        """Give the standard deviation of each class probability: how far it may be off.

        Over the members and, with ``readout="process"``, over what the labelled experiments leave
        open besides. It is doubt of the model, not noise of the measurement.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Standard deviations, at most a half.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model = model.fit([[0.0], [0.1], [0.9], [1.0]], [0, 0, 1, 1])
        >>> known, unknown = model.predict_std([[0.0], [0.5]])[:, 1]
        >>> bool(known < unknown)
        True
        """
        fitted, frame = self._read_fitted(X)
        parts = fitted.encoder_.encode_parts(frame, CHUNK_ROWS)
        blocks = [fitted._variance(part, len(frame)) for part in parts]
        return torch.cat(blocks).sqrt().numpy()

    def fingerprint(self, X: Any) -> dict[str, npt.NDArray[np.float64]]:
        """Learned fingerprints of the molecules of each row.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        dict of str to ndarray of shape (n_samples, n_members, fp_size)
            The fingerprints V by molecule column, for columns that varied in training.

        Examples
        --------
        >>> import pandas as pd
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> X = pd.DataFrame({"ligand": ["SCCN", "SCCO", "SCC", "SCCC"]})
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model.fit(X, [1, 1, 0, 0]).fingerprint(X)["ligand"].shape
        (4, 2, 10)
        """
        fitted, frame = self._read_fitted(X)
        experiments, network = fitted.encoder_.encode(frame), fitted.module_
        inputs = to_tensors(experiments, network.settings.radius, fitted.net_.device)
        with torch.no_grad():
            found = network.fingerprint(inputs.graphs)
        return {
            role: values.transpose(0, 1)[experiments.molecules[:, i]].cpu().numpy()
            for i, (role, values) in enumerate(zip(fitted.encoder_.roles_, found, strict=True))
        }

    @property
    def _threshold(self) -> npt.NDArray[np.float64]:
        """Decision threshold of each class, (n_classes,); the largest ratio to it is predicted."""
        return np.ones(len(self.classes_))

    @property
    def module_(self) -> FingerprintNetwork:
        """The trained network."""
        return self.net_.module_

    @property
    def history_(self) -> Any:
        """Losses of each epoch, a :class:`skorch.history.History`."""
        return self.net_.history

    def _value(self, name: str) -> Any:
        """Give the value of a hyper-parameter."""
        return getattr(self, name)

    def _check_parameters(self) -> None:
        """Refuse unknown values of hyper-parameters."""
        owner = type(self).__name__
        for name in ("fp_size", "conv_width", "n_members", "max_epochs"):
            require_integer(owner, name, self._value(name), 1)
        require_integer(owner, "radius", self.radius, 0)
        for size in _as_tuple(self._value("hidden_layer_sizes")):
            require_integer(owner, "hidden_layer_sizes", size, 0)
        require_integer(owner, "batch_size", self._value("batch_size"), 2)
        require_integer(owner, "n_iter_no_change", self.n_iter_no_change, 1)
        require_option(owner, "activation", self._value("activation"), ACTIVATIONS)
        require_option(owner, "scaling", self.scaling, ("standard", "minmax"))
        require_option(owner, "tanimoto", self._value("tanimoto"), ("auto", "always", "never"))
        require_option(owner, "lr_schedule", self._value("lr_schedule"), ("cosine", "constant"))
        require_number(owner, "alpha", self._value("alpha"), 0, np.inf, open_end=True)
        require_number(owner, "dropout", self._value("dropout"), 0, 1, open_end=True)
        require_number(owner, "lr", self._value("lr"), 0, np.inf, open_start=True, open_end=True)
        fraction = self.validation_fraction
        require_number(owner, "validation_fraction", fraction, 0, 1, open_start=True, open_end=True)
        for name in ("descriptors", "early_stopping"):
            require_boolean(owner, name, getattr(self, name))
        require_n_jobs(owner, self.n_jobs)
        require_verbose(owner, self.verbose)
        require_callbacks(owner, self.callbacks)
        require_device(owner, self.device)
        require_random_state(owner, self.random_state)

    def _encode(self, table: TrainingTable) -> tuple[ExperimentEncoder, Experiments]:
        """Learn the kinds and scales of the columns, and encode the training rows."""
        tanimoto = self._value("tanimoto")
        encoder = ExperimentEncoder(self.descriptors, self.scaling, tanimoto, self.n_jobs)
        rows = table.frame, table.weight, table.groups
        experiments = encoder.fit_encode(*rows, verbose=int(self.verbose))
        if self._names is not None:
            success = table.y.astype(np.float64) if len(table.classes) == 2 else None
            taken = "All were taken as inputs."
            warn_of_doubts(table.frame, encoder.kinds_, success, taken, stacklevel=3)
        else:
            encoder.constants_ = {}  # of computed features, such as bits that no row has
        return encoder, experiments

    def _publish(
        self,
        table: TrainingTable,
        encoder: ExperimentEncoder,
        net: EnsembleNet,
        prior: npt.NDArray[np.float64],
    ) -> None:
        """Set what is fitted."""
        self.classes_ = table.classes
        self.class_prior_ = prior
        self.encoder_ = encoder
        self.net_ = net
        self._training_record = record_training(table.frame)

    def _draw_seeds(self) -> Seeds:
        return draw_seeds(self.random_state, self._value("n_members"))

    def _hold_out(self, table: TrainingTable, seed: int) -> npt.NDArray[np.bool_]:
        """Tell the rows that only validate."""
        share = self.validation_fraction if self.early_stopping else 0.0
        return hold_out(table.y, share, seed)

    def _train(
        self, make_net: Callable[..., EnsembleNet], data: LabelledExperiments, seeds: Seeds
    ) -> EnsembleNet:
        make = partial(make_net, **self._net_settings(data, seeds))
        return train(make, data, self._value("lr"), self.scaling == "standard")

    def _net_settings(self, data: LabelledExperiments, seeds: Seeds) -> dict[str, Any]:
        """Arguments that every net here takes, whatever its network and its loss."""
        experiments = data.experiments
        settings = NetworkSettings(
            fp_size=self.fp_size,
            conv_width=self.conv_width,
            radius=self.radius,
            activation=self._value("activation"),
            hidden_layer_sizes=tuple(n for n in _as_tuple(self._value("hidden_layer_sizes")) if n),
            dropout=self._value("dropout"),
            **self._last_layer(data.n_classes),
        )
        return {
            "alpha": self._value("alpha"),
            "batch_seed": seeds.batches,
            "module__settings": settings,
            "module__n_numeric": experiments.numeric.shape[1],
            "module__n_roles": len(experiments.graphs),
            "module__seeds": seeds.members,
            "max_epochs": self._value("max_epochs"),
            "batch_size": self._value("batch_size"),
            "callbacks": make_callbacks(
                bool(data.held_out.any()),
                self._value("lr_schedule"),
                self.n_iter_no_change,
                self.verbose,
                self.callbacks,
            ),
            "device": self.device,
        }

    def _read_fitted(self, X: Any) -> tuple[Self, pd.DataFrame]:
        """Give the model as it is now, and rows to predict with it."""
        fitted = freeze(self)
        check_is_fitted(fitted, "net_")
        return fitted, fitted._read_table(X)

    @abstractmethod
    def _last_layer(self, n_classes: int) -> dict[str, Any]:
        """Size and activation of the last layer, as `NetworkSettings` takes them."""

    @abstractmethod
    def _proba(self, experiments: Experiments, n_rows: int) -> torch.Tensor:
        """Class probabilities (n_members, n, n_classes) of a part of `n_rows` encoded rows."""

    def _variance(self, experiments: Experiments, n_rows: int) -> torch.Tensor:
        """Variance of the class probabilities (n, n_classes): here that of the members."""
        return self._proba(experiments, n_rows).var(0, correction=0)


def _as_tuple(sizes: Any) -> tuple[Any, ...]:
    return tuple(sizes) if isinstance(sizes, Iterable) else (sizes,)
