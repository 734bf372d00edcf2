"""How long the platform has waited for our answer: it drops a delivery after five seconds.

Each delivery is signed with the platform's time in whole seconds. Its clock and ours may differ, so what counts is how much
more than the least this process has seen since our clock was last set.
"""

from __future__ import annotations

from datetime import datetime
from time import monotonic

SURELY_TAKEN = 5.0
SURELY_DROPPED = 6.0
"""Later by the second to which the platform's time is cut."""


SET_ANEW = 0.5
"""Our clock was set when it moved by so much more or less than time went by."""


class Least:
    """The least age of a delivery so far, in seconds, while our clock goes as time does."""

    def __init__(self) -> None:
        self.seconds = float("inf")
        self.ahead: float | None = None

    def beyond(self, age: float, *, ahead: float) -> float:
        """How much older this delivery is; `ahead` is by how much our clock is ahead of the time that went by."""
        if self.ahead is None or abs(ahead - self.ahead) > SET_ANEW:
            self.seconds, self.ahead = float("inf"), ahead
        self.seconds = min(self.seconds, age)
        return age - self.seconds


_least = Least()


def waited(timestamp: str, *, now: datetime) -> float:
    """Seconds for which the platform has waited since it signed a delivery with this time, up to one too many."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return 0.0
    ours = now.timestamp()
    return _least.beyond(ours - int(timestamp), ahead=ours - monotonic())
