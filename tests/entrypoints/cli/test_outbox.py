"""`doorward outbox`: what operators see and do, on a real installation."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from domain.outbox import MAX_TRIES, MessageTemplate
from tests.mail_house import House

ROOT = Path(__file__).resolve().parents[3]
SECRET = "a server secret for this test only"

pytestmark = pytest.mark.slow


async def set_two_aside(url: str) -> None:
    house = House(database_url=url, secret_key=SECRET)
    user = await house.register("ada@accounts.dev")
    assert user is not None
    await house.delivered()
    async with house.container.uow()() as uow:
        for template in (MessageTemplate.PASSWORD_CHANGED, MessageTemplate.REUSE_DETECTED):
            await house.container.outgoing_mail().notify(uow, user.id, template)
        await uow.commit()
    house.mailer.refusals = 2 * MAX_TRIES
    for _ in range(MAX_TRIES):
        await house.delivered()
        house.clock.advance(3 * 60 * 60)
    await house.container.storage().close()


@pytest.fixture
def environment(sqlite_url: str) -> dict[str, str]:
    asyncio.run(set_two_aside(sqlite_url))
    return {"DOORWARD_DATABASE_URL": sqlite_url, "DOORWARD_SECRET_KEY": SECRET}


def doorward(environment: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli.app", "outbox", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_messages_are_listed_and_retried(environment: dict[str, str]) -> None:
    table = doorward(environment, "list")
    assert table.returncode == 0
    assert "reuse_detected" in table.stdout
    listed = json.loads(doorward(environment, "list", "--json").stdout)["items"]
    assert [each["template"] for each in listed] == ["reuse_detected", "password_changed"]
    assert {each["last_error"] for each in listed} == {"SMTP 451"}
    assert {each["attempts"] for each in listed} == {MAX_TRIES}
    one = doorward(environment, "retry", listed[0]["id"], "--json")
    assert json.loads(one.stdout) == {"retried": 1}
    again = doorward(environment, "retry", listed[0]["id"])
    assert (again.returncode, again.stderr) == (1, "not_found: There is no such record.\n")
    assert doorward(environment, "retry").stdout == "Due again: 1\n"


def test_it_begins_no_installation(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    done = doorward({"DOORWARD_DATA_DIR": str(folder)}, "list")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert not folder.exists()
