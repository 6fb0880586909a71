"""From what a model says of experiments to the next ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import (
    require_instance,
    require_integer,
    require_n_jobs,
    require_number,
    require_option,
    require_probabilities,
)
from sksiamese._shared_state import freeze
from sksiamese.recommend._given_candidates import read_candidates
from sksiamese.recommend._plate import describe_plate
from sksiamese.recommend._plate_search import PlateSearch
from sksiamese.recommend._requests import check_request, warn_of_left_out
from sksiamese.recommend.outcomes._acquisition import ACQUISITIONS, NEED_STD
from sksiamese.recommend.outcomes._number_model import (
    ACQUISITIONS_OF_NUMBERS,
    GOALS,
    require_regressor,
)
from sksiamese.recommend.outcomes._protocol import OutcomeModel
from sksiamese.space._space import DesignSpace

_CURE = " A regressor needs a goal: goal='maximize' or goal='minimize'."


class ExperimentRecommender(PlateSearch):
    """Recommend the next experiments with any classifier, or any regressor.

    Candidates are made out of a design space and valued: by the probability of success that a
    classifier gives, or, with a `goal`, by how far a measured number may exceed the best one so
    far, by a regressor. A batch is chosen among the best ones whose recipes differ from each other.

    Parameters
    ----------
    estimator : classifier with predict_proba, or regressor
        A clone of it is fitted; a fitted one in :class:`sklearn.frozen.FrozenEstimator` is kept as
        it is.
    space : DesignSpace or None, default=None
        Which experiments are possible. It has all columns of X; more columns must follow from
        these. None derives the space from X.
    goal : {"maximize", "minimize"} or None, default=None
        What is wanted of a measured number, such as a yield. None: outcomes are classes, and
        successes are wanted.
    acquisition : str or None, default=None
        What makes an experiment worth doing. Of classes, "probability" (None): that of success;
        "ucb": upper confidence bound, the probability plus `beta` times `p_std`; "entropy": how
        open the outcome is, in bits. Of numbers, "expected_improvement" (None): by how much the
        best number so far is expected to be exceeded; "probability": that it is exceeded; "ucb":
        the prediction plus `beta` times "std".
    beta : float, default=1.0
        Standard deviations that "ucb" adds.
    diversity : float, default=0.15
        How far the experiments of a batch keep from each other, in median distances between
        neighbouring past experiments; 0 takes the most valuable ones however alike they are. With
        a `goal` it has no effect: there a batch differs by what each outcome would tell.
    n_candidates : int, default=20_000
        Number of candidates. Memory does not grow with it.
    tolerance : float or mapping of str to float, default=0.1
        How far conditions move in mode "optimize", as in :meth:`DesignSpace.around`.
    n_bootstrap : int, default=10
        Number of clones fitted on bootstrap samples, for the spread of a classifier without
        ``predict_std``, or of a regressor that tells none (see Notes): at least 2; 0 fits none.
    n_folds : int, default=5
        Number of folds in which past experiments are held out, to learn how often what the
        classifier states comes true; 0 takes its probabilities as they are. Of no effect with a
        `goal`.
    positive : label or None, default=None
        The class that counts as success. None takes True, 1 (of 0 and 1, or -1 and 1), or a word
        such as "yes" or "hit"; of any other classes success is never guessed.
    n_jobs : int or None, default=None
        Threads that score candidates; None is one, -1 all cores. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Decides the candidates and the bootstrap samples, not the classifier.

    Attributes
    ----------
    estimator_ : classifier or regressor
        The fitted estimator.
    classes_ : ndarray of shape (n_classes,)
        Its class labels, without a `goal`.
    positive_ : label
        The class that counts as success, without a `goal`.
    best_ : float
        The best number so far, with a `goal`; before the first, see Notes.
    space_ : DesignSpace
        The space in use.
    measured_ : DataFrame of shape (n_measured, n_columns)
        Past experiments, with those added.
    outcomes_ : Series of shape (n_measured,)
        Their classes or numbers, infinite of failed experiments. Its name is that of y, or
        "outcome".
    pending_ : DataFrame of shape (n_pending, n_columns)
        Experiments that were added without an outcome; none of them is recommended.
    out_of_fold_ : Series of shape (n_measured,)
        Probability of success of each past experiment, by a classifier fitted without it; NaN where
        there is none, as with a `goal`. See :meth:`calibration`.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where they are strings.

    See Also
    --------
    sksiamese.space.DesignSpace : Which experiments are possible.

    Notes
    -----
    Probabilities are calibrated: clones of the classifier predict past experiments that they were
    not fitted with, and a logistic map of the log-odds (Platt's, with a normal prior) learns how
    often that came true. What few experiments leave open about the map draws probabilities towards
    one half. The order of experiments by probability stays. A frozen classifier cannot be fitted
    without some rows: its probabilities are taken as they are.

    `p_std` is how far the probability may be off, as a standard deviation: by ``predict_std(X)`` of
    shape (n_samples, n_classes), if the classifier has that, alone or at the end of a Pipeline;
    over clones fitted on stratified bootstrap samples otherwise; and by what is open about the
    calibration. A frozen classifier without that method, and ``n_bootstrap=0``, have none: `p_std`
    is NaN, and only "probability" and "entropy" can be used.

    Distances add up over the columns as the squares of differences: numbers as shares of their
    range, molecules as 1 - Tanimoto similarity (ECFP4), levels as 0 or 1. An experiment is in the
    domain if its nearest past experiment is not further than 95 % of the past experiments are from
    theirs. A batch is chosen by local penalisation; pending experiments count as chosen.

    With a `goal`, a batch is chosen one by one, each experiment as if those before it, and pending
    ones, had given what is expected of them. How far a prediction may be off, and how predictions
    depend on each other, is what ``predict`` gives with ``return_std`` and ``return_cov``, alone or
    at the end of a Pipeline; what the members of an ensemble (``estimators_``) give; or what clones
    fitted on bootstrap samples give. A number that is only bounded, such as ">95" or "<5", counts
    as its bound. Failed experiments are numbers like others: give them their 0 % yield.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sksiamese import ExperimentRecommender
    >>> rng = np.random.RandomState(0)
    >>> X = pd.DataFrame({"pH": rng.uniform(7, 14, 40), "temperature_C": rng.uniform(0, 80, 40)})
    >>> y = np.where((X["pH"] < 12) & (X["temperature_C"] < 50), "works", "fails")
    >>> forest = RandomForestClassifier(30, random_state=0)
    >>> recommender = ExperimentRecommender(forest, n_candidates=500, random_state=0).fit(X, y)
    >>> plate = recommender.recommend(3)
    >>> plate.columns.tolist()  # doctest: +NORMALIZE_WHITESPACE
    ['pH', 'temperature_C', 'p(works)', 'p_std', 'in_domain', 'new_pairs', 'nearest_experiment',
     'distance', 'acquisition']
    >>> bool((plate["pH"] < 12).all())
    True
    >>> done = plate.assign(outcome=["works", "works", "fails"])
    >>> len(recommender.add_measurements(done).measured_)
    43

    The best recipe by a measured number:

    >>> from sksiamese import GraphFingerprintSiameseRegressor
    >>> percent = (100 - 5 * (X["pH"] - 10) ** 2 - X["temperature_C"] / 2).rename("yield")
    >>> regressor = GraphFingerprintSiameseRegressor()
    >>> recommender = ExperimentRecommender(
    ...     regressor, goal="maximize", n_candidates=500, random_state=0
    ... ).fit(X, percent)
    >>> plate = recommender.recommend(3)
    >>> plate.columns[2:5].tolist()
    ['predicted', 'std', 'p(better)']
    >>> bool((plate["temperature_C"] < 20).all())
    True
    """

    def __init__(
        self,
        estimator: Any,
        space: DesignSpace | None = None,
        goal: Literal["maximize", "minimize"] | None = None,
        acquisition: Literal["probability", "ucb", "entropy", "expected_improvement"] | None = None,
        beta: float = 1.0,
        diversity: float = 0.15,
        n_candidates: int = 20_000,
        tolerance: float | Mapping[str, float] = 0.1,
        n_bootstrap: int = 10,
        n_folds: int = 5,
        positive: Any = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.goal = goal
        self.acquisition = acquisition
        self.beta = beta
        self.diversity = diversity
        self.n_candidates = n_candidates
        self.tolerance = tolerance
        self.n_bootstrap = n_bootstrap
        self.n_folds = n_folds
        self.positive = positive
        self.n_jobs = n_jobs
        self.random_state = random_state

    def recommend(
        self,
        batch_size: int,
        mode: Literal["explore", "optimize"] = "explore",
        exclude: Mapping[str, Iterable[Any]] | pd.DataFrame | None = None,
        pending: pd.DataFrame | None = None,
        candidates: pd.DataFrame | Iterable[pd.DataFrame] | None = None,
        n_later: int = 0,
        same: Sequence[str] = (),
        new_molecules: bool = False,
    ) -> pd.DataFrame:
        """Recommend experiments to do next.

        Parameters
        ----------
        batch_size : int
            Number of experiments.
        mode : {"explore", "optimize"}, default="explore"
            "explore" puts other molecules into past experiments (half of the candidates, if the
            space has molecules to choose from) and samples the whole space; "optimize" varies the
            numbers of the best ten past experiments: successes, the most probable first, or those
            of the best numbers.
        exclude : mapping of str to list, DataFrame or None, default=None
            Values that must not occur, by column, such as molecules out of stock (in any spelling,
            or by their names in the space); or experiments that must not be recommended.
        pending : DataFrame or None, default=None
            Experiments already in the lab, beside those in ``pending_``: none is recommended, and
            others keep away from them.
        candidates : DataFrame, iterable of DataFrame or None, default=None
            Choose among these experiments instead, such as recipes that are already prepared, or
            the best rows that :func:`~sksiamese.screen` found. Tables of an iterable are read one
            by one, so that they may be longer than memory. A warning counts those that are left
            out.
        n_later : int, default=0
            Number of experiments that can be done after this batch. If there are any, the
            acquisition "probability" also values what an outcome would tell of others: a success
            in the middle of many promising candidates is worth more than one that stands alone.
        same : sequence of str, default=()
            Columns whose values the batch shares, such as the temperature of a plate: the values
            whose best batch is worth most, by the sum of its acquisitions. Of numbers, nine evenly
            spread values are tried; in mode "optimize", those of the experiments that it starts
            from.
        new_molecules : bool, default=False
            Whether `candidates` may hold molecules that the space does not list. Ranges, levels
            and constraints hold for them all the same.

        Returns
        -------
        DataFrame of shape (batch_size, n_columns + 7), or + 8 with a `goal`
            Distinct experiments of the space, none measured, pending or excluded; the first is the
            best. The columns of X, then the probability of success, named after the class, such as
            "p(large crystal)", or after the outcomes, as in "p(yield >= 50)", where the class is 1
            or True; "p_std", its spread. Or, with a `goal`, "predicted", the expected number;
            "std", how far that may be off; "p(better)", the probability that it is better than the
            best so far. Then "in_domain", 1 or -1;
            "new_pairs", how many two of its molecules were never tried together;
            "nearest_experiment", label of the nearest past experiment, of past campaigns with their
            name before it; "distance" to that;
            "acquisition", the value by itself. All but the recipes are rounded to three decimals.
            Rows of `candidates` keep their labels.

        Raises
        ------
        InvalidSMILESError
            Listing molecules of `candidates` or `pending` that cannot be read.
        TypeError
            If `exclude`, `pending`, `candidates` or `same` is of another type.
        ValueError
            If too few candidates are left, an argument cannot be used, or `exclude` bans what
            cannot occur.
        """
        fitted = freeze(self)
        check_is_fitted(fitted, "measured_")
        fitted._check_parameters()
        fitted._require_spread(fitted._model)
        check_request(batch_size, mode, n_later, fitted.goal, fitted._acquisition.name)
        given = read_candidates(fitted.space_, fitted._geometry, candidates, new_molecules)
        request = fitted._read_request(
            batch_size, mode, n_later, exclude, pending, given, same, new_molecules
        )
        pool, chosen = fitted._search(request)
        if given is not None:
            warn_of_left_out(given.n_rows, pool.left_out)
        frame = pool.frame.iloc[chosen]
        return describe_plate(
            frame if given is not None else frame.reset_index(drop=True),
            pool.values[chosen],
            fitted._model,
            fitted._geometry,
            fitted._spacing,
            fitted._known,
            list(fitted.measured_.columns),
        )

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that text is welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags

    def _check_parameters(self) -> None:
        owner = type(self).__name__
        require_instance(owner, "space", self.space, DesignSpace)
        if self.goal is None:
            require_probabilities(owner, self.estimator, _CURE)
            options: Sequence[str] = ACQUISITIONS
        else:
            require_option(owner, "goal", self.goal, GOALS)
            require_regressor(owner, self.estimator)
            options = ACQUISITIONS_OF_NUMBERS
        if self.acquisition is not None:
            require_option(owner, "acquisition", self.acquisition, options)
        require_number(owner, "beta", self.beta, 0, np.inf, open_end=True)
        require_number(owner, "diversity", self.diversity, 0, np.inf, open_end=True)
        require_integer(owner, "n_candidates", self.n_candidates, 1)
        for name, value in (("n_bootstrap", self.n_bootstrap), ("n_folds", self.n_folds)):
            require_integer(owner, name, value, 0)
            if value == 1:  # has no spread, and leaves nothing to learn from
                raise ValueError(
                    f"The {name!r} parameter of {owner} must be 0 or an integer of at least 2. "
                    "Got 1 instead."
                )
        require_n_jobs(owner, self.n_jobs)

    def _require_spread(self, model: OutcomeModel) -> None:
        if model.has_std:
            return
        name, cure = type(model.estimator).__name__, "n_bootstrap of at least 2"
        if self.goal is not None:
            raise ValueError(
                f"A goal needs a spread, and {name} gives none: its predict takes no return_std, "
                f"and it has no members. Give a regressor that does, or one that is not frozen and "
                f"{cure}."
            )
        if self.acquisition in NEED_STD:
            raise ValueError(
                f"The acquisition {self.acquisition!r} needs a spread, and {name} has no "
                f"predict_std. Choose 'probability' or 'entropy', or give a classifier that is not "
                f"frozen and {cure}."
            )
