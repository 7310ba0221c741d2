"""Records as tests need them: complete, valid, and fresh in whatever must be unique."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from adapters.system.clock import Uuid7Generator
from domain.addresses import EmailAddress
from domain.api_keys import ApiKey
from domain.events import Event, EventKind, EventOutcome, Party
from domain.items import Item
from domain.roles import Permission, Role
from domain.sessions import Session
from domain.signing_keys import SigningAlgorithm, SigningKey, SigningKeyStatus
from domain.transfer import KeyRecord
from domain.users import User, UserKind, UserStatus

NOW = datetime(2030, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)

new_id = Uuid7Generator().new_id


def an_address(text: str | None = None) -> EmailAddress:
    address = text or f"{new_id().hex}@example.com"
    return EmailAddress(address=address, key=address.casefold())


def a_user(*, email: str | None = None, roles: set[str] | None = None, **changes: Any) -> User:
    """An active person with the role `user`, unless told otherwise."""
    user = User(
        id=new_id(),
        email=an_address(email),
        email_verified=False,
        name="Ada Lovelace",
        kind=UserKind.HUMAN,
        status=UserStatus.ACTIVE,
        roles=frozenset({"user"} if roles is None else roles),
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(user, **changes)


def a_session(user_id: UUID, **changes: Any) -> Session:
    """A session that began at NOW and lasts a day."""
    session = Session(
        id=new_id(),
        user_id=user_id,
        client_id="first-party",
        amr=("pwd",),
        auth_time=NOW,
        ip="192.0.2.7",
        user_agent="curl/8",
        created_at=NOW,
        last_used_at=NOW,
        expires_at=NOW + timedelta(days=1),
        refresh_secret=b"not much of a secret",
        server_secret_id="a1b2c3",
    )
    return replace(session, **changes)


def an_api_key(owner_id: UUID, **changes: Any) -> ApiKey:
    """A key that was made at NOW and lasts a day."""
    public_id = new_id().hex[-16:]
    key = ApiKey(
        id=new_id(),
        public_id=public_id,
        owner_id=owner_id,
        name="Nightly report",
        secret_digest=sha256(public_id.encode()).digest(),
        scopes=frozenset({"items:read"}),
        rate_limit=None,
        created_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    return replace(key, **changes)


def an_event(**changes: Any) -> Event:
    event = Event(
        id=new_id(),
        at=NOW,
        kind=EventKind.SIGNED_IN,
        outcome=EventOutcome.SUCCESS,
        actor=Party(type="anonymous", id=None),
        subject=None,
        request_id=None,
        ip=None,
        user_agent=None,
    )
    return replace(event, **changes)


def an_item(owner_id: UUID, **changes: Any) -> Item:
    item = Item(
        id=new_id(),
        owner_id=owner_id,
        title="Shopping list",
        data={"lines": ["tea"]},
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(item, **changes)


def a_signing_key(
    status: SigningKeyStatus = SigningKeyStatus.CURRENT, **changes: Any
) -> SigningKey:
    key = SigningKey(
        kid=new_id().hex,
        algorithm=SigningAlgorithm.ES256,
        status=status,
        public_jwk={"kty": "EC", "crv": "P-256", "x": "x", "y": "y"},
        sealed_private=b"\x00sealed\xff",
        created_at=NOW,
        activated_at=NOW,
        retired_at=None,
    )
    return replace(key, **changes)


def a_role(name: str, permissions: set[str] | None = None, **changes: Any) -> Role:
    """A role that does not ship, and holds `items:read` unless told otherwise."""
    role = Role(
        name=name,
        description="A role",
        permissions=frozenset({"items:read"} if permissions is None else permissions),
        built_in=False,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(role, **changes)


def a_permission(name: str, **changes: Any) -> Permission:
    """A permission that does not ship."""
    permission = Permission(name=name, description="To do it", built_in=False, created_at=NOW)
    return replace(permission, **changes)


def a_key_record(**changes: Any) -> KeyRecord:
    key = KeyRecord(
        id=new_id(),
        public_id=new_id().hex[-24:],
        secret_digest=bytes(range(32)),
        name="Deployment",
        scopes=frozenset({"items:read", "orders:refund"}),
        rate_limit=60,
        created_at=NOW,
        expires_at=NOW + timedelta(days=90),
        revoked_at=None,
    )
    return replace(key, **changes)
