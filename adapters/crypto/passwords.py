"""Password hashes in a bounded pool of threads: argon2id for new ones, others as they come."""

import asyncio
import os
import secrets
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import InvalidHashError

from adapters.crypto.handover import Handover
from adapters.crypto.stored_hashes import Argon2Hash, StoredHash, read_hash
from application.ports.passwords import HashingState, HashVerdict, PasswordHasher
from domain.errors import Unavailable

T = TypeVar("T")

_NICER = 10
"""A tenth of the event loop's share where both want the same core: hashes never starve."""
_IDLE_NICENESS = 19
_WAITING_PER_THREAD = 32
"""At some 30 ms a hash, a place in the queue is worth about a second's wait; more is no use."""
_PATIENCE_SECONDS = 0.1
"""Four or five hashes: what a sign-in waits, at most, for those behind it in the queue."""


class Argon2PasswordHasher(PasswordHasher):
    """RFC 9106 with the OWASP parameters as the floor."""

    def __init__(self, *, memory_kib: int, time_cost: int, concurrency: int) -> None:
        self._argon2 = Argon2(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=1, type=Type.ID
        )
        self._pool = ThreadPoolExecutor(
            concurrency, thread_name_prefix="argon2", initializer=_step_back
        )
        self._concurrency = concurrency
        self._capacity = concurrency * (1 + _WAITING_PER_THREAD)
        self._admitted = 0
        self._taken = 0
        self._refused = 0
        self._counting = threading.Lock()
        self._handover = Handover(self._some_wait, patience_seconds=_PATIENCE_SECONDS)
        dummy = _hash_of_no_password(self._argon2)
        self._dummy = Argon2Hash(
            text=dummy, type=Type.ID, memory_kib=memory_kib, passes=time_cost, lanes=1
        )
        # Whoever asks for more of every new hash can also pay as much for an old one.
        self._dearest = max(1.0, self._dummy.cost)

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(
        self, password: str, password_hash: str | None, *, as_typed: str | None = None
    ) -> bool:
        stored = read_hash(password_hash) if password_hash else None
        if stored is not None and stored.cost > self._dearest:
            stored = None
        tried = stored or self._dummy
        forms = {password, password if as_typed is None else as_typed}
        matches = await self._run(lambda: _any_matches(tried, forms))
        return matches and stored is not None

    def appraise(self, password_hash: str) -> HashVerdict:
        stored = read_hash(password_hash)
        if stored is None:
            return HashVerdict.UNKNOWN
        return HashVerdict.USABLE if stored.cost <= self._dearest else HashVerdict.TOO_COSTLY

    def needs_rehash(self, password_hash: str) -> bool:
        try:
            return self._argon2.check_needs_rehash(password_hash)
        except InvalidHashError:
            return True

    @contextmanager
    def admission(self) -> Iterator[None]:
        # Counted on the event loop alone. The places themselves are taken later, by the hashes.
        if max(self._admitted, self._taken) >= self._capacity:
            self._refused += 1
            raise Unavailable
        self._admitted += 1
        try:
            yield
        finally:
            self._admitted -= 1

    def state(self) -> HashingState:
        running = min(self._taken, self._concurrency)
        return HashingState(
            running=running, waiting=max(0, self._taken - running), refused=self._refused
        )

    def close(self) -> None:
        """Lets running hashes end and drops those that wait."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._handover.deliver()

    def _enter(self) -> None:
        with self._counting:
            if self._taken >= self._capacity:
                self._refused += 1
                raise Unavailable
            self._taken += 1

    def _leave(self) -> None:
        # A hash ends in its own thread, and is counted out there.
        with self._counting:
            self._taken -= 1

    async def _run(self, work: Callable[[], T]) -> T:
        self._enter()
        try:
            ended: Future[T] = self._pool.submit(work)
        except RuntimeError:
            # Closed for good.
            self._leave()
            raise Unavailable from None
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        # The place belongs to the work, not to the caller: a caller who leaves while the hash runs
        # does not make room for another hash.
        ended.add_done_callback(lambda _: self._end(ended, answer))
        try:
            return await answer
        except asyncio.CancelledError:
            ended.cancel()
            raise

    def _end(self, ended: Future[T], answer: asyncio.Future[T]) -> None:
        self._leave()
        self._handover.give(ended, answer)

    def _some_wait(self) -> bool:
        return self._taken >= self._concurrency


def _step_back() -> None:
    """A hash runs for as long as a hundred other requests: it takes what the event loop leaves."""
    if sys.platform != "linux":
        # Only there has each thread a priority of its own.
        return
    with suppress(OSError):
        process, thread = os.getpriority(os.PRIO_PROCESS, 0), threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(_IDLE_NICENESS, process + _NICER))


def _hash_of_no_password(argon2: Argon2) -> str:
    """Costs as much to check as any other of these parameters, and costs nothing to make."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()
        for length in (argon2.salt_len, argon2.hash_len)
    )
    cost = f"m={argon2.memory_cost},t={argon2.time_cost},p={argon2.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


def _any_matches(stored: StoredHash, forms: set[str]) -> bool:
    return any(stored.matches(form) for form in forms)
