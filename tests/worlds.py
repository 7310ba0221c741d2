"""Services without a way in: the real container, a clock to turn, hashes that cost nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from adapters.memory.clock import ManualClock
from adapters.memory.passwords import FastPasswordHasher
from application.authentication import AuthenticateTokenQuery
from application.sessions.sign_in import SignInCommand
from application.tokens import IssuedTokens
from application.users.registration import RegisterUserCommand
from config.container import Container, close, container_for
from config.settings import load_settings
from domain.access import Actor, Origin

PASSWORD = "a long sentence is best"
SECRET_KEY = "a secret for tests, long enough for every rule"


@dataclass(frozen=True, kw_only=True)
class World:
    """One service on one storage."""

    container: Container
    clock: ManualClock

    async def register(self, email: str) -> UUID:
        command = RegisterUserCommand(
            actor=Actor.anonymous(), email=email, name="Ada", password=PASSWORD
        )
        user = await self.container.register_user().execute(command)
        assert user is not None
        return user.id

    async def sign_in(self, email: str, origin: Origin | None = None) -> IssuedTokens:
        command = SignInCommand(actor=Actor.anonymous(origin), email=email, password=PASSWORD)
        return await self.container.sign_in().execute(command)

    async def authenticate(self, access_token: str) -> Actor:
        query = AuthenticateTokenQuery(access_token=access_token, origin=Origin())
        return await self.container.authenticate_token().execute(query)


@asynccontextmanager
async def open_world(url: str, **settings: object) -> AsyncIterator[World]:
    """Over storage that is migrated already (memory always is)."""
    chosen = {"secret_key": SECRET_KEY, "rate_limit_auth": "off"} | settings
    container = container_for(load_settings(database_url=url, **chosen))
    clock = ManualClock()
    container.clock.override(clock)
    container.hasher.override(FastPasswordHasher())
    await container.ensure_signing_keys().execute()
    await container.key_ring_keeper().refresh()
    try:
        yield World(container=container, clock=clock)
    finally:
        container.hasher.reset_override()
        await close(container)
