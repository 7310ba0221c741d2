"""What every rate limiter promises: exact windows, all charges or none, and honest numbers."""

import asyncio
import time
from collections import defaultdict
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.rate_limiter import MemoryRateLimiter
from application.ports.rate_limiter import Charge, RateLimiter, RateLimitVerdict
from domain.rate_limits import RateLimitRule
from tests.adapters.limiters import SECOND, Backend, clocked_memory, clocked_redis, memory, redis


@pytest.fixture(scope="module", params=["memory", "redis"])
def backend(request: pytest.FixtureRequest) -> Backend:
    if request.param == "memory":
        return Backend(memory, clocked_memory)
    url = request.getfixturevalue("redis_url")
    return Backend(lambda: redis(url), lambda: clocked_redis(url))


@pytest.fixture
def key() -> str:
    """Of this test alone, since Redis is shared."""
    return uuid4().hex


class Model:
    """The promise in its plainest form: all turns ever taken, counted afresh for every question."""

    def __init__(self) -> None:
        self.turns: dict[tuple[str, int], list[int]] = defaultdict(list)

    def charge(self, charges: list[Charge], now: int) -> RateLimitVerdict:
        asked: dict[tuple[str, int], int] = defaultdict(int)
        waits = []
        for charge in charges:
            asked[charge.key, charge.rule.seconds] += charge.cost
            waits.append(self._wait(charge, asked[charge.key, charge.rule.seconds], now))
        if not any(waits):
            for charge in charges:
                self.turns[charge.key, charge.rule.seconds] += [now] * charge.cost
        return RateLimitVerdict.tightest(
            self._verdict(charge, wait, now) for charge, wait in zip(charges, waits, strict=True)
        )

    def _in_window(self, charge: Charge, now: int) -> list[int]:
        turns = self.turns[charge.key, charge.rule.seconds]
        return [turn for turn in turns if turn > now - charge.rule.seconds * SECOND]

    def _wait(self, charge: Charge, asked: int, now: int) -> int:
        length = charge.rule.seconds * SECOND
        for then in [now, *(turn + length for turn in self._in_window(charge, now))]:
            if len(self._in_window(charge, then)) + asked <= charge.rule.count:
                return then - now
        return length

    def _verdict(self, charge: Charge, wait: int, now: int) -> RateLimitVerdict:
        turns = self._in_window(charge, now)
        length = charge.rule.seconds * SECOND
        return RateLimitVerdict(
            allowed=wait == 0,
            limit=charge.rule.count,
            remaining=max(0, charge.rule.count - len(turns)),
            reset_after_seconds=(turns[-1] + length - now) / SECOND if turns else 0,
            retry_after_seconds=wait / SECOND,
        )


RULES = [RateLimitRule(3, 1), RateLimitRule(5, 1), RateLimitRule(4, 2)]
steps = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 300_000, 999_999, SECOND]) | st.integers(0, 2_500_000),
        st.lists(
            st.builds(Charge, st.sampled_from("ab"), st.sampled_from(RULES), st.integers(1, 4)),
            min_size=1,
            max_size=3,
        ),
    ),
    max_size=40,
)


@given(steps=steps)
async def test_no_window_wherever_it_begins_has_more_turns_than_its_rule(
    backend: Backend, steps: list[tuple[int, list[Charge]]]
) -> None:
    model = Model()
    run = uuid4().hex
    async with backend.clocked() as (limiter, clock):
        for pause, charges in steps:
            await clock.advance(pause)
            own = [Charge(run + charge.key, charge.rule, charge.cost) for charge in charges]
            verdict = await limiter.charge(own)
            expected = model.charge(own, clock.now)
            assert verdict.reset_after_seconds == pytest.approx(expected.reset_after_seconds)
            assert verdict.retry_after_seconds == pytest.approx(expected.retry_after_seconds)
            assert verdict.allowed == expected.allowed
            assert (verdict.limit, verdict.remaining) == (expected.limit, expected.remaining)
            assert not verdict.degraded
    for (_, seconds), turns in model.turns.items():
        most = max(rule.count for rule in RULES if rule.seconds == seconds)
        for turn in turns:
            assert sum(turn <= other < turn + seconds * SECOND for other in turns) <= most


async def test_of_many_at_once_exactly_the_limit_passes(backend: Backend, key: str) -> None:
    charge = Charge(key, RateLimitRule(50, 60))
    async with backend.open() as one, backend.open() as other:
        limiters = [one] * 200 if isinstance(one, MemoryRateLimiter) else [one, other] * 100
        verdicts = await asyncio.gather(*(limiter.charge([charge]) for limiter in limiters))
    assert sum(verdict.allowed for verdict in verdicts) == 50
    assert not any(verdict.degraded for verdict in verdicts)


async def test_if_one_charge_is_refused_the_others_are_not_taken(
    backend: Backend, key: str
) -> None:
    full = Charge(f"{key}:full", RateLimitRule(1, 60))
    roomy = Charge(f"{key}:roomy", RateLimitRule(10, 60))
    async with backend.open() as limiter:
        await limiter.charge([full])
        for both in ([roomy, full], [full, roomy]):
            verdict = await limiter.charge(both)
            assert (verdict.allowed, verdict.limit) == (False, 1)
        assert (await limiter.charge([roomy])).remaining == 9


