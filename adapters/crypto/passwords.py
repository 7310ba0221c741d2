"""Argon2id in a bounded pool of threads."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher as Argon2
from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from application.ports.passwords import HashingState, PasswordHasher
from domain.errors import Unavailable

T = TypeVar("T")

_WAITING_PER_THREAD = 32
"""At some 30 ms a hash, a place in the queue is worth about a second's wait; more is no use."""

# Memory times passes of the dearest stored hash that is still computed, unless our own cost more:
# an imported hash must not be able to stop the service.
_AFFORDABLE_KIB = 1024 * 1024
_MAX_PARALLELISM = 16


class Argon2PasswordHasher(PasswordHasher):
    """RFC 9106 with the OWASP parameters as the floor."""

    def __init__(self, *, memory_kib: int, time_cost: int, concurrency: int) -> None:
        self._argon2 = Argon2(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=1, type=Type.ID
        )
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="argon2")
        self._places = threading.BoundedSemaphore(concurrency * (1 + _WAITING_PER_THREAD))
        self._concurrency = concurrency
        self._taken = 0
        self._refused = 0
        self._counting = threading.Lock()
        self._dummy = self._argon2.hash("a password that nobody has")

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        stored = password_hash if password_hash and self._is_affordable(password_hash) else None
        matches = await self._run(lambda: self._matches(stored or self._dummy, password))
        return matches and stored is not None

    def needs_rehash(self, password_hash: str) -> bool:
        try:
            return self._argon2.check_needs_rehash(password_hash)
        except InvalidHashError:
            return True

    def state(self) -> HashingState:
        running = min(self._taken, self._concurrency)
        return HashingState(
            running=running, waiting=max(0, self._taken - running), refused=self._refused
        )

    def close(self) -> None:
        """Lets running hashes end and drops those that wait."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _is_affordable(self, password_hash: str) -> bool:
        try:
            stored = extract_parameters(password_hash)
        except InvalidHashError:
            return False
        limit = max(_AFFORDABLE_KIB, self._argon2.memory_cost * self._argon2.time_cost)
        cost = stored.memory_cost * stored.time_cost
        return cost <= limit and stored.parallelism <= _MAX_PARALLELISM

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._argon2.verify(stored, password)
        except (VerificationError, ValueError):
            return False

    def _leave(self) -> None:
        self._note(-1)
        self._places.release()

    def _note(self, change: int) -> None:
        # A hash ends in its own thread, and is counted out there.
        with self._counting:
            self._taken += change

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            self._refused += 1
            raise Unavailable
        try:
            future: Future[T] = self._pool.submit(work)
        except RuntimeError:
            # Closed for good: the place is nobody's loss.
            raise Unavailable from None
        # The place belongs to the work, not to the caller: a caller who leaves while the hash runs
        # does not make room for another hash.
        self._note(1)
        future.add_done_callback(lambda _: self._leave())
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if future.cancelled() and caller is not None and not caller.cancelling():
                # Not the caller gave up, but the pool, which is closing.
                raise Unavailable from None
            raise
