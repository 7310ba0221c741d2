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
# A hundred rounds are more than anybody may ask for in a minute.
NO_LIMITS = {"rate_limit_write": "off", "rate_limit_read": "off"}

rounds = pytest.mark.parametrize(
    "rounds",
    [pytest.param(3, marks=pytest.mark.slow), pytest.param(100, marks=pytest.mark.proof)],
)


@pytest.fixture
async def workers(database_url: str) -> AsyncIterator[list[tuple[World, httpx.AsyncClient]]]:
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(2):
            world = await stack.enter_async_context(open_world(database_url, **NO_LIMITS))
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(create_app(world.container)),
                base_url="http://localhost",
            )
            opened.append((world, await stack.enter_async_context(client)))
        yield opened


@pytest.fixture
async def auth(workers: list[tuple[World, httpx.AsyncClient]]) -> dict[str, str]:
    """Of somebody who is signed in, at either worker."""
    world, _ = workers[0]
    await world.register("owner@example.com")
    tokens = await world.sign_in("owner@example.com")
    return {"Authorization": f"Bearer {tokens.access_token}"}


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


@rounds
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/items", {"title": "Shopping list", "data": {"tea": 2}}),
        ("/api/v1/api-keys", {"name": "Report", "scopes": ["items:read"]}),
    ],
)
async def test_one_record_and_one_answer(
    workers: list[tuple[World, httpx.AsyncClient]],
    auth: dict[str, str],
    rounds: int,
    path: str,
    body: dict[str, object],
) -> None:
    for number in range(rounds):

        async def send(sender: int, key: str = f"key-{number}") -> httpx.Response:
            _, client = workers[sender % 2]
            return await client.post(path, json=body, headers=auth | {"Idempotency-Key": key})

        answers = await asyncio.gather(*map(send, range(CROWD)))
        made = [each for each in answers if each.status_code == 201]
        told = [each.json()["error"] for each in answers if each.status_code != 201]
        assert set(told) <= {"conflict"}
        later = await asyncio.gather(*map(send, range(CROWD)))
        assert {each.headers["idempotent-replayed"] for each in later} == {"true"}
        assert sum("idempotent-replayed" not in each.headers for each in made) == 1
        assert {(each.status_code, each.content) for each in (*made, *later)} == {
            (201, made[0].content)
        }
        listed = await workers[0][1].get(path, params={"limit": 100}, headers=auth)
        assert len(listed.json()["items"]) == number + 1
        assert listed.json()["items"][0]["id"] == made[0].json()["id"]
