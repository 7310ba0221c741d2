"""Sliding windows in this process's memory."""

import time
from array import array
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from application.ports.rate_limiter import Charge, RateLimiter, RateLimitVerdict

_MICROSECONDS = 1_000_000
_SWEPT_PER_CHARGE = 2


@dataclass(slots=True)
class _Window:
    """The times at which turns were taken, oldest first, in microseconds."""

    length: int
    turns: "array[int]" = field(default_factory=lambda: array("q"))

    def forget_before(self, now: int) -> None:
        del self.turns[: bisect_right(self.turns, now - self.length)]

    def is_over(self, now: int) -> bool:
        return not self.turns or self.turns[-1] <= now - self.length

    def wait_for(self, leaving: int, now: int) -> int:
        """Until the `leaving` oldest turns no longer count; one not yet taken is of now."""
        if leaving <= 0:
            return 0
        if leaving > len(self.turns):
            return self.length
        return self.turns[leaving - 1] + self.length - now


class MemoryRateLimiter(RateLimiter):
    """For one process. Charging has no await, so tasks of one event loop cannot interleave in it.

    Memory is bounded twice. Every charge looks at two of the windows not looked at for longest and
    drops those that are over, so what is past goes faster than new keys can come. And of more than
    `max_windows` at once, the one not looked at for longest goes: to shed its own window early, a
    caller must charge a third as many others first.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, max_windows: int = 100_000
    ) -> None:
        self._clock = clock
        self._max_windows = max_windows
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    async def charge(self, charges: Sequence[Charge]) -> RateLimitVerdict:
        if not charges:
            raise ValueError("nothing to charge")
        now = int(self._clock() * _MICROSECONDS)
        self._sweep(now, _SWEPT_PER_CHARGE * len(charges))
        windows = [self._window(charge, now) for charge in charges]
        waits = _waits(charges, windows, now)
        if not any(waits):
            for charge, window in zip(charges, windows, strict=True):
                window.turns.extend([now] * charge.cost)
        return RateLimitVerdict.tightest(
            _verdict(charge, window, wait, now)
            for charge, window, wait in zip(charges, windows, waits, strict=True)
        )

    async def healthy(self) -> bool:
        return True

    async def close(self) -> None:
        self._windows.clear()

    def _window(self, charge: Charge, now: int) -> _Window:
        window_id = charge.window_id()
        window = self._windows.get(window_id)
        if window is None:
            window = self._windows[window_id] = _Window(charge.rule.seconds * _MICROSECONDS)
            if len(self._windows) > self._max_windows:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(window_id)
            window.forget_before(now)
        return window

    def _sweep(self, now: int, looks: int) -> None:
        for _ in range(min(looks, len(self._windows))):
            window_id, window = self._windows.popitem(last=False)
            if not window.is_over(now):
                self._windows[window_id] = window


def _waits(charges: Sequence[Charge], windows: Sequence[_Window], now: int) -> list[int]:
    """For each charge, microseconds until it fits: 0 now."""
    waits = []
    asked: Counter[int] = Counter()
    for charge, window in zip(charges, windows, strict=True):
        asked[id(window)] += charge.cost
        leaving = len(window.turns) + asked[id(window)] - charge.rule.count
        waits.append(window.wait_for(leaving, now))
    return waits


def _verdict(charge: Charge, window: _Window, wait: int, now: int) -> RateLimitVerdict:
    newest = window.turns[-1] if window.turns else now - window.length
    return RateLimitVerdict(
        allowed=wait == 0,
        limit=charge.rule.count,
        remaining=max(0, charge.rule.count - len(window.turns)),
        reset_after_seconds=(newest + window.length - now) / _MICROSECONDS,
        retry_after_seconds=wait / _MICROSECONDS,
    )
