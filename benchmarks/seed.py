"""What the service is asked about: many accounts, their sessions, tokens and keys."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from adapters.sql.engine import Database, PoolSettings
from config.container import Container, close, container_for
from config.settings import load_settings
from domain.addresses import EmailAddress
from domain.roles import USER_ROLE
from domain.sessions import FIRST_PARTY_CLIENT, Session
from domain.users import User, UserKind, UserStatus

SECRET_KEY = "a secret for benchmarks, long enough for every rule"
PASSWORD = "a long sentence is best"
ISSUER = "http://127.0.0.1"
_BATCH = 2_000


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account with a live session, and what proves it."""

    user_id: UUID
    session_id: UUID
    access_token: str
    refresh_token: str


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Container]:
    """The service's own container, to make what no request of the run has to."""
    settings = load_settings(
        database_url=database_url, secret_key=SECRET_KEY, issuer=ISSUER, rate_limit_auth="off"
    )
    container = container_for(settings)
    await container.ensure_signing_keys().execute()
    await container.key_ring_keeper().refresh()
    try:
        yield container
    finally:
        await close(container)


async def accounts(container: Container, count: int, *, sessions_each: int = 1) -> list[Account]:
    """`count` accounts that nobody can sign in to, with live sessions."""
    made: list[Account] = []
    for first in range(0, count, _BATCH):
        numbers = range(first, min(count, first + _BATCH))
        batch = [
            (user := _user(container, n), _sessions(container, user, sessions_each))
            for n in numbers
        ]
        async with container.uow()() as uow:
            for user, sessions in batch:
                await uow.users.add(user)
                for session in sessions:
                    await uow.sessions.add(session)
            await uow.commit()
        made += [_shown(container, user, each) for user, sessions in batch for each in sessions]
    return made


async def crowd(database_url: str, count: int) -> None:
    """`count` accounts more, made by PostgreSQL itself, for lists to be long."""
    database = Database(database_url, PoolSettings(statement_timeout_seconds=600))
    statement = text(
        """
        INSERT INTO users (id, email, email_key, email_verified, name, kind, status, version,
            created_at, updated_at)
        SELECT uuidv7(make_interval(secs => n - CAST(:count AS integer) - 60)),
            'crowd' || n || '@example.com', 'crowd' || n || '@example.com', true, 'Somebody',
            'human', 'active', 1, now(), now()
        FROM generate_series(1, CAST(:count AS integer)) AS n
        """
    )
    try:
        async with database.writing() as connection:
            await connection.execute(statement, {"count": count})
            await connection.commit()
        async with database.reading() as connection:
            await connection.execute(text("VACUUM ANALYZE"))
    finally:
        await database.close()


def _user(container: Container, number: int) -> User:
    now = datetime.now(UTC)
    address = f"account{number}.{os.urandom(4).hex()}@example.com"
    return User(
        id=container.ids().new_id(),
        email=EmailAddress(address=address, key=address),
        email_verified=True,
        name="Ada",
        kind=UserKind.HUMAN,
        status=UserStatus.ACTIVE,
        roles=frozenset({USER_ROLE}),
        version=1,
        created_at=now,
        updated_at=now,
    )


def _sessions(container: Container, user: User, count: int) -> list[Session]:
    now = datetime.now(UTC)
    secret, secret_id = container.refresh_tokens().new_family()
    return [
        Session(
            id=container.ids().new_id(),
            user_id=user.id,
            client_id=FIRST_PARTY_CLIENT,
            amr=("pwd",),
            auth_time=now,
            ip="127.0.0.1",
            user_agent=None,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(days=30),
            refresh_secret=secret,
            server_secret_id=secret_id,
        )
        for _ in range(count)
    ]


def _shown(container: Container, user: User, session: Session) -> Account:
    tokens = container.tokens().issue(user, session, None)
    return Account(
        user_id=user.id,
        session_id=session.id,
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
    )
