"""Siamese network over learned molecular fingerprints, as a scikit-learn classifier."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesClassifier
from skorch.callbacks import Callback

from sksiamese._checks import (
    plain_label,
    require_boolean,
    require_integer,
    require_number,
    require_option,
)
from sksiamese.exceptions import SmallClassWarning
from sksiamese.models._comparing import ComparingClassifier
from sksiamese.models._network import HiddenLayerClassifier
from sksiamese.models._objectives import EpisodeLoss, PairLoss
from sksiamese.models._training import EnsembleNet, EpisodeNet, SiameseNet
from sksiamese.models._trees import grow_trees
from sksiamese.nn._layers import ACTIVATIONS
from sksiamese.nn._siamese import SiameseNetwork
from sksiamese.tables._encoder import ExperimentEncoder, Experiments
from sksiamese.tables._labelled import TrainingTable

__all__ = ["GraphFingerprintSiameseClassifier"]


class GraphFingerprintSiameseClassifier(ComparingClassifier, HiddenLayerClassifier):
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
        principal components; "auto" does so where three rows in four have a molecule of their own
        (within their group).
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
        Whether the weights w of the distances may be negative, as in the paper; by default, and
        with "residual", a farther pair is never more alike.
    readout : {"kernel", "mean", "residual"}, default="kernel"
        How similarities become probabilities. "kernel": every support row is evidence for its
        class, weighted with exp(s), and the class frequencies are one more piece of evidence;
        trained by predicting each row from the others. "mean": mean of sigmoid(s) over the support
        of each class; trained on same-or-different pairs, balanced, as in the paper. "residual":
        for past campaigns, given as `groups`, and a new one: what the past ones suggest, corrected
        by how far it is off on the support rows near by; trained by letting a few rows of each
        campaign predict its others (see Notes).
    support_size : int or None, default=None
        Largest number of support rows, at least one of each class; None keeps all.
    support_choice : {"random", "central"}, default="random"
        Which rows `support_size` keeps of each class: drawn, or k-medoids of the embedding.
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
        of its own within its group. 0 is none; "residual" has none.
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
        pairs, and nothing is random but the first weights; "residual" draws campaigns, and the rows
        that play the known ones, anew for each step.
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
        Weighted frequencies of the classes in training; with "residual" averaged over the groups.
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
    sksiamese.GraphFingerprintMLPClassifier : A dense network that compares nothing.
    sksiamese.GraphFingerprintSVMClassifier : A linear support vector machine.

    Notes
    -----
    With ``readout="residual"``, past campaigns give scores t(x) by the embedding alone, and what
    they are off on the support rows is passed on by a Gaussian process:

    .. math::

        p_c(x) = \mathrm{softmax}_c \bigl[ t(x) + \textstyle\sum_j k(x, x_j) \alpha_j \bigr], \quad
        k(x, z) = e^{s(x, z)} + e^{l}

    (:class:`sksiamese.nn._residual.SupportResidual`). Each campaign weighs the same in training,
    whatever its size. What past campaigns found for the very same molecules joins the numbers of a
    row; in training its own campaign is left out, and a third of the rows recall nothing, so that
    molecules never met are no surprise.

    After a fit with groups there is no support row: predictions are those for a campaign of which
    nothing is known. ``set_support`` gives its first rows; a class without any keeps what past
    campaigns say of it. Success rates differ from campaign to campaign, so that ``predict`` has a
    threshold for each class. With the share of the class in the support rows, to which past ones
    add two rows, it is what that share of these rows exceeds by the probabilities that they get
    without their own labels.

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
    .. [3] Patacchiola et al., "Bayesian meta-learning for the few-shot setting via deep kernels",
       NeurIPS 2020.

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
        support_size: int | None = None,
        support_choice: str = "random",
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
        self.support_size = support_size
        self.support_choice = support_choice
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
            Campaign, assay or target of each row; pairs are formed within groups alone. Without
            them all rows are one group.
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
            self._n_groups = int(table.groups.max()) + 1
            experiments = self._train(table)
            self._trained_net = self.net_
            self.trees_ = self._grow_trees(experiments, table)
            if self.readout == "residual":
                self.class_prior_ = _campaign_prior(table)
            if self.readout == "residual" and groups is not None:
                table = table.take(np.empty(0, np.int64))  # a new campaign has no rows yet
                experiments = experiments.take(np.empty(0, np.int64))
            self._keep_support(experiments, table.y, table)
        return self

    def _check_parameters(self) -> None:
        super()._check_parameters()
        owner = type(self).__name__
        require_integer(owner, "embedding_size", self.embedding_size, 1)
        require_option(owner, "embedding_activation", self.embedding_activation, ACTIVATIONS)
        require_boolean(owner, "signed", self.signed)
        require_option(owner, "readout", self.readout, ("kernel", "mean", "residual"))
        if self.support_size is not None:
            require_integer(owner, "support_size", self.support_size, 1)
        require_option(owner, "support_choice", self.support_choice, ("random", "central"))
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

    def _make_net(self, **shared: Any) -> EnsembleNet:
        if self.readout == "residual":
            sizes = {
                "module__n_classes": len(self.class_prior_),
                "module__n_groups": self._n_groups,
            }
            settings = shared | sizes | {"module__signed": False}  # else it is no covariance
            return EpisodeNet(SiameseNetwork, criterion=EpisodeLoss(), **settings)
        loss = PairLoss(
            self.readout, self.new_molecule_weight, self.pairs_per_step, self.class_prior_
        )
        return SiameseNet(SiameseNetwork, criterion=loss, module__signed=self.signed, **shared)

    def _remember(
        self,
        encoder: ExperimentEncoder,
        experiments: Experiments,
        table: TrainingTable,
        held_out: npt.NDArray[np.bool_],
        seed: int,
    ) -> Experiments:
        if self.readout != "residual":
            return experiments
        weight = np.where(held_out, 0.0, table.weight)  # rows that validate tell nothing
        labels = table.y, table.groups, weight, len(table.classes)
        return encoder.remember(experiments, *labels, seed)

    def _grow_trees(
        self, experiments: Experiments, table: TrainingTable
    ) -> ExtraTreesClassifier | None:
        if not self.n_trees or not experiments.numeric.shape[1] or self.readout == "residual":
            return None
        seed = self.module_.seeds[0]
        return grow_trees(experiments.numeric, table.y, table.weight, self.n_trees, seed)


def _campaign_prior(table: TrainingTable) -> npt.NDArray[np.float64]:
    """Class frequencies, averaged over the groups."""
    counts = np.zeros((table.groups.max() + 1, len(table.classes)))
    np.add.at(counts, (table.groups, table.y), table.weight)
    counts = counts[counts.any(axis=1)]
    return np.asarray((counts / counts.sum(axis=1, keepdims=True)).mean(axis=0))


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