async def test_the_numbers_are_those_of_the_charge_that_binds_most(
    backend: Backend, key: str
) -> None:
    wide = Charge(f"{key}:wide", RateLimitRule(10, 60))
    narrow = Charge(f"{key}:narrow", RateLimitRule(4, 10), cost=2)

    def numbers(verdict: RateLimitVerdict) -> tuple[bool, int, int, float, float]:
        return (
            verdict.allowed,
            verdict.limit,
            verdict.remaining,
            round(verdict.reset_after_seconds, 6),
            round(verdict.retry_after_seconds, 6),
        )

    async with backend.clocked() as (limiter, clock):
        assert numbers(await limiter.charge([wide, narrow])) == (True, 4, 2, 10, 0)
        await clock.advance(4 * SECOND)
        assert numbers(await limiter.charge([wide, narrow])) == (True, 4, 0, 10, 0)
        await clock.advance(1 * SECOND)
        # The first two turns leave 10 s after they were taken, the last two 4 s later.
        assert numbers(await limiter.charge([wide, narrow])) == (False, 4, 0, 9, 5)
        await clock.advance(5 * SECOND - 1)
        assert numbers(await limiter.charge([narrow])) == (False, 4, 0, 4.000001, 0.000001)
        await clock.advance(1)
        assert numbers(await limiter.charge([narrow])) == (True, 4, 0, 10, 0)
        # A turn leaves just then, not a moment later.
        await clock.advance(4 * SECOND)
        single = Charge(narrow.key, narrow.rule)
        assert numbers(await limiter.charge([single])) == (True, 4, 1, 10, 0)
        await limiter.charge([single])
        # Of two refusals, the longer wait.
        await limiter.charge([Charge(wide.key, wide.rule, cost=8)])
        assert numbers(await limiter.charge([narrow, wide])) == (False, 10, 0, 60, 46)


async def test_keys_have_windows_of_their_own(backend: Backend, key: str) -> None:
    rule = RateLimitRule(1, 60)
    async with backend.open() as limiter:
        assert (await limiter.charge([Charge(key, rule)])).allowed
        assert not (await limiter.charge([Charge(key, rule)])).allowed
        assert (await limiter.charge([Charge(f"{key}:other", rule)])).allowed
        assert (await limiter.charge([Charge(key, RateLimitRule(1, 61))])).allowed
        raised = await limiter.charge([Charge(key, RateLimitRule(3, 60))])
        assert (raised.allowed, raised.remaining) == (True, 1)
        lowered = await limiter.charge([Charge(key, rule)])
        assert (lowered.allowed, lowered.remaining) == (False, 0)


async def test_what_costs_more_than_the_limit_never_fits(backend: Backend, key: str) -> None:
    async with backend.open() as limiter:
        verdict = await limiter.charge([Charge(key, RateLimitRule(3, 7), cost=4)])
    assert (verdict.allowed, verdict.remaining, verdict.retry_after_seconds) == (False, 3, 7)


HOSTILE = ["", "x" * 10_240, "a\0b", "{a}", "a}b{", "*", "a\r\nSET x 1"]
HOSTILE += ["a", "é", "e\u0301", "🗝", "\ud800"]


async def test_hostile_keys_are_keys_like_others(backend: Backend, key: str) -> None:
    rule = RateLimitRule(1, 60)
    async with backend.open() as limiter:
        for expected in (True, False):
            for hostile in HOSTILE:
                verdict = await limiter.charge([Charge(hostile + key, rule)])
                assert verdict.allowed is expected, ascii(hostile)[:20]
                assert not verdict.degraded


async def test_who_waits_as_told_is_let_in(backend: Backend, key: str) -> None:
    charge = Charge(key, RateLimitRule(2, 1))
    async with backend.open() as limiter:
        while (verdict := await limiter.charge([charge])).allowed:
            pass
        await asyncio.sleep(verdict.retry_after_seconds + 0.001)
        assert (await limiter.charge([charge])).allowed


async def test_the_limit_holds_in_real_time_too(backend: Backend, key: str) -> None:
    charge = Charge(key, RateLimitRule(20, 1))
    taken: list[tuple[float, float]] = []

    async def hammer(limiter: RateLimiter, until: float) -> None:
        while (before := time.monotonic()) < until:
            if (await limiter.charge([charge])).allowed:
                taken.append((before, time.monotonic()))
            await asyncio.sleep(0.002)

    async with backend.open() as limiter:
        until = time.monotonic() + 1.5
        await asyncio.gather(*(hammer(limiter, until) for _ in range(8)))
    taken.sort()
    # 40, unless the machine slept.
    assert 20 < len(taken) <= 40
    # Whenever within its call each turn was taken: the 21st after the 1st is a second later.
    for first, later in zip(taken, taken[20:], strict=False):
        assert later[1] - first[0] >= 1


async def test_a_call_without_charges_is_a_mistake(backend: Backend) -> None:
    async with backend.open() as limiter:
        with pytest.raises(ValueError, match="nothing"):
            await limiter.charge([])


def test_a_charge_costs_something() -> None:
    with pytest.raises(ValueError, match="cost"):
        Charge("key", RateLimitRule(1, 1), cost=0)
