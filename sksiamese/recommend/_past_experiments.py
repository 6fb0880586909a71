"""Past experiments, and the model of success that is fitted to them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import make_generator, shorten
from sksiamese._frame_libraries import as_pandas
from sksiamese._frames import ensure_table, require_columns
from sksiamese._shared_state import freeze, replace_state
from sksiamese.persistence._packed_tables import EstimatorOfTables
from sksiamese.recommend._check_measurements import (
    continue_index,
    join_spellings,
    read_outcomes,
    require_free,
    require_new,
    require_own_name,
    return_levels,
    warn_of_pending,
)
from sksiamese.recommend._history import History, check_history, find_space, read_history
from sksiamese.recommend._numbers import read_measured
from sksiamese.recommend._outcome_models import make_model
from sksiamese.recommend._plate import RESULTS
from sksiamese.recommend._recipe_distances import RecipeGeometry
from sksiamese.recommend.outcomes._calibration import bin_outcomes
from sksiamese.recommend.outcomes._fit_metadata import extend_metadata, read_metadata
from sksiamese.recommend.outcomes._protocol import OutcomeModel
from sksiamese.space._space import DesignSpace
from sksiamese.tables._labels import read_labels
from sksiamese.tables._table_estimator import record_training

_Metadata: TypeAlias = Mapping[str, npt.NDArray[Any]]


class PastExperiments(EstimatorOfTables, ABC):
    """Base of a recommender: what it learns from, and how well it knows."""

    estimator: Any
    space: DesignSpace | None
    goal: str | None
    n_bootstrap: int
    n_folds: int
    positive: Any
    random_state: Any

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        sample_weight: Any = None,
        history: pd.DataFrame | Mapping[str, pd.DataFrame] | None = None,
    ) -> PastExperiments:
        """Fit the classifier or regressor with past experiments.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Past experiments.
        y : array-like of shape (n_samples,)
            Their classes. Spellings of one label, such as "Yes" and "yes", are one, with a warning.
            With a `goal`, their numbers: also ">95" or "44 %"; "failed", which counts as the worst
            number so far, whatever comes; nothing, or "pending", where there is none yet. There
            may be no row at all.
        groups : array-like of shape (n_samples,), default=None
            Groups of the rows, handed on to the fit of `estimator`; a search splits its folds by
            them. They do not tell past campaigns from the one at hand: see `history`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, handed on to the fit of `estimator`.
        history : DataFrame, or dict of str to DataFrame, default=None
            With a `goal`: past campaigns, such as those of other substrates, by name; a single
            table is one. They have the columns of X and one of outcomes, named as y is. The
            regressor learns from them, too, and is told the campaign if its fit takes `groups`, as
            that of :class:`~sksiamese.GraphFingerprintSiameseRegressor` does. The best so far,
            ``measured_`` and what counts as done are of X alone, which may have no row yet.

        Returns
        -------
        ExperimentRecommender
            The fitted recommender.

        Raises
        ------
        TypeError
            If the classifier has no ``predict_proba`` or does not take groups or weights, or
            `space` is not a DesignSpace.
        ValueError
            If a hyper-parameter, the table, the labels, groups, weights or history cannot be used,
            the classes do not tell which is success, or the space does not have the columns of X.

        Warns
        -----
        UserWarning
            Telling how many experiments are pending.
        """
        self._check_parameters()
        check_history(history, self.goal, groups)
        frame, named = ensure_table(X, least_rows=int(self._needs_rows))
        y = as_pandas(y)
        name = y.name if isinstance(y, pd.Series) and y.name is not None else "outcome"
        outcomes = pd.Series(self._read_values(y, len(frame), name), frame.index, name=name)
        metadata = read_metadata(groups, sample_weight, len(frame))
        require_own_name(frame.columns, name)
        require_free(frame.columns, RESULTS)
        frame = frame.infer_objects()
        past = read_history(history, list(frame.columns), name, self._worst)
        space = find_space(self.space, frame, past)
        if self.goal is None:
            outcomes = join_spellings(outcomes)
        done = outcomes.notna().to_numpy()
        metadata = {key: each[done] for key, each in metadata.items()}
        label = self.positive
        fitted = self._fitted(frame[done], outcomes[done], metadata, space, named, label, past)
        with replace_state(self) as draft:
            for stale in ("feature_names_in_", "classes_", "positive_", "best_"):
                draft.__dict__.pop(stale, None)
            draft.__dict__.update(fitted, pending_=frame[~done].reset_index(drop=True))
        if not done.all():
            warn_of_pending((~done).sum(), len(done), len(self.pending_), stacklevel=3)
        return self

    def add_measurements(
        self,
        df: pd.DataFrame,
        *,
        groups: Any = None,
        sample_weight: Any = None,
        repeats: bool = False,
    ) -> PastExperiments:
        """Add experiments with their outcomes, and fit the classifier again.

        Parameters
        ----------
        df : DataFrame of shape (n_samples, at least n_columns + 1)
            Such as a recommendation with a column of outcomes, named as y was, or "outcome". Where
            that is empty or says "pending", the experiment stays pending: it is kept in
            ``pending_``, and not recommended again. Other columns are left aside. If a label of its
            index is taken, whole numbers go on from the largest one.
        groups, sample_weight : array-like of shape (n_samples,), default=None
            As in :meth:`fit`, and needed if fit was given them.
        repeats : bool, default=False
            Whether experiments may be added that are measured already. Otherwise they are refused,
            so that no plate is added twice.

        Returns
        -------
        ExperimentRecommender
            The recommender; a frozen classifier stays as it is.

        Raises
        ------
        TypeError
            If `df` is not a DataFrame.
        ValueError
            If a column is absent, an outcome is unknown, an experiment is measured already, or the
            table cannot be used.

        Warns
        -----
        UserWarning
            Telling how many experiments are pending.
        """
        with replace_state(self) as draft:
            draft._add(df, groups, sample_weight, repeats)
        return self

    def calibration(self) -> pd.DataFrame:
        """Count how many past experiments worked, by the probability that was stated for them.

        Probabilities are those of classifiers that were not fitted with the experiment, calibrated
        as those of a plate are. Experiments of weight 0 do not count.

        Returns
        -------
        DataFrame of shape (n_bins, 8)
            For each fifth of the probabilities that occurs: where it begins and ends ("from",
            "to"); "stated", the mean probability; "n" experiments, of which "worked" did, a
            "share" of them; "low" and "high", the ends of Wilson's 95 % interval of that share.

        Raises
        ------
        ValueError
            If there is a goal, or nothing was held out: the classifier is frozen, `n_folds` is 0,
            or there are fewer than two successes or failures.
        """
        fitted = freeze(self)
        check_is_fitted(fitted, "out_of_fold_")
        if fitted.goal is not None:
            raise ValueError(
                "calibration() is of probabilities of success, and with a goal there are none. To "
                "see how far predictions can be trusted, compare those of cross_val_predict with "
                "the outcomes."
            )
        known = fitted.out_of_fold_.notna().to_numpy()
        known = known & (fitted._metadata.get("sample_weight", np.ones(len(known))) > 0)
        if not known.any():
            raise ValueError(
                "No past experiment was held out, so that nothing is known of the calibration. "
                "Give a classifier that is not frozen, n_folds of at least 2, and at least two "
                "successes and two failures."
            )
        worked = (fitted.outcomes_ == fitted.positive_).to_numpy()
        return bin_outcomes(fitted.out_of_fold_.to_numpy()[known], worked[known])

    def _add(self, df: pd.DataFrame, groups: Any, sample_weight: Any, repeats: bool) -> None:
        """Add experiments, and set what changes with them."""
        check_is_fitted(self, "measured_")
        df = as_pandas(df)
        if not isinstance(df, pd.DataFrame):
            raise TypeError(f"add_measurements takes a DataFrame. Got {shorten(df)}.")
        name, columns = self.outcomes_.name, list(self.measured_.columns)
        require_columns(df.columns, [*columns, name], "The table of measurements")
        found = self._read_new(df[name])
        done = found.notna().to_numpy()
        rows = return_levels(self.space_, df[columns])
        metadata = read_metadata(groups, sample_weight, len(df))
        metadata = extend_metadata(self._metadata, {k: v[done] for k, v in metadata.items()})
        keys = self._geometry.keys(self.space_.complete(rows)) if len(rows) else np.empty(0)
        if not repeats:
            past = pd.Series(self._geometry.keys(self._past), self._past.index)
            require_new(df.index[done], keys[done], past)
        fitted = self._extended(rows[done], found[done], metadata) if done.any() else {}
        pending = self._still_pending(rows[~done], keys[done])
        self.__dict__.update(fitted, pending_=pending)
        if not done.all():
            warn_of_pending((~done).sum(), len(df), len(pending), stacklevel=4)

    def _extended(
        self, rows: pd.DataFrame, labels: pd.Series, metadata: _Metadata
    ) -> dict[str, Any]:
        """All fitted attributes with more experiments."""
        new = rows.set_axis(continue_index(self.measured_.index, rows.index))
        measured = pd.concat([self.measured_, new]).infer_objects()
        known = self.outcomes_.to_numpy()
        added = np.asarray(labels, known.dtype if self.goal else self.classes_.dtype)
        joined = np.concatenate([known, added])
        if self.goal is None:
            joined = read_labels(joined, len(measured))
        outcomes = pd.Series(joined, measured.index, name=self.outcomes_.name)
        label = getattr(self, "positive_", None)
        return self._fitted(
            measured, outcomes, metadata, self.space_, self._named, label, self._history
        )

    def _still_pending(self, rows: pd.DataFrame, done: npt.NDArray[np.uint64]) -> pd.DataFrame:
        """Pending experiments: those of before and these, each once, without what is done."""
        parts = [part for part in (self.pending_, rows) if len(part)]
        if not parts:
            return self.pending_
        pending = pd.concat(parts, ignore_index=True)
        keys = self._geometry.keys(self.space_.complete(pending))
        waits = ~np.isin(keys, done) & ~pd.Series(keys).duplicated().to_numpy()
        return pending[waits].reset_index(drop=True)

    def _fitted(
        self,
        frame: pd.DataFrame,
        outcomes: pd.Series,
        metadata: _Metadata,
        space: DesignSpace,
        named: bool,
        label: Any,
        history: History | None,
    ) -> dict[str, Any]:
        """Fit the estimator, and give all fitted attributes."""
        past, geometry = space.complete(frame), RecipeGeometry(space)
        keys = geometry.keys(past)
        known, known_keys = past, keys
        if history is not None:
            known = pd.concat([space.complete(return_levels(space, history.frame)), past])
            known_keys = geometry.keys(known)
        model = make_model(self.estimator, self.goal, frame, outcomes, named, label, history)
        require_free(frame.columns, model.columns)
        labels, rng = outcomes.to_numpy(), make_generator(self.random_state)
        model.fit(frame, labels, metadata, self.n_bootstrap, rng)
        self._require_spread(model)
        held_out = model.calibrate(frame, labels, metadata, keys, self.n_folds)
        fitted = {
            "estimator_": model.estimator,
            "space_": space,
            "measured_": frame,
            "outcomes_": outcomes,
            "out_of_fold_": pd.Series(held_out, frame.index, name=model.columns[0]),
            "n_features_in_": frame.shape[1],
            "_model": model,
            "_named": named,  # clients overwrite the public names
            "_metadata": dict(metadata),
            "_past": past,
            "_geometry": geometry,
            "_history": history,
            "_known": known,
            "_spacing": geometry.spacing(known, known_keys),
            "_merit": model.merit(frame, labels),
            "_training_record": record_training(frame),
        }
        names = {"feature_names_in_": np.array(frame.columns, dtype=object)} if named else {}
        return fitted | names | model.attributes

    @property
    def _worst(self) -> float:
        """What stands for a failed experiment, of numbers."""
        return np.inf if self.goal == "minimize" else -np.inf

    @property
    def _needs_rows(self) -> bool:
        """Whether a campaign cannot start with nothing: classes are needed, or a number to beat."""
        return self.goal is None or isinstance(self.estimator, FrozenEstimator)

    def _read_values(self, y: Any, n_rows: int, name: Any) -> npt.NDArray[Any]:
        """Read classes; or measured numbers, NaN where there is none yet; one for each row."""
        if self.goal is None:
            return read_labels(y, n_rows)
        return read_measured(y, n_rows, self._worst, name).to_numpy()

    def _read_new(self, outcomes: pd.Series) -> pd.Series:
        """Read outcomes that come from the laboratory; None or NaN where there is none yet."""
        if self.goal is None:
            return read_outcomes(outcomes, self.classes_)
        return read_measured(outcomes, len(outcomes), self._worst, outcomes.name)

    @abstractmethod
    def _check_parameters(self) -> None:
        """Refuse parameters that cannot be used."""

    @abstractmethod
    def _require_spread(self, model: OutcomeModel) -> None:
        """Refuse a model that tells no spread, where one is needed."""
