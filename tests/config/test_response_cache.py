"""Which cache of responses an installation gets."""

import pytest

from adapters.memory.response_cache import MemoryResponseCache
from adapters.redis.response_cache import RedisResponseCache
from application.ports.response_cache import ResponseCache
from config.container import container_for
from config.settings import load_settings

SHARED = {"database_url": "postgresql://doorward@localhost/doorward", "secret_key": "x" * 32}


async def loads(cache: ResponseCache) -> int:
    """How often what is asked for twice is loaded."""
    count = 0

    async def load() -> bytes:
        nonlocal count
        count += 1
        return b""

    for _ in range(2):
        await cache.fetch("key", load)
    return count


@pytest.mark.parametrize(("workers", "expected"), [(1, 1), (2, 2)])
async def test_without_redis_one_worker_keeps_answers_and_several_do_not(
    workers: int, expected: int
) -> None:
    cache = container_for(load_settings(**SHARED, workers=workers)).response_cache()
    assert isinstance(cache, MemoryResponseCache)
    assert await loads(cache) == expected


async def test_with_redis_they_share_it() -> None:
    settings = load_settings(**SHARED, workers=2, redis_url="redis://localhost:1/0")
    cache = container_for(settings).response_cache()
    assert isinstance(cache, RedisResponseCache)
    await cache.close()
