"""Effects that add up: one curve or bar chart for each column, in place of a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import (
    listed,
    make_generator,
    plain_label,
    require_integer,
)
from sksiamese._shared_state import freeze, replace_state
from sksiamese.plotting._drawing import class_number
from sksiamese.plotting._effects import EffectsDisplay
from sksiamese.space._space import DesignSpace
from sksiamese.surrogate._additive_axes import Axis, Basis, find_axes
from sksiamese.surrogate._additive_curves import count_nearest, describe_effects, describe_pairs
from sksiamese.surrogate._additive_terms import (
    Sides,
    Terms,
    choose_pairs,
    fit_terms,
    side_by_side,
)
from sksiamese.surrogate._additive_words import list_findings, tell_contributions
from sksiamese.surrogate._black_box import BlackBoxExplainer, name_of
from sksiamese.surrogate._fidelity import N_FRESH, compare_labels, show_scores, warn_if_low
from sksiamese.surrogate._readable_features import ReadableView
from sksiamese.surrogate._tree_words import show_number
from sksiamese.tables._table_estimator import record_training

_N_REDRAWS = 2  # for the interval
_N_AVERAGED = 500  # samples that a probability is averaged over
_CLIP = 0.01  # log-odds of a probability of 0 would be infinite
_WHO = "effects agree with the"
_CURE = (
    "Try a larger max_pairs, SurrogateTreeExplainer, or a space with the ratios and sums that "
    "matter as Computed columns."
)


class AdditiveEffectsExplainer(BlackBoxExplainer):
    """Effects of single columns and of pairs that add up to the log-odds of a classifier.

    The classifier, the black box, is fitted. Experiments are drawn from the design space and judged
    by it, and an additive function of the columns is fitted to its log-odds by weighted least
    squares. It predicts in place of the black box, and says what speaks for and against.

    Parameters
    ----------
    estimator : classifier with predict_proba
        The black box, of two classes. A clone of it is fitted; a fitted one in
        :class:`sklearn.frozen.FrozenEstimator` is kept as it is.
    space : DesignSpace or None, default=None
        Which experiments are drawn. It has all columns of X; numbers that are computed from these
        (a ratio, say) have effects of their own. None derives the space from X.
    n_samples : int, default=10_000
        Number of experiments to fit the effects to.
    max_pairs : int, default=10
        Pairs of columns at most that act together beyond the sum of both.
    pos_label : object or None, default=None
        The class whose probability is told; None is the one that says it is success, else the last.
    random_state : int, RandomState instance or None, default=None
        Decides the draws, not the black box.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        Class labels of the black box.
    positive_ : object
        The class whose probability is told.
    estimator_ : classifier
        The fitted black box.
    space_ : DesignSpace
        The space that was sampled.
    measured_ : DataFrame of shape (n_samples, n_columns)
        Past experiments, with what follows from their columns.
    intercept_ : float
        Log-odds to begin with; effects say how far columns move them.
    effects_ : DataFrame of shape (n_values, 8)
        "column" and "value": up to 19 numbers of a column, which is straight in between, or each
        molecule or name (of more than 300, those in X, and "another"); "log_odds", its effect, of
        mean 0 over the samples; "probability", the mean probability of `positive_` if all samples
        had it, all else kept, also what is computed from it; "low" and "high", the interval of 90 %
        over draws and members of an ensemble that has `predict_members`; "share" of the samples,
        and "n_measured" rows of X nearest to it.
    pairs_ : DataFrame of shape (n_pairs, 3)
        "first", "second" and "strength": the standard deviation of what both add together, in
        log-odds.
    fidelity_ : dict of str to float
        "accuracy", "f1" and "mcc" for the black box's labels on 1,000 fresh samples; F1 is that of
        the last class.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where they are strings.

    See Also
    --------
    SurrogateTreeExplainer : Rules, for black boxes that decide by conditions.
    sksiamese.plotting.EffectsDisplay : Picture of the effects.

    Notes
    -----
    A sample counts by :math:`p (1 - p)` of the black box's probability, as errors of log-odds do
    for probabilities. The effects tell what the black box believes, not what is true.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sksiamese import AdditiveEffectsExplainer
    >>> rng = np.random.RandomState(0)
    >>> X = pd.DataFrame({"pH": rng.uniform(7, 14, 80), "temperature_C": rng.uniform(0, 80, 80)})
    >>> y = np.where(X["temperature_C"] + rng.normal(0, 20, 80) < 50, "works", "fails")
    >>> explainer = AdditiveEffectsExplainer(LogisticRegression(), random_state=0).fit(X, y)
    >>> explainer.findings()["finding"].iloc[0]
    'temperature above 47.2 °C costs 48 points'
    """

    def __init__(
        self,
        estimator: Any,
        space: DesignSpace | None = None,
        n_samples: int = 10_000,
        max_pairs: int = 10,
        pos_label: Any = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.n_samples = n_samples
        self.max_pairs = max_pairs
        self.pos_label = pos_label
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> AdditiveEffectsExplainer:
        """Fit the black box, and effects that imitate it.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Past experiments.
        y : array-like of shape (n_samples,)
            Their classes; not needed for a frozen estimator.
        **fit_params : dict
            Passed on to the black box, such as `groups` or `sample_weight`.

        Returns
        -------
        AdditiveEffectsExplainer
            The fitted explainer.

        Raises
        ------
        ValueError
            If a hyper-parameter, the table or the labels cannot be used, the black box has more
            than two classes, or the space does not have the columns of X.

        Warns
        -----
        LowFidelityWarning
            If the effects agree with the black box with a Matthews correlation below 0.8.
        """
        with replace_state(self) as draft:
            draft._check_parameters()
            frame = draft._fit_black_box(X, y, fit_params)
            draft._require_two_classes()
            rng = make_generator(draft.random_state)
            samples = draft.space_.sample(draft.n_samples, random_state=rng)
            draft.measured_ = draft.space_.complete(frame)
            draft._axes = find_axes(draft.space_, samples, draft.measured_)
            draft._require_choice()
            measured = draft._along(draft.measured_)
            sides = draft._along(samples)
            draft._terms = draft._fit_terms(samples, sides, rng)
            draft._describe(samples, sides, measured)
            fresh = draft.space_.sample(N_FRESH, random_state=rng)
            labels = draft._judge(fresh).argmax(axis=1)
            said = draft._log_odds(fresh) > 0
            if draft._place == 0:
                said = ~said
            draft.fidelity_ = compare_labels(labels, said.astype(int), 2)
            warn_if_low(draft.fidelity_, labels, draft.classes_, _WHO, _CURE)
            draft._training_record = record_training(frame)
        return self

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """Give the log-odds of the last class: the start and all effects, summed up.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)
            Natural logarithms of the odds of ``classes_[1]``.
        """
        fitted = freeze(self)
        check_is_fitted(fitted)
        log_odds = fitted._log_odds(fitted.space_.complete(fitted._read(X)))
        return log_odds if fitted._place else -log_odds

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Give the probability of each class by the effects.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, 2)
            Probabilities in the order of ``classes_``.
        """
        last = expit(self.decision_function(X))
        return np.column_stack([1 - last, last])

    def findings(self) -> pd.DataFrame:
        """Say in one sentence for each column what it does.

        Returns
        -------
        DataFrame of shape (n_columns, 7)
            "finding": the part of the column that differs most from the rest, and by how many
            percentage points of the mean probability; "column"; "points"; "low" and "high" of
            numbers, the limits of that part (NaN for names); all "names" in it (none of numbers);
            "n_measured" rows of X in it. The largest first. Columns without any effect are left
            out.
        """
        fitted = freeze(self)
        check_is_fitted(fitted)
        return list_findings(fitted._axes, fitted.effects_, fitted._features)

    def contributions(self, x: Any) -> pd.DataFrame:
        """Split the log-odds of one experiment into what each column and pair adds.

        Parameters
        ----------
        x : Series, mapping, DataFrame of one row or sequence of length n_columns
            The experiment, in the columns of ``fit``.

        Returns
        -------
        DataFrame of shape (n_terms, 4)
            "term", "value" of it here, "log_odds" that it adds to ``intercept_``, and "n_measured"
            rows of X nearest to the same values; the largest first. Start and terms sum up to the
            log-odds of ``positive_``.

        Raises
        ------
        ValueError
            If `x` is more than one experiment.
        """
        fitted = freeze(self)
        check_is_fitted(fitted)
        frame = fitted.space_.complete(fitted._read_one(x))
        sides = fitted._along(frame)
        rows = [
            {"term": axis.name, "value": fitted._show(axis, frame), "n_measured": counts}
            for axis, counts in zip(fitted._axes, fitted._near(sides), strict=True)
        ]
        for (j, k), counts in zip(fitted._terms.pairs, fitted._near_pairs(sides), strict=True):
            both = fitted._axes[j], fitted._axes[k]
            rows.append(
                {
                    "term": " with ".join(axis.name for axis in both),
                    "value": ", ".join(fitted._show(axis, frame) for axis in both),
                    "n_measured": counts,
                }
            )
        added = pd.DataFrame(rows).assign(log_odds=fitted._terms.parts(sides)[0])
        added = added[["term", "value", "log_odds", "n_measured"]]
        return added.sort_values("log_odds", key=lambda each: -each.abs(), ignore_index=True)

    def explain(self, x: Any) -> str:
        """Say in words what speaks for and against one experiment.

        Parameters
        ----------
        x : Series, mapping, DataFrame of one row or sequence of length n_columns
            The experiment, in the columns of ``fit``.

        Returns
        -------
        str
            Log-odds that columns and pairs add, which sum up to those of the experiment, what the
            black box says, and the fidelity. What adds less than 0.05 stands in one line; a part
            that no measured experiment shares is marked.

        Raises
        ------
        ValueError
            If `x` is more than one experiment.
        """
        fitted = freeze(self)
        added = fitted.contributions(x)
        total = fitted.intercept_ + added["log_odds"].sum()
        lines = tell_contributions(added, fitted.intercept_, fitted.positive_)
        winner = fitted.classes_[fitted._place if total > 0 else 1 - fitted._place]
        frame = fitted._read_one(x)
        says = fitted._black_box_says(frame, winner, "effects are")
        return "\n".join([*lines, says.replace("it says", "the black box says"), fitted._told()])

    def export_text(self) -> str:
        """Write fidelity, findings and pairs as text.

        Returns
        -------
        str
            The fidelity, a line for each column and one for each pair.
        """
        fitted = freeze(self)
        check_is_fitted(fitted)
        pairs = [
            f"{pair.first} and {pair.second} act together (log-odds {pair.strength:.2f})"
            for pair in fitted.pairs_.itertuples()
        ]
        return "\n".join([fitted._told(), "", *fitted.findings()["finding"], *pairs])

    def plot(self, ax: Any = None) -> EffectsDisplay:
        """Draw the effects, the largest first.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Whose place the panels take; by default a new figure.

        Returns
        -------
        EffectsDisplay
            The picture.
        """
        return EffectsDisplay.from_estimator(freeze(self), ax=ax)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        require_integer(type(self).__name__, "max_pairs", self.max_pairs, 0)

    def _require_two_classes(self) -> None:
        if len(self.classes_) != 2:
            raise ValueError(
                f"Only binary classification is supported. The black box has {len(self.classes_)} "
                f"classes: {listed(self.classes_)}. Fit it to y == label, or use "
                "SurrogateTreeExplainer."
            )
        self._place = class_number(list(self.classes_), self.pos_label)
        self.positive_ = self.classes_[self._place]

    def _require_choice(self) -> None:
        if not self._axes:
            self._refuse_constant_space("there are no effects")

    def _along(self, frame: pd.DataFrame) -> Sides:
        """Bring complete rows to their places on all axes."""
        coarse = [axis.coarse_axis() for axis in self._axes]
        return Sides(
            *([axis.along(frame, self.space_) for axis in axes] for axes in (self._axes, coarse))
        )

    def _targets(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Log-odds (n_rows, 1 + n_members) by the black box, and by its members if it has any."""
        if not hasattr(self.estimator_, "predict_members"):
            return _bounded(self._judge(frame)[:, [self._place]])
        members = self.estimator_.predict_members(self._for_black_box(frame))[..., self._place]
        return _bounded(np.vstack([members.mean(axis=0), members]).T)

    def _fit_terms(self, samples: pd.DataFrame, sides: Sides, rng: np.random.RandomState) -> Terms:
        """Fit to the samples, and again to other draws: the first function is the explainer's."""
        found: list[Terms] = []
        pairs: list[tuple[int, int]] = []
        for draw in range(1 + _N_REDRAWS):
            if draw:
                samples = self.space_.sample(self.n_samples, random_state=rng)
                sides = self._along(samples)
            targets = self._targets(samples)
            proba = expit(targets[:, 0])
            weight = proba * (1 - proba) / np.mean(proba * (1 - proba))
            if not draw:
                pairs = choose_pairs(self._axes, sides, targets[:, 0], weight, self.max_pairs)
            found.append(fit_terms(self._axes, sides, pairs, targets, weight))
        return side_by_side(found)

    def _describe(self, samples: pd.DataFrame, sides: Sides, measured: Sides) -> None:
        few, view = samples[:_N_AVERAGED], ReadableView(self.space_)
        terms = self._terms
        features = view.features(view(few))
        self._features = {each.name: each for each in features if each.kind == "group"}
        self.intercept_ = float(terms.start[0])
        self.effects_ = describe_effects(self._axes, terms, sides, self._along(few), measured)
        self.pairs_ = describe_pairs(self._axes, terms, sides)
        self._counts = [count_nearest(basis) for basis in measured.fine]
        self._pair_counts = [
            count_nearest(measured.coarse[j].times(measured.coarse[k])) for j, k in terms.pairs
        ]

    def _log_odds(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Log-odds of `positive_` of complete rows."""
        return self._terms.start[0] + self._terms.parts(self._along(frame)).sum(axis=1)

    def _near(self, sides: Sides) -> list[int]:
        """Measured experiments near one, along each axis."""
        return _counts_at(sides.fine, self._counts)

    def _near_pairs(self, sides: Sides) -> list[int]:
        """Do the same for pairs of axes."""
        bases = [sides.coarse[j].times(sides.coarse[k]) for j, k in self._terms.pairs]
        return _counts_at(bases, self._pair_counts)

    def _show(self, axis: Axis, frame: pd.DataFrame) -> str:
        """Write the value of a column in the one row of a frame."""
        cell = axis.cells(frame, self.space_).iloc[0]
        if axis.knots is not None and not pd.isna(cell):
            return show_number(float(cell))
        place = axis.along(frame, self.space_).nearest()[0]
        return axis.values[place] if place >= 0 else f"{plain_label(cell)} (not in the space)"

    def _told(self) -> str:
        return (
            f"Fidelity to {name_of(self.estimator_)} on {N_FRESH:,} fresh samples: "
            f"{show_scores(self.fidelity_)}."
        )

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that there are two classes."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def _bounded(proba: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return logit(np.clip(proba, _CLIP, 1 - _CLIP))


def _counts_at(bases: Sequence[Basis], counts: Sequence[npt.NDArray[np.intp]]) -> list[int]:
    """Count beside the place of a row on each of several bases; 0 where it has none."""
    places = [basis.nearest()[0] for basis in bases]
    return [int(c[place]) if place >= 0 else 0 for c, place in zip(counts, places, strict=True)]
