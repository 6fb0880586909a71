"""Regression of a measured number on the siamese kernel."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import require_boolean, require_n_jobs
from sksiamese._shared_state import freeze, replace_state
from sksiamese.models.training._gaussian_process_regression import NumberProcess
from sksiamese.models.training._threads import one_thread
from sksiamese.tables._doubtful_columns import warn_of_doubts
from sksiamese.tables._labels import number_groups, read_weights
from sksiamese.tables._measured_numbers import read_numbers
from sksiamese.tables._table_estimator import TableEstimator, record_training
from sksiamese.tables.encoding._encoder import ExperimentEncoder, Experiments

_LEAST_JUDGED = 10  # rows, from which on a column can be told to be no condition
_LEAST_SPREAD = 1e-9  # of numbers that vary, as a share of their size

_Float = npt.NDArray[np.float64]


class GraphFingerprintSiameseRegressor(RegressorMixin, TableEstimator):
    r"""Predict a measured number by comparing experiments, with how far it may be off.

    A Gaussian process whose covariance is the siamese kernel with its fixed terms: the experiments
    that are alike in their molecules and conditions give the prediction, and where there are none,
    its standard deviation is large. What counts as alike is learnt. It works from the first
    experiment on.

    Parameters
    ----------
    descriptors : bool, default=True
        Whether molecules are also compared by RDKit descriptors, beside identity and Tanimoto
        similarity.
    n_jobs : int or None, default=None
        Processes that read SMILES; see :class:`~sksiamese.featurizer.SMILESFeaturizer`.

    Attributes
    ----------
    encoder_ : ExperimentEncoder
        Kinds and scales of the columns.
    process_ : NumberProcess
        The trained process, of standardised outcomes.
    noise_std_ : float
        Standard deviation of a repeated measurement, learnt, in the unit of y.
    log_evidence_ : float
        Logarithm of the evidence that training reached.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where they are strings.

    See Also
    --------
    sksiamese.GraphFingerprintSiameseClassifier : The same for classes.
    sksiamese.ExperimentRecommender : Takes it to find the best recipe.

    Notes
    -----
    The expected outcomes of two experiments have the covariance

    .. math::

        k(x, z) = c + \sum_r a_r (1 - d_r) + \sum_j a_j e^{-l_j C_j}
            + s \, e^{-\sum_r v_r d_r - \sum_j v_j C_j}

    over columns r of molecules and names and conditions j, with :math:`d_r` a learnt mixture of
    identity, Tanimoto and descriptor distances, and :math:`C_j` half a squared difference of
    standardised numbers. Each column has a weight in the sum and a length in the product. They, and
    the variance of the noise, maximise the evidence times log-normal priors, by L-BFGS from one
    start: nothing is random.

    Numbers that never vary in training have a quarter of their size as standard deviation.

    With `groups`, the campaign of an experiment is one more column r of names: what campaigns share
    is learnt from all, and by how much they differ in level and in detail.

    Cost grows as the cube of the number of rows, memory as the square: for some tens up to about
    two thousand.

    References
    ----------
    .. [1] Rasmussen and Williams, "Gaussian processes for machine learning", 2006.

    Examples
    --------
    >>> from sksiamese import GraphFingerprintSiameseRegressor
    >>> X = [["CCO", 20.0], ["CCCO", 25.0], ["c1ccccc1", 20.0], ["Cc1ccccc1", 25.0]]
    >>> model = GraphFingerprintSiameseRegressor().fit(X, [80, ">95", 10, "<5"])
    >>> model.predict([["CCCCO", 22.0], ["CCc1ccccc1", 22.0]]).round() > 50
    array([ True, False])
    """

    def __init__(self, *, descriptors: bool = True, n_jobs: int | None = None) -> None:
        self.descriptors = descriptors
        self.n_jobs = n_jobs

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None
    ) -> GraphFingerprintSiameseRegressor:
        """Learn from measured experiments.

        A failure or an interruption (Ctrl-C) leaves the regressor as it was before.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Columns of SMILES, of MolGraph objects, of numbers and of names, in any mix.
        y : array-like of shape (n_samples,)
            Measured numbers. Of a text, ``">95"`` counts as 95, ``"<5"`` and ``"trace"`` as 5.
        sample_weight : array-like of shape (n_samples,), default=None
            Trust in each row; a weight of 2 counts as two equal rows, of 0 as no row.
        groups : array-like of shape (n_samples,), default=None
            Past campaign of each row, such as its substrate. Rows without one (None or NaN) belong
            to the campaign that predictions are of; where each row has one, that is a new one.

        Returns
        -------
        GraphFingerprintSiameseRegressor
            The fitted regressor.

        Raises
        ------
        InvalidSMILESError
            Listing all cells that are not molecules.
        ValueError
            If the table, the numbers, the weights or a hyper-parameter cannot be used; the message
            says where.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseRegressor
        >>> model = GraphFingerprintSiameseRegressor().fit([[0.0], [0.5], [1.0]], [0.0, 5.0, 10.0])
        >>> model.predict([[0.25]]).round().tolist()
        [2.0]
        """
        with replace_state(self) as draft:
            require_boolean(type(self).__name__, "descriptors", draft.descriptors)
            require_n_jobs(type(self).__name__, draft.n_jobs)
            table = draft._read_measured(X, y, sample_weight, groups)
            encoder = ExperimentEncoder(
                draft.descriptors, "standard", "never", draft.n_jobs, keeps_constant=True
            )
            one_group = np.zeros(len(table.y), np.int64)
            experiments = encoder.fit_encode(table.frame, table.weight, one_group)
            experiments = _add_campaigns(experiments, table.campaigns)
            draft._has_campaigns = table.campaigns is not None
            if draft._names is not None and len(table.y) >= _LEAST_JUDGED:
                taken = "All were taken as inputs."
                warn_of_doubts(table.frame, encoder.kinds_, None, taken, stacklevel=2)
            draft._center, draft._scale = _find_scale(table.y, table.weight)
            standard = (table.y - draft._center) / draft._scale
            with one_thread():
                draft.process_ = NumberProcess(experiments, standard, table.weight)
            draft.encoder_ = encoder
            draft.noise_std_ = float(np.sqrt(draft.process_.noise) * draft._scale)
            draft.log_evidence_ = draft.process_.log_evidence
            draft._training_record = record_training(table.frame)
        return self

    @overload
    def predict(
        self, X: Any, return_std: Literal[False] = ..., return_cov: Literal[False] = ...
    ) -> _Float: ...

    @overload
    def predict(
        self, X: Any, return_std: bool = ..., return_cov: bool = ...
    ) -> _Float | tuple[_Float, _Float]: ...

    def predict(
        self, X: Any, return_std: bool = False, return_cov: bool = False
    ) -> _Float | tuple[_Float, _Float]:
        """Predict the expected outcome of experiments.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.
        return_std : bool, default=False
            Whether to tell how far the prediction may be off.
        return_cov : bool, default=False
            Whether to tell how predictions depend on each other.

        Returns
        -------
        ndarray of shape (n_samples,), or a tuple of it and another
            Expected outcomes, in the unit of y. With `return_std`, also their standard deviations,
            (n_samples,); with `return_cov`, their covariances, (n_samples, n_samples). Both leave
            the noise of a measurement out, which is ``noise_std_``.

        Raises
        ------
        ValueError
            If the table cannot be used, or both are asked for.

        Examples
        --------
        >>> from sksiamese import GraphFingerprintSiameseRegressor
        >>> model = GraphFingerprintSiameseRegressor().fit([[0.0], [0.5], [1.0]], [0.0, 5.0, 10.0])
        >>> mean, std = model.predict([[0.5], [5.0]], return_std=True)
        >>> bool(std[0] < std[1])
        True
        """
        fitted = freeze(self)
        check_is_fitted(fitted, "process_")
        if return_std and return_cov:
            raise ValueError(
                "predict gives standard deviations or covariances, whose diagonal holds their "
                "squares. Got return_std=True and return_cov=True: leave one out."
            )
        experiments = fitted.encoder_.encode(fitted._read_table(X))
        if fitted._has_campaigns:
            at_hand = np.full(len(experiments.molecules), -1)
            experiments = _add_campaigns(experiments, at_hand)
        with one_thread():
            if return_cov:
                mean, spread = fitted.process_.joint(experiments)
                return fitted._center + fitted._scale * mean, fitted._scale**2 * spread
            mean, variance = fitted.process_.marginal(experiments)
        predicted = fitted._center + fitted._scale * mean
        return (predicted, fitted._scale * np.sqrt(variance)) if return_std else predicted

    def _read_measured(self, X: Any, y: Any, sample_weight: Any, groups: Any) -> _Measurements:
        """Check the input of a fit, and remember the columns; rows of weight zero are gone."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None. "
                "Pass one number for each row of X."
            )
        frame = self._read_table(X, reset=True)
        numbers = read_numbers(y, len(frame))
        weight = read_weights(sample_weight, len(frame))
        campaigns = None if groups is None else number_groups(groups, len(frame))
        rows = weight > 0
        return _Measurements(
            frame[rows],
            numbers[rows],
            weight[rows],
            None if campaigns is None else campaigns[rows],
        )


class _Measurements(NamedTuple):
    """Checked input of a fit.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
        Experiments.
    y : ndarray of shape (n_rows,)
        Measured numbers.
    weight : ndarray of shape (n_rows,)
        Sample weights, positive.
    campaigns : ndarray of shape (n_rows,) or None
        Numbers of past campaigns, -1 of the one at hand; None where none are told apart.
    """

    frame: pd.DataFrame
    y: _Float
    weight: _Float
    campaigns: npt.NDArray[np.int64] | None


def _add_campaigns(
    experiments: Experiments, campaigns: npt.NDArray[np.int64] | None
) -> Experiments:
    """Put the campaign beside the columns of names."""
    if campaigns is None:
        return experiments
    return experiments._replace(categories=np.column_stack([experiments.categories, campaigns]))


def _find_scale(y: _Float, weight: _Float) -> tuple[float, float]:
    """Weighted mean and standard deviation; of equal numbers, their size stands for the latter."""
    center = float(np.average(y, weights=weight))
    std = float(np.sqrt(np.average((y - center) ** 2, weights=weight)))
    if std > _LEAST_SPREAD * abs(center):
        return center, std
    return center, abs(center) or 1.0
