"""What the limiter in Redis keeps there, and what it costs to ask."""

import asyncio
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.redis.rate_limiter import RedisRateLimiter
from application.ports.rate_limiter import Charge
from domain.rate_limits import RateLimitRule
from tests.adapters.limiters import SECOND, clocked_redis, redis
from tests.servers import redis_process


@pytest.fixture
def key() -> str:
    """Of this test alone, since Redis is shared."""
    return uuid4().hex


async def test_every_key_has_an_end(redis_url: str, key: str) -> None:
    async with redis(redis_url) as limiter, Redis.from_url(redis_url) as client:
        charges = [Charge(f"{key}:{seconds}", RateLimitRule(2, seconds)) for seconds in (1, 5, 60)]
        for _ in range(4):
            await limiter.charge(charges)
            for charge in charges:
                name = "doorward:limit:" + charge.window_id()
                # Not before the last turn has left, and soon after.
                left = await client.pttl(name)
                assert charge.rule.seconds * 1000 < left <= charge.rule.seconds * 1000 + 1000
        assert not [name async for name in client.scan_iter(f"*{key}*")]


async def test_turns_of_a_future_that_was_taken_back_count_from_now(
    redis_url: str, key: str
) -> None:
    charge = Charge(key, RateLimitRule(3, 10))
    async with clocked_redis(redis_url) as (limiter, clock):
        await limiter.charge([charge])
        await clock.advance(3_600 * SECOND)
        await limiter.charge([charge])
        await limiter.charge([charge])
        await clock.advance(-3_600 * SECOND)
        verdict = await limiter.charge([charge])
        assert (verdict.allowed, verdict.remaining) == (True, 0)
        refused = await limiter.charge([charge])
        assert (refused.allowed, refused.retry_after_seconds) == (False, 10)


async def test_a_call_is_one_round_trip() -> None:
    with redis_process() as server:
        async with redis(server.url) as limiter, Redis.from_url(server.url) as client:
            await client.ping()
            charges = [Charge(str(number), RateLimitRule(9, 60)) for number in range(5)]
            await limiter.charge(charges)
            before = await client.info("stats")
            for _ in range(10):
                await limiter.charge(charges)
            after = await client.info("stats")
    # The second question is one itself.
    assert after["total_reads_processed"] - before["total_reads_processed"] == 11


async def test_closing_answers_whoever_has_just_asked() -> None:
    limiter = RedisRateLimiter("redis://127.0.0.1:1", fallback=MemoryRateLimiter())
    charge = Charge("one", RateLimitRule(1, 60), fail_closed=True)
    asking = asyncio.create_task(limiter.charge([charge]))
    # It has asked, and nothing has been sent yet.
    await asyncio.sleep(0)
    await limiter.close()
    verdict = await asyncio.wait_for(asking, 2)
    assert verdict.degraded
