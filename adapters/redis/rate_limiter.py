"""Sliding windows in Redis, shared by all workers, and what happens while Redis is away."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from redis.exceptions import InvalidResponse, NoScriptError

from adapters.redis.connection import RedisConnection
from adapters.redis.sliding_window import SLIDING_WINDOW
from application.ports.rate_limiter import Charge, RateLimiter, RateLimitVerdict
from domain.rate_limits import RateLimitRule

_logger = logging.getLogger(__name__)

_KEY_PREFIX = "doorward:limit:"
_MICROSECONDS = 1_000_000
_TOGETHER = 64
"""Calls in one round trip: enough for any worker, and well under a millisecond of Redis."""
_HEALTH = Charge("\0health", RateLimitRule(count=1, seconds=1))


class _Breaker:
    """Spares requests the wait for a Redis that has just failed: one in each pause tries it."""

    def __init__(self, pause_seconds: float, clock: Callable[[], float]) -> None:
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._paused_until: float | None = None

    def turns_away(self) -> bool:
        """False lets the caller through; during an outage that is one in each pause.

        Settled before the outcome is known, so that a cancelled try leaves nothing to put right.
        """
        if self._paused_until is None:
            return False
        now = self._clock()
        if now < self._paused_until:
            return True
        self._paused_until = now + self._pause_seconds
        return False

    def failed(self, error: Exception) -> None:
        if self._paused_until is None:
            # The type alone: messages of the client may quote what was sent.
            _logger.warning("redis is away, limits are kept per process: %s", type(error).__name__)
        self._paused_until = self._clock() + self._pause_seconds

    def answered(self) -> None:
        if self._paused_until is not None:
            _logger.warning("redis is back, limits are shared again")
            self._paused_until = None


@dataclass(frozen=True)
class _Call:
    """The charges of one call, and where their answer goes: None if Redis is away."""

    charges: Sequence[Charge]
    answer: "asyncio.Future[list[int] | None]"

    def settle(self, numbers: list[int] | None) -> None:
        if not self.answer.done():
            self.answer.set_result(numbers)


class RedisRateLimiter(RateLimiter):
    """For any number of workers on one Redis server (not a cluster: a call's keys live together).

    While Redis is away, each worker judges `fail_closed` charges with its `fallback` and passes the
    others. Finding out takes `timeout_seconds` at most, connecting included; after a failure nobody
    waits until `pause_seconds` have gone by. Turns taken before an outage are not known to the
    fallback, nor those of the outage to Redis afterwards.
    """

    def __init__(
        self,
        url: str,
        *,
        fallback: RateLimiter,
        timeout_seconds: float = 0.2,
        pause_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connects to nothing yet. Raises ValueError for a URL that cannot be used."""
        self._fallback = fallback
        self._timeout_seconds = timeout_seconds
        self._breaker = _Breaker(pause_seconds, clock)
        self._closed = False
        # Enough, as one call is under way at a time.
        self._connection = RedisConnection(url, timeout_seconds=timeout_seconds)
        self._script = SLIDING_WINDOW
        self._waiting: list[_Call] = []
        self._courier: asyncio.Task[None] | None = None

    async def charge(self, charges: Sequence[Charge]) -> RateLimitVerdict:
        if not charges:
            raise ValueError("nothing to charge")
        numbers = await self._ask(charges)
        if numbers is None:
            return await self._judge_alone(charges)
        return RateLimitVerdict.tightest(
            _verdict(charge, *numbers[3 * index : 3 * index + 3])
            for index, charge in enumerate(charges)
        )

    async def healthy(self) -> bool:
        # A charge like any other, since a server that answers PING may still refuse to write.
        return await self._ask([_HEALTH]) is not None

    async def close(self) -> None:
        self._closed = True
        if self._courier is not None:
            self._courier.cancel()
            await asyncio.wait([self._courier])
        # One that was cancelled before its first step has answered nobody.
        self._send_away()
        await self._connection.close()

    async def _ask(self, charges: Sequence[Charge]) -> list[int] | None:
        """The script's answer, None if Redis is away."""
        if self._closed or self._breaker.turns_away():
            return None
        call = _Call(charges, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        if self._courier is None or self._courier.done():
            # A task of its own: a caller who gives up leaves no answer behind for somebody else.
            self._courier = asyncio.create_task(self._carry(), name="rate-limits")
        return await call.answer

    async def _carry(self) -> None:
        """Takes together what has come in meanwhile: the trip costs more than its load."""
        taken: list[_Call] = []
        try:
            while self._waiting:
                taken, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                numbers = await self._try(taken)
                if numbers is None:
                    return
                first = 0
                for call in taken:
                    last = first + 3 * len(call.charges)
                    call.settle(numbers[first:last])
                    first = last
        finally:
            for call in taken:
                call.settle(None)
            self._send_away()

    def _send_away(self) -> None:
        """Tells all who wait that Redis is away."""
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call.settle(None)

    async def _try(self, calls: Sequence[_Call]) -> list[int] | None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                numbers = await self._run_script(calls)
        except Exception as error:  # noqa: BLE001
            # Not RedisError alone: a server that dies under the client is also a RuntimeError
            # (uvloop's transports) or, answering nonsense, a ValueError.
            self._breaker.failed(error)
            return None
        self._breaker.answered()
        return numbers

    async def _run_script(self, calls: Sequence[_Call]) -> list[int]:
        keys: list[str] = []
        numbers: list[int] = []
        for number, call in enumerate(calls):
            for charge in call.charges:
                rule = charge.rule
                keys.append(_KEY_PREFIX + charge.window_id())
                numbers += (rule.count, rule.seconds * _MICROSECONDS, charge.cost, number)
        given = " ".join(map(str, numbers))
        answer = await self._evaluate(len(keys), *keys, given)
        told = answer.split() if isinstance(answer, bytes) else ()
        if len(told) != 3 * len(keys):
            raise InvalidResponse("the script's answer has another form")
        return [int(number) for number in told]

    async def _evaluate(self, *arguments: str | int) -> object:
        execute = self._connection.execute_command
        try:
            return await execute("EVALSHA", _digest(self._script), *arguments)
        except NoScriptError:
            # A server that does not know it, as after a restart.
            return await execute("EVAL", self._script, *arguments)

    async def _judge_alone(self, charges: Sequence[Charge]) -> RateLimitVerdict:
        kept = [charge for charge in charges if charge.fail_closed]
        if kept:
            return (await self._fallback.charge(kept)).as_degraded()
        return RateLimitVerdict.tightest(
            _verdict(charge, taken=0, empty_after=0, wait=0).as_degraded() for charge in charges
        )


@cache
def _digest(script: str) -> str:
    """What Redis knows it by."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def _verdict(charge: Charge, taken: int, empty_after: int, wait: int) -> RateLimitVerdict:
    return RateLimitVerdict(
        allowed=wait == 0,
        limit=charge.rule.count,
        remaining=max(0, charge.rule.count - taken),
        reset_after_seconds=empty_after / _MICROSECONDS,
        retry_after_seconds=wait / _MICROSECONDS,
    )
