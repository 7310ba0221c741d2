"""A real worker, a real broker, a real mail server: what a request queues arrives."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.servers import RedisProcess, free_port, redis_process
from tests.smtp_server import Inbox, smtp_server

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 20.0

pytestmark = pytest.mark.slow


@contextmanager
def process(environment: dict[str, str], *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    child = subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli.app", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


class Installation:
    """A server without jobs of its own, its environment, and where its mail arrives."""

    def __init__(self, folder: Path, inbox: Inbox, redis: RedisProcess) -> None:
        self.inbox = inbox
        self.redis = redis
        self.port = free_port()
        self.environment = {
            "DOORWARD_DATA_DIR": str(folder),
            "DOORWARD_PORT": str(self.port),
            "DOORWARD_JOBS": "celery",
            "DOORWARD_REDIS_URL": redis.url,
            "DOORWARD_MAILER": "smtp",
            "DOORWARD_SMTP_URL": f"smtp://127.0.0.1:{inbox.port}",
            "DOORWARD_DRAIN_SECONDS": "0",
        }

    def is_up(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.port}/health/live").status_code == 200
        return False

    def register(self, email: str) -> None:
        body = {"email": email, "name": "Ada", "password": "correct horse battery staple"}
        answer = httpx.post(f"http://127.0.0.1:{self.port}/api/v1/users", json=body)
        assert answer.status_code == 201

    def has_arrived(self, email: str) -> bool:
        return [email] in self.inbox.recipients


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_process())
        installation = Installation(tmp_path, stack.enter_context(smtp_server()), redis)
        stack.enter_context(process(installation.environment, "serve"))
        wait_until(installation.is_up)
        yield installation


def test_a_worker_delivers_what_requests_queue_and_ends_in_order(
    installation: Installation,
) -> None:
    port = free_port()
    installation.register("before@accounts.dev")
    arguments = ("worker", "--concurrency", "1", "--metrics-port", str(port))
    with process(installation.environment, *arguments) as worker:
        wait_until(lambda: installation.has_arrived("before@accounts.dev"))
        wait_until(lambda: 'doorward_messages_total{outcome="sent"} 1.0' in metrics_of(port))
        assert 'doorward_job_duration_seconds_count{job="deliver"}' in metrics_of(port)
        installation.register("after@accounts.dev")
        wait_until(lambda: installation.has_arrived("after@accounts.dev"))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0
    assert len(installation.inbox.mails) == 2


def metrics_of(port: int) -> str:
    return httpx.get(f"http://127.0.0.1:{port}/metrics").text


def test_without_a_clock_a_worker_is_told_by_requests(installation: Installation) -> None:
    with process(installation.environment, "worker", "--no-beat", "--concurrency", "1") as worker:
        installation.register("first@accounts.dev")
        wait_until(lambda: installation.has_arrived("first@accounts.dev"))
        worker.send_signal(signal.SIGINT)
        assert worker.wait(15) == 130


def test_a_broker_that_is_away_keeps_no_request_and_loses_no_mail(
    installation: Installation,
) -> None:
    installation.redis.kill()
    installation.register("away@accounts.dev")
    with (
        redis_process(installation.redis.port),
        process(installation.environment, "worker", "--concurrency", "1"),
    ):
        wait_until(lambda: installation.has_arrived("away@accounts.dev"))


@pytest.mark.proof
def test_a_worker_and_its_clock_survive_the_loss_of_the_broker(
    installation: Installation,
) -> None:
    with process(installation.environment, "worker", "--concurrency", "1"):
        installation.register("first@accounts.dev")
        wait_until(lambda: installation.has_arrived("first@accounts.dev"))
        installation.redis.kill()
        # Nobody tells the worker of this one: its own clock must still run afterwards.
        installation.register("second@accounts.dev")
        time.sleep(3)
        with redis_process(installation.redis.port):
            wait_until(lambda: installation.has_arrived("second@accounts.dev"))
