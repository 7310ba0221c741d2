"""Real `doorward serve` processes."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil

from tests.servers import free_port

ROOT = Path(__file__).parent.parent
SERVE = (sys.executable, "-m", "entrypoints.cli.app", "serve")
PATIENCE_SECONDS = 30.0
START_SECONDS = 60.0
"""Two workers and their parent on a machine with much else to do."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """Answers at `url`. `process` is what was started: with several workers, their parent."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 80

    def client(self, **options: Any) -> httpx.Client:
        """Costs little: the certificates of the world, which it has no use for, are not read."""
        transport = httpx.HTTPTransport(verify=False)
        return httpx.Client(base_url=self.url, timeout=30, transport=transport, **options)

    def status_of(self, path: str) -> int:
        """0 if nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def is_ready(self) -> bool:
        return self.status_of("/health/ready") == 200

    def workers(self) -> list[int]:
        found = []
        for child in psutil.Process(self.process.pid).children():
            # One that was just killed may not have been buried yet.
            with suppress(psutil.NoSuchProcess):
                if child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child.pid)
        return found

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        """As a service manager does; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


def clean_environment(**settings: str) -> dict[str, str]:
    """This process's variables without any setting of the service but these (names unprefixed)."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("DOORWARD_") and name not in ("DATABASE_URL", "REDIS_URL")
    }
    # This tree's modules, wherever the command was installed from.
    inherited["PYTHONPATH"] = str(ROOT)
    return inherited | {f"DOORWARD_{name}": value for name, value in settings.items()}


@contextmanager
def serving(folder: Path, *command: str, **settings: str) -> Iterator[Service]:
    """Served from `folder`, without limits and without drain unless the settings say otherwise.

    By `doorward serve` or that command; it has ended afterwards, whatever became of it.
    """
    port = free_port()
    defaults = {"PORT": str(port), "DRAIN_SECONDS": "0", "LOG_FORMAT": "json"}
    unlimited = dict.fromkeys(("RATE_LIMIT_AUTH", "RATE_LIMIT_WRITE", "RATE_LIMIT_READ"), "off")
    log = folder / f"serve-{port}.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command or SERVE,
            cwd=folder,
            env=clean_environment(**{**defaults, **unlimited, **settings}),
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    service = Service(url=f"http://127.0.0.1:{port}", process=process, log=log)
    try:
        _wait_until_ready(service)
        yield service
    finally:
        _end(service)


def _wait_until_ready(service: Service) -> None:
    try:
        wait_until(lambda: service.process.poll() is not None or service.is_ready(), START_SECONDS)
    except AssertionError:
        raise AssertionError(f"never ready:\n{service.said()}") from None
    assert service.process.poll() is None, service.said()


def _end(service: Service) -> None:
    if service.process.poll() is not None:
        return
    workers = service.workers()
    try:
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(40)
    finally:
        for pid in (*workers, service.process.pid) if service.process.poll() is None else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        service.process.wait(PATIENCE_SECONDS)


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> float:
    """After how many seconds it held."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "waited too long"
        time.sleep(0.02)
    return time.monotonic() - started
