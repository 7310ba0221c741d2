"""Connections that are ended one after another, and connections that have run out."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from tests.faults.conftest import CONNECTIONS, POOL_SECONDS
from tests.faults.load import Answer, Load, assert_all_are_there, probes, reads, signed_in
from tests.faults.reporting import percentile, report, rounds, within
from tests.faults.stalls import OwnPostgresql
from tests.services import Service, wait_until
from tests.storage import _connection

pytestmark = pytest.mark.slow

KILL_ONE = """
    SELECT count(pg_terminate_backend(pid)) FROM (
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'
        ORDER BY random() LIMIT 1
    ) AS victim
"""


async def kill_one_a_second(url: str, seconds: int) -> int:
    """How many there were to kill."""
    killed = 0
    async with _connection(url, isolation_level="AUTOCOMMIT") as connection:
        for _ in range(seconds):
            killed += (await connection.execute(text(KILL_ONE))).scalar_one()
            await asyncio.sleep(1)
    return killed


def test_a_random_connection_is_ended_every_second(
    on_postgresql: Service, postgresql: OwnPostgresql
) -> None:
    seconds = rounds(full=30, short=1)
    wait_until(on_postgresql.is_ready)
    load = Load(on_postgresql)
    token = signed_in(on_postgresql, "ended@example.com")
    acts = [reads(token), reads(token), load.writes("ended-a"), load.writes("ended-b")]
    with load.running(*acts):
        killed = asyncio.run(kill_one_a_second(postgresql.url, seconds))
    # The pool has recovered: nobody notices any more.
    after = Load(on_postgresql)
    with after.running(reads(token), after.writes("after")):
        time.sleep(0.3)
    assert_all_are_there(on_postgresql, load.created[-5:])
    errors = [each for each in load.answers if each.status not in (200, 201)]
    report(
        f"a connection to PostgreSQL ended every second for {seconds} s",
        f"{killed} ended, {len(errors)} of {len(load.answers)} answers 503, all of them writes;"
        " none afterwards",
    )
    assert killed >= seconds - 1
    assert {each.status for each in errors} <= {503}
    assert len(errors) <= killed
    # What only reads is asked again on another connection, and nobody hears of it.
    assert set(load.statuses("read")) == {200}
    assert {each.status for each in after.answers} <= {200, 201}


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


def test_connections_that_have_run_out(
    on_postgresql: Service, postgresql: OwnPostgresql, statement_seconds: int
) -> None:
    wait_until(on_postgresql.is_ready)
    load = Load(on_postgresql)
    token = signed_in(on_postgresql, "waiting@example.com")
    acts = [*[reads(token)] * (CONNECTIONS + 5), probes("/health/live")]

    def without_connection() -> list[Answer]:
        """Those with one wait as long as a statement may take."""
        waited = statement_seconds - 0.1
        return [x for x in load.of("read") if began < x.at and x.seconds < waited]

    # Three take the connections and wait for the lock; the others wait for them.
    with load.running(*acts), locked(postgresql.url, "sessions"):
        began = time.monotonic()
        wait_until(lambda: len(without_connection()) >= 5)
        freed = time.monotonic()
    after = Load(on_postgresql)
    with after.running(reads(token)):
        time.sleep(0.3)
    stuck = [x for x in load.of("read") if began < x.at and x.at + x.seconds < freed]
    without = [x.seconds for x in without_connection() if x in stuck]
    live = [each.seconds for each in load.of("live")]
    slow_probe = percentile(live, 0.95)
    report(
        "all connections to PostgreSQL in use",
        f"the others 503 within {max(without):.2f} s, 95 of 100 liveness probes within"
        f" {slow_probe * 1000:.0f} ms",
    )
    assert {each.status for each in stuck} == {503}
    assert all(each.retry_after for each in stuck)
    assert len(without) >= 5
    # The wait ends by a timer, on a machine that also runs the clients.
    assert max(without) < POOL_SECONDS + 0.5
    assert set(load.statuses("live")) == {200}
    assert slow_probe < within(0.1)
    assert set(after.statuses("read")) == {200}
