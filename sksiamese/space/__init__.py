"""Which experiments are possible: columns, conditions and constraints."""

from sksiamese.space._constraints import Bound, OnlyWith
from sksiamese.space._dependent_columns import Computed, When
from sksiamese.space._drawn_columns import Constant, Levels, OneHot, Range
from sksiamese.space._expressions import Product, Ratio, Sum
from sksiamese.space._followers import OfLevel, OfMolecule, OfSeveral
from sksiamese.space._molecules import Molecules
from sksiamese.space._space import DesignSpace

__all__ = [
    "Bound",
    "Computed",
    "Constant",
    "DesignSpace",
    "Levels",
    "Molecules",
    "OfLevel",
    "OfMolecule",
    "OfSeveral",
    "OneHot",
    "OnlyWith",
    "Product",
    "Range",
    "Ratio",
    "Sum",
    "When",
]
