"""What the service is asked about: many accounts, with sessions, tokens, keys and passwords."""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from config.container import Container, close, container_for
from config.settings import load_settings
from domain.addresses import EmailAddress
from domain.api_keys import ApiKey, check_expiry
from domain.roles import ADMIN_ROLE, USER_ROLE
from domain.sessions import FIRST_PARTY_CLIENT, Session
from domain.users import User, UserKind, UserStatus

PASSWORD = "a long sentence is best"
SETTINGS = {
    "SECRET_KEY": "for benchmarks: 8c1fQ0vXr3LmZ5tBn7WyKd2EhJ9gTs4P",
    "ISSUER": "http://127.0.0.1",
    # A run takes longer than a token lives.
    "ACCESS_TOKEN_TTL_SECONDS": "86400",
}
"""What the service and this container must agree on."""
_BATCH = 2_000


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account with a live session, and what proves it."""

    user: User
    session: Session
    access_token: str
    refresh_token: str
    api_key: str = field(repr=False)


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Container]:
    """The service's own container, to make what no request of the run has to."""
    settings = load_settings(
        database_url=database_url,
        **{name.lower(): value for name, value in SETTINGS.items()},
    )
    container = container_for(settings)
    await container.ensure_signing_keys().execute()
    await container.key_ring_keeper().refresh()
    try:
        yield container
    finally:
        await close(container)


async def accounts(
    container: Container,
    count: int,
    *,
    roles: frozenset[str] = frozenset({USER_ROLE}),
    password: str | None = None,
) -> list[Account]:
    """Each with one live session and one API key; all have the same password, or none works."""
    password_hash = await container.hasher().hash(password) if password else "none"
    made: list[Account] = []
    for numbers in _batches(count):
        async with container.uow()() as uow:
            for _ in numbers:
                user = _user(container, roles)
                session = _session(container, user)
                key, text = _api_key(container, user)
                await uow.users.add(user)
                await uow.credentials.set_password(user.id, password_hash, user.created_at)
                await uow.sessions.open(session, password_hash)
                await uow.api_keys.add(key)
                tokens = container.tokens().issue(user, session, None)
                made.append(
                    Account(
                        user=user,
                        session=session,
                        access_token=tokens.access_token,
                        refresh_token=tokens.refresh_token,
                        api_key=text,
                    )
                )
            await uow.commit()
    return made


async def administrator(container: Container) -> Account:
    """Holds every permission."""
    [made] = await accounts(container, 1, roles=frozenset({ADMIN_ROLE, USER_ROLE}))
    return made


def further_tokens(container: Container, whose: Sequence[Account], count: int) -> list[str]:
    """As many other access tokens, for the same sessions in turn."""
    issue = container.tokens().issue
    chosen = (whose[number % len(whose)] for number in range(count))
    return [issue(each.user, each.session, None).access_token for each in chosen]


def _batches(count: int) -> Iterator[range]:
    for first in range(0, count, _BATCH):
        yield range(first, min(count, first + _BATCH))


def _user(container: Container, roles: frozenset[str]) -> User:
    now = datetime.now(UTC)
    address = f"account.{os.urandom(8).hex()}@example.com"
    return User(
        id=container.ids().new_id(),
        email=EmailAddress(address=address, key=address),
        email_verified=True,
        name="Ada",
        kind=UserKind.HUMAN,
        status=UserStatus.ACTIVE,
        roles=roles,
        version=1,
        created_at=now,
        updated_at=now,
    )


def _session(container: Container, user: User) -> Session:
    now = datetime.now(UTC)
    secret, secret_id = container.refresh_tokens().new_family()
    return Session(
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


def _api_key(container: Container, user: User) -> tuple[ApiKey, str]:
    now = datetime.now(UTC)
    minted = container.api_key_codec().mint()
    key = ApiKey(
        id=container.ids().new_id(),
        public_id=minted.public_id,
        owner_id=user.id,
        name="Benchmark",
        secret_digest=minted.secret_digest,
        scopes=frozenset({"items:read"}),
        rate_limit=None,
        created_at=now,
        expires_at=check_expiry(None, now),
    )
    return key, minted.text
