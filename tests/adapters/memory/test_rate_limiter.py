"""What the limiter in memory keeps, and for how long."""

from adapters.memory.rate_limiter import MemoryRateLimiter
from application.ports.rate_limiter import Charge
from domain.rate_limits import RateLimitRule
from tests.adapters.limiters import MemoryClock


async def test_windows_that_are_over_are_forgotten() -> None:
    clock = MemoryClock()
    limiter = MemoryRateLimiter(clock.seconds)
    most = 0
    for number in range(5_000):
        await clock.advance(10_000)
        await limiter.charge([Charge(f"junk {number}", RateLimitRule(1, 1 + number % 2))])
        most = max(most, len(limiter._windows))
    # 150 of them are alive at any time: 100 a second, one or two seconds long.
    assert most < 300


async def test_no_more_windows_are_kept_than_may_be() -> None:
    limiter = MemoryRateLimiter(max_windows=90)
    own = Charge("own", RateLimitRule(1, 60))
    await limiter.charge([own])
    for number in range(29):
        await limiter.charge([Charge(f"junk {number}", own.rule)])
    assert not (await limiter.charge([own])).allowed
    for number in range(1_000):
        await limiter.charge([Charge(f"more junk {number}", own.rule)])
        assert len(limiter._windows) <= 90
    # The newest is kept.
    assert not (await limiter.charge([Charge("more junk 999", own.rule)])).allowed
