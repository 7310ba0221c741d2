"""What serving processes hold while nobody calls: memory, modules, and what was open at a fork."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.services import Service, serving, wait_until

pytestmark = pytest.mark.slow

IDLE_MIB = 90
# Not how the service is installed, where there is more that libraries could find and load.
SERVE_AND_TELL = (
    sys.executable,
    "-c",
    "import signal, sys\n"
    "from pathlib import Path\n"
    "def tell(*_):\n"
    "    Path('modules').write_text(' '.join(sys.modules) + ' .')\n"
    "signal.signal(signal.SIGUSR1, tell)\n"
    "from entrypoints.cli.app import run\n"
    "run(['serve'])\n",
)
NOT_NEEDED = {
    # Commands
    *("typer", "rich", "pygments", "entrypoints.cli.commands", "entrypoints.cli.supervisor"),
    # Other ways to keep records, and what is done once
    *("sqlalchemy.orm", "sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql", "asyncpg"),
    *("adapters.sql.schema", "adapters.memory.unit_of_work", "alembic", "mako"),
    # Other ways to send and to count
    *("redis", "celery", "kombu", "httpx", "aiosmtplib", "jinja2", "adapters.opentelemetry"),
    # What libraries can do without
    *("pydantic.v1", "bcrypt", "flask", "werkzeug", "yaml"),
}


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
    assert NOT_NEEDED & modules_of(second_start) == set()
    assert mib <= IDLE_MIB


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
            assert resident_mib(worker.pid) <= IDLE_MIB


def anonymous_files(pid: int) -> set[str]:
    """What the kernel made for the process without a name: queues of event loops among them."""
    links = (str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir())
    prefix = "anon_inode:"
    return {link.removeprefix(prefix).strip("[]") for link in links if link.startswith(prefix)}
