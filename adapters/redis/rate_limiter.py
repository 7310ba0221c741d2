"""Sliding windows in Redis, shared by all workers, and what happens while Redis is away."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import InvalidResponse

from application.ports.rate_limiter import Charge, RateLimiter, RateLimitVerdict
from domain.rate_limits import RateLimitRule

_logger = logging.getLogger(__name__)

_KEY_PREFIX = "doorward:limit:"
_MICROSECONDS = 1_000_000
_CONNECTIONS = 32
_HEALTH = Charge("\0health", RateLimitRule(count=1, seconds=1))

# Redis runs a script without interruption, so nothing comes between the look and the charge.
# 16-digit times are exact in Lua's doubles and in the 17 digits Redis prints of them.
_SCRIPT = """
-- KEYS: per charge, the list of times (in microseconds) at which turns were taken, oldest first.
-- ARGV: per charge, the rule's count, its window in microseconds, and the cost.
-- Answers, per charge: turns in the window, microseconds until it is empty and until it fits.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local asked, waits, fits = {}, {}, true

for i, key in ipairs(KEYS) do
  local count, window, cost = ARGV[3 * i - 2] + 0, ARGV[3 * i - 1] + 0, ARGV[3 * i] + 0

  -- If the clock was set back, turns of its former future would stay as long: they are of now.
  local last = -1
  local newest = redis.call('LINDEX', key, last)
  while newest and newest + 0 > now do
    redis.call('LSET', key, last, now)
    last = last - 1
    newest = redis.call('LINDEX', key, last)
  end

  local oldest = redis.call('LINDEX', key, 0)
  while oldest and oldest + 0 <= now - window do
    redis.call('LPOP', key)
    oldest = redis.call('LINDEX', key, 0)
  end

  local taken = redis.call('LLEN', key)
  asked[key] = (asked[key] or 0) + cost
  local leaving = taken + asked[key] - count
  if leaving <= 0 then
    waits[i] = 0
  else
    fits = false
    waits[i] = window
    if leaving <= taken then
      waits[i] = redis.call('LINDEX', key, leaving - 1) + window - now
    end
  end
end

if fits then
  for i, key in ipairs(KEYS) do
    for _ = 1, ARGV[3 * i] + 0 do
      redis.call('RPUSH', key, now)
    end
    -- A second more than the last turn counts: Redis's own clock for this is coarser than ours.
    redis.call('PEXPIRE', key, ARGV[3 * i - 1] / 1000 + 1000)
  end
end

local answer = {}
for i, key in ipairs(KEYS) do
  local newest = redis.call('LINDEX', key, -1)
  answer[3 * i - 2] = redis.call('LLEN', key)
  answer[3 * i - 1] = newest and newest + ARGV[3 * i - 1] - now or 0
  answer[3 * i] = waits[i]
end
return answer
"""


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
        """Connects to nothing yet. Raises ValueError for what is not a Redis URL."""
        self._fallback = fallback
        self._timeout_seconds = timeout_seconds
        self._breaker = _Breaker(pause_seconds, clock)
        self._closed = False
        self._client = Redis.from_pool(
            BlockingConnectionPool.from_url(
                url,
                max_connections=_CONNECTIONS,
                timeout=timeout_seconds,
                socket_connect_timeout=timeout_seconds,
                # The one bound is around the whole call. The client's own, around each step, can
                # swallow it on Python 3.11 and double the wait: asyncio.wait_for, cpython#86296.
                socket_timeout=None,
                # A second try would be a second wait, and could charge twice.
                retry=Retry(NoBackoff(), 0),
                # Nothing to say on connecting, hence no round trip for it.
                protocol=2,
                driver_info=None,
            )
        )
        # Called by its digest; sent again to a server that does not know it, as after a restart.
        self._script = self._client.register_script(_SCRIPT)

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
        try:
            await self._client.aclose()
        except Exception as error:  # noqa: BLE001 - a connection that dies while closing is closed
            _logger.debug("closing a redis connection: %s", type(error).__name__)

    async def _ask(self, charges: Sequence[Charge]) -> list[int] | None:
        """The script's answer, None if Redis is away."""
        if self._closed or self._breaker.turns_away():
            return None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                numbers = await self._run_script(charges)
        except Exception as error:  # noqa: BLE001
            # Not RedisError alone: a server that dies under the client is also a RuntimeError
            # (uvloop's transports) or, answering nonsense, a ValueError.
            self._breaker.failed(error)
            return None
        self._breaker.answered()
        return numbers

    async def _run_script(self, charges: Sequence[Charge]) -> list[int]:
        keys = [_KEY_PREFIX + charge.window_id() for charge in charges]
        numbers = [
            number
            for charge in charges
            for number in (charge.rule.count, charge.rule.seconds * _MICROSECONDS, charge.cost)
        ]
        answer = await self._script(keys=keys, args=numbers)
        if not isinstance(answer, list) or len(answer) != len(numbers):
            raise InvalidResponse("the script's answer has another form")
        return [int(number) for number in answer]

    async def _judge_alone(self, charges: Sequence[Charge]) -> RateLimitVerdict:
        kept = [charge for charge in charges if charge.fail_closed]
        if kept:
            return (await self._fallback.charge(kept)).as_degraded()
        return RateLimitVerdict.tightest(
            _verdict(charge, taken=0, empty_after=0, wait=0).as_degraded() for charge in charges
        )


def _verdict(charge: Charge, taken: int, empty_after: int, wait: int) -> RateLimitVerdict:
    return RateLimitVerdict(
        allowed=wait == 0,
        limit=charge.rule.count,
        remaining=max(0, charge.rule.count - taken),
        reset_after_seconds=empty_after / _MICROSECONDS,
        retry_after_seconds=wait / _MICROSECONDS,
    )
