"""How long the platform has waited for our answer: it drops a delivery after five seconds.

Each delivery is signed with the platform's time in whole seconds. Its clock and ours may differ, so what counts is how much
more than the least this process has ever seen.
"""

from __future__ import annotations

from datetime import datetime

SURELY_TAKEN = 5.0
SURELY_DROPPED = 6.0
"""Later by the second to which the platform's time is cut."""


class Least:
    """The least age of a delivery so far, in seconds."""

    def __init__(self) -> None:
        self.seconds = float("inf")

    def beyond(self, age: float) -> float:
        self.seconds = min(self.seconds, age)
        return age - self.seconds


_least = Least()


def waited(timestamp: str, *, now: datetime) -> float:
    """Seconds for which the platform has waited since it signed a delivery with this time, up to one too many."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return 0.0
    return _least.beyond(now.timestamp() - int(timestamp))
