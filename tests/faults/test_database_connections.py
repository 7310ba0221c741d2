"""Connections that are ended one after another, and connections that have run out."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.faults.stalls import Load, assert_all_are_there, report, signed_in
from tests.services import serving
from tests.storage import _connection

KILL_ONE = """
    SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
        ORDER BY random() LIMIT 1
    ) AS victim
"""

lengths = pytest.mark.parametrize(
    "seconds",
    [pytest.param(2, marks=pytest.mark.slow), pytest.param(30, marks=pytest.mark.proof)],
)


async def kill_one_a_second(url: str, seconds: int) -> int:
    """How many there were to kill."""
    killed = 0
    async with _connection(url, isolation_level="AUTOCOMMIT") as connection:
        for _ in range(seconds):
            killed += (await connection.execute(text(KILL_ONE))).scalar_one()
            await asyncio.sleep(1)
    return killed


@lengths
def test_a_random_connection_is_ended_every_second(
    seconds: int, tmp_path: Path, postgresql_database_url: str
) -> None:
    with serving(tmp_path, DATABASE_URL=postgresql_database_url) as service:
        load = Load(service.url)
        token = signed_in(service.url)
        acts = [load.reads(token), load.reads(token), load.writes("a"), load.writes("b")]
        with load.running(*acts):
            killed = asyncio.run(kill_one_a_second(postgresql_database_url, seconds))
        ended = time.monotonic()
        # The pool has recovered: nobody notices any more.
        after = Load(service.url)
        with after.running(after.reads(token), after.writes("after")):
            time.sleep(0.5)
        assert_all_are_there(service.url, load.created[-20:])
    assert killed >= seconds - 1
    errors = [each for each in load.answers if each.status not in (200, 201)]
    assert {each.status for each in errors} <= {503}
    assert len(errors) <= killed
    # What only reads is asked again on another connection, and nobody hears of it.
    assert set(load.statuses("read")) == {200}
    assert {each.status for each in after.answers} <= {200, 201}
    report(
        f"a connection to PostgreSQL ended every second for {seconds} s",
        f"{killed} ended, {len(errors)} of {len(load.answers)} answers 503, all of them writes;"
        f" none {time.monotonic() - ended:.0f} s later",
    )


@contextmanager
def locked(url: str, table: str) -> Iterator[None]:
    """Nobody else can read the table until the block ends."""
    held, over = threading.Event(), threading.Event()

    async def hold() -> None:
        async with _connection(url) as connection:
            await connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            held.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(hold()))
    thread.start()
    held.wait(10)
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.slow
def test_connections_that_have_run_out(tmp_path: Path, postgresql_database_url: str) -> None:
    settings = {
        "DATABASE_POOL_SIZE": "2",
        "DATABASE_MAX_OVERFLOW": "1",
        # Longer than the wait for a connection by what tells the two apart.
        "DATABASE_STATEMENT_TIMEOUT_SECONDS": "3",
    }
    with serving(tmp_path, DATABASE_URL=postgresql_database_url, **settings) as service:
        load = Load(service.url)
        token = signed_in(service.url)
        acts = [*[load.reads(token)] * 8, load.probes("/health/live")]
        # Three take the connections and wait for the lock; the others wait for them.
        with locked(postgresql_database_url, "sessions"), load.running(*acts):
            time.sleep(2.6)
        after = Load(service.url)
        with after.running(after.reads(token)):
            time.sleep(0.3)
    assert set(load.statuses("read")) == {503}
    assert all(each.retry_after for each in load.of("read"))
    # Those with a connection wait as long as a statement may take.
    waited = sorted(each.seconds for each in load.of("read"))
    without = [seconds for seconds in waited if seconds < 2.9]
    assert len(without) >= 5
    assert max(without) < 2.0 + 0.5
    assert set(after.statuses("read")) == {200}
    live = sorted(each.seconds for each in load.of("live"))
    assert set(load.statuses("live")) == {200}
    slow_probe = live[int(len(live) * 0.95)]
    assert slow_probe < 0.1
    report(
        "all connections to PostgreSQL in use",
        f"the others 503 within {max(without):.2f} s, 95 of 100 liveness probes within"
        f" {slow_probe * 1000:.0f} ms",
    )
