"""A decision tree that a chemist can read in place of a classifier that nobody can."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import (
    make_generator,
    require_integer,
    require_number,
    shorten,
)
from sksiamese._shared_state import freeze, replace_state
from sksiamese.plotting._tree import SurrogateTreeDisplay
from sksiamese.space._space import DesignSpace
from sksiamese.surrogate._black_box import BlackBoxExplainer, name_of
from sksiamese.surrogate._fidelity import N_FRESH, compare_labels, show_scores, warn_if_low
from sksiamese.surrogate._readable_features import ReadableView, read_view
from sksiamese.surrogate._tree_cutting import cut_nodes, fidelity_of
from sksiamese.surrogate._tree_growing import (
    N_REDRAWS,
    Samples,
    count_labels,
    describe_nodes,
    find_size,
    grow_tree,
)
from sksiamese.surrogate._tree_text import draw_lines, list_rules, tell_fidelity, tell_path
from sksiamese.surrogate._tree_words import Feature, TreeWords
from sksiamese.tables._table_estimator import record_training

_N_CHOOSE = 2000  # samples that decide on the size of the tree
_WHO = "tree agrees with the"
_CURE = (
    "Try AdditiveEffectsExplainer, a larger max_leaf_nodes, a narrower space, or a view with the "
    "quantities that matter."
)
_SHOWN = 16  # leaves, as many as the four levels of the paper's Fig. 6 can have


class SurrogateTreeExplainer(BlackBoxExplainer):
    """Decision tree that imitates a classifier over a design space.

    The classifier, the black box, is fitted. Experiments are drawn from the design space and
    labelled with its most probable class, and a tree is grown on them, as for Fig. 6 of arXiv
    1811.02771, until it is as true to the black box as was asked for. The tree predicts in place of
    the black box, and says why in words; of a large one the splits that tell most are shown.

    Parameters
    ----------
    estimator : classifier with predict_proba
        The black box. A clone of it is fitted; a fitted one in
        :class:`sklearn.frozen.FrozenEstimator` is kept as it is.
    space : DesignSpace or None, default=None
        Which experiments are drawn. It has all columns of X; more columns must follow from these
        (a ratio, say), and the tree may split on them. None derives the space from X.
    n_samples : int, default=10_000
        Number of experiments to grow the tree on.
    min_fidelity : float, default=0.95
        Matthews correlation with the black box, from 0 to 1, at which the tree stops to grow. It is
        measured on 2,000 samples apart. Where the budget does not reach it, the tree is as small as
        it can be within 0.005 of the best.
    max_leaf_nodes : int or None, default=128
        Budget of leaves; None sets no limit. The splits that tell most come first.
    max_depth : int or None, default=None
        Depth of the tree at most; None sets no limit.
    min_samples_split : int or float, default=20
        Samples that a node needs to be split: a number of at least 2, or a share of `n_samples`
        from above 0 to 1.
    view : callable or None, default=None
        Takes a frame with the columns of the space and gives a frame of numbers, one row for each
        experiment: what the tree may split on. By default numbers are taken as they are, up to 40
        molecules or names in groups ("solvent is one of water, ethanol"), and molecules by
        descriptors ("ligand is aromatic", "ligand TPSA") where there are more than ten.
    random_state : int, RandomState instance or None, default=None
        Decides the draws and the tree, not the black box.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels of the black box.
    estimator_ : classifier
        The fitted black box.
    space_ : DesignSpace
        The space that was sampled.
    view_ : callable
        The view in use.
    tree_ : DecisionTreeClassifier
        The tree, on the columns of the view and class numbers.
    nodes_ : DataFrame of shape (n_nodes, 13)
        All nodes of the tree by number, in the order of reading: a node, its left side, its right
        side. "parent", "depth", "feature" asked about and its "threshold" ("" and NaN at a leaf),
        "branch" and "condition" that lead to it, "prediction", "probability" (mean probability of
        that class by the black box), "n_samples", "n_correct" (of these, labelled so by the black
        box), "n_measured" (rows of X there: where there are none, the black box has nothing to go
        by), "split_order" (0 for the split that tells most; -1 at a leaf), "is_leaf".
    fidelity_ : dict of str to float
        "accuracy", "f1" and "mcc" of the whole tree for the black box's labels on 1,000 fresh
        samples. F1 is that of the last class if there are two, else the mean over classes.
    stability_ : dict of str to float
        The same for the agreement with trees grown on two other draws, averaged.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where they are strings.

    See Also
    --------
    AdditiveEffectsExplainer : One curve for each column; truer where effects add up.
    sksiamese.space.DesignSpace : Which experiments are possible.
    sksiamese.plotting.SurrogateTreeDisplay : Picture of the tree.

    Notes
    -----
    The rules tell what the black box believes, not what is true: look at its own accuracy first.

    References
    ----------
    .. [1] "Machine learning accelerated synthesis of atomically precise gold nanoclusters",
       arXiv 1811.02771.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sksiamese import SurrogateTreeExplainer
    >>> rng = np.random.RandomState(1)
    >>> X = pd.DataFrame({"pH": rng.uniform(7, 14, 60), "temperature_C": rng.uniform(0, 80, 60)})
    >>> y = np.where((X["pH"] < 12) & (X["temperature_C"] < 50), "works", "fails")
    >>> forest = RandomForestClassifier(random_state=0)
    >>> explainer = SurrogateTreeExplainer(forest, random_state=0).fit(X, y)
    >>> explainer.rules()[["rule", "prediction"]]
                               rule prediction
    0  temperature_C ≤ 49.8 and pH ≤ 12      works
    1  temperature_C ≤ 49.8 and pH > 12      fails
    2              temperature_C > 49.8      fails
    """

    view_: Callable[[pd.DataFrame], pd.DataFrame]

    def __init__(
        self,
        estimator: Any,
        space: DesignSpace | None = None,
        n_samples: int = 10_000,
        min_fidelity: float = 0.95,
        max_leaf_nodes: int | None = 128,
        max_depth: int | None = None,
        min_samples_split: int | float = 20,
        view: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.n_samples = n_samples
        self.min_fidelity = min_fidelity
        self.max_leaf_nodes = max_leaf_nodes
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.view = view
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> SurrogateTreeExplainer:
        """Fit the black box, and a tree that imitates it.

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
        SurrogateTreeExplainer
            The fitted explainer.

        Raises
        ------
        ValueError
            If a hyper-parameter, the table or the labels cannot be used, or the space does not
            have the columns of X.

        Warns
        -----
        LowFidelityWarning
            If the tree agrees with the black box with a Matthews correlation below 0.8.
        """
        with replace_state(self) as draft:
            draft._check_parameters()
            frame = draft._fit_black_box(X, y, fit_params)
            draft.view_ = ReadableView(draft.space_) if draft.view is None else draft.view
            draft._require_choice()
            draft._look(frame)  # what the tree could not judge later is refused now
            rng = make_generator(draft.random_state)
            samples = draft._draw(draft.n_samples, rng, order=True)
            draft.tree_ = draft._grow_as_needed(samples, rng)
            draft._words = TreeWords(draft.tree_.tree_, draft._features(samples.view))
            measured = draft._look(frame)  # groups are in order now
            draft.nodes_ = describe_nodes(
                draft.tree_, draft._words, samples, measured, draft.classes_
            )
            fresh = draft._draw(N_FRESH, rng)
            draft._fresh_counts = count_labels(draft.tree_, fresh)
            draft.fidelity_ = fidelity_of(draft.nodes_, draft._fresh_counts, draft.classes_)
            draft.stability_ = draft._measure_stability(fresh.view, rng)
            warn_if_low(draft.fidelity_, fresh.labels, draft.classes_, _WHO, _CURE)
            draft._training_record = record_training(frame)
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Give the share of each class in the leaf of each row.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Shares among the labels that the black box gave, in the order of ``classes_``.
        """
        fitted, view = self._read_fitted(X)
        proba = np.zeros((len(view), len(fitted.classes_)))
        proba[:, fitted.tree_.classes_] = fitted.tree_.predict_proba(view)
        return proba

    def shown(self, max_leaves: int | None = _SHOWN, max_depth: int | None = None) -> pd.DataFrame:
        """Cut the tree to the splits that tell most.

        Parameters
        ----------
        max_leaves : int or None, default=16
            Leaves at most; None sets no limit.
        max_depth : int or None, default=None
            Depth at most; None sets no limit.

        Returns
        -------
        DataFrame of shape (n_shown, 15)
            Rows of ``nodes_`` whose "is_leaf" says that nothing is shown below them; "is_cut", that
            there is more; "n_leaves", how many leaves of the whole tree a node holds. The fidelity
            of the whole, of what is shown, and the stability are in ``attrs``.

        Raises
        ------
        ValueError
            If `max_leaves` is below 2 or `max_depth` below 1.
        """
        fitted = freeze(self)
        check_is_fitted(fitted)
        owner = f"{type(self).__name__}.shown"
        if max_leaves is not None:
            require_integer(owner, "max_leaves", max_leaves, 2)
        if max_depth is not None:
            require_integer(owner, "max_depth", max_depth, 1)
        nodes = cut_nodes(fitted.nodes_, max_leaves, max_depth)
        nodes.attrs = {
            "fidelity": dict(fitted.fidelity_),
            "fidelity_shown": fidelity_of(nodes, fitted._fresh_counts, fitted.classes_),
            "stability": dict(fitted.stability_),
        }
        return nodes

    def rules(self, max_leaves: int | None = _SHOWN, max_depth: int | None = None) -> pd.DataFrame:
        """List what is shown of the tree as rules.

        Parameters
        ----------
        max_leaves, max_depth : int or None
            As in :meth:`shown`.

        Returns
        -------
        DataFrame of shape (n_rules, 7)
            "rule": the conditions, in the columns of the view; "prediction"; "probability": mean
            probability of that class by the black box; "n_samples" that fall under the rule;
            "agreement": share of these that the black box labels so; "n_measured": rows of X under
            the rule; "n_leaves": leaves of the whole tree that it sums up. ``attrs`` are those of
            :meth:`shown`.
        """
        fitted = freeze(self)
        nodes = fitted.shown(max_leaves, max_depth)
        frame = list_rules(nodes, fitted._words)
        frame.attrs = nodes.attrs
        return frame

    def export_text(self, max_leaves: int | None = _SHOWN, max_depth: int | None = None) -> str:
        """Write what is shown of the tree as text.

        Parameters
        ----------
        max_leaves, max_depth : int or None
            As in :meth:`shown`.

        Returns
        -------
        str
            Fidelity and stability, and one line for each branch; a leaf tells its class, the mean
            probability of it by the black box, how many samples are labelled so, or not, and how
            many rows of X it holds; a cut, also how many leaves it stands for and what is asked
            next.
        """
        fitted = freeze(self)
        nodes = fitted.shown(max_leaves, max_depth)
        return "\n".join([fitted._told(nodes), "", *draw_lines(nodes)])

    def plot(
        self, ax: Any = None, max_leaves: int | None = _SHOWN, max_depth: int | None = None
    ) -> SurrogateTreeDisplay:
        """Draw what is shown of the tree.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure.
        max_leaves, max_depth : int or None
            As in :meth:`shown`.

        Returns
        -------
        SurrogateTreeDisplay
            The picture.
        """
        return SurrogateTreeDisplay.from_estimator(
            freeze(self), ax=ax, max_leaves=max_leaves, max_depth=max_depth
        )

    def explain(self, x: Any) -> str:
        """Say in words how the tree judges one experiment.

        Parameters
        ----------
        x : Series, mapping, DataFrame of one row or sequence of length n_columns
            The experiment, in the columns of ``fit``.

        Returns
        -------
        str
            The path through the whole tree, what the black box says, and fidelity and stability.

        Raises
        ------
        ValueError
            If `x` is more than one experiment.
        """
        fitted = freeze(self)
        check_is_fitted(fitted)
        frame = fitted._read_one(x)
        view = fitted._look(frame)
        leaf = int(fitted.tree_.apply(view)[0])
        node = fitted.nodes_.loc[leaf]
        lines = tell_path(node, fitted._words.conditions(leaf), fitted._words.features, view)
        says = fitted._black_box_says(frame, node["prediction"], "tree is")
        return "\n".join([*lines, says, fitted._told()])

    def _check_parameters(self) -> None:
        super()._check_parameters()
        owner = type(self).__name__
        require_number(owner, "min_fidelity", self.min_fidelity, 0, 1)
        if self.max_depth is not None:
            require_integer(owner, "max_depth", self.max_depth, 1)
        if self.max_leaf_nodes is not None:
            require_integer(owner, "max_leaf_nodes", self.max_leaf_nodes, 2)
        if isinstance(self.min_samples_split, Integral):
            require_integer(owner, "min_samples_split", self.min_samples_split, 2)
        else:
            require_number(
                owner, "min_samples_split", self.min_samples_split, 0, 1, open_start=True
            )
        if self.view is not None and not callable(self.view):
            raise TypeError(
                f"The 'view' parameter of {owner} must be None or a function of a frame. Got "
                f"{shorten(self.view)} instead."
            )

    def _require_choice(self) -> None:
        """Refuse a space in which nothing varies that the default view could tell of."""
        if isinstance(self.view_, ReadableView) and not self.view_.columns:
            self._refuse_constant_space("a tree has nothing to ask")

    def _read_fitted(self, X: Any) -> tuple[Self, pd.DataFrame]:
        """Give the explainer as it is now, and rows as its tree sees them."""
        fitted = freeze(self)
        check_is_fitted(fitted)
        return fitted, fitted._look(fitted._read(X))

    def _look(self, frame: pd.DataFrame) -> pd.DataFrame:
        """View (n_rows, n_viewed) of rows, with what follows from their columns."""
        complete = self.space_.complete(frame)
        return read_view(self.view_(complete), complete)

    def _draw(self, n: int, rng: np.random.RandomState, order: bool = False) -> Samples:
        """Draw and judge experiments; `order` puts groups in the order of what is said of them."""
        frame = self.space_.sample(n, random_state=rng)
        proba = self._judge(frame)
        if order and isinstance(self.view_, ReadableView):
            self.view_ = self.view_.ordered(frame, proba)
        return Samples(self._look(frame), proba)

    def _features(self, view: pd.DataFrame) -> list[Feature]:
        if isinstance(self.view_, ReadableView):
            return self.view_.features(view)
        return [Feature.of(view[name]) for name in view]

    def _grow(self, samples: Samples, seed: int, n_leaves: int | None) -> DecisionTreeClassifier:
        limits = {"max_depth": self.max_depth, "min_samples_split": self.min_samples_split}
        return grow_tree(samples, seed, n_leaves, **limits)

    def _grow_as_needed(
        self, samples: Samples, rng: np.random.RandomState
    ) -> DecisionTreeClassifier:
        """Grow the whole budget, and then again as many leaves as were needed."""
        seed = rng.randint(2**31 - 1)
        tree = self._grow(samples, seed, self.max_leaf_nodes)
        size = find_size(tree, self._draw(_N_CHOOSE, rng), self.min_fidelity)
        return self._grow(samples, seed, max(2, size))

    def _measure_stability(
        self, view: pd.DataFrame, rng: np.random.RandomState
    ) -> dict[str, float]:
        """Mean agreement with trees of this size that were grown on other draws."""
        said, size = self.tree_.predict(view), max(2, self.tree_.get_n_leaves())
        found = []
        for _ in range(N_REDRAWS):
            other = self._grow(self._draw(self.n_samples, rng), rng.randint(2**31 - 1), size)
            found.append(compare_labels(other.predict(view), said, len(self.classes_)))
        return pd.DataFrame(found).mean().to_dict()

    def _told(self, nodes: pd.DataFrame | None = None) -> str:
        """Tell how far the tree can be trusted, and what is shown of it where that is less."""
        n_leaves = int(self.tree_.get_n_leaves())
        lines = tell_fidelity(name_of(self.estimator_), self.fidelity_, n_leaves, nodes)
        lines.append(
            f"Stability, against {N_REDRAWS} other draws of {self.n_samples:,} samples: "
            f"{show_scores(self.stability_)}."
        )
        return "\n".join(lines)
