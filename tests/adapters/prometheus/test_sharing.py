"""Processes that count together: sums are right, and the dead take nothing with them."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.prometheus.telemetry import PrometheusTelemetry
from application.ports.passwords import HashingState
from application.ports.storage import PoolState
from application.ports.telemetry import ProcessState
from config import metrics_folder
from config.metrics_folder import VARIABLE, shared_metrics_folder, sharing_metrics
from tests.architecture.tree import ROOT

# Counts a request, begins another one, notes its state, says so, and waits for its end.
COUNTING = """
import sys
from pathlib import Path
from adapters.prometheus.telemetry import PrometheusTelemetry
from application.ports.passwords import HashingState
from application.ports.telemetry import ProcessState
telemetry = PrometheusTelemetry(Path(sys.argv[1]))
telemetry.request_ended("GET", "/a", 200, 0.001)
telemetry.request_began("/b")
telemetry.note(ProcessState(hashing=HashingState(running=2, waiting=3, refused=5)))
print("ready", flush=True)
sys.stdin.read()
"""
FORKING = """
import os, sys
from pathlib import Path
from adapters.prometheus.telemetry import PrometheusTelemetry
telemetry = PrometheusTelemetry(Path(sys.argv[1]))
telemetry.request_ended("GET", "/a", 200, 0.001)
if os.fork() == 0:
    telemetry.request_ended("GET", "/a", 200, 0.001)
    os._exit(0)
os.wait()
telemetry.request_ended("GET", "/a", 200, 0.001)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    yield tmp_path
    PrometheusTelemetry()


@contextmanager
def another_process(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTING, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert read_line(process.stdout) == b"ready\n"
        try:
            yield process
        finally:
            process.kill()


def read_line(stream: IO[bytes] | None) -> bytes:
    assert stream is not None
    return stream.readline()


def value(telemetry: PrometheusTelemetry, name: str, **labels: str) -> float | None:
    return next(
        (
            sample.value
            for family in text_string_to_metric_families(telemetry.render(None).decode())
            for sample in family.samples
            if sample.name == name and sample.labels == labels
        ),
        None,
    )


REQUESTS = {"method": "GET", "route": "/a", "status": "200"}


def test_numbers_of_all_processes_add_up(folder: Path) -> None:
    ours = PrometheusTelemetry(folder)
    ours.request_ended("GET", "/a", 200, 0.001)
    ours.note(ProcessState(hashing=HashingState(running=1, refused=1)))
    with another_process(folder), another_process(folder):
        assert value(ours, "doorward_http_requests_total", **REQUESTS) == 3
        assert value(ours, "doorward_http_requests_in_flight", route="/b") == 2
        assert value(ours, "doorward_password_hashes", state="running") == 5
        assert value(ours, "doorward_password_hashes_refused_total") == 11


def test_a_killed_process_leaves_its_counts_and_nothing_else(folder: Path) -> None:
    ours = PrometheusTelemetry(folder)
    with another_process(folder) as process:
        process.kill()
        process.wait()
        assert value(ours, "doorward_http_requests_total", **REQUESTS) == 1
        assert value(ours, "doorward_http_requests_in_flight", route="/b") is None
        assert value(ours, "doorward_password_hashes", state="running") is None


def test_whoever_comes_next_goes_on_counting_where_the_dead_one_stopped(folder: Path) -> None:
    ours = PrometheusTelemetry(folder)
    for _ in range(3):
        with another_process(folder):
            assert value(ours, "doorward_http_requests_in_flight", route="/b") == 1
    assert value(ours, "doorward_http_requests_total", **REQUESTS) == 3
    assert value(ours, "doorward_password_hashes_refused_total") == 15
    # Ours and one other: restarts do not make files.
    assert len(list(folder.glob("counter_*.db"))) == 2


def test_a_forked_process_counts_for_itself(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", FORKING, str(folder)], cwd=ROOT, check=True)
    assert value(PrometheusTelemetry(folder), "doorward_http_requests_total", **REQUESTS) == 3


def test_totals_of_a_process_become_counts() -> None:
    telemetry = PrometheusTelemetry()
    for waits in (2, 2, 7):
        pool = PoolState(in_use=4, idle=1, overflow=0, waits=waits)
        telemetry.note(ProcessState(pools={"primary": pool}, hashing=HashingState()))
    assert value(telemetry, "doorward_database_pool_waits_total", pool="primary") == 7
    assert value(telemetry, "doorward_database_connections", pool="primary", state="in_use") == 4


def test_the_folder_is_private_and_goes_with_its_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with sharing_metrics():
        folder = shared_metrics_folder()
        assert folder is not None
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
    assert shared_metrics_folder() is None


def test_without_memory_to_keep_files_in_they_go_to_the_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(metrics_folder, "_MEMORY", tmp_path / "none")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with sharing_metrics():
        folder = shared_metrics_folder()
        assert folder is not None
        assert folder.parent == tmp_path


def test_a_folder_that_somebody_named_is_used_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with sharing_metrics():
        assert shared_metrics_folder() == tmp_path
    assert tmp_path.exists()
