"""`doorward serve` when nobody takes its log lines: a full disk, a reader that has ended."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from tests.servers import free_port
from tests.services import (
    PATIENCE_SECONDS,
    SERVE,
    START_SECONDS,
    Service,
    clean_environment,
    wait_until,
)

pytestmark = pytest.mark.slow


@contextmanager
def serving_into(stderr: IO[bytes] | int, folder: Path, **settings: str) -> Iterator[Service]:
    port = free_port()
    chosen = {"PORT": str(port), "DRAIN_SECONDS": "0", "LOG_FORMAT": "json", **settings}
    process = subprocess.Popen(
        SERVE,
        cwd=folder,
        env=clean_environment(**chosen),
        stdin=subprocess.DEVNULL,
        stderr=stderr,
    )
    service = Service(url=f"http://127.0.0.1:{port}", process=process, log=Path(os.devnull))
    try:
        wait_until(lambda: process.poll() is not None or service.is_ready(), START_SECONDS)
        yield service
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait(PATIENCE_SECONDS)


def test_on_a_full_disk_workers_start_serve_and_are_replaced(tmp_path: Path) -> None:
    with (
        Path("/dev/full").open("wb") as full,
        serving_into(full, tmp_path, WORKERS="2") as service,
    ):
        before = service.workers()
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: len(set(service.workers()) - {before[0]}) == 2)

        assert service.is_ready()
        assert service.stop() == 0


def test_a_reader_that_ends_takes_no_answer_with_it(tmp_path: Path) -> None:
    with serving_into(subprocess.PIPE, tmp_path) as service:
        assert service.process.stderr is not None
        service.process.stderr.close()
        # A connection is kept: one closed without a word loses what is asked next.
        with service.client() as client:
            assert [client.get("/api/v1/nothing").status_code for _ in range(5)] == [404] * 5

        assert service.stop() == 0
