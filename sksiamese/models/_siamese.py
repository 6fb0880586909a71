"""Siamese network over learned molecular fingerprints, as a scikit-learn classifier."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import numpy as np
from skorch.callbacks import Callback

from sksiamese._checks import plain_label, require_integer, require_option
from sksiamese._shared_state import replace_state
from sksiamese.exceptions import SmallClassWarning
from sksiamese.models._checks import Activation
from sksiamese.models._room import require_room
from sksiamese.models._support_set_classifier import ComparingClassifier
from sksiamese.models.readouts import READOUTS
from sksiamese.models.training._labelled_rows import LabelledExperiments
from sksiamese.nn._layers import ACTIVATIONS
from sksiamese.tables._labels import TrainingTable


class GraphFingerprintSiameseClassifier(ComparingClassifier):
    r"""Classifier that compares an experiment with past ones by a learned similarity.

    Molecules become learned fingerprints :math:`V` (graph convolutions, trained along with the
    rest), numbers and descriptors :math:`W` go through a shared encoder G, and the likeness of two
    experiments is the kernel of a Gaussian process: fixed terms (the same molecule, a similar one,
    a near condition, a like recipe), and terms that are learnt, in which both halves of a pair pass
    through the same network. Labelled experiments are the support set that predictions come from.

    With ``readout="paper"`` and numeric columns this is the SNN of arXiv 1811.02771, with molecules
    its GCNN + SNN; :meth:`from_paper` gives that model's settings.

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
    tanimoto : {"auto", "always", "never"} or None, default=None
        Whether the molecules' Tanimoto similarities to those of training join the numbers, as
        principal components; "auto" does so where three rows in four have a molecule of their own
        (within their group), and of groups also where one of them has several molecules.
    hidden_layer_sizes : int, tuple of int or None, default=None
        Sizes of the encoder's hidden layers; zeros are left out.
        ``set_params(hidden_layer_sizes__0=8)`` sets one of them.
    embedding_size : int or None, default=None
        Size of the embedding.
    activation : {"tanh", "relu", "leaky_relu", "sigmoid", "identity"} or None, default=None
        Activation of convolutions and hidden layers.
    embedding_activation : same as activation, default=None
        Activation of the embedding.
    readout : {"process", "mean", "paper", "residual"}, default="process"
        How similarities become probabilities. "process": Gaussian processes whose kernels are
        siamese (see Notes), trained by their evidence. "mean": mean of sigmoid(s) over the support
        of each class; trained on all same-or-different pairs, balanced, and a farther pair is never
        more alike. "paper": the same, but the weights w of the distances may be negative, and each
        member draws 32 pairs a step, half of them of equal class. "residual": for past campaigns,
        given as `groups`, and a new one: what the past ones suggest, corrected by how far it is off
        on the support rows near by; trained by letting a few rows of each campaign predict its
        others (see Notes).
    support_size : int or None, default=None
        Largest number of support rows, drawn at random from each class in its share, at least one.
        None keeps all, and 400 with "process" (fewer with many classes), where all other rows speak
        through these.
    dropout : float or None, default=None
        Share, from 0 to below 1, of hidden values dropped in training.
    alpha : float or None, default=None
        Weight of the L1 and of the L2 penalty on the weights of dense layers and convolutions.
    n_members : int or None, default=None
        Number of networks that are averaged.
    max_epochs : int or None, default=None
        Passes over the training rows.
    lr : float or None, default=None
        Step size of Adam.
    lr_schedule : {"cosine", "constant"} or None, default=None
        Whether the step size falls to zero along a cosine.
    batch_size : int or None, default=None
        Rows that are compared with each other in a step. Up to so many rows, every step uses all
        pairs, and nothing is random but the first weights and the dropout. Of more, "process" draws
        so many for each step, one step an epoch; "residual" draws campaigns, and the rows that play
        the known ones, anew for each step.
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
    net_ : EnsembleNet
        The trained skorch net.
    module_ : ProcessNetwork or SiameseNetwork
        The trained network.
    history_ : skorch.history.History
        Losses of each epoch.
    support_indices_ : ndarray of shape (n_support,)
        Rows of the training X, or of the X given to ``set_support``, that make the support set.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where they are strings.

    See Also
    --------
    sksiamese.featurizer.SMILESFeaturizer : SMILES to graphs as a step of its own.
    sksiamese.GraphFingerprintMLPClassifier : A dense network that compares nothing.
    sksiamese.GraphFingerprintSVMClassifier : A linear support vector machine.

    Notes
    -----
    With ``readout="process"``, the latent outcomes of two experiments have the covariance

    .. math::

        k(x, z) = c + \sum_r a_r (1 - d_r) + \sum_j a_j e^{-l_j C_j}
            + s \, e^{-\sum_r v_r d_r - \sum_j v_j C_j} + k_L(x, z)

    over molecule columns r and conditions j, with :math:`d_r` a learnt mixture of identity,
    Tanimoto and descriptor distances and :math:`C_j` half a squared difference
    (:class:`sksiamese.nn._kernel.SiameseKernel`). Three processes are averaged: one with the fixed
    terms alone; one in whose :math:`d_r` the distance of the learned fingerprints joins; and one
    with :math:`k_L = e \, \exp(-\sum_d w_d |G_d(x) - G_d(z)|)`. Labels are taken up by Laplace's
    approximation, one function for each class of more than two, and a row far from all others gets
    the class frequencies. Members differ in their first weights and in dropout.

    Parameters that are None have the value that suits the read-out:

    ==================== ============ ==========
    parameter            "process"    the others
    ==================== ============ ==========
    tanimoto             "always"     "auto"
    hidden_layer_sizes   (40,)        (32,)
    embedding_size       20           8
    activation           "leaky_relu" "tanh"
    embedding_activation "sigmoid"    "tanh"
    dropout              0.5          0.0
    alpha                0.002        0.001
    n_members            4            10
    batch_size           200          512
    max_epochs           50           150
    lr                   0.15         0.01
    lr_schedule          "constant"   "cosine"
    ==================== ============ ==========

    With ``readout="residual"``, past campaigns give scores t(x) by the embedding alone, and what
    they are off on the support rows is passed on by a Gaussian process:

    .. math::

        p_c(x) = \mathrm{softmax}_c \bigl[ t(x) + \textstyle\sum_j k(x, x_j) \alpha_j \bigr], \quad
        k(x, z) = e^{s(x, z)} + e^{l}

    (:class:`sksiamese.nn._support_residual.SupportResidual`). Each campaign weighs the same in
    training, whatever its size. What past campaigns found for the very same molecules joins the
    numbers of a row; in training its own campaign is left out, and a third of the rows recall
    nothing, so that new molecules do not come as a surprise.

    After a fit with groups there is no support row: predictions are those for a campaign of which
    nothing is known. ``set_support`` gives its first rows; a class without any keeps what past
    campaigns say of it. Success rates differ from campaign to campaign, so that ``predict`` has a
    threshold for each class. With the share of the class in the support rows, to which past ones
    add two rows, it is what that share of these rows exceeds by the probabilities that they get
    without their own labels.

    Columns that never vary in training are ignored: a prediction asks of them only that they hold
    text, molecules or numbers as before; other values there are warned of. A fit that fails or is
    interrupted from the keyboard leaves the estimator as it was before.

    Rows are compared some thousands at a time; ``docs/memory.md`` tells what each step takes at
    most.

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

    def __init__(
        self,
        *,
        fp_size: int = 10,
        conv_width: int = 16,
        radius: int = 2,
        descriptors: bool = True,
        scaling: Literal["standard", "minmax"] = "standard",
        tanimoto: Literal["auto", "always", "never"] | None = None,
        hidden_layer_sizes: int | Sequence[int] | None = None,
        embedding_size: int | None = None,
        activation: Activation | None = None,
        embedding_activation: Activation | None = None,
        readout: Literal["process", "mean", "paper", "residual"] = "process",
        support_size: int | None = None,
        dropout: float | None = None,
        alpha: float | None = None,
        n_members: int | None = None,
        max_epochs: int | None = None,
        lr: float | None = None,
        lr_schedule: Literal["cosine", "constant"] | None = None,
        batch_size: int | None = None,
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
        self.readout = readout
        self.support_size = support_size
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
            Listing all cells that are not molecules.
        ValueError
            If the table, the labels, the weights or a hyper-parameter cannot be used; the message
            names column and row. If the matrices of the default read-out would not fit into 8 GB,
            as with hundreds of classes; the message says what would fit. Or if training diverged,
            and again with smaller steps.

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
        with replace_state(self) as draft:
            draft._check_parameters()
            table = draft._read_labelled(X, y, groups, sample_weight, reset=True)
            _warn_of_small_classes(table)
            readout = READOUTS[draft.readout]()
            size = draft._size(len(table.y), len(table.classes), draft._value("n_members"))
            require_room(readout, draft.readout, size)
            encoder, experiments = draft._encode(table)
            seeds, prior = draft._draw_seeds(), readout.prior(table)
            held_out = draft._hold_out(table, seeds.split)
            experiments = readout.enrich(encoder, experiments, table, held_out, seeds.split)
            rows = experiments, table.y, table.groups, table.weight, held_out
            data = LabelledExperiments(*rows, prior)
            net = draft._train(partial(readout.make_net, data), data, seeds)
            draft._publish(table, encoder, net, prior)
            draft._readout, draft._trained_net = readout, net
            if readout.starts_empty(groups is not None):
                no_rows = np.empty(0, np.int64)
                table, experiments = table.take(no_rows), experiments.take(no_rows)
            draft._keep_support(draft._label(experiments, table), table)
        return self

    def _value(self, name: str) -> Any:
        """Give the value of a hyper-parameter; None is the read-out's own."""
        value = getattr(self, name)
        if value is None and self.readout in READOUTS:
            return READOUTS[self.readout].defaults.get(name)
        return value

    def _check_parameters(self) -> None:
        owner = type(self).__name__
        require_option(owner, "readout", self.readout, tuple(READOUTS))
        super()._check_parameters()
        require_integer(owner, "embedding_size", self._value("embedding_size"), 1)
        activation = self._value("embedding_activation")
        require_option(owner, "embedding_activation", activation, ACTIVATIONS)
        if self.support_size is not None:
            require_integer(owner, "support_size", self.support_size, 1)

    def _last_layer(self, n_classes: int) -> dict[str, Any]:
        return {
            "embedding_size": self._value("embedding_size"),
            "embedding_activation": self._value("embedding_activation"),
        }


def _warn_of_small_classes(table: TrainingTable) -> None:
    n_rows = np.bincount(table.y, np.maximum(table.weight, 1))  # a weight of 2 is as two rows
    labels = [plain_label(c) for c, n in zip(table.classes, n_rows, strict=True) if n == 1]
    if labels:
        warnings.warn(
            f"Only one row of the class {', '.join(map(repr, labels))}: no pair of its own kind "
            "can be formed, so little can be learnt about it, and predict may never give it: look "
            "at its column of predict_proba. Add experiments of it, or leave it out.",
            SmallClassWarning,
            stacklevel=3,
        )
