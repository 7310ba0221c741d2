"""Clients that leave right after asking: what worked for them is given back."""

import asyncio
import socket
import struct

import pytest
from sqlalchemy import text

from tests.faults.conftest import CONNECTIONS
from tests.faults.load import Load, reads, signed_in
from tests.faults.reporting import report, rounds
from tests.faults.stalls import OwnPostgresql
from tests.services import Service, wait_until
from tests.storage import open_database

pytestmark = pytest.mark.slow

AT_ONCE = 50
_BUSY = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'"
)


def test_clients_who_vanish_leave_no_connection_checked_out(
    on_postgresql: Service, postgresql: OwnPostgresql
) -> None:
    clients = rounds(full=5000, short=200)
    wait_until(on_postgresql.is_ready)
    token = signed_in(on_postgresql, "vanishing@example.com")
    for _ in range(0, clients, AT_ONCE):
        vanish(on_postgresql, token)
    wait_until(on_postgresql.is_ready)
    busy = asyncio.run(busy_connections(postgresql.url))
    # With one of them gone for good, as many readers at once would now and then wait for it.
    after = Load(on_postgresql)
    with after.running(*[reads(token)] * CONNECTIONS):
        wait_until(lambda: len(after.answers) >= 20)
    report(f"{clients} clients vanishing right after they asked", f"{busy} connections still busy")
    assert busy == 0
    assert set(after.statuses("read")) == {200}
    assert max(each.seconds for each in after.answers) < 1


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
