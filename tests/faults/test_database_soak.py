"""Hours in short: memory while clients err, leave and lose their connections for a long time."""

import asyncio
import os
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.faults.load import PASSWORD, Load, reads, signed_in
from tests.faults.reporting import report
from tests.faults.test_database_connections import kill_one_a_second
from tests.services import serving

MINUTES = float(os.environ.get("DOORWARD_TEST_SOAK_MINUTES", "2"))
GROWTH_BYTES = 5 * 1024 * 1024


def mistakes(client: httpx.Client, number: int) -> tuple[str, httpx.Response]:
    """Every sort of refusal in turn."""
    requests = (
        ("POST", "/api/v1/auth/login", {"email": f"nobody-{number}@example.com", "password": "x"}),
        ("POST", "/api/v1/users", {"unknown": "x" * 1000}),
        ("GET", "/api/v1/users/me", None),
        ("GET", f"/nowhere/{number}", None),
        ("POST", "/api/v1/auth/refresh", {"refresh_token": "junk"}),
    )
    method, path, body = requests[number % len(requests)]
    return "mistake", client.request(method, path, json=body)


def leaves(client: httpx.Client, number: int) -> tuple[str, httpx.Response]:
    """Goes away before the answer."""
    body = {"email": f"nobody-{number}@example.com", "password": PASSWORD}
    return "left", client.post("/api/v1/auth/login", json=body, timeout=0.01)


def resident(pid: int) -> int:
    """The least of a few looks: what is in use, not what one request needed just then."""
    process = psutil.Process(pid)
    looks = []
    for _ in range(20):
        looks.append(process.memory_info().rss)
        time.sleep(0.1)
    return min(looks)


@pytest.mark.proof
def test_memory_stays_where_it_is(tmp_path: Path, postgresql_database_url: str) -> None:
    # 20 minutes by hand: DOORWARD_TEST_SOAK_MINUTES=20; growth counts after the first quarter.
    seconds = MINUTES * 60
    with serving(tmp_path, DATABASE_URL=postgresql_database_url, LOG_LEVEL="ERROR") as service:
        load = Load(service)
        token = signed_in(service, "first@example.com")
        kills = threading.Thread(
            target=lambda: asyncio.run(kill_one_a_second(postgresql_database_url, int(seconds)))
        )
        kills.start()
        with load.running(reads(token), load.writes("soak"), mistakes, leaves):
            time.sleep(seconds / 4)
            early = resident(service.process.pid)
            time.sleep(seconds * 3 / 4)
            late = resident(service.process.pid)
        kills.join()
    assert 500 not in {each.status for each in load.answers}
    growth = late - early
    report(
        f"{MINUTES:g} minutes of errors, disconnects and lost connections",
        f"{growth / 2**20:+.1f} MiB over the last three quarters, {len(load.answers)} requests",
    )
    assert growth <= GROWTH_BYTES
