"""Real `doorward serve` processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.servers import free_port

ROOT = Path(__file__).parent.parent
_READY_WITHIN_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that answers at `url`; its log lines go to `log`."""

    url: str
    process: "subprocess.Popen[bytes]"
    log: Path


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
def serving(folder: Path, **settings: str) -> Iterator[Service]:
    """Served from `folder`, without limits and without drain unless the settings say otherwise."""
    port = free_port()
    defaults = {"PORT": str(port), "DRAIN_SECONDS": "0", "LOG_FORMAT": "json"}
    unlimited = dict.fromkeys(("RATE_LIMIT_AUTH", "RATE_LIMIT_WRITE", "RATE_LIMIT_READ"), "off")
    log = folder / f"serve-{port}.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "entrypoints.cli.app", "serve"],
            cwd=folder,
            env=clean_environment(**{**defaults, **unlimited, **settings}),
            stderr=stderr,
        )
    service = Service(url=f"http://127.0.0.1:{port}", process=process, log=log)
    try:
        _wait_until_ready(service)
        yield service
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)


def _wait_until_ready(service: Service) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if service.process.poll() is not None:
            break
        try:
            if httpx.get(f"{service.url}/health/ready", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"never ready:\n{service.log.read_text()}")
