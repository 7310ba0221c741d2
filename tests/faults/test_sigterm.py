"""SIGTERM under load: every request that was taken is answered, and the process ends in time."""

import asyncio
import socket
import time
from functools import partial
from pathlib import Path

import pytest

from tests.faults.load import load
from tests.faults.reporting import report, rounds
from tests.faults.service import serving, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.alone]

GRACE_SECONDS = 2
CLIENTS = 8


async def test_sigterm_under_load_fails_no_request(tmp_path: Path) -> None:
    lost: list[str] = []
    wrong = answered = 0
    times = rounds(full=50, short=2)
    for _ in range(times):
        with serving(tmp_path, DATABASE_URL="memory://") as service:
            async with load(service, clients=CLIENTS) as running:
                enough = partial(running.has_acknowledged, 5 * CLIENTS)
                await asyncio.to_thread(wait_until, enough)
                assert await asyncio.to_thread(service.stop) == 0
            assert "Traceback" not in service.said()
        lost += running.ledger.lost
        answered += sum(running.ledger.statuses.values())
        wrong += answered_wrongly(running.ledger.statuses)
    report("SIGTERM under load", times=times, answered=answered, failed=len(lost) + wrong)
    assert (lost, wrong) == ([], 0)


def answered_wrongly(statuses: dict[int, int]) -> int:
    return sum(count for status, count in statuses.items() if status != 200)


def test_sigterm_with_half_a_body(tmp_path: Path) -> None:
    head = (
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    )
    with (
        serving(
            tmp_path, DATABASE_URL="memory://", SHUTDOWN_GRACE_SECONDS=str(GRACE_SECONDS)
        ) as service,
        socket.create_connection(("127.0.0.1", service.port)) as half,
    ):
        half.sendall(head.encode() + b'{"email": "')
        time.sleep(0.3)
        started = time.monotonic()
        assert service.stop() == 0
        took = time.monotonic() - started
        assert half.recv(4096).startswith(b"HTTP/1.1 503")
        assert "Traceback" not in service.said()
    report("SIGTERM with half a body", grace=GRACE_SECONDS, ended_after_seconds=round(took, 2))
    assert took <= GRACE_SECONDS + 1
