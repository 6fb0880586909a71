"""Learned fingerprints under a plain dense network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from skorch.callbacks import Callback

from sksiamese.models._checks import Activation
from sksiamese.models._plain_classifier import ScoreClassifier
from sksiamese.nn._losses import cross_entropy_loss


class GraphFingerprintMLPClassifier(ScoreClassifier):
    r"""Dense network on learned fingerprints and numbers, the GCNN + DNN of arXiv 1811.02771.

    Molecules become learned fingerprints :math:`V` (graph convolutions, trained along with the
    rest), which join the scaled numbers :math:`W` in one input vector X. Hidden layers h and an
    output layer follow, and a softmax gives the probability of each class c:

    .. math:: p_c(X) = \frac{e^{f_c(X)}}{\sum_k e^{f_k(X)}}, \quad f(X) = A \, h(X) + b

    Trained by cross-entropy. Several members of different first weights are trained at once, and
    their probabilities averaged. With numeric columns alone this is the paper's DNN;
    :meth:`from_paper` gives its settings.

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
        Sizes of the hidden layers; zeros are left out.
        ``set_params(hidden_layer_sizes__0=8)`` sets one of them.
    activation : {"tanh", "relu", "leaky_relu", "sigmoid", "identity"}, default="tanh"
        Activation of convolutions and hidden layers.
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
        Rows of a step. Up to so many rows, every step uses all of them, and nothing is random but
        the first weights.
    early_stopping : bool, default=False
        Whether to hold rows out and stop when their loss no longer falls.
    validation_fraction : float, default=0.2
        Share of the rows held out by `early_stopping`, at least one of every class that has two.
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
    net_ : EnsembleNet
        The trained skorch net.
    module_ : FingerprintNetwork
        The trained network.
    history_ : skorch.history.History
        Losses of each epoch.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where they are strings.

    See Also
    --------
    GraphFingerprintSVMClassifier : The same under a linear support vector machine.
    sksiamese.GraphFingerprintSiameseClassifier : Compares experiments with past ones.

    Notes
    -----
    Columns that never vary in training are ignored: a prediction asks of them only that they hold
    text, molecules or numbers as before; other values there are warned of. A fit that fails or is
    interrupted from the keyboard leaves the estimator as it was before.

    References
    ----------
    .. [1] "Machine learning accelerated synthesis of atomically precise gold nanoclusters",
       arXiv 1811.02771.
    .. [2] Duvenaud et al., "Convolutional networks on graphs for learning molecular fingerprints",
       arXiv 1509.09292.

    Examples
    --------
    >>> from sksiamese import GraphFingerprintMLPClassifier
    >>> from sksiamese.datasets import make_nanoclusters
    >>> X, y = make_nanoclusters(54, random_state=0, return_X_y=True)
    >>> model = GraphFingerprintMLPClassifier(n_members=3, max_epochs=50, random_state=0)
    >>> model.fit(X[:44], y[:44]).predict_proba(X[44:]).shape
    (10, 2)
    """

    _loss = staticmethod(cross_entropy_loss)

    def __init__(
        self,
        *,
        fp_size: int = 10,
        conv_width: int = 16,
        radius: int = 2,
        descriptors: bool = True,
        scaling: Literal["standard", "minmax"] = "standard",
        tanimoto: Literal["auto", "always", "never"] = "auto",
        hidden_layer_sizes: int | Sequence[int] = (32,),
        activation: Activation = "tanh",
        dropout: float = 0.0,
        alpha: float = 0.001,
        n_members: int = 10,
        max_epochs: int = 150,
        lr: float = 0.01,
        lr_schedule: Literal["cosine", "constant"] = "cosine",
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
        self.activation = activation
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
