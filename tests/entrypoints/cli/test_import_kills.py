"""Imports that are killed half-way, and given again: everybody is there, once and whole."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import text

from tests.adapters.crypto.test_stored_hashes import REFERENCE
from tests.entrypoints.cli.conftest import SECRET_KEY
from tests.services import clean_environment
from tests.storage import open_database

_PATIENCE_SECONDS = 300.0
_BATCH = 500
_MIB = 1024 * 1024
TABLES = ("users", "credentials", "user_roles", "events")


def a_file(count: int) -> Path:
    file = Path("people.ndjson").absolute()
    with file.open("w") as out:
        for number in range(count):
            fields = {
                "email": f"user{number}@accounts.dev",
                "name": f"User {number}",
                "email_verified": True,
                "roles": ["user"],
                "password_hash": REFERENCE,
            }
            out.write(json.dumps(fields) + "\n")
    return file


@contextmanager
def importing(
    url: str, source: str, stdin: int | IO[bytes] = subprocess.DEVNULL
) -> Iterator["subprocess.Popen[bytes]"]:
    """`doorward users import` as a process of its own; dead when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli.app", "users", "import", source, "--json"],
        env=clean_environment(DATABASE_URL=url, SECRET_KEY=SECRET_KEY),
        stdin=stdin,
        stdout=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def summary(process: "subprocess.Popen[bytes]") -> dict[str, object]:
    out, _ = process.communicate(timeout=600)
    assert process.returncode == 0
    told: dict[str, object] = json.loads(out)
    return told


def counts(url: str) -> list[int]:
    """Accounts, hashes, roles and events; everything but the rows that ship."""

    async def ask() -> list[int]:
        async with open_database(url) as database, database.reading() as connection:
            return [
                int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())  # noqa: S608
                for table in TABLES
            ]

    return asyncio.run(ask())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def kill_at(url: str, process: "subprocess.Popen[bytes]", count: int) -> int:
    """Kills once so many accounts are there; how many are when it is dead."""
    wait_until(lambda: counts(url)[0] >= count)
    assert process.poll() is None, "it was through before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = counts(url)
    assert found == [found[0]] * len(TABLES), "accounts are whole"
    assert found[0] % _BATCH == 0
    return found[0]


def test_killed_half_way_and_given_again(anywhere: str) -> None:
    file = a_file(3000)
    lines = file.read_bytes().splitlines(keepends=True)
    with importing(anywhere, "-", subprocess.PIPE) as process:
        assert process.stdin is not None
        # The rest never comes: it waits for more than a batch, and is killed.
        process.stdin.write(b"".join(lines[:1700]))
        process.stdin.flush()
        there = kill_at(anywhere, process, 1000)
    assert there in (1000, 1500)

    with importing(anywhere, str(file)) as process:
        told = summary(process)

    assert told == {
        "created": 3000 - there,
        "already_there": there,
        "refused": 0,
        "faults": [],
    }
    assert counts(anywhere) == [3000] * len(TABLES)


@pytest.mark.proof
def test_a_hundred_thousand_within_a_minute_and_200_mib(postgresql_database_url: str) -> None:
    url, count = postgresql_database_url, 100_000
    file = a_file(count)
    started = time.monotonic()
    with importing(url, str(file)) as process:
        _, status, used = os.wait4(process.pid, 0)
        took = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    peak_mib = used.ru_maxrss * 1024 / _MIB
    print(f"\n{count} accounts in {took:.1f} s, at most {peak_mib:.0f} MiB")  # noqa: T201 - the figures are the proof
    assert process.returncode == 0
    assert counts(url) == [count] * len(TABLES)
    assert took < 60
    assert peak_mib < 200


@pytest.mark.proof
def test_a_hundred_thousand_with_a_kill_in_the_middle(database_url: str) -> None:
    count = 100_000
    file = a_file(count)
    with importing(database_url, str(file)) as process:
        there = kill_at(database_url, process, count // 2)
    assert there < count

    with importing(database_url, str(file)) as process:
        told = summary(process)

    assert (told["created"], told["already_there"]) == (count - there, there)
    assert counts(database_url) == [count] * len(TABLES)
