"""Health over HTTP: for load balancers, orchestrators and people."""

from datetime import UTC, datetime, timedelta

from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.memory.storage import MemoryStorage
from application.ports.storage import SchemaState
from domain.errors import Unavailable
from entrypoints.version import VERSION
from tests.entrypoints.http.api import Api
from tests.entrypoints.http.promises import MARKER

CHECKS = {"database", "migrations", "signing_key", "limiter", "mail", "shutdown"}


class StorageAway(MemoryStorage):
    """Says too much about why."""

    async def check_writable(self) -> None:
        raise Unavailable from OSError(MARKER)

    async def schema_state(self) -> SchemaState:
        raise Unavailable from OSError(MARKER)


class LimiterAway(MemoryRateLimiter):
    async def healthy(self) -> bool:
        return False


async def test_a_service_that_can_do_its_work_says_so(api: Api) -> None:
    assert (await api.get("/health/live")).json() == {"status": "ok"}
    for path in ("/health", "/health/ready"):
        response = await api.get(path)
        assert response.status_code == 200
        told = response.json()
        assert told.keys() == {"status", "timestamp", "version", "checks"}
        assert (told["status"], told["version"]) == ("ok", VERSION)
        assert told["checks"] == dict.fromkeys(CHECKS, "ok")
        assert told["timestamp"].endswith("Z")
        age = datetime.now(UTC) - datetime.fromisoformat(told["timestamp"])
        assert timedelta() <= age < timedelta(minutes=1)
        assert response.headers["cache-control"] == "no-store"


async def test_a_part_that_is_away_is_named_and_nothing_is_told_of_it(api: Api) -> None:
    api.may_fail = True
    api.container.check_health()._storage = StorageAway()
    ready, health = await api.get("/health/ready"), await api.get("/health")
    assert (ready.status_code, health.status_code) == (503, 200)
    assert ("retry-after" in ready.headers, "retry-after" in health.headers) == (True, False)
    for response in (ready, health):
        assert response.json()["status"] == "unavailable"
        assert response.json()["checks"]["database"] == "unavailable"
        assert MARKER not in response.text
    assert (await api.get("/health/live")).status_code == 200


async def test_what_requests_can_do_without_only_degrades(api: Api) -> None:
    api.container.check_health()._limiter = LimiterAway()
    response = await api.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["status"] == response.json()["checks"]["limiter"] == "degraded"


async def test_a_service_that_is_told_to_stop_is_not_ready_at_once(api: Api) -> None:
    api.may_fail = True
    assert (await api.get("/health/ready")).status_code == 200
    api.container.check_health().start_draining()
    response = await api.get("/health/ready")
    assert (response.status_code, response.json()["checks"]["shutdown"]) == (503, "unavailable")
    # Requests are still answered.
    assert (await api.register()).status_code == 201
