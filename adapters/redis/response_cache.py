"""A cache of responses in Redis, shared by all workers."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from application.ports.response_cache import LIFETIME_SECONDS, ResponseCache

_logger = logging.getLogger(__name__)

_PREFIX = "doorward:cache:"
_CONNECTIONS = 8
_GENERATION_BYTES = 8
_FIRST_GENERATION = bytes(_GENERATION_BYTES)
# Longer than anything lives that was loaded before it changed, slow loads included.
_GENERATION_LIFETIME_MS = 60_000

T = TypeVar("T")


class RedisResponseCache(ResponseCache):
    """Beside each key stands its generation, which `forget` replaces by another at random.

    An answer is kept with the generation that was there before it was loaded, and is good as long
    as that is the one: a load that was overtaken by a change keeps what nobody will read. After a
    failure nobody waits for Redis until `pause_seconds` have gone by.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = 0.25,
        pause_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connects to nothing yet. Raises ValueError for what is not a Redis URL."""
        self._timeout_seconds = timeout_seconds
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._paused_until = float("-inf")
        self._client = Redis.from_pool(
            BlockingConnectionPool.from_url(
                url,
                max_connections=_CONNECTIONS,
                timeout=timeout_seconds,
                socket_connect_timeout=timeout_seconds,
                # The one bound is around the whole call, as in the limiter.
                socket_timeout=None,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
                driver_info=None,
            )
        )

    async def fetch(self, key: str, load: Callable[[], Awaitable[bytes]]) -> bytes:
        asked_at = self._clock()
        found = await self._attempt(lambda: self._look(key))
        if found is None:
            return await load()
        generation, kept = found
        if kept.startswith(generation):
            return kept[_GENERATION_BYTES:]
        content = await load()
        left_ms = int((LIFETIME_SECONDS - (self._clock() - asked_at)) * 1000)
        if left_ms > 0:
            await self._attempt(
                lambda: self._client.set(_PREFIX + key, generation + content, px=left_ms)
            )
        return content

    async def _look(self, key: str) -> tuple[bytes, bytes]:
        """(the generation of the moment, what is kept), in one round trip."""
        generation, kept = cast(
            "list[bytes | None]", await self._client.mget(_generation_of(key), _PREFIX + key)
        )
        return generation or _FIRST_GENERATION, kept or b""

    async def forget(self, *keys: str) -> None:
        async def replace_generations() -> None:
            async with self._client.pipeline(transaction=True) as pipeline:
                for key in keys:
                    fresh = os.urandom(_GENERATION_BYTES)
                    pipeline.set(_generation_of(key), fresh, px=_GENERATION_LIFETIME_MS)
                await pipeline.execute()

        await self._attempt(replace_generations)

    async def close(self) -> None:
        self._paused_until = float("inf")
        try:
            await self._client.aclose()
        except Exception as error:  # noqa: BLE001 - a connection that dies while closing is closed
            _logger.debug("closing a redis connection: %s", type(error).__name__)

    async def _attempt(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """None if Redis is away."""
        if self._clock() < self._paused_until:
            return None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await ask()
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is loaded instead
            self._paused_until = self._clock() + self._pause_seconds
            # The type alone: messages of the client may quote what was sent.
            _logger.warning("redis is away, responses are not cached: %s", type(error).__name__)
            return None


def _generation_of(key: str) -> str:
    return f"{_PREFIX}{key}:generation"
