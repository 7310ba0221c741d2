"""A crowd of slow clients: others hardly notice, and the slow ones are gone in time."""

import asyncio
import statistics
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.faults.reporting import percentile, report
from tests.faults.service import Service, serving

pytestmark = [pytest.mark.slow, pytest.mark.proof]

SLOW = 500
HONEST = 200
ROUNDS = 3
HEAD = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n"
)


async def test_slow_heads_and_slow_bodies_harm_nobody(tmp_path: Path) -> None:
    with serving(tmp_path, DATABASE_URL="memory://") as service:
        quiet, crowded, closed_after = [], [], []
        for _ in range(ROUNDS):
            quiet.append(await honest_p99(service))
            slow = [
                asyncio.create_task(slow_client(service, start))
                for start in (HEAD, BODY)
                for _ in range(SLOW)
            ]
            await asyncio.sleep(2)
            crowded.append(await honest_p99(service))
            closed_after += await asyncio.gather(*slow)
        assert service.stop() == 0
        assert "Traceback" not in service.said()
    ratio = statistics.median(crowded) / statistics.median(quiet)
    report(
        "slow clients",
        p99_ratio=round(ratio, 2),
        last_one_gone_after_seconds=round(max(closed_after), 1),
    )
    assert ratio <= 3
    # To the deadline of a body comes the step of the sweep.
    assert max(closed_after) <= 16


async def honest_p99(service: Service) -> float:
    seconds = []
    for _ in range(HONEST):
        started = time.monotonic()
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{service.url}/health/live")
        assert answer.status_code == 200
        seconds.append(time.monotonic() - started)
    return percentile(seconds, 0.99)


async def slow_client(service: Service, start: bytes) -> float:
    """A byte a second; after how many seconds it was closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    started = time.monotonic()
    writer.write(start)
    closed = asyncio.create_task(read_to_end(reader))
    while not closed.done():
        with suppress(ConnectionError):
            writer.write(b"x")
        await asyncio.wait([closed], timeout=1)
    writer.close()
    return time.monotonic() - started


async def read_to_end(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(4096):
            pass
