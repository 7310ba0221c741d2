"""Services that several faults share, one on each storage: whoever harms one waits for it first."""

from collections.abc import Iterator

import pytest

from tests.faults.reporting import FULL, rounds
from tests.faults.stalls import OwnPostgresql, own_postgresql
from tests.services import Service, serving

CONNECTIONS = 3
POOL_SECONDS = rounds(full=2, short=1)
"""As shipped, or less."""


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """At full count the figures are what is shown, and no dots between them."""
    if FULL and report.passed:
        return "passed" if report.when == "call" else "", "", ""
    return None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[OwnPostgresql]:
    """A server that may be stopped."""
    with own_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def statement_seconds() -> int:
    """As shipped, or less: longer than the wait for a connection by what tells the two apart."""
    return rounds(full=5, short=3)


@pytest.fixture(scope="session")
def on_postgresql(
    postgresql: OwnPostgresql, statement_seconds: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    settings = {
        "DATABASE_URL": postgresql.url,
        "DATABASE_POOL_SIZE": str(CONNECTIONS - 1),
        "DATABASE_MAX_OVERFLOW": "1",
        "DATABASE_POOL_TIMEOUT_SECONDS": str(POOL_SECONDS),
        "DATABASE_STATEMENT_TIMEOUT_SECONDS": str(statement_seconds),
    }
    with serving(tmp_path_factory.mktemp("served"), **settings) as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.said()
        assert "unexpected_error" not in service.said()


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Its file is `data/doorward.db` beside the log, which stays shorter than that may grow."""
    settings = {"HASH_CONCURRENCY": "2", "LOG_LEVEL": "ERROR"}
    with serving(tmp_path_factory.mktemp("served"), **settings) as service:
        yield service
        assert service.stop() == 0
        assert "Traceback" not in service.said()
