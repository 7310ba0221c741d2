"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

from application.ports.clock import Clock


class ManualClock(Clock):
    def __init__(self, now: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
