"""What every cache of responses promises."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest

from adapters.memory.response_cache import MemoryResponseCache
from adapters.redis.response_cache import RedisResponseCache
from application.ports.response_cache import LIFETIME_SECONDS, ResponseCache
from tests.servers import free_port


class Source:
    """What is cached: gives another answer at every load, and counts them."""

    def __init__(self) -> None:
        self.loads = 0
        self.loading = asyncio.Event()
        self.held: asyncio.Event | None = None

    async def load(self) -> bytes:
        self.loads += 1
        self.loading.set()
        content = f"answer {self.loads} \0\xff".encode("latin-1")
        if self.held is not None:
            await self.held.wait()
        return content


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.slow)])
async def open_cache(
    request: pytest.FixtureRequest,
) -> AsyncIterator[Callable[[], ResponseCache]]:
    """Opens one more worker's cache of the same kind; in memory there is but one worker."""
    opened: list[ResponseCache] = []

    def open_one() -> ResponseCache:
        if request.param == "redis":
            opened.append(RedisResponseCache(request.getfixturevalue("redis_url")))
        elif not opened:
            opened.append(MemoryResponseCache())
        return opened[-1]

    yield open_one
    for cache in opened:
        await cache.close()


@pytest.fixture
def key() -> str:
    return uuid4().hex


Open = Callable[[], ResponseCache]


async def test_an_answer_is_loaded_once_and_given_to_every_worker(
    open_cache: Open, key: str
) -> None:
    here, there, source = open_cache(), open_cache(), Source()
    answers = [await cache.fetch(key, source.load) for cache in (here, here, there, there)]
    assert answers == [b"answer 1 \0\xff"] * 4
    assert source.loads == 1


async def test_keys_are_kept_apart(open_cache: Open, key: str) -> None:
    cache, source = open_cache(), Source()
    one, other = [await cache.fetch(f"{key}-{n}", source.load) for n in range(2)]
    await cache.forget(f"{key}-0")
    assert await cache.fetch(f"{key}-1", source.load) == other
    assert await cache.fetch(f"{key}-0", source.load) not in (one, other)


async def test_what_is_forgotten_is_loaded_anew_by_every_worker(open_cache: Open, key: str) -> None:
    here, there, source = open_cache(), open_cache(), Source()
    for number in (1, 2, 3):
        assert (await here.fetch(key, source.load)).startswith(b"answer %d" % number)
        assert (await there.fetch(key, source.load)).startswith(b"answer %d" % number)
        await there.forget(key)


async def test_a_load_that_was_overtaken_by_a_change_is_not_kept(
    open_cache: Open, key: str
) -> None:
    here, there, source = open_cache(), open_cache(), Source()
    source.held = asyncio.Event()
    slow = asyncio.create_task(here.fetch(key, source.load))
    await source.loading.wait()
    await there.forget(key)
    source.held.set()
    assert (await slow).startswith(b"answer 1")
    assert (await there.fetch(key, source.load)).startswith(b"answer 2")
    assert (await here.fetch(key, source.load)).startswith(b"answer 2")


async def test_nothing_is_older_than_its_lifetime(open_cache: Open, key: str) -> None:
    cache, source = open_cache(), Source()
    await cache.fetch(key, source.load)
    await asyncio.sleep(LIFETIME_SECONDS + 0.05)
    assert (await cache.fetch(key, source.load)).startswith(b"answer 2")


async def test_a_load_that_took_a_lifetime_is_not_kept(open_cache: Open, key: str) -> None:
    cache, source = open_cache(), Source()

    async def slow() -> bytes:
        await asyncio.sleep(LIFETIME_SECONDS + 0.01)
        return await source.load()

    await cache.fetch(key, slow)
    assert (await cache.fetch(key, source.load)).startswith(b"answer 2")


async def test_a_load_that_fails_fails_and_leaves_nothing(open_cache: Open, key: str) -> None:
    cache, source = open_cache(), Source()

    async def fail() -> bytes:
        raise LookupError

    with pytest.raises(LookupError):
        await cache.fetch(key, fail)
    assert (await cache.fetch(key, source.load)).startswith(b"answer 1")


async def test_workers_that_share_nothing_keep_nothing() -> None:
    cache, source = MemoryResponseCache(lifetime_seconds=0), Source()
    for number in (1, 2):
        assert (await cache.fetch("key", source.load)).startswith(b"answer %d" % number)


async def test_without_redis_everything_is_loaded_and_nobody_waits_twice() -> None:
    now = 0.0
    cache = RedisResponseCache(f"redis://127.0.0.1:{free_port()}/0", clock=lambda: now)
    source = Source()
    for number in (1, 2):
        assert (await cache.fetch("key", source.load)).startswith(b"answer %d" % number)
        await cache.forget("key")
    await cache.close()


@pytest.mark.slow
async def test_a_redis_that_comes_back_is_used_again_and_holds_nothing_old(
    redis_url: str, key: str
) -> None:
    now = 0.0
    there, source = RedisResponseCache(redis_url), Source()
    here = RedisResponseCache(redis_url, clock=lambda: now, pause_seconds=5)
    await there.fetch(key, source.load)
    here._paused_until = 5.0
    assert (await here.fetch(key, source.load)).startswith(b"answer 2")
    await here.forget(key)
    # That was not heard. Within a lifetime the others know all the same.
    await asyncio.sleep(LIFETIME_SECONDS + 0.05)
    assert (await there.fetch(key, source.load)).startswith(b"answer 3")
    now = 5.0
    assert (await here.fetch(key, source.load)).startswith(b"answer 3")
    for cache in (here, there):
        await cache.close()
