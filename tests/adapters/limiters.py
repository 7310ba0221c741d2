"""Rate limiters for tests: each in real time, and in one that passes when the test says so."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from redis.asyncio import Redis

from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.redis.rate_limiter import RedisRateLimiter
from adapters.redis.sliding_window import SLIDING_WINDOW
from application.ports.rate_limiter import RateLimiter

SECOND = 1_000_000
START = 1_700_000_000 * SECOND


class Clock(ABC):
    """Time that passes when the test says so, in microseconds."""

    def __init__(self) -> None:
        self.now = START

    @abstractmethod
    async def set(self, now: int) -> None: ...

    async def advance(self, microseconds: int) -> None:
        await self.set(self.now + microseconds)


class MemoryClock(Clock):
    async def set(self, now: int) -> None:
        self.now = now

    def seconds(self) -> float:
        # Half a microsecond more, so that the division does not fall below the time meant.
        return (self.now + 0.5) / SECOND


class RedisClock(Clock):
    """A list in the form of what TIME answers, which the script reads instead."""

    def __init__(self, client: Redis) -> None:
        super().__init__()
        self.key = f"clock:{uuid4()}"
        self._client = client

    async def set(self, now: int) -> None:
        self.now = now
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.delete(self.key)
            pipeline.rpush(self.key, now // SECOND, now % SECOND)
            pipeline.expire(self.key, 600)
            await pipeline.execute()


@dataclass(frozen=True)
class Backend:
    """The same limiter in one of its forms; `clocked` ones live in the test's own time."""

    open: Callable[[], AbstractAsyncContextManager[RateLimiter]]
    clocked: Callable[[], AbstractAsyncContextManager[tuple[RateLimiter, Clock]]]


@asynccontextmanager
async def memory() -> AsyncIterator[RateLimiter]:
    yield MemoryRateLimiter()


@asynccontextmanager
async def clocked_memory() -> AsyncIterator[tuple[RateLimiter, Clock]]:
    clock = MemoryClock()
    yield MemoryRateLimiter(clock.seconds), clock


@asynccontextmanager
async def redis(url: str) -> AsyncIterator[RedisRateLimiter]:
    # A busy machine may pause for longer than production would wait.
    limiter = RedisRateLimiter(url, fallback=MemoryRateLimiter(), timeout_seconds=5)
    try:
        yield limiter
    finally:
        await limiter.close()


@asynccontextmanager
async def clocked_redis(url: str) -> AsyncIterator[tuple[RateLimiter, Clock]]:
    async with redis(url) as limiter, Redis.from_url(url) as client:
        clock = RedisClock(client)
        await clock.set(START)
        timed = "redis.call('TIME')"
        assert timed in SLIDING_WINDOW
        told = SLIDING_WINDOW.replace(timed, f"redis.call('LRANGE', '{clock.key}', 0, 1)")
        limiter._script = told
        yield limiter, clock
