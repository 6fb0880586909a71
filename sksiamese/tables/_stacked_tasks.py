"""Tables of many tasks, a column for each, as one long table that learns across the tasks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from sksiamese._checks import plain_label, shorten
from sksiamese._frame_libraries import as_pandas
from sksiamese._frames import ensure_table
from sksiamese.tables._column_kinds import cell_kind, is_text


class StackedTasks(NamedTuple):
    """Rows of many tasks one below the other, with one label each.

    All three have the same row labels: those of the table and, as last level, the task. So
    ``y.unstack()`` is the table of tasks again.

    Parameters
    ----------
    X : DataFrame of shape (n_labels, n_columns)
        Row of the table that each label belongs to. Columns of text are categorical.
    y : Series of shape (n_labels,)
        Labels; whole numbers are integers.
    groups : Series of shape (n_labels,)
        Task of each label, categorical.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese import stack_tasks
    >>> Y = pd.DataFrame({"toxic": [1.0, None], "soluble": [0.0, 1.0]})
    >>> X, y, groups = stack_tasks(["CCO", "CCN"], Y)
    >>> groups.tolist()
    ['toxic', 'soluble', 'soluble']
    """

    X: pd.DataFrame
    y: pd.Series
    groups: pd.Series


def stack_tasks(X: Any, Y: Any) -> StackedTasks:
    """Turn a table with a column for each task into rows, labels and groups for ``fit``.

    Each label becomes a row, task after task; empty cells of `Y` become none. Molecules are not
    repeated in memory: a text column becomes categorical, with 1 to 4 bytes for each further row,
    and the classifiers here read its categories once. MolGraph objects are shared.

    Parameters
    ----------
    X : DataFrame, Series, list or array of shape (n_rows, n_columns) or (n_rows,)
        Molecules and conditions, as for ``fit``.
    Y : DataFrame, Series or array of shape (n_rows, n_tasks) or (n_rows,)
        Labels, a column for each task: numbers, truth values or text. None, NaN and ``pandas.NA``
        mean "not measured". In an array, tasks are called 0, 1 ...

    Returns
    -------
    StackedTasks
        ``X`` (n_labels, n_columns), ``y`` (n_labels,) and ``groups`` (n_labels,), to be passed to
        ``fit(X, y, groups=groups)``.

    Raises
    ------
    TypeError
        If a label is neither a number, a truth value nor text, or only some are text.
    ValueError
        If `X` and `Y` differ in their rows, a task has no label, a label is infinite, or the tasks
        have no names of their own.

    See Also
    --------
    sksiamese.GraphFingerprintSiameseClassifier.fit : Forms pairs within groups alone.
    sksiamese.datasets.fetch_moleculenet : Public tables of this kind.

    Examples
    --------
    >>> import pandas as pd
    >>> from sksiamese import GraphFingerprintSiameseClassifier, stack_tasks
    >>> X = pd.DataFrame({"molecule": ["CCO", "CCCO", "CCN", "c1ccccc1"]}, index=list("abcd"))
    >>> Y = pd.DataFrame({"toxic": [0, None, 1, 1], "soluble": [1, 1, None, 0]}, index=X.index)
    >>> X, y, groups = stack_tasks(X, Y)
    >>> y
       task
    a  toxic      0
    c  toxic      1
    d  toxic      1
    a  soluble    1
    b  soluble    1
    d  soluble    0
    Name: label, dtype: int64
    >>> model = GraphFingerprintSiameseClassifier(n_members=2, max_epochs=5, random_state=0)
    >>> model.fit(X, y, groups=groups).predict_proba(X).shape
    (6, 2)
    """
    X, Y = as_pandas(X), as_pandas(Y)
    table, is_named = ensure_table(X)
    tasks = _ensure_tasks(Y)
    _require_same_rows(X, table.index, Y, tasks.index)
    is_present = tasks.notna().to_numpy()  # (n_rows, n_tasks)
    _require_labels(tasks.columns, is_present)
    task, row = np.nonzero(is_present.T)
    names = pd.Categorical.from_codes(task, tasks.columns)
    labels = table.index if isinstance(X, (pd.DataFrame, pd.Series)) else tasks.index
    levels = [labels.get_level_values(i).take(row) for i in range(labels.nlevels)]
    index = pd.MultiIndex.from_arrays([*levels, names], names=[*labels.names, "task"])
    text = [name for name, column in table.items() if is_text(column)]
    rows = table.astype(dict.fromkeys(text, "category")).take(row).set_axis(index)
    return StackedTasks(
        rows if is_named else rows.set_axis(range(rows.shape[1]), axis=1),
        pd.Series(_stack_labels(tasks, row, task), index, name="label"),
        pd.Series(names, index, name="task"),
    )


def _ensure_tasks(Y: Any) -> pd.DataFrame:
    """Bring `Y` to a frame whose columns have names that differ."""
    if isinstance(Y, pd.Series):
        Y = Y.to_frame()
    elif not isinstance(Y, pd.DataFrame):
        array = Y if isinstance(Y, np.ndarray) else np.asarray(Y, dtype=object)
        if array.ndim not in (1, 2):
            raise ValueError(
                "Y must have a row for each row of X and a column for each task. Got "
                f"{type(Y).__name__} with {array.ndim} dimensions. Pass a DataFrame or an array "
                "of two dimensions."
            )
        Y = pd.DataFrame(array)
    if Y.columns.nlevels > 1 or Y.columns.hasnans:
        raise ValueError(
            f"Each column of Y must have one name, that of its task. Got {list(Y.columns)}. Name "
            "them with Y.columns = [...]."
        )
    repeated = list(dict.fromkeys(Y.columns[Y.columns.duplicated()]))
    if repeated:
        raise ValueError(
            f"Y has more than one column named {', '.join(map(repr, repeated))}. Each column is a "
            "task of its own: rename the repeated columns, or drop them."
        )
    return Y


def _require_same_rows(X: Any, x_index: pd.Index, Y: Any, y_index: pd.Index) -> None:
    """Refuse tables of unequal length, and two pandas tables whose row labels differ."""
    if len(x_index) != len(y_index):
        raise ValueError(
            f"Y must have one row for each row of X. Got {len(y_index)} rows of Y for "
            f"{len(x_index)} of X. Pass both for the same rows."
        )
    is_labelled = all(isinstance(each, (pd.DataFrame, pd.Series)) for each in (X, Y))
    if not is_labelled or x_index.equals(y_index):
        return
    pairs = enumerate(zip(x_index, y_index, strict=True))
    place, (of_x, of_y) = next((p for p in pairs if p[1][0] != p[1][1]), (0, (None, None)))
    raise ValueError(
        f"X and Y must have the same row labels in the same order. Position {place} is row "
        f"{plain_label(of_x)!r} of X and row {plain_label(of_y)!r} of Y. Put them in one order, "
        "for example with Y = Y.loc[X.index]."
    )


def _require_labels(names: pd.Index, is_present: npt.NDArray[np.bool_]) -> None:
    """Refuse a table without columns, and tasks without labels."""
    if not len(names):
        raise ValueError("Y has no columns. Pass a column of labels for each task.")
    empty = names[~is_present.any(axis=0)]
    if len(empty):
        raise ValueError(
            f"No row of Y has a label in the column(s) {', '.join(map(repr, empty))}. Leave out "
            "tasks without labels, for example with Y = Y.dropna(axis=1, how='all')."
        )


def _stack_labels(
    tasks: pd.DataFrame, row: npt.NDArray[np.intp], task: npt.NDArray[np.intp]
) -> npt.NDArray[Any]:
    """Labels (n_labels,) of the cells at (row, task), the tasks ascending."""
    columns = (tasks.iloc[:, t].to_numpy(dtype=object) for t in range(tasks.shape[1]))
    cells = np.concatenate([cells[row[task == t]] for t, cells in enumerate(columns)])

    def place(i: int) -> str:
        column, label = tasks.columns[task[i]], plain_label(tasks.index[row[i]])
        return f"column {column!r}, row {label!r} of Y holds {shorten(plain_label(cells[i]))}"

    kinds: dict[str, int] = {}  # the first cell of each kind
    for i, cell in enumerate(cells):
        kinds.setdefault(cell_kind(cell), i)
    for kind in kinds.keys() - {"text", "number"}:
        raise TypeError(
            f"A label must be a number, a truth value or text, but {place(kinds[kind])} "
            f"({type(cells[kinds[kind]]).__name__}). Correct the cell or leave it empty."
        )
    if len(kinds) == 2:
        raise TypeError(
            f"Labels must be all text or all numbers, but {place(kinds['text'])} and "
            f"{place(kinds['number'])}. Write the labels of all tasks in one way."
        )
    if "text" in kinds:
        return cells
    numbers = _as_whole(np.array(cells.tolist()))
    if numbers.dtype.kind == "f" and np.isinf(numbers).any():
        raise ValueError(
            f"Labels must be finite, but {place(int(np.isinf(numbers).argmax()))}. Correct the "
            "cell or leave it empty."
        )
    return numbers


def _as_whole(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Make integers of numbers that are all whole; gaps had made them fractional."""
    if numbers.dtype.kind not in "fO":
        return numbers
    numbers = numbers.astype(np.float64)
    is_whole = (np.abs(numbers) < 2.0**63) & (numbers == np.round(numbers))
    return numbers.astype(np.int64) if is_whole.all() else numbers
