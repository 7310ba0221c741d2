"""A worker killed under load: replaced at once, and nothing that was acknowledged is lost."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.faults.load import load
from tests.faults.reporting import report, rounds
from tests.faults.service import Service, serving, wait_until
from tests.storage import open_database

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def is_replaced(service: Service, killed: int) -> bool:
    workers = service.workers()
    return killed not in workers and len(workers) == 2


async def test_a_killed_worker_is_replaced_and_nothing_is_lost(
    postgresql_database_url: str, tmp_path: Path
) -> None:
    respawned: list[float] = []
    with serving(tmp_path, DATABASE_URL=postgresql_database_url, WORKERS="2") as service:
        async with load(service, clients=8) as running:
            for _ in range(rounds(full=10, short=1)):
                enough = len(running.ledger.acknowledged) + 20
                await asyncio.to_thread(wait_until, partial(running.has_acknowledged, enough))
                killed = service.workers()[0]
                os.kill(killed, signal.SIGKILL)
                respawned.append(
                    await asyncio.to_thread(wait_until, partial(is_replaced, service, killed))
                )
                await asyncio.to_thread(wait_until, service.is_ready)
        assert service.stop() == 0
        assert "Traceback" not in service.said()
    ledger = running.ledger
    async with open_database(postgresql_database_url) as database, database.reading() as connection:
        statement = text(
            "SELECT count(*) FROM events WHERE kind = 'user.updated' AND outcome = 'success'"
        )
        stored = (await connection.execute(statement)).scalar_one()

    report(
        "worker killed",
        acknowledged=len(ledger.acknowledged),
        lost=max(0, len(ledger.acknowledged) - stored),
        slowest_respawn_seconds=round(max(respawned), 2),
    )
    assert len(ledger.acknowledged) >= 20
    # An event stands in the transaction of its write: one for each that was acknowledged.
    assert stored >= len(ledger.acknowledged)
    assert stored - len(ledger.acknowledged) <= len(ledger.lost)
    assert max(respawned) <= 2
    assert set(ledger.statuses) == {200}
