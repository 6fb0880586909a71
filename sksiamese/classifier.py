"""Siamese network over learned molecular fingerprints, as a scikit-learn classifier."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import Callback

from sksiamese._base import HiddenLayerClassifier
from sksiamese._inputs import Experiments
from sksiamese._objectives import PairLoss
from sksiamese._support import SupportSet, chunks, compare
from sksiamese._tables import TrainingTable
from sksiamese._training import SiameseNet
from sksiamese._trees import LeafSupport, grow_trees
from sksiamese._validation import (
    plain_label,
    require_boolean,
    require_integer,
    require_number,
    require_option,
)
from sksiamese.exceptions import SmallClassWarning
from sksiamese.nn.layers import ACTIVATIONS
from sksiamese.nn.siamese import PairSimilarity, SiameseNetwork

__all__ = ["GraphFingerprintSiameseClassifier"]


class GraphFingerprintSiameseClassifier(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, HiddenLayerClassifier
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
        Scale of the inputs: zero mean, and unit variance of a descriptor and of a fingerprint as a
        whole, twice that spread of a condition beside molecules; or numbers from 0 to 1 and
        fingerprints as they come.
    tanimoto : {"auto", "always", "never"}, default="auto"
        Whether the molecules' Tanimoto similarities to those of training join the numbers, as
        principal components; "auto" does so where three rows in four have a molecule of their own.
    hidden_layer_sizes : int or tuple of int, default=(32,)
        Sizes of the encoder's hidden layers; zeros are left out.
        ``set_params(hidden_layer_sizes__0=8)`` sets one of them.
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
    n_trees : int, default=100
        Number of extremely randomised trees on the numbers. To share leaves is to be alike, so that
        support rows vote in trees too; the mean of both votes is the probability. Trees know little
        of molecules they never met, and do not vote on them, unless nearly every row has a molecule
        of its own. 0 is none.
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
    trees_ : sklearn.ensemble.ExtraTreesClassifier or None
        The trees.
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
    sksiamese.baselines.GraphFingerprintMLPClassifier : A dense network that compares nothing.
    sksiamese.baselines.GraphFingerprintSVMClassifier : A linear support vector machine.

    Notes
    -----
    Columns that never vary in training are ignored. A fit that fails or is interrupted
    from the keyboard leaves the estimator as it was before.

    Rows are compared some thousands at a time. Beside the table, predictions take at most 0.7 GB,
    and for each row 16 bytes for each member and class and 32 for each column; a fit takes
    ``100 * n_members * batch_size**2`` bytes, 0.26 GB by default, and 40 kB a row
    (``docs/memory.md``).

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

    _paper_settings = HiddenLayerClassifier._paper_settings | {
        "embedding_size": 50,
        "embedding_activation": "sigmoid",
        "signed": True,
        "readout": "mean",
        "pairs_per_step": 32,
        "n_trees": 0,
    }

    def __init__(
        self,
        *,
        fp_size: int = 10,
        conv_width: int = 16,
        radius: int = 2,
        descriptors: bool = True,
        scaling: str = "standard",
        tanimoto: str = "auto",
        hidden_layer_sizes: int | Sequence[int] = (32,),
        embedding_size: int = 8,
        activation: str = "tanh",
        embedding_activation: str = "tanh",
        signed: bool = False,
        readout: str = "kernel",
        new_molecule_weight: float = 0.5,
        pairs_per_step: int | None = None,
        n_trees: int = 100,
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
        self.tanimoto = tanimoto
        self.hidden_layer_sizes = hidden_layer_sizes
        self.embedding_size = embedding_size
        self.activation = activation
        self.embedding_activation = embedding_activation
        self.signed = signed
        self.readout = readout
        self.new_molecule_weight = new_molecule_weight
        self.pairs_per_step = pairs_per_step
        self.n_trees = n_trees
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

        A failure or an interruption (Ctrl-C) leaves the classifier as it was before.

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
            names column and row. Or if training diverged, and again with smaller steps.

        Warns
        -----
        SmallClassWarning
            If a class has a single row.
        ConvergenceWarning
            If training diverged, and starts again with steps a tenth as large.

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
            table = self._read_labelled(X, y, groups, sample_weight, reset=True)
            _warn_of_small_classes(table)
            experiments = self._train(table)
            self.trees_ = self._grow_trees(experiments, table)
            self._keep_support(experiments, table.y, table)
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
            self._keep_support(self.encoder_.encode(table.frame), numbers, table)
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
        similarity = self._similarity
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
        blocks, similarity = [], self._similarity
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
                    self._similarity, embedding[:, part], experiments.take(places[part])
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
    def _similarity(self) -> PairSimilarity:
        return cast(SiameseNetwork, self.module_).similarity

    @property
    def _n_features_out(self) -> int:
        return self.module_.settings.embedding_size * len(self.module_.seeds)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        owner = type(self).__name__
        require_integer(owner, "embedding_size", self.embedding_size, 1)
        require_option(owner, "embedding_activation", self.embedding_activation, ACTIVATIONS)
        require_boolean(owner, "signed", self.signed)
        require_option(owner, "readout", self.readout, ("kernel", "mean"))
        require_number(owner, "new_molecule_weight", self.new_molecule_weight, 0, 1)
        require_integer(owner, "n_trees", self.n_trees, 0)
        if self.pairs_per_step is not None:
            require_integer(owner, "pairs_per_step", self.pairs_per_step, 2)

    def _layers(self, n_classes: int) -> dict[str, Any]:
        return {
            **self._hidden_layers(),
            "embedding_size": self.embedding_size,
            "embedding_activation": self.embedding_activation,
        }

    def _make_net(self, **shared: Any) -> SiameseNet:
        loss = PairLoss(
            self.readout, self.new_molecule_weight, self.pairs_per_step, self.class_prior_
        )
        return SiameseNet(SiameseNetwork, criterion=loss, module__signed=self.signed, **shared)

    def _grow_trees(
        self, experiments: Experiments, table: TrainingTable
    ) -> ExtraTreesClassifier | None:
        if not self.n_trees or not experiments.numeric.shape[1]:
            return None
        seed = self.module_.seeds[0]
        return grow_trees(experiments.numeric, table.y, table.weight, self.n_trees, seed)

    def _keep_support(
        self, experiments: Experiments, y: npt.NDArray[np.int64], table: TrainingTable
    ) -> None:
        """Embed the rows that every prediction compares with."""
        order = np.argsort(y, kind="stable")
        numbers, y, weight = experiments.numeric[order], y[order], table.weight[order]
        leaves = None
        if self.trees_ is not None:
            leaves = LeafSupport.of_rows(self.trees_, numbers, y, weight, self.class_prior_)
        self._support = SupportSet(
            self._last_layer(experiments)[:, order].numpy(),
            y,
            weight,
            table.frame.index[order].to_numpy(),
            self.class_prior_,
            self.net_.criterion_.readout,
            leaves,
        )
        self.support_indices_ = table.rows

    def _proba(self, experiments: Experiments, outputs: torch.Tensor) -> torch.Tensor:
        return self._support.proba(self._similarity, outputs, experiments)


def _warn_of_small_classes(table: TrainingTable) -> None:
    n_rows = np.bincount(table.y, np.maximum(table.weight, 1))  # a weight of 2 is as two rows
    labels = [plain_label(c) for c, n in zip(table.classes, n_rows, strict=True) if n == 1]
    if labels:
        warnings.warn(
            f"Only one row of the class {', '.join(map(repr, labels))}: no pair of its own kind "
            "can be formed, so little can be learnt about it. Add experiments if you can.",
            SmallClassWarning,
            stacklevel=3,
        )
