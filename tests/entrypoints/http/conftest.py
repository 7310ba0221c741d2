"""What tests of the HTTP entrypoint ask for: the application in this process, and real servers."""

import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.entrypoints.http.api import Api, OpenApi, running_api
from tests.services import Service, serving

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "in no example of the documentation"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the developer's variables nor their `.env` reach a test."""
    for name in list(os.environ):
        if name.upper().startswith("DOORWARD_") and not name.startswith("DOORWARD_TEST_"):
            monkeypatch.delenv(name)
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """The application configures the whole process, which other tests share."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


@pytest.fixture
async def open_api() -> AsyncIterator[OpenApi]:
    """Opens the application with settings of one's own."""
    async with AsyncExitStack() as stack:

        async def open_one(**settings: Any) -> Api:
            return await stack.enter_async_context(running_api(**settings))

        yield open_one


@pytest.fixture
async def api(open_api: OpenApi) -> Api:
    """The application as it is in development, without limits."""
    return await open_api()


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """A real `doorward serve` on a fresh database of each kind, with an administrator."""
    settings = {"ADMIN_EMAIL": ADMIN_EMAIL, "ADMIN_PASSWORD": ADMIN_PASSWORD}
    if request.param == "postgresql":
        settings["DATABASE_URL"] = request.getfixturevalue("postgresql_database_url")
    with serving(tmp_path, **settings) as service:
        yield service
