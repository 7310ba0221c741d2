"""The life of `doorward serve`: first start, second start, and every way to end."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.entrypoints.cli.conftest import SECRET_KEY
from tests.entrypoints.cli.processes import (
    DOORWARD,
    doorward,
    environment,
    serving,
    starting,
    wait_until,
)
from tests.servers import free_port

pytestmark = pytest.mark.slow

ADMIN = "admin@example.com"
PASSWORD = "a password of enough length"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the server says, on either stream."""
    return tmp_path / "serve.log"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_sets_up_and_the_second_one_finds_it(own_folder: Path, log: Path) -> None:
    data = own_folder / "data"
    with serving(log, DRAIN_SECONDS="0.5") as first:
        password = (data / "admin_password").read_text().strip()
        assert "the password is in data/admin_password" in first.said()
        assert password not in first.said()
        assert f"{first.url}" in first.said()
        assert first.signs_in(ADMIN, password)
        created = doorward("users", "create", "ada@example.com", "--name", "A", typed=PASSWORD)
        assert (created.returncode, created.stderr) == (0, "")
        assert first.signs_in("ada@example.com", PASSWORD)
        assert doorward("users", "disable", "ada@example.com").returncode == 0
        assert not first.signs_in("ada@example.com", PASSWORD)

        first.process.send_signal(signal.SIGTERM)
        wait_until(lambda: first.readiness() == 503)
        assert first.process.wait(10) == 0
    assert {path.name: _mode(path) for path in (data, *data.iterdir())} == {
        "data": 0o700,
        "doorward.db": 0o600,
        "server_secret": 0o600,
        "admin_password": 0o600,
    }
    secret = (data / "server_secret").read_bytes()

    with serving(log) as second:
        assert "admin_password" not in second.said()
        assert second.signs_in(ADMIN, password)
        assert second.end(signal.SIGINT) == 130
        assert "Traceback" not in second.said()

    assert (data / "server_secret").read_bytes() == secret


def test_sigterm_while_setting_up_ends_it_at_once(postgresql_locked: str, log: Path) -> None:
    with starting(log, DATABASE_URL=postgresql_locked, SECRET_KEY=SECRET_KEY) as server:
        wait_until(lambda: _is_listening(server.port))

        assert server.end(signal.SIGTERM) == 0
        assert "Traceback" not in server.said()


TOLD_TO_END_AT_ONCE = """
import os, signal, uvloop
class Loop(uvloop.Loop):
    def create_task(self, *arguments, **options):
        task = super().create_task(*arguments, **options)
        Loop.create_task = uvloop.Loop.create_task
        os.kill(os.getpid(), signal.SIGTERM)
        return task
run = uvloop.run
uvloop.run = lambda main: run(main, loop_factory=Loop)
from entrypoints.cli.app import run as start
start(["serve"])
"""


def test_sigterm_before_the_event_loops_first_step_is_a_success_too(
    own_folder: Path, log: Path
) -> None:
    # What is set up at the first start says so.
    with serving(log):
        pass
    ended = subprocess.run(
        [sys.executable, "-c", TOLD_TO_END_AT_ONCE],
        cwd=own_folder,
        env=environment() | {"DOORWARD_PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_two_workers_on_sqlite(data: Path, log: Path) -> None:
    assert data.is_dir()
    with serving(log, "--workers", "2") as server:
        workers = _children(server.process.pid)
        assert len(workers) == 2
        password = (data / "admin_password").read_text().strip()
        assert all(server.signs_in(ADMIN, password) for _ in range(4))

        assert server.end(signal.SIGTERM) == 0
        assert not any(_is_alive(worker) for worker in workers)
        assert "Traceback" not in server.said()


def test_two_workers_on_postgresql(postgresql_database_url: str, log: Path) -> None:
    settings = {"DATABASE_URL": postgresql_database_url, "SECRET_KEY": SECRET_KEY}
    with serving(log, "--workers", "2", **settings) as server:
        workers = _children(server.process.pid)
        os.kill(workers[0], signal.SIGKILL)
        wait_until(lambda: len(set(_children(server.process.pid)) - {workers[0]}) == 2)
        wait_until(lambda: server.readiness() == 200)

        assert server.end(signal.SIGINT) == 130


def test_a_terminal_that_closes_ends_the_service_in_order(data: Path, log: Path) -> None:
    assert data.is_dir()
    with serving(log, "--workers", "2", DRAIN_SECONDS="1") as server:
        workers = _children(server.process.pid)
        # The kernel tells all of them.
        for pid in workers:
            os.kill(pid, signal.SIGHUP)

        assert server.end(signal.SIGHUP) == 0
        assert not any(_is_alive(worker) for worker in workers)
        assert "Traceback" not in server.said()


def test_workers_do_not_outlive_a_parent_that_is_killed(data: Path, log: Path) -> None:
    assert data.is_dir()
    with serving(log, "--workers", "2") as server:
        workers = _children(server.process.pid)
        server.end(signal.SIGKILL)

        wait_until(lambda: not any(_is_alive(worker) for worker in workers))


def test_workers_that_cannot_start_end_the_parent(data: Path, log: Path, tmp_path: Path) -> None:
    assert data.is_dir()
    # Only in workers, which are forked, the application cannot be imported.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "def lose_application():\n"
        "    sys.modules['entrypoints.http.app'] = None\n"
        "os.register_at_fork(after_in_child=lose_application)\n"
    )
    with log.open("wb") as file:
        ended = subprocess.run(
            [DOORWARD, "serve", "--port", str(free_port()), "--workers", "2"],
            stdout=file,
            stderr=file,
            timeout=20,
            env=environment() | {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
            check=False,
        )

    assert ended.returncode == 1
    assert "internal error: ModuleNotFoundError" in log.read_text()
    assert "Traceback" not in log.read_text()


def _children(pid: int) -> list[int]:
    """The workers of a server; one that is dead and not buried yet is none."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if _is_alive(int(child))]


def _is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_second_signal_ends_workers_that_drain(data: Path, log: Path) -> None:
    assert data.is_dir()
    with serving(log, "--workers", "2", DRAIN_SECONDS="60") as server:
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.readiness() == 503)

        assert server.end(signal.SIGTERM) == 0
        assert "Traceback" not in server.said()


def test_a_second_signal_ends_a_drain(data: Path, log: Path) -> None:
    assert data.is_dir()
    with serving(log, DRAIN_SECONDS="60") as server:
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.readiness() == 503)

        assert server.end(signal.SIGTERM) == 0
        assert "Traceback" not in server.said()
