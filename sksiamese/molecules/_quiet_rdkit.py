"""Silence of RDKit's log while it reads text that may be no molecule."""

from __future__ import annotations

import threading
from typing import Any

from rdkit import rdBase


class QuietRDKit:
    """Context in which RDKit logs nothing, in any thread.

    RDKit's own ``BlockLogs`` ends with the first thread that leaves it, while others are still
    reading; here the last one ends it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_inside = 0
        self._block: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._n_inside:
                self._block = rdBase.BlockLogs()
            self._n_inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if not self._n_inside:
                self._block.__exit__(None, None, None)


quiet_rdkit = QuietRDKit()
"""The one context of the process."""
