"""The real `doorward`, as a process of its own."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

from tests.servers import free_port

DOORWARD = str(Path(sys.executable).with_name("doorward"))
_PATIENCE_SECONDS = 20.0
_START_SECONDS = 60.0
"""Two workers and their parent on a machine with much else to do."""

# Gives the command standard input as its controlling terminal, as a shell would.
IN_TERMINAL = (
    *(sys.executable, "-c"),
    "import fcntl, os, sys, termios\n"
    "os.setsid()\n"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    "os.execv(sys.argv[1], sys.argv[1:])",
)


def environment(**variables: str) -> dict[str, str]:
    """What the process finds set: DOORWARD_ variables by their short names."""
    return os.environ | {f"DOORWARD_{name}": value for name, value in variables.items()}


def doorward(
    *arguments: str, typed: str = "", **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Runs one command to its end, in the current folder."""
    return subprocess.run(
        [DOORWARD, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        env=environment(**variables),
        check=False,
    )


@dataclass(frozen=True)
class Server:
    """A `doorward serve` that may or may not be up."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        wait_until(
            lambda: self.process.poll() is not None or self.readiness() == 200, _START_SECONDS
        )
        assert self.process.poll() is None, self.said()

    def readiness(self) -> int | None:
        """The status of /health/ready; None while nobody answers."""
        # Asked over and over: a client that first reads the certificates of the world would be
        # half of what a start costs.
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def signs_in(self, email: str, password: str) -> bool:
        body = {"email": email, "password": password}
        answer = httpx.post(f"{self.url}/api/v1/auth/login", json=body, trust_env=False)
        assert answer.status_code in (200, 401), answer.text
        return answer.status_code == 200

    def end(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal to the one process that was started; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(_PATIENCE_SECONDS)

    def said(self) -> str:
        return self.log.read_text()


@contextmanager
def starting(log: Path, *arguments: str, **variables: str) -> Iterator[Server]:
    """`doorward serve` in the current folder, on a free port; dead when the block ends."""
    port = free_port()
    with log.open("wb") as file, _serve(port, file, arguments, variables) as process:
        try:
            yield Server(process, port, log)
        finally:
            process.kill()


@contextmanager
def serving(log: Path, *arguments: str, **variables: str) -> Iterator[Server]:
    """The same, once it is ready."""
    with starting(log, *arguments, **variables) as server:
        server.wait_until_ready()
        yield server


def _serve(
    port: int, log: IO[bytes], arguments: tuple[str, ...], variables: dict[str, str]
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [DOORWARD, "serve", "--port", str(port), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=environment(**{"DRAIN_SECONDS": "0", **variables}),
    )


def wait_until(condition: Callable[[], bool], seconds: float = _PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
