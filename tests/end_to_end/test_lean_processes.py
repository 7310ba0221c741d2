"""What serving processes hold while nobody calls: memory, modules, and what was open at a fork."""

import secrets
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.entrypoints.http.contract import document
from tests.services import Service, serving, wait_until

pytestmark = pytest.mark.slow

SQLITE_MIB = 83.5
POSTGRESQL_MIB = 90
"""With Redis, and settings as in production."""
FORKED_MIB = 75
"""On SQLite, most of it shared with the parent."""
# Not how the service is installed, where there is more that libraries could find and load.
SERVE_AND_TELL = (
    sys.executable,
    "-c",
    "import signal, sys\n"
    "from pathlib import Path\n"
    "def tell(*_):\n"
    # Without those that were found, and would run when they are used.
    "    modules = [k for k, v in sys.modules.items() if 'Lazy' not in type(v).__name__]\n"
    "    Path('modules').write_text(' '.join(modules) + ' .')\n"
    "signal.signal(signal.SIGUSR1, tell)\n"
    "from entrypoints.cli.app import run\n"
    "run(['serve'])\n",
)
NEVER_NEEDED = {
    # Commands
    *("typer", "rich", "pygments", "entrypoints.cli.commands", "entrypoints.cli.supervisor"),
    # Other ways to keep records, and what is done once
    *("sqlalchemy.orm", "sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql.psycopg2"),
    *("adapters.sql.schema", "adapters.memory.unit_of_work", "alembic", "mako"),
    # What sends mail before there is any, and other ways to count
    *("celery", "kombu", "httpx", "aiosmtplib", "email.headerregistry", "jinja2"),
    *("adapters.opentelemetry", "opentelemetry.sdk"),
    # What libraries can do without
    *("pydantic.v1", "bcrypt", "flask", "werkzeug", "yaml"),
    *("cryptography.x509", "logging.config", "encodings.idna"),
}
POSTGRESQL = {"sqlalchemy.dialects.postgresql", "asyncpg", "redis.asyncio"}
SQLITE = {"sqlalchemy.dialects.sqlite", "aiosqlite", "sqlite3"}


@pytest.fixture
def second_start(tmp_path: Path) -> Iterator[Service]:
    """On a SQLite file that exists already."""
    with serving(tmp_path):
        pass
    with serving(tmp_path, *SERVE_AND_TELL) as service:
        yield service


def resident_mib(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss / 2**20)


def modules_of(service: Service) -> set[str]:
    told = service.log.with_name("modules")
    service.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: told.exists() and told.read_text().endswith(" ."))
    return set(told.read_text().split())


def test_a_server_that_idles_is_small_and_holds_only_what_it_serves_with(
    second_start: Service,
) -> None:
    mib = resident_mib(second_start.process.pid)
    modules = modules_of(second_start)
    assert modules >= SQLITE
    assert modules & (NEVER_NEEDED | POSTGRESQL) == set()
    assert mib <= SQLITE_MIB


def test_what_it_makes_ready_later_is_what_others_have_at_once(second_start: Service) -> None:
    """The OpenAPI document is made of every model that there is."""
    with second_start.client() as http:
        assert http.get("/api/v1/openapi.json").json() == document()


def test_what_it_makes_ready_later_leaves_no_warning_in_its_log(second_start: Service) -> None:
    with second_start.client() as http:
        assert http.post("/api/v1/auth/reauthenticate", json={"password": "any"}).status_code == 401
        assert http.get("/api/v1/openapi.json").status_code == 200
    assert "Warning" not in second_start.log.read_text()


def test_so_is_one_on_postgresql_and_redis(
    tmp_path: Path, postgresql_database_url: str, redis_url: str
) -> None:
    production = {
        "ENVIRONMENT": "production",
        "PUBLIC_URL": "https://accounts.example.com",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": postgresql_database_url,
        "REDIS_URL": redis_url,
        "MAILER": "smtp",
        "SMTP_URL": "smtp://127.0.0.1:25",
        "MAIL_FROM": "accounts@example.com",
        "RATE_LIMIT_READ": "300/60",
    }
    with serving(tmp_path, **production):
        pass
    with serving(tmp_path, *SERVE_AND_TELL, **production) as service:
        mib = resident_mib(service.process.pid)
        modules = modules_of(service)
        assert modules >= POSTGRESQL
        assert modules & (NEVER_NEEDED | SQLITE) == set()
        assert mib <= POSTGRESQL_MIB


def test_a_supervisor_has_nothing_that_a_fork_would_break(tmp_path: Path) -> None:
    with serving(tmp_path, WORKERS="2") as service:
        parent = psutil.Process(service.process.pid)
        workers = [psutil.Process(pid) for pid in service.workers()]
        assert len(workers) == 2
        assert parent.num_threads() == 1
        assert [each.status for each in parent.net_connections("all")] == [psutil.CONN_LISTEN]
        assert not [each.path for each in parent.open_files() if ".db" in each.path]
        assert not {"eventpoll", "io_uring"} & anonymous_files(parent.pid)
        # So that the looks above are known to find what they look for.
        for worker in workers:
            assert worker.num_threads() > 1
            assert [each.path for each in worker.open_files() if ".db" in each.path]
            assert "eventpoll" in anonymous_files(worker.pid)
            assert resident_mib(worker.pid) <= FORKED_MIB


def anonymous_files(pid: int) -> set[str]:
    """What the kernel made for the process without a name: queues of event loops among them."""
    links = (str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir())
    prefix = "anon_inode:"
    return {link.removeprefix(prefix).strip("[]") for link in links if link.startswith(prefix)}
