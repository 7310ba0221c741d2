"""SQLite under a crowd, and on a disk that is full."""

import resource
import sqlite3
import time

import httpx
import psutil
import pytest

from tests.faults.load import (
    Load,
    reads,
    renames,
    signed_in,
)
from tests.faults.reporting import report, rounds
from tests.services import Service, wait_until

pytestmark = pytest.mark.slow

CROWD = 16
ROOM_FOR_LOG_LINES = 200_000


def asked(service: Service, statement: str) -> object:
    """By a connection of its own."""
    connection = sqlite3.connect(service.log.parent / "data" / "doorward.db")
    try:
        return connection.execute(statement).fetchone()[0]
    finally:
        connection.close()


def test_sixteen_writers_and_sixteen_readers(on_sqlite: Service) -> None:
    seconds = rounds(full=30, short=1)
    load = Load(on_sqlite)
    token = signed_in(on_sqlite, "crowd@example.com")
    with load.running(*[renames(token)] * CROWD, *[reads(token)] * CROWD):
        time.sleep(seconds)
    report(
        f"SQLite with {CROWD} writers and {CROWD} readers for {seconds} s",
        f"{len(load.of('rename'))} writes and {len(load.of('read'))} reads, no error, the slowest"
        f" {max(each.seconds for each in load.answers):.2f} s",
    )
    assert {each.kind for each in load.answers} == {"rename", "read"}
    assert {each.status for each in load.answers} == {200}
    assert "locked" not in on_sqlite.said()
    assert asked(on_sqlite, "PRAGMA integrity_check") == "ok"


def test_a_disk_that_is_full(on_sqlite: Service) -> None:
    token = signed_in(on_sqlite, "full@example.com")
    # The journal begins anew, and ends with what was written last.
    assert asked(on_sqlite, "PRAGMA wal_checkpoint(TRUNCATE)") == 0
    journal = on_sqlite.log.parent / "data" / "doorward.db-wal"
    process = psutil.Process(on_sqlite.process.pid)
    with on_sqlite.client(headers={"Authorization": f"Bearer {token}"}) as client:

        def rename() -> httpx.Response:
            return client.patch("/api/v1/users/me", json={"name": f"Ada {time.monotonic_ns()}"})

        stored = [rename()]
        while journal.stat().st_size < on_sqlite.log.stat().st_size + ROOM_FOR_LOG_LINES:
            stored.append(rename())
        # The journal may not grow any more: to SQLite, that is a disk without room.
        process.rlimit(psutil.RLIMIT_FSIZE, (journal.stat().st_size, resource.RLIM_INFINITY))
        try:
            tries = [rename() for _ in range(10)]
            me = client.get("/api/v1/users/me")
            # The last answer is kept for a second.
            time.sleep(1)
            ready, live = client.get("/health/ready"), client.get("/health/live")
        finally:
            process.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        recovered = wait_until(lambda: rename().status_code == 200, seconds=5)
    report(
        "SQLite on a full disk",
        f"{len(tries)} writes 503, reads 200, nothing lost; writes again {recovered:.2f} s after"
        " there is room, integrity ok",
    )
    assert {each.status_code for each in stored} == {200}
    assert {each.status_code for each in tries} == {503}
    assert all(each.headers["retry-after"] for each in tries)
    assert (me.status_code, ready.status_code, live.status_code) == (200, 503, 200)
    assert me.json()["name"] == stored[-1].json()["name"]
    assert asked(on_sqlite, "PRAGMA integrity_check") == "ok"
