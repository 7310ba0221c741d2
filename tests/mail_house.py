"""A whole service in memory whose mail ends in a list, and a clock that tests move."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from adapters.memory.clock import ManualClock
from adapters.memory.passwords import FastPasswordHasher
from application.ports.mailer import Mail, Mailer, MailNotSent
from application.sessions.sign_in import SignInCommand
from application.tokens import IssuedTokens
from application.users.registration import RegisterUserCommand
from config.container import Container, container_for
from config.settings import load_settings
from domain.access import Actor, ActorKind
from domain.users import User
from entrypoints.http.app import create_app

PASSWORD = "correct horse battery staple"
NEW_PASSWORD = "an entirely different sentence"
ANYONE = Actor.anonymous()


class ListMailer(Mailer):
    """Keeps what it is given; refuses as often as it is told to."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.refusals = 0

    async def send(self, mail: Mail) -> None:
        if self.refusals:
            self.refusals -= 1
            raise MailNotSent("SMTP 451")
        self.mails.append(mail)

    async def close(self) -> None:
        return


class FreeHasher(FastPasswordHasher):
    """With the way out that the real one has."""

    def close(self) -> None:
        return


class House:
    """The container's use cases, and the mail that they cause."""

    def __init__(self, *, real_time: bool = False, **settings: Any) -> None:
        defaults: dict[str, Any] = {
            "database_url": "memory://",
            "environment": "development",
            "workers": 1,
        }
        self.container: Container = container_for(load_settings(**defaults | settings))
        self.clock = ManualClock()
        self.mailer = ListMailer()
        if not real_time:
            self.container.clock.override(self.clock)
        self.container.mailer.override(self.mailer)
        self.container.hasher.override(FreeHasher())

    async def register(
        self, email: str, password: str = PASSWORD, *, actor: Actor = ANYONE
    ) -> User | None:
        command = RegisterUserCommand(actor=actor, email=email, name="Ada", password=password)
        return await self.container.register_user().execute(command)

    async def sign_in(self, email: str, password: str = PASSWORD) -> IssuedTokens:
        if not self.container.key_ring().can_sign():
            await self.container.ensure_signing_keys().execute()
            await self.container.key_ring_keeper().refresh()
        command = SignInCommand(actor=ANYONE, email=email, password=password)
        return await self.container.sign_in().execute(command)

    async def session_of(self, email: str, password: str = PASSWORD) -> Actor:
        """A signed-in caller."""
        await self.sign_in(email, password)
        user = await self.user(email)
        async with self.container.uow().reading() as uow:
            sessions = sorted(uow._staged.sessions.values(), key=lambda session: session.id)
        return Actor(kind=ActorKind.USER, user_id=user.id, session_id=sessions[-1].id, account=user)

    async def live_sessions(self, email: str) -> int:
        user = await self.user(email)
        async with self.container.uow().reading() as uow:
            sessions = uow._staged.sessions.values()
            return sum(each.user_id == user.id and each.ended_at is None for each in sessions)

    async def user(self, email: str) -> User:
        async with self.container.uow().reading() as uow:
            user: User | None = await uow.users.find(email)
        assert user is not None
        return user

    async def delivered(self) -> list[Mail]:
        """What was sent since the last time it was asked."""
        await self.container.deliver_messages().execute()
        mails, self.mailer.mails = self.mailer.mails, []
        return mails

    async def delivered_token(self) -> str:
        """From the one message that was sent since the last time."""
        (mail,) = await self.delivered()
        return token_of(mail)


def token_of(mail: Mail) -> str:
    found = re.search(r"#token=([A-Za-z0-9_-]+)$", mail.text, re.MULTILINE)
    assert found is not None
    return found[1]


@asynccontextmanager
async def http_house(**settings: Any) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    """The service behind its HTTP interface, in real time; jobs run when the test says so."""
    house = House(real_time=True, **{"rate_limit_auth": "off"} | settings)
    await house.container.ensure_signing_keys().execute()
    await house.container.key_ring_keeper().refresh()
    transport = httpx.ASGITransport(create_app(house.container))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield house, client
