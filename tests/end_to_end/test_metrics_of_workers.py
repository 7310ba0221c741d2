"""Metrics of a service with two workers: whichever is asked knows of every request, exactly."""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.services import Service, serving

pytestmark = pytest.mark.slow

LIVE, ME, LOGIN = "/health/live", "/api/v1/users/me", "/api/v1/auth/login"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def service(tmp_path: Path, postgresql_database_url: str) -> Iterator[Service]:
    with serving(tmp_path, WORKERS="2", DATABASE_URL=postgresql_database_url) as service:
        yield service


def samples_of(page: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def scrape(service: Service) -> Samples:
    return samples_of(ask(service, "/metrics"))


def ask(service: Service, path: str) -> str:
    """By a new connection, so that either worker may answer."""
    with urlopen(service.url + path) as answer:  # noqa: S310 - a service of the test's own
        text: str = answer.read().decode()
        return text


def requests_of(samples: Samples) -> Counter[tuple[str, str, str]]:
    """(method, route, status) -> how many."""
    found: Counter[tuple[str, str, str]] = Counter()
    for (name, labels), value in samples.items():
        if name == "doorward_http_requests_total":
            by_name = dict(labels)
            found[by_name["method"], by_name["route"], by_name["status"]] = int(value)
    return found


def total(samples: Samples, name: str) -> float:
    return sum(value for (found, _), value in samples.items() if found == f"doorward_{name}")


async def known_traffic(service: Service) -> None:
    """256 requests, by many clients at once, so that both workers have their share."""

    async def one_client() -> None:
        transport = httpx.AsyncHTTPTransport(verify=False)
        async with httpx.AsyncClient(base_url=service.url, transport=transport) as client:
            for _ in range(10):
                assert (await client.get(LIVE)).status_code == 200
                assert (await client.get(ME)).status_code == 401
                assert (await client.get("/not-there")).status_code == 404
            for _ in range(2):
                body = {"email": "nobody@example.org", "password": "wrong for sure"}
                assert (await client.post(LOGIN, json=body)).status_code == 401

    await asyncio.gather(*(one_client() for _ in range(8)))


KNOWN = Counter(
    {
        ("GET", LIVE, "200"): 80,
        ("GET", ME, "401"): 80,
        ("GET", "unmatched", "404"): 80,
        ("POST", LOGIN, "401"): 16,
    }
)


async def test_a_scrape_of_any_worker_adds_up_exactly(service: Service) -> None:
    before = scrape(service)
    await known_traffic(service)
    # At once, and often enough to meet both workers.
    for _ in range(8):
        after = scrape(service)
        assert requests_of(after) - requests_of(before) == KNOWN
        for (name, labels), value in after.items():
            if name == "doorward_http_request_duration_seconds_count":
                by_name = dict(labels)
                counted = requests_of(after)
                assert value == sum(
                    count
                    for (method, route, _), count in counted.items()
                    if (method, route) == (by_name["method"], by_name["route"])
                )
        assert total(after, "http_errors_total") - total(before, "http_errors_total") == 176
        assert total(after, "sign_ins_total") == 16
        assert total(after, "http_requests_in_flight") == 0
    assert served_by_each(service, after)
    lose_nothing_with_a_killed_worker(service)


def served_by_each(service: Service, after: Samples) -> bool:
    """Both workers have connections of their own in the sum: each opened at least one."""
    assert len(service.workers()) == 2
    idle = after["doorward_database_connections", frozenset(IDLE.items())]
    return idle >= 2


IDLE = {"pool": "primary", "state": "idle"}


def lose_nothing_with_a_killed_worker(service: Service) -> None:
    before = requests_of(scrape(service))["GET", LIVE, "200"]
    assert before == KNOWN["GET", LIVE, "200"]

    victim = psutil.Process(service.workers()[0])
    victim.send_signal(signal.SIGKILL)
    until(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE)
    until(lambda: replaced(service, victim.pid))

    for _ in range(40):
        ask(service, LIVE)
    samples = scrape(service)
    assert requests_of(samples)["GET", LIVE, "200"] == before + 40
    assert total(samples, "http_requests_in_flight") == 0


def replaced(service: Service, dead: int) -> bool:
    """Whether two workers are there again, and answer."""
    return len({*service.workers()} - {dead}) == 2 and all(
        ask(service, "/health/ready") for _ in range(8)
    )


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            if condition():
                return
        except (OSError, psutil.NoSuchProcess):
            pass
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
