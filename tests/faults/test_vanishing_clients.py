"""Clients that leave right after asking: what worked for them is given back."""

import asyncio
import socket
import struct
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from tests.faults.load import signed_in
from tests.faults.reporting import report, rounds
from tests.faults.service import Service, serving, wait_until
from tests.storage import open_database

pytestmark = [pytest.mark.slow, pytest.mark.alone]

POOL = 4
AT_ONCE = 50
_BUSY = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND state <> 'idle'"
)


async def test_clients_who_vanish_leave_no_connection_checked_out(
    postgresql_database_url: str, tmp_path: Path
) -> None:
    clients = rounds(full=5000, short=200)
    settings = {"DATABASE_POOL_SIZE": str(POOL), "DATABASE_MAX_OVERFLOW": "0"}
    with serving(tmp_path, DATABASE_URL=postgresql_database_url, **settings) as service:
        token = await signed_in(service)
        for _ in range(0, clients, AT_ONCE):
            await asyncio.to_thread(vanish, service, token)
        await asyncio.to_thread(wait_until, service.is_ready)
        busy = await busy_connections(postgresql_database_url)
        # With one of them gone for good, as many readers at once would wait for ever.
        statuses = await ask_at_once(service, token, POOL)
        assert service.stop() == 0
        assert "Traceback" not in service.said()
        assert "unexpected_error" not in service.said()
    report("clients vanishing", clients=clients, connections_still_busy=busy)
    assert busy == 0
    assert statuses == [200] * POOL


def vanish(service: Service, token: str) -> None:
    request = (
        f"GET /api/v1/users/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    gone = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(AT_ONCE)]
    for connection in gone:
        connection.sendall(request.encode())
        # Closed by a reset, with nothing said.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


async def busy_connections(url: str) -> int:
    async with open_database(url) as database, database.reading() as connection:
        for _ in range(50):
            if not (busy := int((await connection.execute(_BUSY)).scalar_one())):
                break
            await asyncio.sleep(0.1)
        return busy


async def ask_at_once(service: Service, token: str, count: int) -> list[int]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=10) as client:
        answers = await asyncio.gather(*(client.get("/api/v1/users/me") for _ in range(count)))
    return [answer.status_code for answer in answers]
