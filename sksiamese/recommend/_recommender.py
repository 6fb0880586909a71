"""From probabilities to the next experiments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import (
    make_generator,
    plain_label,
    require_instance,
    require_integer,
    require_n_jobs,
    require_number,
    require_option,
    require_probabilities,
    shorten,
)
from sksiamese._frame_libraries import as_pandas
from sksiamese._frames import ensure_table, require_columns
from sksiamese.persistence._packed_tables import EstimatorOfTables
from sksiamese.recommend._acquisition import ACQUISITIONS, NEED_STD, acquire
from sksiamese.recommend._batch_choice import RESULTS, choose_plate, describe_plate
from sksiamese.recommend._candidates import Pool, explore, find_centres, keep_best, vary_numbers
from sksiamese.recommend._measurement_checks import (
    choose_positive,
    continue_index,
    require_free,
    require_outcomes,
    require_own_name,
)
from sksiamese.recommend._recipe_distances import RecipeGeometry
from sksiamese.recommend._requests import check_request, is_allowed, read_exclusions, read_rows
from sksiamese.recommend._success_model import SuccessModel
from sksiamese.space._space import DesignSpace
from sksiamese.tables._labels import read_labels
from sksiamese.tables._table_classifier import record_training

_LEAST_KEPT = 1000  # candidates that a batch is chosen from; 50 for each of a larger batch

_Floats: TypeAlias = npt.NDArray[np.float64]
_Keys: TypeAlias = npt.NDArray[np.uint64]


class ExperimentRecommender(EstimatorOfTables):
    """Recommend the next experiments with any classifier.

    Candidates are made out of a design space, valued by the classifier, and a batch is chosen among
    the best ones whose recipes differ from each other.

    Parameters
    ----------
    estimator : classifier with predict_proba
        A clone of it is fitted; a fitted one in :class:`sklearn.frozen.FrozenEstimator` is kept as
        it is.
    space : DesignSpace or None, default=None
        Which experiments are possible. It has all columns of X; more columns must follow from
        these. None derives the space from X.
    acquisition : {"probability", "ucb", "entropy"}, default="probability"
        What makes an experiment worth doing. "probability": that of success. "ucb": upper
        confidence bound, the probability plus `beta` times `p_std`. "entropy": how open the outcome
        is, in bits.
    beta : float, default=1.0
        Standard deviations that "ucb" adds to the probability.
    diversity : float, default=0.15
        How far the experiments of a batch keep from each other, in median distances between
        neighbouring past experiments; 0 takes the most valuable ones however alike they are.
    n_candidates : int, default=20_000
        Number of candidates. Memory does not grow with it.
    tolerance : float or mapping of str to float, default=0.1
        How far conditions move in mode "optimize", as in :meth:`DesignSpace.around`.
    n_bootstrap : int, default=10
        Number of clones fitted on bootstrap samples, for the spread of a classifier without
        ``predict_std``; 0 fits none.
    positive : label or None, default=None
        The class that counts as success. None takes True, the largest number, or a word such as
        "yes" or "hit"; any other text is never guessed.
    n_jobs : int or None, default=None
        Threads that score candidates; None is one, -1 all cores. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Decides the candidates and the bootstrap samples, not the classifier.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier.
    classes_ : ndarray of shape (n_classes,)
        Its class labels.
    positive_ : label
        The class that counts as success.
    space_ : DesignSpace
        The space in use.
    measured_ : DataFrame of shape (n_measured, n_columns)
        Past experiments, with those added.
    outcomes_ : Series of shape (n_measured,)
        Their classes. Its name is that of y, or "outcome".
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where they are strings.

    See Also
    --------
    sksiamese.space.DesignSpace : Which experiments are possible.

    Notes
    -----
    `p_std` is how far the probability may be off, as a standard deviation: by ``predict_std(X)`` of
    shape (n_samples, n_classes), if the classifier has that, alone or at the end of a Pipeline;
    over clones fitted on stratified bootstrap samples otherwise. A frozen classifier without that
    method, and ``n_bootstrap=0``, have none: `p_std` is NaN, and only "probability" and "entropy"
    can be used.

    Distances add up over the columns as the squares of differences: numbers as shares of their
    range, molecules as 1 - Tanimoto similarity (ECFP4), levels as 0 or 1. An experiment is in the
    domain if its nearest past experiment is not further than 95 % of the past experiments are from
    theirs. A batch is chosen by local penalisation; pending experiments count as chosen.

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
    ['pH', 'temperature_C', 'p(works)', 'p_std', 'in_domain', 'nearest_experiment', 'distance',
     'acquisition']
    >>> bool((plate["pH"] < 12).all())
    True
    >>> done = plate.assign(outcome=["works", "works", "fails"])
    >>> len(recommender.add_measurements(done).measured_)
    43
    """

    def __init__(
        self,
        estimator: Any,
        space: DesignSpace | None = None,
        acquisition: Literal["probability", "ucb", "entropy"] = "probability",
        beta: float = 1.0,
        diversity: float = 0.15,
        n_candidates: int = 20_000,
        tolerance: float | Mapping[str, float] = 0.1,
        n_bootstrap: int = 10,
        positive: Any = None,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.acquisition = acquisition
        self.beta = beta
        self.diversity = diversity
        self.n_candidates = n_candidates
        self.tolerance = tolerance
        self.n_bootstrap = n_bootstrap
        self.positive = positive
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> ExperimentRecommender:
        """Fit the classifier with past experiments.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Past experiments.
        y : array-like of shape (n_samples,)
            Their classes.

        Returns
        -------
        ExperimentRecommender
            The fitted recommender.

        Raises
        ------
        TypeError
            If the classifier has no ``predict_proba``, or `space` is not a DesignSpace.
        ValueError
            If a hyper-parameter, the table or the labels cannot be used, or the space does not
            have the columns of X.
        """
        self._check_parameters()
        frame, named = ensure_table(X)
        y = as_pandas(y)
        labels = read_labels(y, len(frame))
        name = y.name if isinstance(y, pd.Series) and y.name is not None else "outcome"
        require_own_name(frame.columns, name)
        require_free(frame.columns, RESULTS)
        frame = frame.infer_objects()
        space = DesignSpace.from_frame(frame) if self.space is None else self.space
        space.require_columns(frame.columns)
        outcomes = pd.Series(labels, frame.index, name=name)
        fitted = self._fitted(frame, outcomes, space, named, self.positive)
        self.__dict__.pop("feature_names_in_", None)
        self.__dict__.update(fitted)
        return self

    def add_measurements(self, df: pd.DataFrame) -> ExperimentRecommender:
        """Add experiments with their outcomes, and fit the classifier again.

        Parameters
        ----------
        df : DataFrame of shape (n_samples, at least n_columns + 1)
            Such as a recommendation with a column of outcomes, named as y was, or "outcome". Other
            columns are left aside. If a label of its index is taken, whole numbers go on from the
            largest one.

        Returns
        -------
        ExperimentRecommender
            The recommender; a frozen classifier stays as it is.

        Raises
        ------
        TypeError
            If `df` is not a DataFrame.
        ValueError
            If a column is absent, an outcome is missing or unknown, or the table cannot be used.
        """
        check_is_fitted(self, "measured_")
        df = as_pandas(df)
        if not isinstance(df, pd.DataFrame):
            raise TypeError(f"add_measurements takes a DataFrame. Got {shorten(df)}.")
        name = self.outcomes_.name
        require_columns(df.columns, [*self.measured_.columns, name], "The table of measurements")
        require_outcomes(df[name], self.classes_)
        index = continue_index(self.measured_.index, df.index)
        new = df[list(self.measured_.columns)].set_axis(index)
        measured = pd.concat([self.measured_, new]) if len(new) else self.measured_
        classes = list(self.classes_)  # a half-filled CSV gives 1.0 for the class 1
        found = self.classes_[[classes.index(outcome) for outcome in df[name]]]
        labels = np.concatenate([self.outcomes_.to_numpy(), found])
        outcomes = pd.Series(read_labels(labels), measured.index, name=name)
        named = hasattr(self, "feature_names_in_")
        fitted = self._fitted(measured, outcomes, self.space_, named, self.positive_)
        self.__dict__.update(fitted)
        return self

    def recommend(
        self,
        batch_size: int,
        mode: Literal["explore", "optimize"] = "explore",
        exclude: Mapping[str, Iterable[Any]] | pd.DataFrame | None = None,
        pending: pd.DataFrame | None = None,
        candidates: pd.DataFrame | None = None,
        n_later: int = 0,
    ) -> pd.DataFrame:
        """Recommend experiments to do next.

        Parameters
        ----------
        batch_size : int
            Number of experiments.
        mode : {"explore", "optimize"}, default="explore"
            "explore" puts other molecules into past experiments (half of the candidates, if the
            space has molecules to choose from) and samples the whole space; "optimize" varies the
            numbers of the best ten past experiments: successes, the most probable first.
        exclude : mapping of str to list, DataFrame or None, default=None
            Values that must not occur, by column, such as molecules out of stock (in any spelling);
            or experiments that must not be recommended.
        pending : DataFrame or None, default=None
            Experiments already in the lab: none is recommended, and others keep away from them.
        candidates : DataFrame or None, default=None
            Choose among these experiments instead, such as recipes that are already prepared.
        n_later : int, default=0
            Number of experiments that can be done after this batch. If there are any, the
            acquisition "probability" also values what an outcome would tell of others: a success
            in the middle of many promising candidates is worth more than one that stands alone.

        Returns
        -------
        DataFrame of shape (batch_size, n_columns + 6)
            Distinct experiments of the space, none measured, pending or excluded; the first is the
            best. The columns of X, then the probability of success, named after the class, such as
            "p(large crystal)", or after the outcomes, as in "p(yield >= 50)", where the class is 1
            or True; "p_std", its spread; "in_domain", 1 or -1;
            "nearest_experiment", label of the nearest past experiment; "distance" to that;
            "acquisition", the value by itself. Rows of `candidates` keep their labels.

        Raises
        ------
        TypeError
            If `exclude`, `pending` or `candidates` is of another type.
        ValueError
            If too few candidates are left, or an argument cannot be used.
        """
        check_is_fitted(self, "measured_")
        self._check_parameters()
        self._require_spread(self._model)
        check_request(batch_size, mode, n_later, self.acquisition)
        rng = make_generator(self.random_state)
        waiting = read_rows(self.space_, "pending", pending)
        excluded, banned = read_exclusions(self.space_, exclude)
        given = read_rows(self.space_, "candidates", candidates)
        if candidates is not None and given is None:
            raise ValueError(
                "'candidates' has no rows. Leave it out, and candidates are made from the space."
            )
        known = [rows for rows in (self._past, waiting, excluded) if rows is not None]
        taken = np.concatenate([self._geometry.keys(rows) for rows in known])
        n_kept = max(_LEAST_KEPT, 50 * batch_size)
        pool = keep_best(
            self._make_candidates(mode, given, rng),
            lambda chunk: self._score(chunk, banned, taken, n_kept),
            n_kept,
            self.n_jobs,
        )
        if len(pool.values) < batch_size:
            raise ValueError(
                f"Only {len(pool.values)} distinct experiment(s) are left for a batch of "
                f"{batch_size}: all other candidates are measured, pending, excluded or outside "
                "of the design space. Lower batch_size, exclude less, or give more n_candidates, "
                "a wider space or the other mode."
            )
        chosen = choose_plate(
            pool, batch_size, n_later, self._geometry, self._spacing, self.diversity, waiting
        )
        frame = pool.frame.iloc[chosen]
        if candidates is None:
            frame = frame.reset_index(drop=True)
        return describe_plate(
            frame,
            pool.values[chosen],
            self._model,
            self._geometry,
            self._spacing,
            self._past,
            list(self.measured_.columns),
        )

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that text is welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags

    def _check_parameters(self) -> None:
        owner = type(self).__name__
        require_probabilities(owner, self.estimator)
        require_instance(owner, "space", self.space, DesignSpace)
        require_option(owner, "acquisition", self.acquisition, ACQUISITIONS)
        require_number(owner, "beta", self.beta, 0, np.inf, open_end=True)
        require_number(owner, "diversity", self.diversity, 0, np.inf, open_end=True)
        require_integer(owner, "n_candidates", self.n_candidates, 1)
        require_integer(owner, "n_bootstrap", self.n_bootstrap, 0)
        require_n_jobs(owner, self.n_jobs)

    def _fitted(
        self, frame: pd.DataFrame, outcomes: pd.Series, space: DesignSpace, named: bool, label: Any
    ) -> dict[str, Any]:
        """Fit the classifier, and give all fitted attributes."""
        labels = outcomes.to_numpy()
        model = SuccessModel(self.estimator, list(frame.columns), named)
        if not model.is_frozen and len(np.unique(labels)) < 2:
            raise ValueError(
                f"y holds one class only, {plain_label(labels[0])!r}, in {len(labels)} rows. A "
                "classifier needs rows of at least two classes."
            )
        model.fit(frame, labels, self.n_bootstrap, make_generator(self.random_state))
        classes = model.estimator.classes_
        positive = choose_positive(type(self).__name__, classes, label)
        model.set_positive(positive, outcomes.name)
        require_free(frame.columns, [model.column])
        self._require_spread(model)
        past = space.complete(frame)
        geometry = RecipeGeometry(space)
        fitted = {
            "estimator_": model.estimator,
            "classes_": classes,
            "positive_": positive,
            "space_": space,
            "measured_": frame,
            "outcomes_": outcomes,
            "n_features_in_": frame.shape[1],
            "_model": model,
            "_past": past,
            "_geometry": geometry,
            "_spacing": geometry.spacing(past),
            "_past_probability": model.probability(frame),
            "_training_record": record_training(frame),
        }
        names = {"feature_names_in_": np.array(frame.columns, dtype=object)} if named else {}
        return fitted | names

    def _require_spread(self, model: SuccessModel) -> None:
        if self.acquisition in NEED_STD and not model.has_std:
            raise ValueError(
                f"The acquisition {self.acquisition!r} needs a spread, and "
                f"{type(model.estimator).__name__} has no predict_std. Choose 'probability' or "
                "'entropy', or give a classifier that is not frozen and n_bootstrap of at least 2."
            )

    def _make_candidates(
        self, mode: str, given: pd.DataFrame | None, rng: np.random.RandomState
    ) -> Iterator[pd.DataFrame]:
        """Chunks of candidates, about `n_candidates` in all, or those given."""
        if given is not None:
            return iter([given])
        failed = (self.outcomes_ != self.positive_).to_numpy()
        if mode == "optimize":
            centres = find_centres(self.space_, self._past, failed, self._past_probability)
            return vary_numbers(self.space_, centres, self.tolerance, self.n_candidates, rng)
        past = self._past.iloc[np.lexsort([rng.random_sample(len(failed)), failed])]
        return explore(self.space_, past, self.n_candidates, rng)

    def _score(
        self, chunk: pd.DataFrame, banned: Mapping[str, set[Any]], taken: _Keys, n_kept: int
    ) -> Pool:
        """Value the possible, distinct and new experiments of a chunk, and keep the best."""
        allowed = chunk[is_allowed(self.space_, chunk, banned)]
        keys = self._geometry.keys(allowed)
        fresh = ~pd.Series(keys).duplicated().to_numpy() & ~np.isin(keys, taken)
        frame, keys = allowed[fresh], keys[fresh]
        values = self._value(frame) if len(frame) else np.empty(0)
        order = np.argsort(-values, kind="stable")[:n_kept]
        return Pool(frame.iloc[order], keys[order], values[order])

    def _value(self, frame: pd.DataFrame) -> _Floats:
        """Acquisition of experiments, (n_rows,)."""
        if self.acquisition not in NEED_STD:
            return acquire(self.acquisition, self._model.probability(frame), None)
        p, std = self._model.both(frame)
        return acquire(self.acquisition, p, std, self.beta)
