"""PostgreSQL stops and comes back; PostgreSQL swallows what it is sent."""

import time
from pathlib import Path

import httpx
import pytest

from tests.faults.stalls import (
    FaultProxy,
    Load,
    assert_all_are_there,
    own_postgresql,
    report,
    signed_in,
)
from tests.services import serving

SOON_SECONDS = 3.0
BACK_SECONDS = 5.0

lengths = pytest.mark.parametrize(
    "seconds",
    [pytest.param(1.0, marks=pytest.mark.slow), pytest.param(10.0, marks=pytest.mark.proof)],
)


@lengths
def test_a_server_that_stops_and_starts_again(seconds: float, tmp_path: Path) -> None:
    with own_postgresql() as server, serving(tmp_path, DATABASE_URL=server.url) as service:
        load = Load(service.url)
        token = signed_in(service.url)
        acts = [load.reads(token), load.writes("before"), load.probes("/health/live")]
        with load.running(*acts, load.probes("/health/ready")):
            time.sleep(0.5)
            server.stop()
            stopped = time.monotonic()
            time.sleep(seconds)
            server.start()
            started = time.monotonic()
            time.sleep(BACK_SECONDS + 1 if seconds > 1 else 1)
        assert service.process.poll() is None
        assert_all_are_there(service.url, load.created[-20:])
    meanwhile = [each for each in load.answers if stopped + 0.2 < each.at < started - 0.5]
    refused = [each for each in meanwhile if each.kind in ("read", "write")]
    assert refused
    assert {each.status for each in refused} == {503}
    assert all(each.retry_after for each in refused)
    assert max(each.seconds for each in refused) < SOON_SECONDS
    assert set(load.statuses("live")) == {200}
    assert 503 in {each.status for each in meanwhile if each.kind == "ready"}
    assert {each.status for each in load.answers} <= {200, 201, 503}
    last = max(each.at + each.seconds for each in load.answers if each.status == 503)
    assert last - started < BACK_SECONDS
    slowest = max(each.seconds for each in refused)
    report(
        f"PostgreSQL stopped for {seconds:.0f} s",
        f"503 within {slowest:.2f} s, the last {max(0.0, last - started):.1f} s after the start,"
        f" {len(load.created)} writes acknowledged and none lost",
    )


@pytest.mark.proof
def test_a_network_that_swallows_everything(tmp_path: Path, postgresql_database_url: str) -> None:
    # The shipped limit, and twice as long a silence.
    seconds, limit = 10.0, 5.0
    before, _, database = postgresql_database_url.rpartition("/")
    port = int(before.rpartition(":")[2])
    with FaultProxy(port) as proxy:
        url = f"postgresql+asyncpg://postgres@127.0.0.1:{proxy.port}/{database}"
        with serving(tmp_path, DATABASE_URL=url) as service:
            load = Load(service.url)
            token = signed_in(service.url)
            acts = [load.reads(token), load.writes("a"), load.writes("b")]
            with load.running(*acts, load.probes("/health/live")):
                time.sleep(0.5)
                proxy.holding = True
                held = time.monotonic()
                time.sleep(seconds + 2 * limit)
                proxy.holding = False
                freed = time.monotonic()
                time.sleep(1.5)
            assert httpx.get(f"{service.url}/health/ready", timeout=10).status_code == 200
            assert_all_are_there(service.url, load.created[-20:])
    stalled = [each for each in load.answers if each.at < freed and each.at + each.seconds > held]
    assert {each.status for each in load.answers} <= {200, 201, 503}
    assert set(load.statuses("live")) == {200}
    slowest = max(each.seconds for each in stalled if each.kind in ("read", "write"))
    # A statement's own limit and a second more, and as much again to give the connection back.
    assert slowest < 2 * (limit + 1) + SOON_SECONDS
    last = max(each.at + each.seconds for each in load.answers if each.status == 503)
    report(
        f"PostgreSQL swallowed for {seconds + 2 * limit:.0f} s, statements limited to {limit} s",
        f"every request ended within {slowest:.1f} s, the last refusal {last - freed:.1f} s after",
    )
