"""Killing the service around the commit of an act: the client that asks again gets one answer."""

import asyncio
import random
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import httpx
import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.passwords import FastPasswordHasher
from config.container import Container, container_for
from config.settings import load_settings
from domain.users import User, UserFilter
from entrypoints.http.app import create_app
from tests.registrant import BODIES, BODY, HEADERS, ITEMS, USERS
from tests.services import Service, serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 60
SECRET_KEY = "a secret for processes of this test"


@dataclass(frozen=True, kw_only=True)
class Survivor:
    """Another worker on the same database."""

    container: Container
    client: httpx.AsyncClient
    clock: ManualClock

    async def register(self) -> httpx.Response:
        return await self.client.post(USERS, json=BODY, headers=HEADERS)

    async def users(self) -> list[User]:
        async with self.container.uow().reading() as uow:
            found: list[User] = await uow.users.page(UserFilter(), None, 1_000)
        return found


@pytest.fixture
async def survivor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str
) -> AsyncIterator[Survivor]:
    for name, value in {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET_KEY,
        "RATE_LIMIT_AUTH": "off",
    }.items():
        monkeypatch.setenv(f"DOORWARD_{name}", value)
    container = container_for(load_settings())
    clock = ManualClock(datetime.now(UTC))
    container.clock.override(clock)
    container.hasher.override(FastPasswordHasher())
    transport = httpx.ASGITransport(create_app(container))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Survivor(container=container, client=client, clock=clock)
    await container.storage().close()


def send_and_die(moment: str, commit: int, path: str = USERS, *token: str) -> None:
    program = [sys.executable, "-m", "tests.registrant", moment, str(commit), path, *token]
    assert subprocess.run(program, cwd=ROOT, check=False).returncode == -9


@pytest.mark.parametrize(
    ("moment", "commit"), [("before", 2), pytest.param("after", 1, marks=pytest.mark.proof)]
)
async def test_killed_before_the_act_stands_it_is_carried_out_when_the_lease_has_run_out(
    survivor: Survivor, moment: str, commit: int
) -> None:
    send_and_die(moment, commit)
    assert await survivor.users() == []
    early = await survivor.register()
    assert (early.status_code, early.json()["error"]) == (409, "conflict")
    # This clock has stood still since before the claim, which the other process then dated.
    survivor.clock.advance(LEASE_SECONDS + 60)
    made = await survivor.register()
    assert made.status_code == 201
    assert "idempotent-replayed" not in made.headers
    again = await survivor.register()
    assert (again.headers["idempotent-replayed"], again.content) == ("true", made.content)
    assert [str(user.id) for user in await survivor.users()] == [made.json()["id"]]


async def test_killed_between_commit_and_answer_it_is_answered_at_once(survivor: Survivor) -> None:
    send_and_die("after", 2)
    (user,) = await survivor.users()
    answer = await survivor.register()
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (201, "true")
    assert answer.json()["id"] == str(user.id)
    assert answer.headers["location"] == f"{USERS}/{user.id}"
    assert answer.headers["etag"] == '"1"'
    assert await survivor.users() == [user]


@pytest.mark.proof
async def test_an_item_is_created_once_around_a_kill(survivor: Survivor) -> None:
    await survivor.container.ensure_signing_keys().execute()
    await survivor.container.key_ring_keeper().refresh()
    await survivor.client.post(USERS, json=BODY)
    body = {name: BODY[name] for name in ("email", "password")}
    tokens = (await survivor.client.post("/api/v1/auth/login", json=body)).json()
    auth = {"Authorization": f"Bearer {tokens['access_token']}"}
    send_and_die("after", 2, ITEMS, tokens["access_token"])
    answer = await survivor.client.post(ITEMS, json=BODIES[ITEMS], headers=HEADERS | auth)
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (201, "true")
    assert answer.headers["location"] == f"{ITEMS}/{answer.json()['id']}"
    listed = await survivor.client.get(ITEMS, headers=auth)
    assert listed.json()["items"] == [answer.json()]


async def register_one(client: httpx.AsyncClient, number: int) -> httpx.Response | None:
    """The answer; None where there was none."""
    headers = {"Idempotency-Key": f"key-{number}"}
    body = BODY | {"email": f"user{number}@example.com"}
    try:
        return await client.post(USERS, json=body, headers=headers)
    except httpx.TransportError:
        return None


async def answers_until_the_kill(
    service: Service, numbers: range, chance: random.Random
) -> dict[int, httpx.Response]:
    """Of requests sent at once, when the service is killed soon after it has answered a few."""
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
        tasks = {each: asyncio.create_task(register_one(client, each)) for each in numbers}
        few = chance.randrange(len(tasks) // 2)
        for next_answer in islice(asyncio.as_completed(tasks.values()), few):
            await next_answer
        await asyncio.sleep(chance.uniform(0, 0.05))
        service.process.kill()
        answers = {number: await task for number, task in tasks.items()}
    return {number: answer for number, answer in answers.items() if answer is not None}


@pytest.mark.proof
async def test_killed_at_any_moment_nothing_is_done_twice_and_nothing_is_left_undone(
    survivor: Survivor, tmp_path: Path, database_url: str
) -> None:
    chance = random.Random(20260101)
    settings = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET_KEY}
    everyone = range(12 * 8)
    told: dict[int, httpx.Response] = {}
    for first in everyone[::8]:
        with serving(tmp_path, **settings) as service:
            told |= await answers_until_the_kill(service, everyone[first : first + 8], chance)
    assert 0 < len(told) < len(everyone)
    with serving(tmp_path, **settings) as service:
        async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
            early = [await register_one(client, number) for number in everyone]
            assert {each.status_code for each in early if each} <= {201, 409}
            await asyncio.sleep(LEASE_SECONDS)
            last = [await register_one(client, number) for number in everyone]
    for number, answer in enumerate(last):
        assert answer is not None
        assert answer.status_code == 201
        if number in told:
            assert answer.headers["idempotent-replayed"] == "true"
            assert answer.content == told[number].content
    made = [user.email.address for user in await survivor.users() if user.name == BODY["name"]]
    assert sorted(made) == sorted(f"user{number}@example.com" for number in everyone)
