"""The whole application in this process, on memory adapters, and a client that checks it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from typing import Any
from uuid import UUID

import httpx
from dependency_injector import providers
from fastapi import FastAPI

from adapters.memory.passwords import FastPasswordHasher
from adapters.memory.records import Records
from application.users.administration import SetUserRolesCommand, UpdateUserCommand
from config.container import Container, container_for
from config.factories import password_policy
from config.logging import configure_logging
from config.settings import load_settings
from domain.access import Actor
from domain.passwords import PasswordPolicy
from domain.users import UserStatus
from entrypoints.http.app import create_app
from tests.entrypoints.http.contract import document
from tests.entrypoints.http.promises import check_promises

PASSWORD = "a long sentence is best"
_DEVELOPMENT = {
    "database_url": "memory://",
    "log_level": "DEBUG",
    "log_format": "json",
    **{f"rate_limit_{group}": "off" for group in ("auth", "write", "read")},
}


@dataclass(frozen=True)
class Account:
    """Somebody who is signed in."""

    id: str
    email: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}

    @property
    def path(self) -> str:
        return f"/api/v1/users/{self.id}"


class Api(httpx.AsyncClient):
    """Checks every answer for what all answers promise, before the test sees it."""

    def __init__(self, app: FastAPI, container: Container) -> None:
        super().__init__(
            transport=httpx.ASGITransport(app),
            base_url="http://localhost",
            event_hooks={"response": [self._check]},
        )
        self.app = app
        self.container = container
        self.may_fail = False
        self._numbers = count(1)

    async def _check(self, response: httpx.Response) -> None:
        await response.aread()
        check_promises(response, may_fail=self.may_fail)

    async def register(self, **fields: str) -> httpx.Response:
        email = f"person{next(self._numbers)}@example.com"
        body = {"email": email, "name": "Ada Lovelace", "password": PASSWORD} | fields
        return await self.post("/api/v1/users", json=body)

    async def sign_in(self, email: str, password: str = PASSWORD) -> Account:
        body = {"email": email, "password": password}
        tokens = (await self.post("/api/v1/auth/login", json=body)).json()
        auth = {"Authorization": f"Bearer {tokens['access_token']}"}
        user = (await self.get("/api/v1/users/me", headers=auth)).json()
        return Account(user["id"], user["email"], tokens["access_token"], tokens["refresh_token"])

    async def person(self, **fields: str) -> Account:
        """An account with the role `user` alone, signed in."""
        created = (await self.register(**fields)).json()
        return await self.sign_in(created["email"], fields.get("password", PASSWORD))

    async def administrator(self) -> Account:
        account = await self.person(name="Administrator")
        await self.set_roles(account, "admin", "user")
        return account

    async def holder_of(self, *permissions: str) -> Account:
        """An account whose roles hold these permissions besides those of `user`."""
        account = await self.person(name="Holder")
        role = self.records.roles["user"]
        self.records.roles["held"] = replace(
            role, name="held", permissions=frozenset(permissions), built_in=False
        )
        await self.set_roles(account, "held", "user")
        return account

    async def set_roles(self, account: Account, *roles: str) -> None:
        command = SetUserRolesCommand(
            actor=Actor.operator(), user_id=UUID(account.id), roles=frozenset(roles)
        )
        await self.container.set_user_roles().execute(command)

    async def disable(self, account: Account) -> None:
        command = UpdateUserCommand(
            actor=Actor.operator(), user_id=UUID(account.id), status=UserStatus.DISABLED
        )
        await self.container.update_user().execute(command)

    @property
    def records(self) -> Records:
        """What is stored at this moment."""
        records: Records = self.container.memory_database().committed
        return records

    def stored(self) -> dict[str, Any]:
        """Everything that is stored but for what refusals leave behind, to compare with later."""
        kept = vars(self.records.copy())
        traces = ("events", "sign_in_failures")
        return {name: records for name, records in kept.items() if name not in traces}


OpenApi = Callable[..., Awaitable[Api]]


class _Hasher(FastPasswordHasher):
    def close(self) -> None:
        """There is no pool to give back."""


@cache
def _password_policy() -> PasswordPolicy:
    # Its list of common passwords is long, and the same for all.
    return password_policy(load_settings(database_url="memory://"))


@cache
def _development_app() -> FastAPI:
    # Routes take long to build, and all they know of a container is where to find it.
    return create_app(container_for(load_settings(**_DEVELOPMENT)))


@asynccontextmanager
async def running_api(**settings: Any) -> AsyncIterator[Api]:
    """Settings by name where they differ from development's; there are no limits by default."""
    # Making any application configures logging: the document's must not come after this one's.
    document()
    container = container_for(load_settings(**_DEVELOPMENT | settings))
    container.hasher.override(providers.Object(_Hasher()))
    container.password_policy.override(providers.Object(_password_policy()))
    configure_logging(container.settings())
    app = create_app(container) if settings else _development_app()
    app.state.container = container
    await container.ensure_signing_keys().execute()
    async with app.router.lifespan_context(app), Api(app, container) as api:
        yield api
