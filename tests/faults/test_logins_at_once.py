"""Two hundred sign-ins in one moment: what they cost, and what becomes of the excess."""

import asyncio
import json
import threading
import time
from collections import Counter
from typing import Self

import psutil
import pytest

from tests.faults.load import PASSWORD, assert_all_are_there, signed_in
from tests.faults.reporting import report, within
from tests.services import Service

MANY = 200
EMAIL = "crowd-of-sign-ins@example.com"
PERMITS = 2
SOON_SECONDS = 2.0
HASH_BYTES = 19_456 * 1024
SPARE_BYTES = 50 * 1024 * 1024


class Peak:
    """The most memory that a process has had resident, looked at every 5 ms."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.bytes = self._process.memory_info().rss
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.005):
            self.bytes = max(self.bytes, self._process.memory_info().rss)


Answers = list[tuple[int, float]]
"""Statuses, and after how many seconds."""


async def sign_in_at_once(service: Service) -> Answers:
    """Over connections that are there already: what is measured is the service, not the client."""
    body = json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    head = (
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    opened = [await asyncio.open_connection("127.0.0.1", service.port) for _ in range(MANY)]
    started = time.monotonic()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, float]:
        writer.write(head.encode() + body)
        answer = await reader.read()
        seconds = time.monotonic() - started
        writer.close()
        status = int(answer.split()[1])
        assert status == 200 or b"\r\nretry-after:" in answer.lower()
        return status, seconds

    return await asyncio.gather(*(one(*streams) for streams in opened))


@pytest.mark.slow
def test_two_hundred_sign_ins_at_once(on_sqlite: Service) -> None:
    signed_in(on_sqlite, EMAIL)
    base = psutil.Process(on_sqlite.process.pid).memory_info().rss
    with Peak(on_sqlite.process.pid) as peak:
        answers = asyncio.run(sign_in_at_once(on_sqlite))
    # And afterwards there is room again.
    assert_all_are_there(on_sqlite, [EMAIL])
    statuses = Counter(status for status, _ in answers)
    refused = [seconds for status, seconds in answers if status != 200]
    report(
        f"{MANY} sign-ins at once",
        f"{(peak.bytes - base) / 2**20:.0f} MiB more than before, with {PERMITS} hashes of 19 MiB;"
        f" {statuses[200]} signed in within {max(seconds for _, seconds in answers):.2f} s,"
        f" {len(refused)} refused within {max(refused, default=0):.2f} s",
    )
    assert set(statuses) <= {200, 429, 503}
    assert statuses[200] > 0
    assert refused
    assert peak.bytes <= base + PERMITS * HASH_BYTES + SPARE_BYTES
    assert max(refused) < within(SOON_SECONDS)
