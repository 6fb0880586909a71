"""Learned fingerprints under a linear support vector machine."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from skorch.callbacks import Callback

from sksiamese.models._checks import Activation
from sksiamese.models._plain_classifier import ScoreClassifier
from sksiamese.models.training._ensemble_net import last_layer
from sksiamese.nn._losses import hinge_loss


class GraphFingerprintSVMClassifier(ScoreClassifier):
    r"""Linear support vector machine on learned fingerprints and numbers (GCNN + SVM).

    Molecules become learned fingerprints :math:`V` (graph convolutions, trained along with the
    rest), which join the scaled numbers :math:`W` in one input vector X. A linear layer scores
    each class, and training asks the score of the right class to be the largest by a margin of
    one, the multi-class hinge loss of Crammer and Singer:

    .. math:: \max\bigl(0, 1 - f_y(X) + \max_{c \ne y} f_c(X)\bigr), \quad f(X) = A X + b

    Several members of different first weights are trained at once, and their probabilities
    averaged. With numeric columns alone this is the SVM of arXiv 1811.02771, with molecules its
    GCNN + SVM; :meth:`from_paper` gives its settings.

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
    activation : {"tanh", "relu", "leaky_relu", "sigmoid", "identity"}, default="tanh"
        Activation of the convolutions.
    alpha : float, default=0.001
        Weight of the L1 and of the L2 penalty on the weights of the linear layer and of the
        convolutions.
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
        Decides the first weights, the batches and the rows held out. The global random state is
        neither used nor changed.
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
    GraphFingerprintMLPClassifier : The same under a dense network.
    sksiamese.GraphFingerprintSiameseClassifier : Compares experiments with past ones.

    Notes
    -----
    Columns that never vary in training are ignored: a prediction asks of them only that they hold
    text, molecules or numbers as before; other values there are warned of. A fit that fails or is
    interrupted from the keyboard leaves the estimator as it was before.

    A margin is not a probability. ``predict_proba`` is a softmax over each member's scores, so for
    two classes the logistic function of the margin, averaged over the members: it ranks and it
    sums to one, but nothing was fitted to make it calibrated. Where calibration matters and rows
    suffice, wrap the classifier in scikit-learn's ``CalibratedClassifierCV``.

    References
    ----------
    .. [1] "Machine learning accelerated synthesis of atomically precise gold nanoclusters",
       arXiv 1811.02771.
    .. [2] Duvenaud et al., "Convolutional networks on graphs for learning molecular fingerprints",
       arXiv 1509.09292.
    .. [3] Crammer and Singer, "On the algorithmic implementation of multiclass kernel-based vector
       machines", J. Mach. Learn. Res. 2, 265 (2001).

    Examples
    --------
    >>> from sksiamese import GraphFingerprintSVMClassifier
    >>> from sksiamese.datasets import make_nanoclusters
    >>> X, y = make_nanoclusters(54, random_state=0, return_X_y=True)
    >>> model = GraphFingerprintSVMClassifier(n_members=3, max_epochs=50, random_state=0)
    >>> model.fit(X[:44], y[:44]).decision_function(X[44:]).shape
    (10,)
    """

    _loss = staticmethod(hinge_loss)
    hidden_layer_sizes = ()  # neither is a parameter: the scores are linear
    dropout = 0.0

    def __init__(
        self,
        *,
        fp_size: int = 10,
        conv_width: int = 16,
        radius: int = 2,
        descriptors: bool = True,
        scaling: Literal["standard", "minmax"] = "standard",
        tanimoto: Literal["auto", "always", "never"] = "auto",
        activation: Activation = "tanh",
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
        self.activation = activation
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

    def predict_log_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Logarithms of the class probabilities, exact where a probability rounds to 0 or 1.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Logarithms in the order of ``classes_``.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSVMClassifier
        >>> model = GraphFingerprintSVMClassifier(n_members=2, max_epochs=50, random_state=0)
        >>> model = model.fit([[0.0], [0.1], [0.9], [1.0]], ["no", "no", "yes", "yes"])
        >>> model.predict_log_proba([[0.5]]).shape
        (1, 2)
        """
        fitted, frame = self._read_fitted(X)
        if not fitted.encoder_.has_columns:
            return super(GraphFingerprintSVMClassifier, fitted).predict_log_proba(X)
        experiments = fitted.encoder_.encode(frame)
        members = torch.log_softmax(last_layer(fitted.net_, experiments), dim=-1)
        # (n_members, n, n_classes) to (n, n_classes)
        return (torch.logsumexp(members, dim=0) - np.log(len(members))).numpy()

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """Margins: how far each row is on the side of a class.

        Members are combined as in ``predict_proba``, of which these are the log-odds or the
        logarithms, so that all methods agree. With one member and two classes this is the plain
        difference of the two scores, which training pushes beyond -1 and 1.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes the log-odds of ``classes_[1]``; for more, the logarithm of the
            probability of each.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSVMClassifier
        >>> model = GraphFingerprintSVMClassifier(n_members=2, max_epochs=50, random_state=0)
        >>> model = model.fit([[0.0], [0.1], [0.9], [1.0]], ["no", "no", "yes", "yes"])
        >>> model.decision_function([[0.05], [0.95]]) > 0
        array([False,  True])
        """
        log_proba = self.predict_log_proba(X)
        if log_proba.shape[1] > 2:
            return log_proba
        return log_proba[:, 1] - log_proba[:, 0]
