"""A service on memory adapters, for whatever one use case does."""

from collections.abc import AsyncIterator

import pytest

from tests.worlds import World, open_world


@pytest.fixture
async def service() -> AsyncIterator[World]:
    async with open_world("memory://") as opened:
        yield opened
