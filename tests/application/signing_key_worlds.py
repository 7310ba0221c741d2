"""Workers as tests of signing keys need them: one installation, a clock to turn, no way in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from adapters.crypto.signing_keys import CryptoKeyRing
from adapters.memory.clock import ManualClock
from adapters.system.clock import Uuid7Generator
from application.signing_keys.lifecycle import (
    ListSigningKeysQuery,
    RetireSigningKeyCommand,
    RevokeSigningKeyCommand,
    RotateSigningKeysCommand,
)
from config.container import Container, close, container_for
from config.settings import load_settings
from domain.access import Actor
from domain.events import Event, EventKind
from domain.sessions import AccessTokenClaims
from domain.signing_keys import SigningKey

SECRET_KEY = "a secret for tests, long enough for every rule"
DAY_SECONDS = 24 * 60 * 60
new_id = Uuid7Generator().new_id


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One process of the service."""

    container: Container
    clock: ManualClock

    @property
    def ring(self) -> CryptoKeyRing:
        ring: CryptoKeyRing = self.container.key_ring()
        return ring

    async def start(self) -> None:
        await self.container.ensure_signing_keys().execute()
        await self.refresh()

    async def refresh(self) -> None:
        await self.container.key_ring_keeper().refresh()

    async def keys(self) -> list[SigningKey]:
        query = ListSigningKeysQuery(actor=Actor.operator())
        keys: list[SigningKey] = await self.container.list_signing_keys().execute(query)
        return keys

    async def states(self) -> list[str]:
        return [key.status.value for key in await self.keys()]

    async def rotate(self, *, now: bool = False) -> SigningKey:
        command = RotateSigningKeysCommand(actor=Actor.operator(), now=now)
        key: SigningKey = await self.container.rotate_signing_keys().execute(command)
        return key

    async def rotate_if_due(self) -> bool:
        return bool(await self.container.rotate_signing_keys_if_due().execute())

    async def retire(self, kid: str) -> bool:
        command = RetireSigningKeyCommand(actor=Actor.operator(), kid=kid)
        return bool(await self.container.retire_signing_key().execute(command))

    async def revoke(self, kid: str) -> bool:
        command = RevokeSigningKeyCommand(actor=Actor.operator(), kid=kid)
        return bool(await self.container.revoke_signing_key().execute(command))

    async def events(self) -> list[tuple[EventKind, str | None, dict[str, object]]]:
        """(kind, subject, data), oldest first. On memory storage only."""
        stored: list[Event] = list(self.container.memory_database().committed.events.values())
        return [
            (event.kind, event.subject.id if event.subject else None, dict(event.data))
            for event in sorted(stored, key=lambda event: event.id)
        ]

    def sign(self, *, ttl_seconds: int = 900) -> str:
        now = self.clock.now()
        claims = AccessTokenClaims(
            issuer=self.container.settings().issuer,
            audience=(self.container.settings().issuer,),
            subject=new_id(),
            session_id=new_id(),
            client_id="first-party",
            issued_at=now,
            expires_at=now + timedelta(seconds=ttl_seconds),
            token_id=new_id(),
            auth_time=now,
            roles=("user",),
        )
        return str(self.container.signer().sign(claims))

    def published(self) -> list[str]:
        return [jwk["kid"] for jwk in self.ring.public_keys()]


@asynccontextmanager
async def open_worker(
    url: str = "memory://", *, beside: Worker | None = None, **settings: Any
) -> AsyncIterator[Worker]:
    """Over storage that is migrated already; `beside` shares that worker's memory and clock."""
    chosen = {"secret_key": SECRET_KEY} | settings
    container = container_for(load_settings(database_url=url, **chosen))
    clock = beside.clock if beside else ManualClock()
    container.clock.override(clock)
    if beside:
        container.memory_database.override(beside.container.memory_database())
    try:
        yield Worker(container=container, clock=clock)
    finally:
        await close(container)
