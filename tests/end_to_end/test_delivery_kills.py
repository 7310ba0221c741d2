"""Killing who delivers between sending and noting it: nothing is lost, and little is sent twice."""

import asyncio
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from application.users.registration import RegisterUserCommand
from config.container import Container, close, container_for
from config.settings import load_settings
from domain.access import Actor
from tests.smtp_server import Inbox, smtp_server

ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 20


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with smtp_server() as inbox:
        yield inbox


@pytest.fixture
async def container(inbox: Inbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Container:
    """An installation on SQLite, settings in the environment for the processes to come."""
    for name, value in {
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "a secret for processes of this test",
        "MAILER": "smtp",
        "SMTP_URL": f"smtp://127.0.0.1:{inbox.port}",
        "ARGON2_TIME_COST": "2",
    }.items():
        monkeypatch.setenv(f"DOORWARD_{name}", value)
    container = container_for(load_settings())
    await container.storage().migrate()
    return container


async def queue(container: Container, count: int) -> None:
    for number in range(count):
        command = RegisterUserCommand(
            actor=Actor.operator(),
            email=f"user{number}@accounts.dev",
            name="Ada",
            password="correct horse battery staple",
        )
        await container.register_user().execute(command)
    await close(container)


def deliver(dies_after: int = 0, ahead_seconds: float = 0) -> int:
    program = [sys.executable, "-m", "tests.deliverer", str(dies_after), str(ahead_seconds)]
    return subprocess.run(program, cwd=ROOT, check=False).returncode


def check(inbox: Inbox, *, mails: int, kills: int) -> None:
    arrived = Counter(str(mail["Message-ID"]) for mail in inbox.mails)
    to = {mail["To"] for mail in inbox.mails}
    assert len(to) == mails, "every message arrives at least once"
    assert len(arrived) == mails, "a duplicate has the Message-ID of the first"
    assert len(inbox.mails) - mails <= kills, "no more duplicates than kills"


@pytest.mark.slow
async def test_a_few_kills(container: Container, inbox: Inbox) -> None:
    await queue(container, 12)
    for _ in range(3):
        assert deliver(dies_after=2) == -9
    assert deliver(ahead_seconds=LEASE_SECONDS) == 0
    check(inbox, mails=12, kills=3)


@pytest.mark.proof
async def test_fifty_kills_while_two_hundred_mails_wait(container: Container, inbox: Inbox) -> None:
    await queue(container, 200)
    chance = random.Random(20260101)
    for _ in range(50):
        assert deliver(dies_after=chance.randint(1, 4)) == -9
    last_kill = time.monotonic()
    while len({mail["To"] for mail in inbox.mails}) < 200 or time.monotonic() - last_kill < 22:
        assert time.monotonic() - last_kill < 30, "the backlog is drained within 30 s"
        assert deliver() == 0
        await asyncio.sleep(1)
    check(inbox, mails=200, kills=50)
