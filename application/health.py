"""Whether this process can do its work."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from application.ports.clock import Clock
from application.ports.mail_route import MailRoute
from application.ports.rate_limiter import RateLimiter
from application.ports.signing_keys import KeyRing
from application.ports.storage import SchemaState, Storage
from domain.errors import Unavailable

_KEPT = timedelta(seconds=1)
_MAIL_KEPT = timedelta(seconds=10)
_MAIL_WAIT_SECONDS = 0.2
"""Readiness is not the mail's: what takes longer to find out is told when next somebody asks."""


class HealthStatus(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    """Something that requests can do without is away."""
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, kw_only=True)
class Health:
    """`checks` maps a part's name to its status; no hosts, no messages."""

    status: HealthStatus
    at: datetime
    checks: Mapping[str, HealthStatus]


class CheckHealth:
    """Anyone may ask, as often as they like: the answer is kept for a second."""

    def __init__(
        self,
        *,
        storage: Storage,
        ring: KeyRing,
        limiter: RateLimiter,
        mail: MailRoute,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._ring = ring
        self._limiter = limiter
        self._mail = mail
        self._mail_look: asyncio.Task[bool] | None = None
        self._mail_looked_at: datetime | None = None
        self._mail_is_there = True
        self._clock = clock
        self._last: Health | None = None
        self._draining = False
        self._one_at_a_time = asyncio.Lock()

    def start_draining(self) -> None:
        """Shutdown has begun: from now on this process is not ready, and never will be again."""
        self._draining = True
        self._last = None

    async def execute(self) -> Health:
        async with self._one_at_a_time:
            now = self._clock.now()
            if self._last is None or now - self._last.at >= _KEPT:
                self._last = await self._look(now)
            return self._last

    async def _look(self, now: datetime) -> Health:
        checks = {
            "database": await self._database(),
            "migrations": await self._migrations(),
            "signing_key": _status(self._ring.can_sign()),
            "limiter": HealthStatus.OK if await self._limiter.healthy() else HealthStatus.DEGRADED,
            "mail": await self._mail_status(now),
            "shutdown": _status(not self._draining),
        }
        worst = max(checks.values(), key=list(HealthStatus).index)
        return Health(status=worst, at=now, checks=checks)

    async def _mail_status(self, now: datetime) -> HealthStatus:
        look = self._mail_look
        if look is None or (look.done() and now - (self._mail_looked_at or now) >= _MAIL_KEPT):
            look = self._mail_look = asyncio.create_task(self._mail.is_open(), name="mail-route")
            self._mail_looked_at = now
        await asyncio.wait({look}, timeout=_MAIL_WAIT_SECONDS)
        if look.done() and not look.cancelled():
            self._mail_is_there = look.result()
        return HealthStatus.OK if self._mail_is_there else HealthStatus.DEGRADED

    async def _database(self) -> HealthStatus:
        try:
            await self._storage.check_writable()
        except Unavailable:
            return HealthStatus.UNAVAILABLE
        return HealthStatus.OK

    async def _migrations(self) -> HealthStatus:
        try:
            return _status(await self._storage.schema_state() is SchemaState.CURRENT)
        except Unavailable:
            return HealthStatus.UNAVAILABLE


def _status(holds: bool) -> HealthStatus:
    return HealthStatus.OK if holds else HealthStatus.UNAVAILABLE
