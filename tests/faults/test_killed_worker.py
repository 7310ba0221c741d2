"""A worker killed under load, or hung: replaced at once, and nothing acknowledged is lost."""

import asyncio
import http.client
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from tests.faults.load import Load, renames, signed_in
from tests.faults.reporting import report, rounds, within
from tests.services import Service, serving, wait_until
from tests.storage import open_database

pytestmark = pytest.mark.slow

RESPAWN_SECONDS = 2.0
HUNG_SECONDS = 30.0
CLIENTS = 4


@pytest.fixture
def service(postgresql_database_url: str, tmp_path: Path) -> Iterator[Service]:
    with serving(tmp_path, DATABASE_URL=postgresql_database_url, WORKERS="2") as service:
        yield service


def newcomer_serves(service: Service, before: list[int]) -> bool:
    """Whether a worker that was not there before has answered a request of ours."""
    fresh = [pid for pid in service.workers() if pid not in before]
    if not fresh:
        return False
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    try:
        connection.request("GET", "/health/live")
        answer = connection.getresponse()
        answer.read()
        ours = connection.sock.getsockname()[1]
        held = psutil.Process(fresh[0]).net_connections("tcp")
        return answer.status == 200 and ours in {getattr(each.raddr, "port", 0) for each in held}
    except (OSError, http.client.HTTPException, psutil.NoSuchProcess):
        return False
    finally:
        connection.close()


async def stored_renames(url: str) -> int:
    statement = text(
        "SELECT count(*) FROM events WHERE kind = 'user.updated' AND outcome = 'success'"
    )
    async with open_database(url) as database, database.reading() as connection:
        return int((await connection.execute(statement)).scalar_one())


def test_a_killed_worker_is_replaced_and_nothing_is_lost(
    service: Service, postgresql_database_url: str
) -> None:
    times = rounds(full=10, short=1)
    load = Load(service, pause_seconds=0.05)
    token = signed_in(service, "killed@example.com")
    respawned = []
    with load.running(*[renames(token)] * CLIENTS):
        for _ in range(times):
            enough = load.statuses("rename")[200] + 20
            wait_until(partial(load.has, enough, "rename", 200))
            before = service.workers()
            os.kill(before[0], signal.SIGKILL)
            respawned.append(wait_until(partial(newcomer_serves, service, before)))
    assert service.stop() == 0
    assert "Traceback" not in service.said()
    acknowledged = load.statuses("rename")[200]
    # An event stands in the transaction of its write: one for each that was acknowledged.
    stored = asyncio.run(stored_renames(postgresql_database_url))
    unanswered = len(load.of("none"))
    report(
        f"a worker of two killed, {times} times",
        f"the next one serves within {max(respawned):.2f} s; {acknowledged} writes acknowledged,"
        f" {max(0, acknowledged - stored)} lost; {unanswered} unanswered",
    )
    assert acknowledged >= 20 * times
    assert acknowledged <= stored <= acknowledged + unanswered
    assert {each.status for each in load.answers} <= {200, 0}
    assert unanswered <= times * CLIENTS
    assert max(respawned) <= within(RESPAWN_SECONDS)


@pytest.mark.proof
def test_a_hung_worker_is_killed_and_replaced(service: Service) -> None:
    before = service.workers()
    for pid in before:
        # Both are up; how long a start takes is not in question here.
        wait_until(partial(newcomer_serves, service, [each for each in before if each != pid]))
    os.kill(before[0], signal.SIGSTOP)
    seconds = wait_until(partial(newcomer_serves, service, before), 2 * HUNG_SECONDS)
    assert before[0] not in service.workers()
    assert service.stop() == 0
    assert '"worker_hangs"' in service.said()
    report("a worker of two that hangs", f"killed and replaced after {seconds:.1f} s")
    assert HUNG_SECONDS - 2 <= seconds <= HUNG_SECONDS + 2 * RESPAWN_SECONDS
