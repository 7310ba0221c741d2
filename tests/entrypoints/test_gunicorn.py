"""`gunicorn -c gunicorn.conf.py`: the same application, with the same ways to start and to end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.services import ROOT, Service, clean_environment, serving, wait_until

pytestmark = pytest.mark.slow

ADMIN = {"email": "admin@example.com", "password": "a sentence that only tests say"}
GUNICORN = (str(Path(sys.executable).with_name("gunicorn")), "-c", str(ROOT / "gunicorn.conf.py"))


def signs_in(service: Service) -> bool:
    answer = httpx.post(f"{service.url}/api/v1/auth/login", json=ADMIN, timeout=20)
    assert "server" not in answer.headers
    return answer.status_code == 200


def metrics_folder(service: Service) -> Path:
    held = [file for pid in service.workers() for file in psutil.Process(pid).open_files()]
    folders = {Path(file.path).parent for file in held if "doorward-metrics-" in file.path}
    assert len(folders) == 1
    return folders.pop()


def counted(service: Service, route: str) -> int:
    """How many requests to it the worker that answers knows of."""
    with service.client() as client:
        page = client.get("/metrics").text
    return sum(
        int(sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "doorward_http_requests_total" and sample.labels["route"] == route
    )


def test_two_workers_set_up_serve_are_replaced_drain_and_end(
    postgresql_database_url: str, tmp_path: Path
) -> None:
    settings = {"WORKERS": "2", "DRAIN_SECONDS": "1", "ADMIN_PASSWORD": ADMIN["password"]}
    with serving(tmp_path, *GUNICORN, DATABASE_URL=postgresql_database_url, **settings) as service:
        wait_until(lambda: len(service.workers()) == 2)
        shared = metrics_folder(service)
        assert all(signs_in(service) for _ in range(4))
        # One set-up for both, with one signing key: each of them takes what the other has issued.
        keys = httpx.get(f"{service.url}/.well-known/jwks.json", timeout=20).json()["keys"]
        assert len(keys) <= 2
        assert counted(service, "/.well-known/jwks.json") == 1
        for _ in range(10):
            assert service.status_of("/nowhere") == 404
        # Each by a new connection: whichever worker is asked knows of all.
        assert {counted(service, "unmatched") for _ in range(8)} == {10}

        killed = service.workers()[0]
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: len(set(service.workers()) - {killed}) == 2)
        wait_until(service.is_ready)

        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not service.is_ready())
        assert service.process.poll() is None
        assert service.process.wait(20) == 0
        assert not shared.exists()
        lines = [json.loads(line) for line in service.said().splitlines()]
        assert "request_completed" in {line["event"] for line in lines}
        assert "Traceback" not in service.said()


def test_faults_of_the_settings_are_told_once(tmp_path: Path) -> None:
    ended = subprocess.run(
        GUNICORN,
        cwd=tmp_path,
        env=clean_environment(ENVIRONMENT="production", WORKERS="2"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = ended.stderr.splitlines()

    assert ended.returncode == 1
    assert [line.partition(":")[0] for line in said] == [
        "DOORWARD_SECRET_KEY",
        "DOORWARD_DATABASE_URL",
        "DOORWARD_REDIS_URL",
    ]
    assert list(tmp_path.iterdir()) == []


def test_what_hinders_the_set_up_is_one_line(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": "postgresql://quick:silver@127.0.0.1:1/x", "LOG_LEVEL": "CRITICAL"}
    ended = subprocess.run(
        GUNICORN,
        cwd=tmp_path,
        env=clean_environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "ConnectionRefusedError" in ended.stderr
    assert "quick" not in ended.stderr
