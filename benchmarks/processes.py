"""The processes that are compared, each on a core of its own, and what they cost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.servers import free_port
from tests.services import ROOT, clean_environment

SERVING_CORE = 0
"""What is measured has this core to itself; databases and load share the other one."""
OTHER_CORE = os.cpu_count() - 1 if (os.cpu_count() or 1) > 1 else 0  # type: ignore[operator]
_READY_WITHIN_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Served:
    """A process that answers at `url`."""

    url: str
    pid: int
    ready_after_seconds: float

    def cpu_seconds(self) -> float:
        """Processor time of all its processes so far."""
        total = 0.0
        for process in self._family():
            times = process.cpu_times()
            total += times.user + times.system
        return total

    def memory_mib(self) -> float:
        """Resident memory of all its processes."""
        return sum(process.memory_info().rss for process in self._family()) / 2**20

    def _family(self) -> list[psutil.Process]:
        root = psutil.Process(self.pid)
        return [root, *root.children(recursive=True)]


@contextmanager
def doorward(folder: Path, **settings: str) -> Iterator[Served]:
    """`doorward serve` with everything on: JSON log to a file, metrics, headers, limits."""
    port = free_port()
    environment = clean_environment(
        PORT=str(port), DRAIN_SECONDS="0", LOG_FORMAT="json", LOG_LEVEL="info", **settings
    )
    command = [sys.executable, "-m", "entrypoints.cli.app", "serve"]
    ready = "/health/ready"
    with _running(command, environment, folder, port, ready) as served:
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
    with _running(command, known | dict(environment), folder, port, ready) as served:
        yield served


@contextmanager
def _running(
    command: list[str], environment: Mapping[str, str], folder: Path, port: int, ready: str
) -> Iterator[Served]:
    began = time.perf_counter()
    with (folder / f"{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            preexec_fn=lambda: os.sched_setaffinity(0, {SERVING_CORE}),
        )
    url = f"http://127.0.0.1:{port}"
    try:
        after = _wait(process, url + ready, began, folder / f"{port}.log")
        yield Served(url=url, pid=process.pid, ready_after_seconds=after)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def _wait(process: "subprocess.Popen[bytes]", url: str, began: float, log: Path) -> float:
    with httpx.Client() as client:
        while process.poll() is None and time.perf_counter() < began + _READY_WITHIN_SECONDS:
            try:
                if client.get(url).status_code < 500:
                    return time.perf_counter() - began
            except httpx.TransportError:
                time.sleep(0.01)
    raise RuntimeError(f"never ready: {log.read_text()[-2000:]}")
