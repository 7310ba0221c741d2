"""Health, on the wire."""

from typing import Self

from application.health import Health, HealthStatus
from entrypoints.http.schemas.bodies import Instant, ResponseBody, example


class LiveBody(ResponseBody):
    status: HealthStatus

    model_config = example({"status": "ok"})


class HealthBody(ResponseBody):
    """The worst of `checks` is the status."""

    status: HealthStatus
    timestamp: Instant
    version: str
    checks: dict[str, HealthStatus]

    model_config = example(
        {
            "status": "ok",
            "timestamp": "2030-01-01T12:00:00Z",
            "version": "1.0.0",
            "checks": {"database": "ok", "migrations": "ok", "signing_key": "ok"},
        }
    )

    @classmethod
    def of(cls, health: Health, version: str) -> Self:
        return cls(
            status=health.status,
            timestamp=health.at,
            version=version,
            checks=dict(health.checks),
        )
