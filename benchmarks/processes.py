"""The processes that are compared, each on the same core, and what they cost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.servers import free_port
from tests.services import ROOT, clean_environment

CORES = tuple(sorted(os.sched_getaffinity(0)))
SERVING_CORE = CORES[0]
"""What is measured has this core to itself; databases and load share the other one."""
OTHER_CORE = CORES[-1]
_READY_WITHIN_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Served:
    """A process that answers at `url`."""

    url: str
    pid: int
    ready_after_seconds: float

    def cpu_seconds(self) -> float:
        """Processor time of all its processes so far."""
        return cpu_seconds(self._family())

    def memory_mib(self) -> float:
        """Resident memory of all its processes."""
        return sum(process.memory_info().rss for process in self._family()) / 2**20

    def _family(self) -> list[psutil.Process]:
        root = psutil.Process(self.pid)
        return [root, *root.children(recursive=True)]


def cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """Of the processes, and of their children that have ended meanwhile."""
    total = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def databases_here() -> list[psutil.Process]:
    """Every process of the PostgreSQL and the Redis that this process has started."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.name() in ("postgres", "redis-server"):
                found.append(process)
    return found


def keep_databases_to(*cores: int) -> None:
    """From now on, and whatever they start."""
    for process in databases_here():
        with suppress(psutil.NoSuchProcess):
            process.cpu_affinity(list(cores))


@contextmanager
def on_cores(*cores: int) -> Iterator[None]:
    """Whatever starts inside of the block keeps to these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def doorward(
    folder: Path,
    settings: Mapping[str, str],
    *,
    cores: Sequence[int] = (SERVING_CORE,),
    program: Sequence[str] = ("entrypoints.cli.app",),
) -> Iterator[Served]:
    """`doorward serve` with everything on: JSON log to a file, metrics, headers, limits.

    `settings` are named without their prefix and win over these.
    """
    port = free_port()
    defaults = {"PORT": str(port), "DRAIN_SECONDS": "0", "LOG_FORMAT": "json", "LOG_LEVEL": "INFO"}
    environment = clean_environment(**(defaults | dict(settings)))
    command = [sys.executable, "-m", *program, "serve"]
    with _running(command, environment, folder, port, "/health/ready", cores) as served:
        yield served


@contextmanager
def application(
    target: str,
    folder: Path,
    environment: Mapping[str, str],
    *,
    python: str = sys.executable,
    ready: str = "/live",
) -> Iterator[Served]:
    """Any other ASGI application, on uvicorn as we start it, without its access log."""
    port = free_port()
    command = [
        *(python, "-m", "uvicorn", target, "--port", str(port), "--no-access-log"),
        *("--loop", "uvloop", "--http", "httptools", "--log-level", "warning"),
        *("--no-proxy-headers", "--backlog", "2048", "--app-dir", str(ROOT)),
    ]
    known = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    if python == sys.executable:
        known["PYTHONPATH"] = str(ROOT)
    with _running(
        command, known | dict(environment), folder, port, ready, (SERVING_CORE,)
    ) as served:
        yield served


@contextmanager
def _running(
    command: list[str],
    environment: Mapping[str, str],
    folder: Path,
    port: int,
    ready: str,
    cores: Sequence[int],
) -> Iterator[Served]:
    began = time.perf_counter()
    log = folder / f"{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
    url = f"http://127.0.0.1:{port}"
    try:
        after = _wait(process, url + ready, began, log)
        yield Served(url=url, pid=process.pid, ready_after_seconds=after)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        # One line a request, and nobody reads them.
        log.unlink()


def _wait(process: "subprocess.Popen[bytes]", url: str, began: float, log: Path) -> float:
    with httpx.Client() as client:
        while process.poll() is None and time.perf_counter() < began + _READY_WITHIN_SECONDS:
            try:
                if client.get(url).status_code < 500:
                    return time.perf_counter() - began
            except httpx.TransportError:
                time.sleep(0.005)
    raise RuntimeError(f"never ready: {log.read_text()[-2000:]}")
