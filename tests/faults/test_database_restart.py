"""PostgreSQL stops and comes back; PostgreSQL swallows what it is sent."""

import time
from pathlib import Path

import pytest

from tests.faults.load import Load, assert_all_are_there, probes, reads, signed_in
from tests.faults.reporting import report, rounds
from tests.faults.stalls import FaultProxy, OwnPostgresql
from tests.services import Service, serving, wait_until

pytestmark = pytest.mark.slow

SOON_SECONDS = 3.0
BACK_SECONDS = 5.0


def test_a_server_that_stops_and_starts_again(
    on_postgresql: Service, postgresql: OwnPostgresql
) -> None:
    seconds = rounds(full=10, short=1)
    wait_until(on_postgresql.is_ready)
    load = Load(on_postgresql)
    token = signed_in(on_postgresql, "stopped@example.com")
    acts = [reads(token), load.writes("stopped"), probes("/health/live"), probes("/health/ready")]
    with load.running(*acts):
        time.sleep(0.3)
        postgresql.stop()
        stopped = time.monotonic()
        # An answer to who asks for readiness is kept for a second.
        time.sleep(seconds + 0.5)
        starting = time.monotonic()
        postgresql.start()
        started = time.monotonic()
        time.sleep(rounds(full=int(BACK_SECONDS) + 1, short=1))
    assert on_postgresql.process.poll() is None
    assert on_postgresql.is_ready()
    assert_all_are_there(on_postgresql, load.created[-5:])
    meanwhile = [each for each in load.answers if stopped < each.at < starting - 0.1]
    refused = [each for each in meanwhile if each.kind in ("read", "write")]
    slowest = max(each.seconds for each in refused)
    last = max(each.at + each.seconds for each in load.answers if each.status == 503)
    report(
        f"PostgreSQL stopped for {seconds} s",
        f"503 within {slowest:.2f} s, the last {max(0.0, last - started):.1f} s after the start;"
        f" {len(load.created)} writes acknowledged, none lost",
    )
    assert {each.status for each in refused} == {503}
    assert all(each.retry_after for each in refused)
    assert slowest < SOON_SECONDS
    assert set(load.statuses("live")) == {200}
    assert 503 in {each.status for each in meanwhile if each.kind == "ready"}
    assert {each.status for each in load.answers} <= {200, 201, 503}
    assert last - started < BACK_SECONDS


# Its short form: a server that freezes, in tests/adapters/sql/test_outage.py.
@pytest.mark.proof
def test_a_network_that_swallows_everything(tmp_path: Path, postgresql_database_url: str) -> None:
    # The shipped limit, and a silence four times as long.
    limit, seconds = 5.0, 20.0
    before, _, database = postgresql_database_url.rpartition("/")
    with FaultProxy(int(before.rpartition(":")[2])) as proxy:
        url = f"postgresql+asyncpg://postgres@127.0.0.1:{proxy.port}/{database}"
        with serving(tmp_path, DATABASE_URL=url) as service:
            load = Load(service)
            token = signed_in(service, "swallowed@example.com")
            acts = [reads(token), load.writes("swallowed-a"), load.writes("swallowed-b")]
            with load.running(*acts, probes("/health/live")):
                time.sleep(0.5)
                proxy.holding = True
                held = time.monotonic()
                time.sleep(seconds)
                proxy.holding = False
                freed = time.monotonic()
                time.sleep(1.5)
            assert service.is_ready()
            assert_all_are_there(service, load.created[-5:])
    stalled = [each for each in load.answers if each.at < freed and each.at + each.seconds > held]
    slowest = max(each.seconds for each in stalled if each.kind in ("read", "write"))
    last = max(each.at + each.seconds for each in load.answers if each.status == 503)
    report(
        f"PostgreSQL swallowed for {seconds:.0f} s, statements limited to {limit:.0f} s",
        f"every request ended within {slowest:.1f} s, the last refusal"
        f" {max(0.0, last - freed):.1f} s after",
    )
    assert {each.status for each in load.answers} <= {200, 201, 503}
    assert set(load.statuses("live")) == {200}
    # A statement's own limit and a second more, and as much again to give the connection back.
    assert slowest < 2 * (limit + 1) + SOON_SECONDS
