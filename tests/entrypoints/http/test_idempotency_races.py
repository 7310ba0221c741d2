"""Twenty who send one request with one key at once, to two workers on one database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest

from domain.users import UserFilter
from entrypoints.http.app import create_app
from tests.worlds import PASSWORD, World, open_world

CROWD = 20

rounds = pytest.mark.parametrize(
    "rounds",
    [pytest.param(3, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.proof)],
)


@pytest.fixture
async def workers(database_url: str) -> AsyncIterator[list[tuple[World, httpx.AsyncClient]]]:
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(2):
            world = await stack.enter_async_context(open_world(database_url))
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(create_app(world.container)),
                base_url="http://localhost",
            )
            opened.append((world, await stack.enter_async_context(client)))
        yield opened


async def registered(world: World, email: str) -> int:
    async with world.container.uow().reading() as uow:
        return len(await uow.users.page(UserFilter(email_key=email), None, 100))


@rounds
async def test_one_account_and_one_answer(
    workers: list[tuple[World, httpx.AsyncClient]], rounds: int
) -> None:
    for number in range(rounds):
        email = f"ada{number}@example.com"

        async def send(sender: int, email: str = email) -> httpx.Response:
            _, client = workers[sender % 2]
            body = {"email": email, "name": "Ada", "password": PASSWORD}
            headers = {"Idempotency-Key": f"key of {email}".replace(" ", "-")}
            return await client.post("/api/v1/users", json=body, headers=headers)

        answers = await asyncio.gather(*map(send, range(CROWD)))
        made = [each for each in answers if each.status_code == 201]
        told = [each.json()["error"] for each in answers if each.status_code == 409]
        assert len(made) + len(told) == CROWD
        assert set(told) <= {"conflict"}
        first = [each for each in made if "idempotent-replayed" not in each.headers]
        assert len(first) == 1
        later = await asyncio.gather(*map(send, range(CROWD)))
        assert {each.headers["idempotent-replayed"] for each in later} == {"true"}
        for each in (*made, *later):
            assert (each.status_code, each.content) == (201, first[0].content)
            assert each.headers["location"] == first[0].headers["location"]
        assert await registered(workers[0][0], email) == 1
