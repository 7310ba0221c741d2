"""Killing the service around the commit of an act: the client that asks again gets one account."""

import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.passwords import FastPasswordHasher
from config.container import Container, container_for
from config.settings import load_settings
from domain.users import User, UserFilter
from entrypoints.http.app import create_app
from tests.registrant import BODY, HEADERS, USERS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 60


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
            found: list[User] = await uow.users.page(UserFilter(), None, 100)
        return found


@pytest.fixture
async def survivor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str
) -> AsyncIterator[Survivor]:
    for name, value in {
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a secret for processes of this test",
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


def register_and_die(moment: str, commit: int) -> None:
    program = [sys.executable, "-m", "tests.registrant", moment, str(commit)]
    assert subprocess.run(program, cwd=ROOT, check=False).returncode == -9


@pytest.mark.parametrize(
    ("moment", "commit"), [("before", 2), pytest.param("after", 1, marks=pytest.mark.proof)]
)
async def test_killed_before_the_act_stands_it_is_carried_out_when_the_lease_has_run_out(
    survivor: Survivor, moment: str, commit: int
) -> None:
    register_and_die(moment, commit)
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
    register_and_die("after", 2)
    (user,) = await survivor.users()
    answer = await survivor.register()
    assert (answer.status_code, answer.headers["idempotent-replayed"]) == (201, "true")
    assert answer.json()["id"] == str(user.id)
    assert answer.headers["location"] == f"{USERS}/{user.id}"
    assert answer.headers["etag"] == '"1"'
    assert await survivor.users() == [user]
