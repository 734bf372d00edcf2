"""Time travel for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from shopapp.kernel import clock


class ShopClock:
    """Moves the shop's clock through the file that it follows."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.offset = timedelta()

    def now(self) -> datetime:
        return clock.now()

    def forward(self, **by: float) -> datetime:
        """`forward(minutes=31)`; returns the new present."""
        self.offset += timedelta(**by)
        self._write()
        return clock.now()

    def back_to_present(self) -> None:
        self.offset = timedelta()
        self.file.unlink(missing_ok=True)
        clock.follow_file(str(self.file))

    def _write(self) -> None:
        self.file.write_text(str(self.offset.total_seconds()), encoding="ascii")
        clock.follow_file(str(self.file))
