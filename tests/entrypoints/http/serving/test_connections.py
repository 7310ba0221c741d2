"""A worker that is full: who gets in, who makes room, and who is left alone."""

import asyncio
import resource
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from config.settings import load_settings
from entrypoints.http.serving import limits
from entrypoints.http.serving.descriptors import allow_descriptors
from tests.entrypoints.http.serving.counter import Counter, counter, request, status_of

CAP = 10


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    monkeypatch.setattr(limits, "MAX_CONNECTIONS", CAP)
    async with counter() as opened:
        yield opened


async def test_one_too_many_is_told_so_and_harms_nobody(house: Counter) -> None:
    clients = [await house.connect() for _ in range(CAP)]
    refused = await house.exchange(b"")

    assert status_of(refused) == 503
    assert b'"error":"unavailable"' in refused
    assert b"retry-after: 1" in refused
    for client in clients:
        await client.send(request("/", "Connection: close"))
        assert status_of(await client.rest()) == 200
    assert status_of(await house.exchange(request("/", "Connection: close"))) == 200


async def test_who_has_kept_it_waiting_the_longest_makes_room(
    house: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowest = await house.connect()
    await slowest.send(b"GET / HT")
    await asyncio.sleep(0.2)
    others = [await house.connect() for _ in range(CAP - 1)]
    await asyncio.sleep(0.1)
    monkeypatch.setattr(limits, "DISPLACED_AFTER_SECONDS", 0.1)

    assert status_of(await house.exchange(request("/", "Connection: close"))) == 200
    assert status_of(await slowest.rest()) == 408
    for client in others:
        await client.send(request("/", "Connection: close"))
        assert status_of(await client.rest()) == 200


async def test_nobody_who_is_served_makes_room(
    house: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DISPLACED_AFTER_SECONDS", 0.05)
    clients = [await house.connect() for _ in range(CAP)]
    for client in clients:
        await client.send(request("/wait", "Connection: close"))
    await asyncio.sleep(0.2)

    assert status_of(await house.exchange(b"")) == 503
    house.application.go.set()
    assert [status_of(await client.rest()) for client in clients] == [200] * CAP


async def test_a_crowd_of_slow_clients_is_never_larger_than_the_cap(
    house: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DISPLACED_AFTER_SECONDS", 0.1)
    first = [await house.connect() for _ in range(CAP)]
    for client in first:
        await client.send(b"GET / HT")
    await asyncio.sleep(0.3)
    second = [await house.connect() for _ in range(CAP)]
    await asyncio.sleep(0.1)

    assert len(house.server.server_state.connections) == CAP
    # Gone at once, but not without a word.
    assert [status_of(await client.rest()) for client in first] == [408] * CAP
    for client in second:
        client.writer.close()


@pytest.fixture
def limit_of_descriptors(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Soft and hard, of a process that is not this one."""
    limit = [1024, 1_000_000]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limit))
    monkeypatch.setattr(
        resource, "setrlimit", lambda _, wanted: limit.__setitem__(slice(None), wanted)
    )
    return limit


@pytest.mark.parametrize(
    ("before", "least", "most"),
    [
        ((256, 1_000_000), 2000, 10_000),
        ((256, resource.RLIM_INFINITY), 2000, 10_000),
        ((256, 1500), 1500, 1500),
        ((65_536, 65_536), 65_536, 65_536),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), -1, -1),
    ],
)
def test_as_many_descriptors_as_the_cap_needs_are_allowed_where_they_may_be(
    limit_of_descriptors: list[int], before: tuple[int, int], least: int, most: int
) -> None:
    limit_of_descriptors[:] = before

    allow_descriptors(load_settings(database_url="memory://"))

    assert least <= limit_of_descriptors[0] <= most
    assert limit_of_descriptors[1] == before[1]


def test_fewer_descriptors_than_the_cap_needs_are_told_of(limit_of_descriptors: list[int]) -> None:
    limit_of_descriptors[:] = (256, 1024)

    with capture_logs() as lines:
        allow_descriptors(load_settings(database_url="memory://"))

    assert [(line["event"], line["allowed"]) for line in lines] == [("descriptors_scarce", 1024)]
