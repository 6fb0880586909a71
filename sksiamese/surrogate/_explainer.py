"""A decision tree that a chemist can read in place of a classifier that nobody can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted

from sksiamese._checks import (
    make_generator,
    plain_label,
    require_instance,
    require_integer,
    require_number,
    require_probabilities,
    shorten,
)
from sksiamese._frame_libraries import as_pandas
from sksiamese._one_state import freeze, replace_state
from sksiamese.persistence._packed_tables import EstimatorOfTables
from sksiamese.plotting._tree import SurrogateTreeDisplay
from sksiamese.space._space import DesignSpace
from sksiamese.surrogate._readable_features import ReadableView, one_row, read_view
from sksiamese.surrogate._tree_growing import (
    N_FRESH,
    N_REDRAWS,
    Samples,
    compare_labels,
    describe_nodes,
    grow_tree,
    tell_fidelity,
    warn_if_low,
)
from sksiamese.surrogate._tree_words import Feature, TreeWords, show_number
from sksiamese.tables._table_classifier import TableClassifier, record_training


class SurrogateTreeExplainer(EstimatorOfTables, TableClassifier):
    """Decision tree that imitates a classifier over a design space.

    The classifier, the black box, is fitted. Experiments are drawn from the design space and
    labelled with its most probable class, and a tree is grown on them, as for Fig. 6 of arXiv
    1811.02771. The tree predicts in place of the black box, and says why in words.

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
    max_depth : int or None, default=4
        Depth of the tree at most; None sets no limit.
    max_leaf_nodes : int or None, default=None
        Leaves of the tree at most; None sets no limit. The splits that tell most come first, so 16
        leaves without a limit of depth are as many rules as 4 levels give, and imitate better.
    min_samples_split : int or float, default=0.03
        Samples that a node needs to be split: a number of at least 2, or a share of `n_samples`
        from above 0 to 1.
    view : callable or None, default=None
        Takes a frame with the columns of the space and gives a frame of numbers, one row for each
        experiment: what the tree may split on. By default numbers are taken as they are, and
        molecules by their names and by descriptors ("ligand is aromatic", "ligand TPSA").
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
    nodes_ : DataFrame of shape (n_nodes, 11)
        All nodes of the tree by number, in the order of reading: a node, its left side, its right
        side. "parent", "depth", "feature" asked about and its "threshold" ("" and NaN at a leaf),
        "branch" and "condition" that lead to it, "prediction", "probability" (mean probability of
        that class by the black box), "n_samples", "n_correct" (of these, labelled so by the black
        box), "is_leaf".
    fidelity_ : dict of str to float
        "accuracy", "f1" and "mcc" of the tree for the black box's labels on 1,000 fresh samples.
        F1 is that of the last class if there are two, else the mean over classes.
    stability_ : dict of str to float
        The same for the agreement with trees grown on two other draws, averaged.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where they are strings.

    See Also
    --------
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
    >>> explainer = SurrogateTreeExplainer(forest, max_depth=2, random_state=0).fit(X, y)
    >>> explainer.rules()[["rule", "prediction"]]
                               rule prediction
    0  temperature_C ≤ 49.8 and pH ≤ 12      works
    1  temperature_C ≤ 49.8 and pH > 12      fails
    2              temperature_C > 49.8      fails
    """

    def __init__(
        self,
        estimator: Any,
        space: DesignSpace | None = None,
        n_samples: int = 10_000,
        max_depth: int | None = 4,
        max_leaf_nodes: int | None = None,
        min_samples_split: int | float = 0.03,
        view: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.space = space
        self.n_samples = n_samples
        self.max_depth = max_depth
        self.max_leaf_nodes = max_leaf_nodes
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
            draft.space_ = DesignSpace.from_frame(frame) if draft.space is None else draft.space
            draft.space_.require_columns(frame.columns)
            draft.view_ = ReadableView(draft.space_) if draft.view is None else draft.view
            draft._require_choice()
            draft._look(frame)  # what the tree could not judge later is refused now
            rng = make_generator(draft.random_state)
            samples = draft._draw(draft.n_samples, rng)
            draft.tree_ = draft._grow(samples, rng)
            features = [Feature.of(samples.view[name]) for name in samples.view]
            draft._words = TreeWords(draft.tree_.tree_, features)
            draft.nodes_ = describe_nodes(draft.tree_, draft._words, samples, draft.classes_)
            fresh = draft._draw(N_FRESH, rng)
            said = draft.tree_.predict(fresh.view)
            draft.fidelity_ = compare_labels(fresh.labels, said, len(draft.classes_))
            draft.stability_ = draft._measure_stability(fresh.view, said, rng)
            warn_if_low(draft.fidelity_, fresh.labels, draft.classes_)
            draft._training_record = record_training(frame)
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Predict the class of each row with the tree.

        Parameters
        ----------
        X : DataFrame or array of shape (n_samples, n_columns)
            Experiments, in the columns of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels out of ``classes_``.
        """
        fitted, view = self._read_fitted(X)
        return fitted.classes_[fitted.tree_.predict(view)]

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

    def rules(self) -> pd.DataFrame:
        """List the leaves as rules.

        Returns
        -------
        DataFrame of shape (n_leaves, 5)
            "rule": the conditions, in the columns of the view; "prediction"; "probability": mean
            probability of that class by the black box; "n_samples" that fall under the rule;
            "agreement": share of these that the black box labels so. Fidelity and stability are in
            ``attrs``.
        """
        fitted = freeze(self)
        check_is_fitted(fitted)
        leaves = fitted.nodes_[fitted.nodes_["is_leaf"]]
        frame = pd.DataFrame(
            {
                "rule": [fitted._rule(node) for node in leaves.index],
                "prediction": leaves["prediction"].to_numpy(),
                "probability": leaves["probability"].to_numpy(),
                "n_samples": leaves["n_samples"].to_numpy(),
                "agreement": (leaves["n_correct"] / leaves["n_samples"]).to_numpy(),
            }
        )
        frame.attrs = {"fidelity": dict(fitted.fidelity_), "stability": dict(fitted.stability_)}
        return frame

    def export_text(self) -> str:
        """Write the tree as text.

        Returns
        -------
        str
            Fidelity and stability, and one line for each branch; a leaf tells its class, the mean
            probability of it by the black box, and how many samples are labelled so, or not.
        """
        fitted = freeze(self)
        check_is_fitted(fitted)
        lines = [fitted._fidelity_in_words(), ""]
        for node in fitted.nodes_.itertuples():
            if node.depth:
                lines.append("|   " * (node.depth - 1) + f"|--- {node.condition}")
            if node.is_leaf:
                wrong = node.n_samples - node.n_correct
                lines.append(
                    "|   " * node.depth + f"|--- {node.prediction} (probability "
                    f"{node.probability:.2f}; {node.n_correct:,} right, {wrong:,} wrong)"
                )
        return "\n".join(lines)

    def plot(self, ax: Any = None) -> SurrogateTreeDisplay:
        """Draw the tree.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; by default a new figure.

        Returns
        -------
        SurrogateTreeDisplay
            The picture.
        """
        return SurrogateTreeDisplay.from_estimator(freeze(self), ax=ax)

    def explain(self, x: Any) -> str:
        """Say in words how the tree judges one experiment.

        Parameters
        ----------
        x : Series, mapping, DataFrame of one row or sequence of length n_columns
            The experiment, in the columns of ``fit``.

        Returns
        -------
        str
            The path through the tree, what the black box says, and fidelity and stability.

        Raises
        ------
        ValueError
            If `x` is more than one experiment.
        """
        fitted = freeze(self)
        check_is_fitted(fitted)
        frame = fitted._read(one_row(x, fitted._names))
        if len(frame) != 1:
            raise ValueError(f"x must be one experiment. Got {len(frame)}: pass X.iloc[[i]].")
        view = fitted._look(frame)
        leaf = int(fitted.tree_.apply(view)[0])
        node = fitted.nodes_.loc[leaf]
        said = repr(plain_label(node["prediction"]))
        lines = [f"The tree predicts {said}{' because' if leaf else ' always.'}"]
        for feature, condition in fitted._words.conditions(leaf).items():
            is_binary = fitted._words.features[feature].kind == "binary"
            here = "" if is_binary else f" (here {show_number(view.iloc[0, feature])})"
            lines.append(f"  {condition}{here}")
        share = node["n_correct"] / node["n_samples"]
        lines.append(
            f"Of {node['n_samples']:,} samples like it, the black box labels {share:.0%} so (mean "
            f"probability {node['probability']:.2f})."
        )
        return "\n".join(
            [*lines, fitted._black_box_says(frame, node["prediction"]), fitted._fidelity_in_words()]
        )

    def _check_parameters(self) -> None:
        owner = type(self).__name__
        require_probabilities(owner, self.estimator)
        require_instance(owner, "space", self.space, DesignSpace)
        require_integer(owner, "n_samples", self.n_samples, 1)
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

    def _fit_black_box(self, X: Any, y: Any, fit_params: Mapping[str, Any]) -> pd.DataFrame:
        """Fit the black box unless it is frozen, and give X as a frame."""
        if isinstance(self.estimator, FrozenEstimator):
            frame = self._read(X, reset=True)
            self.estimator_ = self.estimator
        else:
            table = self._read_labelled(X, y, None, None, reset=True)
            frame = self._read(X)
            self.estimator_ = clone(self.estimator)
            self.estimator_.fit(self._for_black_box(frame), table.classes[table.y], **fit_params)
        self.classes_ = self.estimator_.classes_
        return frame

    def _require_choice(self) -> None:
        """Refuse a space in which nothing varies that the default view could tell of."""
        if isinstance(self.view_, ReadableView) and not self.view_.columns:
            told = ", ".join(f"{name!r} is {each}" for name, each in self.space_.columns.items())
            raise ValueError(
                f"No column of the design space varies, so that a tree has nothing to ask: {told}. "
                "Give experiments that differ, or a wider space=DesignSpace(...)."
            )

    def _read(self, X: Any, reset: bool = False) -> pd.DataFrame:
        """Bring X to a frame of its own types, since whole numbers are sampled as such."""
        X = as_pandas(X)
        frame = self._read_plain_table(X, reset)
        if isinstance(X, pd.DataFrame):
            return X.set_axis(frame.columns, axis=1)
        dtype = np.asarray(X).dtype
        return frame.astype(dtype) if dtype.kind in "iub" else frame

    def _read_fitted(self, X: Any) -> tuple[Self, pd.DataFrame]:
        """Give the explainer as it is now, and rows as its tree sees them."""
        fitted = freeze(self)
        check_is_fitted(fitted)
        return fitted, fitted._look(fitted._read(X))

    def _for_black_box(self, frame: pd.DataFrame) -> Any:
        """Give rows as the black box was fitted with: a frame if X had names, else an array."""
        frame = frame[self._column_names()]
        return frame.to_numpy() if self._names is None else frame

    def _look(self, frame: pd.DataFrame) -> pd.DataFrame:
        """View (n_rows, n_viewed) of rows, with what follows from their columns."""
        complete = self.space_.complete(frame)
        return read_view(self.view_(complete), complete)

    def _draw(self, n: int, rng: np.random.RandomState) -> Samples:
        frame = self.space_.sample(n, random_state=rng)
        proba = self.estimator_.predict_proba(self._for_black_box(frame))
        return Samples(self._look(frame), proba.argmax(axis=1), proba)

    def _grow(self, samples: Samples, rng: np.random.RandomState) -> DecisionTreeClassifier:
        return grow_tree(
            samples,
            rng,
            max_depth=self.max_depth,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_split=self.min_samples_split,
        )

    def _measure_stability(
        self, view: pd.DataFrame, said: npt.NDArray[Any], rng: np.random.RandomState
    ) -> dict[str, float]:
        """Mean agreement with trees that were grown on other draws."""
        found = []
        for _ in range(N_REDRAWS):
            other = self._grow(self._draw(self.n_samples, rng), rng)
            found.append(compare_labels(other.predict(view), said, len(self.classes_)))
        return pd.DataFrame(found).mean().to_dict()

    def _rule(self, node: int) -> str:
        return " and ".join(self._words.conditions(node).values()) or "always"

    def _black_box_says(self, frame: pd.DataFrame, said: Any) -> str:
        """Tell what the black box says of one row, and whether the tree agrees."""
        proba = self.estimator_.predict_proba(self._for_black_box(frame))[0]
        label = self.classes_[proba.argmax()]
        text = f"For this one it says {plain_label(label)!r} with probability {proba.max():.2f}"
        return f"{text}." if label == said else f"{text}: here the tree is wrong about it."

    def _fidelity_in_words(self) -> str:
        return tell_fidelity(self.estimator_, self.n_samples, self.fidelity_, self.stability_)
