"""A cache of responses in this process."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable

from application.ports.response_cache import LIFETIME_SECONDS, ResponseCache


class MemoryResponseCache(ResponseCache):
    """For one worker: others learn of a change when what they keep has grown old.

    `lifetime_seconds` of 0 keeps nothing: for workers beside each other with nothing in common.
    """

    def __init__(
        self,
        *,
        lifetime_seconds: float = LIFETIME_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lifetime_seconds = lifetime_seconds
        self._clock = clock
        self._kept: dict[str, tuple[bytes, float]] = {}
        self._forgotten: Counter[str] = Counter()

    async def fetch(self, key: str, load: Callable[[], Awaitable[bytes]]) -> bytes:
        asked_at, generation = self._clock(), self._forgotten[key]
        content, until = self._kept.get(key, (b"", asked_at))
        if asked_at < until:
            return content
        content = await load()
        if generation == self._forgotten[key]:
            self._kept[key] = (content, asked_at + self._lifetime_seconds)
        return content

    async def forget(self, *keys: str) -> None:
        self._forgotten.update(keys)
        for key in keys:
            self._kept.pop(key, None)

    async def close(self) -> None:
        self._kept.clear()
