"""A worker that is full: who gets in, who makes room, and who is left alone."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from entrypoints.http.serving import limits
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
