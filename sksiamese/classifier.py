"""Siamese network over learned molecular fingerprints, as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback

from sksiamese._base import NetworkClassifier
from sksiamese._training import PairLoss, to_tensors
from sksiamese._validation import require_integer, require_number, require_option
from sksiamese.nn.losses import MAX_LOGIT, kernel_proba, mean_proba
from sksiamese.nn.siamese import SiameseNetwork

__all__ = ["GraphFingerprintSiameseClassifier"]

_CHUNK_PAIRS = 500_000  # pairs, times members, compared at once: what a cache holds
_MANY_PAIRS = 10_000_000  # pairs, times members, beyond which single precision compares them
_LARGE_WEIGHT = 1e6  # beyond it, sums of evidence might overflow single precision


class _Support(NamedTuple):
    """Labelled experiments that rows are compared with."""

    embedding: torch.Tensor  # (n_members, n_support, embedding_size)
    y: npt.NDArray[np.int64]  # (n_support,)
    weight: npt.NDArray[np.float64]  # (n_support,)
    labels: pd.Index  # of the rows in the user's table


class GraphFingerprintSiameseClassifier(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, NetworkClassifier
):
    r"""Classifier that compares an experiment with past ones by a learned similarity.

    Molecules become learned fingerprints :math:`V` (graph convolutions, trained along with the
    rest), which join the scaled numbers :math:`W` in one input vector. A shared encoder G embeds
    it, and the similarity of two experiments falls with the distance of their embeddings:

    .. math:: s(x, z) = b - \sum_d w_d \, |G_d(x) - G_d(z)|

    Several members of different first weights are trained at once, and their probabilities
    averaged. With numeric columns alone this is the SNN of arXiv 1811.02771, with molecules its
    GCNN + SNN; :meth:`from_paper` gives that model's settings.

    Parameters
    ----------
    fp_size : int, default=10
        Length of the learned fingerprint of a molecule.
    conv_width : int, default=16
        Size of an atom's state after a convolution.
    radius : int, default=2
        Number of graph convolutions; an atom sees that many bonds far.
    descriptors : bool, default=True
        Whether each molecule column also gives the 12 RDKit descriptors of
        ``sksiamese.descriptors.RDKIT_DESCRIPTORS``.
    scaling : {"standard", "minmax"}, default="standard"
        Scale of the inputs: zero mean and unit variance, the learned fingerprints included; or
        numbers from 0 to 1 and fingerprints as they come.
    hidden_layer_sizes : int or tuple of int, default=(32,)
        Sizes of the encoder's hidden layers; zeros are left out.
    embedding_size : int, default=8
        Size of the embedding.
    activation : {"tanh", "relu", "leaky_relu", "sigmoid", "identity"}, default="tanh"
        Activation of convolutions and hidden layers.
    embedding_activation : {"tanh", "relu", "leaky_relu", "sigmoid", "identity"}, default="tanh"
        Activation of the embedding.
    signed : bool, default=False
        Whether the weights w of the distances may be negative, as in the paper; by default a
        farther pair is never more alike.
    readout : {"kernel", "mean"}, default="kernel"
        How similarities become probabilities. "kernel": every support row is evidence for its
        class, weighted with exp(s), and the class frequencies are one more piece of evidence;
        trained by predicting each row from the others. "mean": mean of sigmoid(s) over the support
        of each class; trained on same-or-different pairs, balanced, as in the paper.
    new_molecule_weight : float, default=0.5
        Share, 0 to 1, of the "kernel" loss in which a row is predicted from rows of other molecules
        alone (of the column with most molecules): practice for molecules never seen.
    pairs_per_step : int or None, default=None
        Pairs that each member draws in a step of the "mean" loss, half of them of equal class, as
        in the paper; None takes all pairs, weighted so. Not used by "kernel".
    dropout : float, default=0.0
        Share, from 0 to below 1, of hidden values dropped in training.
    alpha : float, default=0.001
        Weight of the L1 and of the L2 penalty on the weights of dense layers and convolutions.
    n_members : int, default=10
        Number of networks that are averaged.
    max_epochs : int, default=150
        Passes over the training rows.
    lr : float, default=0.01
        Step size of Adam.
    lr_schedule : {"cosine", "constant"}, default="cosine"
        Whether the step size falls to zero along a cosine.
    batch_size : int, default=512
        Rows that are compared with each other in a step. Up to so many rows, every step uses all
        pairs, and nothing is random but the first weights.
    early_stopping : bool, default=False
        Whether to hold rows out and stop when their loss no longer falls.
    validation_fraction : float, default=0.2
        Share of the rows held out by `early_stopping`, at least one of every class that has two;
        they still join the support set.
    n_iter_no_change : int, default=20
        Epochs without a better validation loss before stopping.
    callbacks : list of skorch.callbacks.Callback or None, default=None
        More skorch callbacks.
    device : str, default="cpu"
        Where torch computes, such as "cuda".
    n_jobs : int or None, default=None
        Processes that read SMILES; see :class:`~sksiamese.featurizer.SMILESFeaturizer`.
    random_state : int, RandomState instance or None, default=None
        Decides the first weights, the batches, the rows held out and the dropout. The global random
        state is neither used nor changed.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    class_prior_ : ndarray of shape (n_classes,)
        Weighted frequencies of the classes in training.
    encoder_ : ExperimentEncoder
        Kinds and scales of the columns.
    net_ : SiameseNet
        The trained skorch net.
    module_ : SiameseNetwork
        The trained network.
    history_ : skorch.history.History
        Losses of each epoch.
    support_indices_ : ndarray of shape (n_support,)
        Rows of the training X, or of the X given to ``set_support``, that make the support set.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where they are strings.

    See Also
    --------
    sksiamese.featurizer.SMILESFeaturizer : SMILES to graphs as a step of its own.

    Notes
    -----
    Columns that never vary in training are ignored. A fit interrupted from the keyboard keeps what
    was learnt so far, as skorch does; a fit that fails leaves the estimator as it was before.

    References
    ----------
    .. [1] "Machine learning accelerated synthesis of atomically precise gold nanoclusters",
       arXiv 1811.02771.
    .. [2] Duvenaud et al., "Convolutional networks on graphs for learning molecular fingerprints",
       arXiv 1509.09292.

    Examples
    --------
    >>> from sksiamese import GraphFingerprintSiameseClassifier
    >>> from sksiamese.datasets import make_nanoclusters
    >>> X, y = make_nanoclusters(54, random_state=0, return_X_y=True)
    >>> model = GraphFingerprintSiameseClassifier(n_members=3, max_epochs=50, random_state=0)
    >>> model.fit(X[:44], y[:44]).predict_proba(X[44:]).shape
    (10, 2)
    """

    def __init__(
        self,
        *,
        fp_size: int = 10,
        conv_width: int = 16,
        radius: int = 2,
        descriptors: bool = True,
        scaling: str = "standard",
        hidden_layer_sizes: int | Sequence[int] = (32,),
        embedding_size: int = 8,
        activation: str = "tanh",
        embedding_activation: str = "tanh",
        signed: bool = False,
        readout: str = "kernel",
        new_molecule_weight: float = 0.5,
        pairs_per_step: int | None = None,
        dropout: float = 0.0,
        alpha: float = 0.001,
        n_members: int = 10,
        max_epochs: int = 150,
        lr: float = 0.01,
        lr_schedule: str = "cosine",
        batch_size: int = 512,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        n_iter_no_change: int = 20,
        callbacks: list[Callback] | None = None,
        device: str = "cpu",
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.fp_size = fp_size
        self.conv_width = conv_width
        self.radius = radius
        self.descriptors = descriptors
        self.scaling = scaling
        self.hidden_layer_sizes = hidden_layer_sizes
        self.embedding_size = embedding_size
        self.activation = activation
        self.embedding_activation = embedding_activation
        self.signed = signed
        self.readout = readout
        self.new_molecule_weight = new_molecule_weight
        self.pairs_per_step = pairs_per_step
        self.dropout = dropout
        self.alpha = alpha
        self.n_members = n_members
        self.max_epochs = max_epochs
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.device = device
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None
    ) -> GraphFingerprintSiameseClassifier:
        """Learn the similarity from labelled experiments, and keep them as support set.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Columns of SMILES, of MolGraph objects and of numbers, in any mix.
        y : array-like of shape (n_samples,)
            Class labels of any type.
        groups : array-like of shape (n_samples,), default=None
            Campaign, assay or target of each row; pairs are formed within groups alone.
        sample_weight : array-like of shape (n_samples,), default=None
            Trust in each row; a weight of 2 counts as two equal rows, of 0 as no row.

        Returns
        -------
        GraphFingerprintSiameseClassifier
            The fitted classifier.

        Raises
        ------
        InvalidSMILESError
            Listing all cells that are no molecule.
        ValueError
            If the table, the labels, the weights or a hyper-parameter cannot be used; the message
            names column and row.

        Warns
        -----
        SmallClassWarning
            If a class has a single row.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> X = [["CCO", 20.0], ["CCCO", 25.0], ["c1ccccc1", 20.0], ["Cc1ccccc1", 25.0]]
        >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=20, random_state=0)
        >>> model.fit(X, ["dissolves", "dissolves", "floats", "floats"]).predict([["CCCCO", 22.0]])
        array(['dissolves'], dtype='<U9')
        """
        with self._all_or_nothing():
            self._check_parameters()
            table = self._fit_network(X, y, groups, sample_weight)
            self._keep_support(table.frame, table.y, table.weight, table.rows)
        return self

    def set_support(
        self, X: Any, y: Any, sample_weight: Any = None
    ) -> GraphFingerprintSiameseClassifier:
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
        GraphFingerprintSiameseClassifier
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
            table = self._read_labelled(X, y, None, sample_weight, reset=False)
            known = {label: number for number, label in enumerate(self.classes_.tolist())}
            unknown = [label for label in table.classes.tolist() if label not in known]
            if unknown:
                raise ValueError(
                    f"y holds the label {unknown[0]!r}, which fit did not see. Labels of the "
                    f"support set must be among {list(known)}."
                )
            numbers = np.array([known[label] for label in table.classes.tolist()])[table.y]
            self._keep_support(table.frame, numbers, table.weight, table.rows)
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
        proba = self.predict_proba(X)  # first, since it tells whether there are classes_
        return self.classes_[proba.argmax(axis=1)]

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
        frame = self._read_fitted(X)
        blocks = [self._proba(g) for g in self._embed(frame)]
        return torch.cat(blocks, dim=1).numpy()

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
        first, second = (
            torch.cat(list(self._embed(self._read_fitted(table))), dim=1) for table in (X, Z)
        )
        with torch.no_grad():
            blocks = [
                torch.sigmoid(self._similarity(part, second)).mean(0)
                for part in first.split(self._chunk_rows(second.shape[1]), dim=1)
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
        blocks = []
        for embedding in self._embed(frame):
            similarity = self.module_.similarity
            with torch.no_grad():
                scaled = similarity.scale(embedding.to(similarity.bias.device)).cpu()
            blocks.append(scaled.transpose(0, 1).flatten(1))
        return torch.cat(blocks).numpy()

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
        frame = self._read_fitted(X)
        with torch.no_grad():
            experiments = self.encoder_.encode(frame)
            inputs = to_tensors(experiments, self.module_.settings.radius, self.net_.device)
            found = self.module_.fingerprint(inputs.graphs)
        return {
            role: values.transpose(0, 1)[experiments.molecules[:, i]].cpu().numpy()
            for i, (role, values) in enumerate(zip(self.encoder_.roles_, found, strict=True))
        }

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
            "share" (its part of all evidence, prior included, averaged over the members), largest
            share first.

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
        for embedding in self._embed(frame):
            for part in embedding.split(self._chunk_rows(len(support.y)), dim=1):
                similarity, share = self._shares(part)
                top = np.argsort(-share, axis=1, kind="stable")[:, :n_top]
                rows = np.repeat(np.arange(len(top)), top.shape[1])
                flat = top.ravel()
                parts.append(
                    pd.DataFrame(
                        {
                            "row": frame.index[start + rows],
                            "support": support.labels[flat],
                            "outcome": self.classes_[support.y[flat]],
                            "similarity": similarity[rows, flat],
                            "share": share[rows, flat],
                        }
                    )
                )
                start += len(top)
        return pd.concat(parts, ignore_index=True)

    @classmethod
    def from_paper(cls, **changes: Any) -> GraphFingerprintSiameseClassifier:
        """Give a classifier with the settings of arXiv 1811.02771.

        Hidden layer of 60, embedding of 50 through a sigmoid, fingerprints of length 10 from two
        convolutions of width 32, leaky ReLU, dropout 0.5, L1 = L2 = 0.001, Adam with 0.001, mean
        similarity to each class, one network; 25 x 32 steps of 32 pairs, half of equal class.
        Dropout is drawn for each row of a step, not for each half of a pair.

        Parameters
        ----------
        **changes : dict
            Parameters to set otherwise, such as `n_members` or `random_state`.

        Returns
        -------
        GraphFingerprintSiameseClassifier
            An unfitted classifier.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseClassifier
        >>> GraphFingerprintSiameseClassifier.from_paper(random_state=0).embedding_size
        50
        """
        settings: dict[str, Any] = {
            "fp_size": 10,
            "conv_width": 32,
            "radius": 2,
            "descriptors": False,
            "scaling": "minmax",
            "hidden_layer_sizes": (60,),
            "embedding_size": 50,
            "activation": "leaky_relu",
            "embedding_activation": "sigmoid",
            "signed": True,
            "readout": "mean",
            "pairs_per_step": 32,
            "dropout": 0.5,
            "alpha": 0.001,
            "n_members": 1,
            "max_epochs": 800,
            "lr": 0.001,
            "lr_schedule": "constant",
        }
        return cls(**(settings | changes))

    @property
    def module_(self) -> SiameseNetwork:
        """The trained network."""
        return self.net_.module_

    @property
    def history_(self) -> Any:
        """Losses of each epoch, a :class:`skorch.history.History`."""
        return self.net_.history

    @property
    def _n_features_out(self) -> int:
        return self.module_.settings.embedding_size * len(self.module_.seeds)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        owner = type(self).__name__
        require_option(owner, "readout", self.readout, ("kernel", "mean"))
        require_number(owner, "new_molecule_weight", self.new_molecule_weight, 0, 1)
        if self.pairs_per_step is not None:
            require_integer(owner, "pairs_per_step", self.pairs_per_step, 2)

    def _criterion(self, prior: npt.NDArray[np.float64]) -> PairLoss:
        return PairLoss(self.readout, self.new_molecule_weight, self.pairs_per_step, prior)

    def _keep_support(
        self,
        frame: pd.DataFrame,
        y: npt.NDArray[np.int64],
        weight: npt.NDArray[np.float64],
        rows: npt.NDArray[np.int64],
    ) -> None:
        """Embed the rows that every prediction compares with."""
        embedding = torch.cat(list(self._embed(frame)), dim=1)
        order = np.argsort(y, kind="stable")  # class after class, for quick sums
        self._support = _Support(embedding[:, order], y[order], weight[order], frame.index[order])
        self.support_indices_ = rows

    def _support_matrix(self) -> torch.Tensor:
        """Weight of each support row in the column of its class, (n_support, n_classes)."""
        support = self._support
        matrix = np.eye(len(self.classes_))[support.y] * support.weight[:, None]
        if self.net_.criterion_.readout == "mean":
            matrix /= np.maximum(matrix.sum(0), np.finfo(float).tiny)
        return torch.as_tensor(matrix)

    def _similarity(self, embedding: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """Pair logits (n_members, n, m) of embeddings on the CPU."""
        similarity = self.module_.similarity
        device = similarity.bias.device
        return similarity(embedding.to(device), others.to(device)).cpu()

    @torch.no_grad()
    def _proba(self, embedding: torch.Tensor) -> torch.Tensor:
        """Probabilities (n_members, n, n_classes) against the support set, chunk by chunk.

        Many pairs are compared in single precision, at an error of about 1e-7, in half the time.
        """
        n_members, n_rows, _ = embedding.shape
        is_large = n_members * n_rows * len(self._support.y) > _MANY_PAIRS
        is_large &= self._support.weight.max() < _LARGE_WEIGHT
        dtype = torch.float32 if is_large else torch.float64
        support, matrix = self._support.embedding.to(dtype), self._support_matrix().to(dtype)
        prior = torch.as_tensor(self.class_prior_, dtype=dtype)
        read_out = kernel_proba if self.net_.criterion_.readout == "kernel" else mean_proba
        sizes = np.bincount(self._support.y, minlength=len(self.classes_)).tolist()
        blocks = [
            read_out(self._similarity(part.to(dtype), support), matrix, prior, sizes)
            for part in embedding.split(self._chunk_rows(len(matrix)), dim=1)
        ]
        return torch.cat(blocks, dim=1).to(torch.float64)

    @torch.no_grad()
    def _shares(self, embedding: torch.Tensor) -> tuple[Any, Any]:
        """Similarity and share of the evidence of each support row, (n, n_support) each."""
        logits = self._similarity(embedding, self._support.embedding)
        similarity = torch.sigmoid(logits)
        weight = self._support_matrix().sum(1)
        if self.net_.criterion_.readout == "kernel":
            evidence = torch.exp(logits.clamp(max=MAX_LOGIT)) * weight
            share = evidence / (1 + evidence.sum(-1, keepdim=True))
        else:
            evidence = similarity * weight
            share = evidence / evidence.sum(-1, keepdim=True)
        return similarity.mean(0).numpy(), share.mean(0).numpy()

    def _chunk_rows(self, n_support: int) -> int:
        return max(1, _CHUNK_PAIRS // (n_support * len(self.module_.seeds)))
