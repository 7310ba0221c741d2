"""What the limiter does while Redis is away: no error, no long wait, and a way back."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio import Redis

from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.redis.rate_limiter import RedisRateLimiter
from application.ports.rate_limiter import Charge, RateLimitVerdict
from domain.rate_limits import RateLimitRule
from tests.servers import RedisProcess, free_port, redis_process

OPEN = Charge("open", RateLimitRule(1_000, 60))
NARROW = Charge("narrow", RateLimitRule(1, 60))
CLOSED = Charge("closed", RateLimitRule(3, 60), fail_closed=True)
TIMEOUT_SECONDS = 0.25
# What a busy machine may add to a wait.
SLACK_SECONDS = 0.2


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    """Both loops, since they report a dead connection in different ways."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
def server() -> Iterator[RedisProcess]:
    with redis_process() as process:
        yield process


class Time:
    """Seconds that pass when the test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def limiter_on(
    port: int,
    timeout_seconds: float = TIMEOUT_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[RedisRateLimiter]:
    limiter = RedisRateLimiter(
        f"redis://127.0.0.1:{port}",
        fallback=MemoryRateLimiter(),
        timeout_seconds=timeout_seconds,
        clock=clock,
    )
    try:
        yield limiter
    finally:
        await limiter.close()


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def impostor(answer: Answer) -> AsyncIterator[tuple[int, list[float]]]:
    """A listener that is no Redis: its port, and when it was connected to."""
    connected: list[float] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(time.monotonic())
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1], connected
    finally:
        listener.close()


async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass


async def at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    return


def saying(text: bytes) -> Answer:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(text)
        with suppress(ConnectionError):
            await writer.drain()
            await never(reader, writer)

    return say


async def timed(call: Awaitable[RateLimitVerdict]) -> tuple[RateLimitVerdict, float]:
    started = time.monotonic()
    verdict = await call
    return verdict, time.monotonic() - started


async def assert_outage_is_harmless(limiter: RedisRateLimiter) -> None:
    """The whole promise: passes or is bounded, says so, and costs one wait and no more."""
    verdict, seconds = await timed(limiter.charge([OPEN]))
    assert verdict.allowed
    assert verdict.degraded
    assert seconds < TIMEOUT_SECONDS + SLACK_SECONDS
    started = time.monotonic()
    closed = [await limiter.charge([CLOSED, OPEN]) for _ in range(5)]
    passing = [await limiter.charge([NARROW]) for _ in range(50)]
    assert time.monotonic() - started < SLACK_SECONDS
    assert [verdict.allowed for verdict in closed] == [True, True, True, False, False]
    assert [verdict.remaining for verdict in closed] == [2, 1, 0, 0, 0]
    assert closed[-1].retry_after_seconds > 0
    assert all(verdict.allowed for verdict in passing)
    assert all(verdict.degraded for verdict in closed + passing)
    assert not await limiter.healthy()


async def until_back(limiter: RedisRateLimiter) -> RateLimitVerdict:
    deadline = time.monotonic() + 5
    while (verdict := await limiter.charge([CLOSED])).degraded:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    return verdict


async def test_a_killed_redis_is_harmless_and_found_again_when_it_is_back(
    server: RedisProcess,
) -> None:
    async with limiter_on(server.port) as limiter:
        assert not (await limiter.charge([CLOSED])).degraded
        assert await limiter.healthy()
        server.kill()
        await assert_outage_is_harmless(limiter)
        killed = time.monotonic()
        with redis_process(server.port):
            verdict = await until_back(limiter)
            assert time.monotonic() - killed < 2
            # A new server knows neither the script nor the turns.
            assert verdict.remaining == 2
            assert await limiter.healthy()
            assert not (await limiter.charge([OPEN])).degraded


async def test_a_connection_that_the_server_has_closed_is_no_outage(server: RedisProcess) -> None:
    async with limiter_on(server.port) as limiter, Redis(port=server.port) as client:
        assert not (await limiter.charge([CLOSED])).degraded
        await client.client_kill_filter(_type="normal", skipme=True)
        await asyncio.sleep(0.1)
        assert not (await limiter.charge([CLOSED])).degraded


async def test_a_redis_that_was_never_there_is_harmless() -> None:
    async with limiter_on(free_port()) as limiter:
        await assert_outage_is_harmless(limiter)


async def test_a_listener_that_never_answers_is_harmless() -> None:
    async with impostor(never) as (port, _), limiter_on(port) as limiter:
        await assert_outage_is_harmless(limiter)


async def test_a_frozen_redis_is_harmless_and_found_again_when_it_moves(
    server: RedisProcess,
) -> None:
    async with limiter_on(server.port) as limiter:
        await limiter.charge([CLOSED])
        server.freeze()
        await assert_outage_is_harmless(limiter)
        server.thaw()
        await until_back(limiter)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(at_once, id="hangs up"),
        pytest.param(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), id="another protocol"),
        pytest.param(saying(b":many\r\n"), id="a number that is none"),
        pytest.param(saying(b"+OK\r\n"), id="another type"),
        pytest.param(saying(b"$3\r\nabc\r\n"), id="bytes that are numbers, to python"),
        pytest.param(saying(b"*1\r\n:1\r\n"), id="too short"),
        pytest.param(saying(b"*3\r\n:1\r\n:2\r\n$-1\r\n"), id="a hole"),
        pytest.param(saying(b"*3\r\n:1\r\n"), id="half an answer"),
        pytest.param(saying(b"\xff\xfe\r\n"), id="noise"),
        pytest.param(saying(b"-LOADING in progress\r\n"), id="still loading"),
    ],
)
async def test_a_server_that_answers_nonsense_is_harmless(answer: Answer) -> None:
    async with impostor(answer) as (port, _), limiter_on(port) as limiter:
        await assert_outage_is_harmless(limiter)


@pytest.mark.parametrize(
    "command", [("CONFIG", "SET", "maxmemory", "1"), ("REPLICAOF", "127.0.0.1", "1")]
)
async def test_a_redis_that_refuses_to_write_is_harmless(
    server: RedisProcess, command: tuple[str, ...]
) -> None:
    async with limiter_on(server.port) as limiter, Redis(port=server.port) as client:
        await client.execute_command(*command)  # type: ignore[no-untyped-call]
        await assert_outage_is_harmless(limiter)


async def test_a_charge_that_may_have_been_taken_is_not_sent_again() -> None:
    asked = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(4096))

    async with impostor(hang_up) as (port, _), limiter_on(port) as limiter:
        await limiter.charge([OPEN])
    assert len(asked) == 1
    assert OPEN.window_id().encode() in asked[0]


async def test_during_an_outage_one_call_in_each_pause_tries_again() -> None:
    clock = Time()
    async with (
        impostor(never) as (port, connected),
        limiter_on(port, timeout_seconds=0.05, clock=clock) as limiter,
    ):
        for expected in (1, 2, 3):
            if expected > 1:
                await asyncio.gather(*(limiter.charge([OPEN]) for _ in range(100)))
            await limiter.charge([OPEN])
            assert len(connected) == expected
            clock.now += 0.999
            await limiter.charge([OPEN])
            assert len(connected) == expected
            clock.now += 0.002


async def test_an_outage_delays_many_at_once_no_longer_than_one(server: RedisProcess) -> None:
    async with limiter_on(server.port) as limiter:
        await limiter.charge([OPEN])
        server.freeze()
        # More than there are connections: those who wait for one do not wait on top of that.
        results = await asyncio.gather(*(timed(limiter.charge([OPEN])) for _ in range(200)))
        server.thaw()
    assert all(verdict.allowed and verdict.degraded for verdict, _ in results)
    assert max(seconds for _, seconds in results) < TIMEOUT_SECONDS + SLACK_SECONDS


async def test_a_cancelled_call_neither_keeps_its_connection_nor_leaves_its_answer_to_others(
    server: RedisProcess,
) -> None:
    async with limiter_on(server.port, timeout_seconds=5) as limiter:
        await asyncio.gather(*(limiter.charge([OPEN]) for _ in range(40)))
        for attempt in range(3):
            server.freeze()
            calls = [asyncio.ensure_future(limiter.charge([OPEN])) for _ in range(40)]
            await asyncio.sleep(0.05)
            for call in calls:
                call.cancel()
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
            server.thaw()
            own = [
                Charge(f"{attempt}", RateLimitRule(count, 60 + count)) for count in range(1, 101)
            ]
            verdicts = await asyncio.gather(*(limiter.charge([charge]) for charge in own))
            assert [verdict.limit for verdict in verdicts] == list(range(1, 101))
            # An answer to someone else's charge would leave another number.
            assert [verdict.remaining for verdict in verdicts] == list(range(100))
            assert not any(verdict.degraded for verdict in verdicts)


async def test_a_cancelled_try_does_not_end_the_trying(server: RedisProcess) -> None:
    clock = Time()
    async with limiter_on(server.port, clock=clock) as limiter:
        server.freeze()
        await limiter.charge([OPEN])
        clock.now += 1
        attempt = asyncio.ensure_future(limiter.charge([OPEN]))
        await asyncio.sleep(0.05)
        attempt.cancel()
        with suppress(asyncio.CancelledError):
            await attempt
        server.thaw()
        assert (await limiter.charge([OPEN])).degraded
        clock.now += 1
        assert not (await limiter.charge([OPEN])).degraded


async def test_closing_is_harmless_at_any_time(server: RedisProcess) -> None:
    async with limiter_on(server.port) as limiter:
        await limiter.charge([OPEN])
        await limiter.close()
        await limiter.close()
        assert (await limiter.charge([OPEN])).degraded
        assert not await limiter.healthy()
    async with limiter_on(server.port, timeout_seconds=5) as limiter:
        await limiter.charge([OPEN])
        server.freeze()
        under_way = asyncio.ensure_future(limiter.charge([CLOSED]))
        await asyncio.sleep(0.05)
        await limiter.close()
        verdict, seconds = await timed(under_way)
        assert verdict.degraded
        assert seconds < SLACK_SECONDS
    async with limiter_on(server.port) as limiter:
        await limiter.charge([OPEN])
        server.kill()


async def test_an_outage_is_logged_when_it_begins_and_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    clock = Time()
    port = free_port()
    secret = Charge("grace@example.com", RateLimitRule(5, 60))
    async with limiter_on(port, clock=clock) as limiter:
        for _ in range(5):
            await limiter.charge([secret])
            clock.now += 2
        with redis_process(port):
            for _ in range(5):
                await limiter.charge([secret])
    messages = [record.getMessage() for record in caplog.records if "redis" in record.name]
    assert len(messages) == 2
    assert "away" in messages[0]
    assert "back" in messages[1]
    assert "grace" not in caplog.text
    assert secret.window_id() not in caplog.text


def test_what_is_no_redis_url_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="scheme"):
        RedisRateLimiter("http://example.com", fallback=MemoryRateLimiter())
