"""What every test may ask for: servers, the event loop, and how hard properties are tried."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers import postgresql_server, redis_server

# A deadline measures the machine, not the property.
settings.register_profile("doorward", deadline=None, max_examples=50)
settings.register_profile("proofs", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "doorward"))


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Asyncio alone: the drivers of both databases know no other."""
    return "asyncio", {"use_uvloop": False}


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A superuser's URL. Tests create databases of their own with it."""
    with postgresql_server() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Shared by all tests of the run: each uses keys of its own."""
    with redis_server() as url:
        yield url
