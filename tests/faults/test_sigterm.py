"""SIGTERM under load: every request that was taken is answered, and the process ends in time."""

import socket
import time
from functools import partial
from pathlib import Path

import pytest

from tests.faults.load import Load, renames, signed_in
from tests.faults.reporting import report, rounds
from tests.services import serving, wait_until

pytestmark = pytest.mark.slow

GRACE_SECONDS = 1
CLIENTS = 8


def test_sigterm_under_load_fails_no_request(tmp_path: Path) -> None:
    times = rounds(full=50, short=1)
    answered, failed = 0, []
    for _ in range(times):
        with serving(tmp_path, DATABASE_URL="memory://") as service:
            load = Load(service, pause_seconds=0.001)
            token = signed_in(service, "ada@example.com")
            with load.running(*[renames(token)] * CLIENTS):
                wait_until(partial(load.has, 5 * CLIENTS, "rename", 200))
                assert service.stop() == 0
            assert "Traceback" not in service.said()
        # Connections that were never made asked for nothing.
        asked = load.of("rename", "none")
        answered += len(load.of("rename"))
        failed += [each for each in asked if each.status != 200]
    report(
        f"SIGTERM under load, {times} times",
        f"{len(failed)} requests in flight failed of {answered}",
    )
    assert failed == []


def test_sigterm_with_half_a_body(tmp_path: Path) -> None:
    head = (
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    )
    settings = {"DATABASE_URL": "memory://", "SHUTDOWN_GRACE_SECONDS": str(GRACE_SECONDS)}
    with (
        serving(tmp_path, **settings) as service,
        socket.create_connection(("127.0.0.1", service.port)) as half,
    ):
        half.sendall(head.encode() + b'{"email": "')
        time.sleep(0.1)
        started = time.monotonic()
        assert service.stop() == 0
        took = time.monotonic() - started
        assert half.recv(4096).startswith(b"HTTP/1.1 503")
        assert "Traceback" not in service.said()
    report(
        "SIGTERM with half a body sent",
        f"ended after {took:.2f} s, with a grace of {GRACE_SECONDS} s",
    )
    assert took <= GRACE_SECONDS + 1
