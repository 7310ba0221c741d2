"""A `doorward serve` to be harmed: started fresh on a database of its own, watched from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.servers import free_port
from tests.services import clean_environment

SECRET_KEY = "a secret for faults, 32 bytes or more"
ADMIN = {"email": "admin@example.com", "password": "a sentence that only tests say"}
SERVE = (sys.executable, "-m", "entrypoints.cli.app", "serve")
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Service:
    """`command` is what was started; with several workers their parent."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def workers(self) -> list[int]:
        found = []
        for child in psutil.Process(self.process.pid).children():
            # One that was just killed may not have been buried yet.
            with suppress(psutil.NoSuchProcess):
                if "resource_tracker" not in " ".join(child.cmdline()):
                    found.append(child.pid)
        return found

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def serving(folder: Path, *command: str, **settings: str) -> Iterator[Service]:
    """By `doorward serve` or that command, on a free port, from `folder`; dead afterwards."""
    port = free_port()
    chosen = {
        "PORT": str(port),
        "DRAIN_SECONDS": "0",
        "LOG_FORMAT": "json",
        "SECRET_KEY": SECRET_KEY,
        "ADMIN_PASSWORD": ADMIN["password"],
        **dict.fromkeys(("RATE_LIMIT_AUTH", "RATE_LIMIT_WRITE", "RATE_LIMIT_READ"), "off"),
        **settings,
    }
    log = folder / f"fault-{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command or SERVE,
            cwd=folder,
            env=clean_environment(**chosen),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    service = Service(port, process, log)
    try:
        wait_until(lambda: process.poll() is not None or service.is_ready())
        assert process.poll() is None, service.said()
        yield service
    finally:
        if process.poll() is None:
            for pid in (*service.workers(), process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        process.wait(PATIENCE_SECONDS)


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> float:
    """After how many seconds it held."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, "waited too long"
        time.sleep(0.01)
    return time.monotonic() - started
