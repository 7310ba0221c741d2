"""A worker's own metrics page: the same numbers, under the same rules."""

import socket
from pathlib import Path

import httpx
import pytest

from adapters.prometheus.telemetry import PrometheusTelemetry
from config.metrics_folder import shared_metrics_folder
from config.settings import Settings, load_settings
from entrypoints.worker.metrics import serving_metrics
from tests.servers import free_port

SECRET = "n7cbQz1mTf0pXw4vLd8sYk2hRj6gUe9aWi3oVb5q"
TOKEN = "a-bearer-token-of-the-tests-only"


def settings_in(folder: Path, **more: str) -> Settings:
    url = f"sqlite:///{folder}/doorward.db"
    return load_settings(database_url=url, data_dir=str(folder), **more)


def test_the_page_is_open_in_development_and_alone_there(tmp_path: Path) -> None:
    port = free_port()
    with serving_metrics(settings_in(tmp_path), port):
        folder = shared_metrics_folder()
        assert folder is not None
        page = httpx.get(f"http://127.0.0.1:{port}/metrics")
        assert page.status_code == 200
        assert 'doorward_messages_total{outcome="sent"} 0.0' in page.text
        assert page.headers["server"] == "doorward"
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404
        assert httpx.post(f"http://127.0.0.1:{port}/metrics").status_code == 501
    assert not folder.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics")
    PrometheusTelemetry()


def test_in_production_it_takes_the_token(tmp_path: Path) -> None:
    port = free_port()
    settings = settings_in(
        tmp_path, environment="production", secret_key=SECRET, metrics_token=TOKEN
    )
    with serving_metrics(settings, port):
        for given, status in (("", 404), ("Bearer wrong", 404), (f"Bearer {TOKEN}", 200)):
            answer = httpx.get(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": given})
            assert answer.status_code == status
    PrometheusTelemetry()


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with (
            pytest.raises(OSError, match="in use"),
            serving_metrics(settings_in(tmp_path), taken.getsockname()[1]),
        ):
            raise AssertionError("there was nothing to serve on")
    assert shared_metrics_folder() is None
    PrometheusTelemetry()
