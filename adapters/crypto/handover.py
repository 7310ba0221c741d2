"""Results of threads on their way to an event loop: together while more are to come."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from itertools import groupby
from time import monotonic
from typing import Any, TypeVar

from domain.errors import Unavailable

T = TypeVar("T")


class Handover:
    """Wakes the event loop once for several results instead of once for each.

    Beside work that fills the processor's caches each time the loop wakes up is dear. A result
    waits for others only while `more_to_come`, and for about `patience_seconds` at most.
    """

    def __init__(self, more_to_come: Callable[[], bool], *, patience_seconds: float) -> None:
        self._more_to_come = more_to_come
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._held: list[tuple[Future[Any], asyncio.Future[Any]]] = []
        self._first = self._last = float("-inf")

    def give(self, ended: Future[T], answer: asyncio.Future[T]) -> None:
        """Takes what has ended, in any thread, to who waits for it: result, error or Unavailable.

        It is no longer among what `more_to_come` looks at.
        """
        with self._lock:
            now = monotonic()
            gap, self._last = now - self._last, now
            if not self._held:
                self._first = now
            self._held.append((ended, answer))
            # The next one takes about as long as this one did.
            late = now + gap > self._first + self._patience_seconds
            # Asked under the lock: the last one to come finds whatever waits for it.
            waits = not late and not ended.cancelled() and self._more_to_come()
        if not waits:
            self.deliver()

    def deliver(self) -> None:
        """Everything that is held, from any thread."""
        with self._lock:
            held, self._held = self._held, []
        for loop, together in groupby(held, lambda pair: pair[1].get_loop()):
            # Nobody waits in a loop that is closed.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_settle, list(together))


def _settle(together: list[tuple[Future[Any], asyncio.Future[Any]]]) -> None:
    for ended, answer in together:
        if answer.done():
            continue
        if ended.cancelled():
            answer.set_exception(Unavailable())
        elif (error := ended.exception()) is not None:
            answer.set_exception(error)
        else:
            answer.set_result(ended.result())
