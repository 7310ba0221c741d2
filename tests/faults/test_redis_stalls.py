"""Redis stops, comes back, and takes five seconds for everything."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.load import Load, reads, signed_in
from tests.faults.reporting import report, rounds, within
from tests.faults.stalls import FaultProxy
from tests.servers import redis_process
from tests.services import Service, serving, wait_until

ADDED_SECONDS = 0.25
LIMITS = {"RATE_LIMIT_AUTH": "5/60", "RATE_LIMIT_READ": "100000/60"}


def guesses(service: Service, email: str) -> list[int]:
    """The statuses of seven tries at one account."""
    body = {"email": email, "password": "a guess"}
    with service.client() as client:
        return [client.post("/api/v1/auth/login", json=body).status_code for _ in range(7)]


def read_for(service: Service, token: str, seconds: float) -> Load:
    load = Load(service)
    with load.running(reads(token)):
        time.sleep(seconds)
    return load


def check(name: str, service: Service, token: str, break_it: Callable[[], None]) -> None:
    usual = read_for(service, token, 0.3)
    break_it()
    during = read_for(service, token, rounds(full=2, short=1))
    middle = statistics.median(each.seconds for each in usual.answers)
    added = max(each.seconds for each in during.answers) - middle
    waited = sum(each.seconds > middle + 0.1 for each in during.answers)
    report(
        f"Redis {name}",
        f"no error, at most {added * 1000:.0f} ms added, to {waited} of {len(during.answers)}"
        " answers; sign-in is limited all the same",
    )
    assert set(during.statuses("read")) == {200}
    assert added <= within(ADDED_SECONDS)
    # The address was charged once by Redis when the token was fetched; each process counts alone.
    assert guesses(service, "nobody@example.com") == [401] * 5 + [429] * 2
    with service.client() as client:
        ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")


def is_ok(service: Service) -> bool:
    with service.client() as client:
        return bool(client.get("/health/ready").json()["status"] == "ok")


@pytest.mark.slow
@pytest.mark.proof
def test_a_redis_that_stops_and_starts_again(tmp_path: Path) -> None:
    with redis_process() as first, serving(tmp_path, REDIS_URL=first.url, **LIMITS) as service:
        token = signed_in(service, "stopped@example.com")
        check("stopped", service, token, first.kill)
        with redis_process(first.port):
            seconds = wait_until(lambda: is_ok(service))
            # An empty server knows neither the script nor a window.
            assert guesses(service, "fresh@example.com") == [401] * 5 + [429] * 2
            assert set(read_for(service, token, 0.3).statuses("read")) == {200}
        report("Redis started again, empty", f"limits shared again {seconds:.1f} s later")


@pytest.mark.slow
def test_a_redis_that_takes_five_seconds_for_everything(tmp_path: Path) -> None:
    with redis_process() as server, FaultProxy(server.port) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}/0"
        with serving(tmp_path, REDIS_URL=url, **LIMITS) as service:
            token = signed_in(service, "slow@example.com")

            def slow_down() -> None:
                proxy.delay_seconds = 5.0

            check("slow by 5 s", service, token, slow_down)
            proxy.delay_seconds = 0.0
            wait_until(lambda: is_ok(service))
