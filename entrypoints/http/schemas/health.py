"""Health, on the wire."""

from typing import Self

from pydantic import BaseModel

from application.health import Health, HealthStatus
from entrypoints.http.schemas.bodies import Instant


class LiveBody(BaseModel):
    status: HealthStatus


class HealthBody(BaseModel):
    """The worst of `checks` is the status."""

    status: HealthStatus
    timestamp: Instant
    version: str
    checks: dict[str, HealthStatus]

    @classmethod
    def of(cls, health: Health, version: str) -> Self:
        return cls(
            status=health.status,
            timestamp=health.at,
            version=version,
            checks=dict(health.checks),
        )
