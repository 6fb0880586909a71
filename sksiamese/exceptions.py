"""Error and warning types of the package; imports nothing."""

from __future__ import annotations

__all__ = [
    "BadCellsError",
    "ConstantInputWarning",
    "DoubtfulColumnWarning",
    "InvalidSMILESError",
    "InvalidSMILESWarning",
    "LowFidelityWarning",
    "ModelFileError",
    "ModelVersionWarning",
    "NewValueWarning",
    "NoPossibleExperimentError",
    "SharedRecipeWarning",
    "SmallClassWarning",
    "TooFewCandidatesError",
]


class BadCellsError(ValueError):
    """Cells of a table that cannot be used.

    Parameters
    ----------
    message : str
        What is wrong, where, and how to mend it.
    cells : sequence of tuple (column, row, cell), default=()
        Every bad cell: the name of its column, the label of its row and what it holds.

    Attributes
    ----------
    cells : tuple of tuple (column, row, cell)
        The bad cells, all of them, in the order of the table read column by column. The message
        shows them shortened, so use this attribute to mend a table in code.

    Examples
    --------
    >>> from sksiamese.exceptions import BadCellsError
    >>> error = BadCellsError("1 cell is not a number", [("pH", 3, "acidic")])
    >>> error.cells
    (('pH', 3, 'acidic'),)
    """

    def __init__(self, message: str, cells: object = ()) -> None:
        super().__init__(message)
        self.cells: tuple[tuple[object, object, object], ...] = tuple(cells)  # type: ignore[arg-type]

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the cells when the error crosses a process border."""
        return type(self), (str(self), self.cells)


class ConstantInputWarning(UserWarning):
    """No column varies in training, so that every prediction is the class frequencies.

    Examples
    --------
    >>> import warnings
    >>> from sksiamese.exceptions import ConstantInputWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", ConstantInputWarning)  # refuse such tables
    """


class DoubtfulColumnWarning(UserWarning):
    """A column was taken as a condition, and looks like a counter, a name of rows or a result.

    Examples
    --------
    >>> import warnings
    >>> from sksiamese.exceptions import DoubtfulColumnWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", DoubtfulColumnWarning)  # refuse such columns
    """


class InvalidSMILESError(BadCellsError):
    """Cells of a table that cannot be read as molecules.

    Parameters
    ----------
    message : str
        What is wrong, where, and how to mend it.
    cells : sequence of tuple (column, row, text), default=()
        Every bad cell: the name of its column, the label of its row and what it holds.

    Attributes
    ----------
    cells : tuple of tuple (column, row, text)
        The bad cells, as in :class:`BadCellsError`.

    Examples
    --------
    >>> from sksiamese.exceptions import InvalidSMILESError
    >>> error = InvalidSMILESError("1 cell is not a molecule", [("ligand", 3, "C(C")])
    >>> error.cells
    (('ligand', 3, 'C(C'),)
    """


class InvalidSMILESWarning(UserWarning):
    """Cells that cannot be read as molecules were treated as absent (``on_invalid="warn"``).

    Examples
    --------
    >>> import warnings
    >>> from sksiamese.exceptions import InvalidSMILESWarning
    >>> from sksiamese.featurizer import SMILESFeaturizer
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", InvalidSMILESWarning)
    ...     SMILESFeaturizer(on_invalid="warn").fit_transform(["CCO", "C(C"]).shape
    (2, 1)
    """


class LowFidelityWarning(UserWarning):
    """A surrogate tells only a part of what its black box does.

    Examples
    --------
    >>> import warnings
    >>> from sksiamese.exceptions import LowFidelityWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", LowFidelityWarning)  # none such gets out of here
    """


class ModelFileError(ValueError):
    """A file is not a model of this package, is damaged, or holds what is not to be trusted.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sksiamese import load_model
    >>> from sksiamese.exceptions import ModelFileError
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.skm")
    ...     _ = path.write_bytes(b"nonsense")
    ...     try:
    ...         load_model(path)
    ...     except ModelFileError:
    ...         print("refused")
    refused
    """


class ModelVersionWarning(UserWarning):
    """A model was saved with other versions of packages that its predictions depend on.

    Examples
    --------
    >>> import warnings
    >>> from sksiamese.exceptions import ModelVersionWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", ModelVersionWarning)  # refuse such models
    """


class NewValueWarning(UserWarning):
    """A value that training says nothing of: a new name, or any in a column that never varied.

    Examples
    --------
    >>> import warnings
    >>> from sksiamese.exceptions import NewValueWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", NewValueWarning)  # such a value is an error here
    """


class NoPossibleExperimentError(ValueError):
    """The constraints of a design space leave nothing of what was asked for.

    Examples
    --------
    >>> from sksiamese import DesignSpace
    >>> from sksiamese.exceptions import NoPossibleExperimentError
    >>> from sksiamese.space import Bound, Levels
    >>> space = DesignSpace({"degC": Levels([20, 50, 80])}, [Bound("degC", high=0)])
    >>> try:
    ...     space.grid("degC")
    ... except NoPossibleExperimentError:
    ...     print("too narrow")
    too narrow
    """


class SharedRecipeWarning(UserWarning):
    """Folds test on recipes that they train on, so that scores come out too high.

    Examples
    --------
    >>> import warnings
    >>> from sksiamese.exceptions import SharedRecipeWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", SharedRecipeWarning)  # such folds are an error here
    """


class SmallClassWarning(UserWarning):
    """A class has too few rows to form a pair with itself.

    Examples
    --------
    >>> import warnings
    >>> from sksiamese.exceptions import SmallClassWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", SmallClassWarning)  # such a class is an error here
    """


class TooFewCandidatesError(ValueError):
    """Fewer distinct experiments are left than a batch asks for.

    Parameters
    ----------
    message : str
        What became of the others, and how to go on.
    n_left : int, default=0
        Number of experiments that are left.

    Examples
    --------
    >>> from sksiamese.exceptions import TooFewCandidatesError
    >>> TooFewCandidatesError("Only 2 are left.", 2).n_left
    2
    """

    def __init__(self, message: str, n_left: int = 0) -> None:
        super().__init__(message, n_left)
        self.n_left = n_left

    def __str__(self) -> str:
        return str(self.args[0])
