"""SQLite under a crowd, and on a disk that is full."""

import resource
import sqlite3
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.faults.stalls import PASSWORD, Load, assert_all_are_there, report, signed_in
from tests.services import Service, serving

CROWD = 16


def integrity(file: Path) -> str:
    connection = sqlite3.connect(file)
    try:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        connection.close()


def renames(token: str, answers: Load) -> object:
    """Writes that cost no hash: it is the file that is to be crowded."""
    headers = {"Authorization": f"Bearer {token}"}

    def write(client: httpx.Client, number: int) -> tuple[str, httpx.Response]:
        body = {"name": f"Ada {number}"}
        return "write", client.patch("/api/v1/users/me", json=body, headers=headers)

    return write


@pytest.mark.proof
def test_sixteen_writers_and_sixteen_readers(tmp_path: Path) -> None:
    seconds = 30
    with serving(tmp_path) as service:
        load = Load(service.url)
        token = signed_in(service.url)
        writers, readers = [renames(token, load)] * CROWD, [load.reads(token)] * CROWD
        with load.running(*writers, *readers):  # type: ignore[arg-type]
            time.sleep(seconds)
        assert "locked" not in service.log.read_text()
    assert {each.status for each in load.answers} == {200}
    assert integrity(tmp_path / "data" / "doorward.db") == "ok"
    report(
        f"SQLite with {CROWD} writers and {CROWD} readers for {seconds} s",
        f"{len(load.of('write'))} writes and {len(load.of('read'))} reads, no error, the slowest"
        f" {max(each.seconds for each in load.answers):.2f} s",
    )


def register(service: Service, number: int) -> httpx.Response:
    body = {"email": f"full-{number}@example.com", "name": "Ada", "password": PASSWORD}
    return httpx.post(f"{service.url}/api/v1/users", json=body, timeout=30, trust_env=False)


@pytest.mark.slow
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    with serving(tmp_path, LOG_LEVEL="ERROR") as service:
        token = signed_in(service.url)
        files = list((tmp_path / "data").glob("doorward.db*"))
        process = psutil.Process(service.process.pid)
        # No file of the process may grow any more: to SQLite, that is a disk without room.
        full = max(file.stat().st_size for file in files)
        process.rlimit(psutil.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        tries = [register(service, number) for number in range(12)]
        refused = [each for each in tries if each.status_code == 503]
        assert {each.status_code for each in tries} <= {201, 503}
        assert refused
        assert all(each.headers["retry-after"] for each in refused)
        headers = {"Authorization": f"Bearer {token}"}
        me = httpx.get(f"{service.url}/api/v1/users/me", headers=headers, trust_env=False)
        assert me.status_code == 200
        ready = httpx.get(f"{service.url}/health/ready", trust_env=False)
        live = httpx.get(f"{service.url}/health/live", trust_env=False)
        assert (ready.status_code, live.status_code) == (503, 200)
        process.rlimit(psutil.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        freed = time.monotonic()
        while register(service, 1_000 + int(time.monotonic() * 1000)).status_code != 201:
            assert time.monotonic() - freed < 5
        recovered = time.monotonic() - freed
        kept = [n for n, each in enumerate(tries) if each.status_code == 201]
        assert_all_are_there(service.url, [f"full-{n}@example.com" for n in kept])
    assert integrity(tmp_path / "data" / "doorward.db") == "ok"
    report(
        "SQLite on a full disk",
        f"{len(refused)} writes 503, reads 200; writes again {recovered:.1f} s after there is room,"
        " integrity ok",
    )
