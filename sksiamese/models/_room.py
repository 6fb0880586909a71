"""What a fit takes of memory, known before it begins."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from sksiamese.models.readouts._protocol import ReadOut

MOST_BYTES = 8e9  # that may grow faster than rows do; most machines have more


class Size(NamedTuple):
    """What decides how much memory a read-out takes.

    Parameters
    ----------
    n_rows, n_classes, n_members : int
        Numbers of rows, classes and members.
    batch_size : int
        Rows of a training step.
    support_size : int or None
        Largest number of support rows; None is that of the read-out.
    """

    n_rows: int
    n_classes: int
    n_members: int
    batch_size: int
    support_size: int | None


def count_support(readout: ReadOut, size: Size) -> int:
    """Count the rows that become support rows; of a class there is always one."""
    wanted = size.support_size
    if wanted is None:
        wanted = readout.most_rows(size.n_members, size.n_classes)
    return size.n_rows if wanted is None else min(size.n_rows, max(wanted, size.n_classes))


def require_room(readout: ReadOut, name: str, size: Size) -> None:
    """Refuse, before the work, what would not fit into memory.

    Raises
    ------
    ValueError
        Saying what would fit.
    """
    needed = _room(readout, size)
    if needed <= MOST_BYTES:
        return
    raise ValueError(
        f"{size.n_rows:,} rows of {size.n_classes:,} classes could take {needed / 1e9:,.1f} GB "
        f"with readout={name!r}, more than {MOST_BYTES / 1e9:g} GB. {_what_fits(readout, size)} "
        "batch_size or n_members, or choose readout='mean', which takes less."
    )


def _what_fits(readout: ReadOut, size: Size) -> str:
    """Say which number of classes, or else of support rows, would fit."""
    give = "give fewer rows, lower"
    fewer = (size._replace(n_classes=n) for n in range(size.n_classes - 1, 1, -1))
    classes = next((each.n_classes for each in fewer if _room(readout, each) <= MOST_BYTES), None)
    if classes is not None:
        return f"As many rows of {classes:,} classes fit: join rare ones, {give} support_size,"
    sizes = range(size.n_classes, count_support(readout, size))
    place = bisect_right(
        sizes, MOST_BYTES, key=lambda n: _room(readout, size._replace(support_size=n))
    )
    if place:
        return f"They fit with support_size={sizes[place - 1]}: set it, {give}"
    return f"{give.capitalize()} support_size,"


def _room(readout: ReadOut, size: Size) -> float:
    n_support = count_support(readout, size)
    return readout.room(size.n_rows, n_support, size.n_members, size.n_classes, size.batch_size)
