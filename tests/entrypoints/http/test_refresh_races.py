"""One refresh token handed in many times at once, to two processes on one database."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.services import serving

pytestmark = pytest.mark.slow

AT_ONCE = 50
PASSWORD = "a long sentence is best"
TOKENS = "/api/v1/auth/refresh"


@pytest.fixture(params=["sqlite", "postgresql"])
def shared_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'shared.db'}"
    return str(request.getfixturevalue("postgresql_database_url"))


@pytest.fixture
def grace_seconds() -> int:
    return 30


@pytest.fixture
def urls(shared_database: str, tmp_path: Path, grace_seconds: int) -> Iterator[list[str]]:
    settings = {
        "DATABASE_URL": shared_database,
        "SECRET_KEY": "one secret for both processes, long",
        "ISSUER": "https://accounts.example.com",
        "REFRESH_GRACE_SECONDS": str(grace_seconds),
    }
    with ExitStack() as stack:
        yield [stack.enter_context(serving(tmp_path, **settings)).url for _ in range(2)]


@pytest.fixture
async def clients(urls: list[str]) -> AsyncIterator[list[httpx.AsyncClient]]:
    limits = httpx.Limits(max_connections=AT_ONCE)
    opened = [httpx.AsyncClient(base_url=url, timeout=30, limits=limits) for url in urls]
    yield opened
    for client in opened:
        await client.aclose()


async def sign_in(client: httpx.AsyncClient) -> dict[str, Any]:
    account = {"email": "ada@example.com", "password": PASSWORD}
    await client.post("/api/v1/users", json={**account, "name": "Ada"})
    answer = await client.post("/api/v1/auth/login", json=account)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def hand_in(clients: list[httpx.AsyncClient], token: str, times: int) -> list[httpx.Response]:
    """As many answers, evenly from all processes, without those that asked to come again later."""
    answers = await asyncio.gather(
        *(
            clients[number % len(clients)].post(TOKENS, json={"refresh_token": token})
            for number in range(times)
        )
    )
    for answer in answers:
        assert answer.status_code in (200, 401, 503), answer.text
        assert answer.status_code != 503 or "retry-after" in answer.headers
    return [answer for answer in answers if answer.status_code != 503]


async def everyone_gets_one_successor(clients: list[httpx.AsyncClient], rounds: int) -> None:
    token = (await sign_in(clients[0]))["refresh_token"]
    for _ in range(rounds):
        answers = await hand_in(clients, token, AT_ONCE)
        assert {answer.status_code for answer in answers} == {200}
        successors = {answer.json()["refresh_token"] for answer in answers}
        assert len(successors) == 1
        (successor,) = successors
        assert successor != token
        token = successor


async def test_all_at_once_get_the_same_successor(clients: list[httpx.AsyncClient]) -> None:
    await everyone_gets_one_successor(clients, rounds=3)


@pytest.mark.proof
async def test_all_at_once_get_the_same_successor_every_time(
    clients: list[httpx.AsyncClient],
) -> None:
    await everyone_gets_one_successor(clients, rounds=100)


async def without_a_window_one_wins_and_the_session_ends(
    clients: list[httpx.AsyncClient], rounds: int
) -> None:
    for _ in range(rounds):
        tokens = await sign_in(clients[0])
        answers = await hand_in(clients, tokens["refresh_token"], AT_ONCE)
        winners = [answer for answer in answers if answer.status_code == 200]
        assert len(winners) <= 1
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        for client in clients:
            assert (await client.get("/api/v1/users/me", headers=headers)).status_code == 401
        for winner in winners:
            (again,) = await hand_in(clients, winner.json()["refresh_token"], 1)
            assert again.status_code == 401


@pytest.mark.parametrize("grace_seconds", [0])
async def test_without_a_window_at_most_one_wins(clients: list[httpx.AsyncClient]) -> None:
    await without_a_window_one_wins_and_the_session_ends(clients, rounds=3)


@pytest.mark.proof
@pytest.mark.parametrize("grace_seconds", [0])
async def test_without_a_window_at_most_one_wins_every_time(
    clients: list[httpx.AsyncClient],
) -> None:
    await without_a_window_one_wins_and_the_session_ends(clients, rounds=100)
