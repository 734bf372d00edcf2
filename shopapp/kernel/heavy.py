"""Work that takes much memory for a moment, such as decoding pictures: one piece at a time in each process."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_turn = threading.Lock()


@contextmanager
def heavy_work() -> Iterator[None]:
    """Others who ask for a turn wait meanwhile. What is free afterwards goes back to the system, if it is glibc's."""
    with _turn:
        try:
            yield
        finally:
            with suppress(OSError, AttributeError):
                ctypes.CDLL(None).malloc_trim(0)
