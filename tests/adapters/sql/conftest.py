"""Holds tests to giving back what they opened."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest


@pytest.fixture
async def no_connection_left_behind() -> AsyncIterator[None]:
    """Every SQLite connection has a thread, which is gone soon after the connection is."""
    yield
    for _ in range(200):
        left = [t.name for t in threading.enumerate() if "_connection_worker" in t.name]
        if not left:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{left} still run")
