"""Threads of torch, beside other threads of this process and in its children."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass
class _Threads:
    """What several fits in threads of one process have to agree on."""

    lock: threading.Lock
    n_fits: int = 0
    before: int = 1


_THREADS = _Threads(threading.Lock())


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: its tasks here are small, and several fits may run side by side."""
    with _THREADS.lock:
        if not _THREADS.n_fits:
            _THREADS.before = torch.get_num_threads()
        _THREADS.n_fits += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _THREADS.lock:
            _THREADS.n_fits -= 1
            if not _THREADS.n_fits:
                torch.set_num_threads(_THREADS.before)


def _begin_child() -> None:
    """Make a forked process able to compute: none of its parent's threads are in it.

    OpenMP would wait for them for ever, so that torch uses one; and a lock that one of them held
    would never be given back.
    """
    global _THREADS
    _THREADS = _Threads(threading.Lock())
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_begin_child)
