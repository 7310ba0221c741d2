"""What the memory backend holds: one dictionary a kind of record, every value immutable."""

import asyncio
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Self, cast
from uuid import UUID

from application.ports.jobs import JobLease
from domain.api_keys import ApiKey
from domain.backoff import FailedSignIns
from domain.events import Event
from domain.idempotency import IdempotencyClaim
from domain.items import Item
from domain.links import Link
from domain.outbox import OutboxMessage
from domain.passwords import PasswordCredential
from domain.roles import BUILT_IN_PERMISSIONS, BUILT_IN_ROLES, Permission, Role
from domain.sessions import Session
from domain.signing_keys import SigningKey
from domain.users import User

_SHIPPED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def _built_in_permissions() -> dict[str, Permission]:
    return {
        name: Permission(name=name, description=description, built_in=True, created_at=_SHIPPED_AT)
        for name, description in BUILT_IN_PERMISSIONS.items()
    }


def _built_in_roles() -> dict[str, Role]:
    return {
        name: Role(
            name=name,
            description=description,
            permissions=permissions,
            built_in=True,
            version=1,
            created_at=_SHIPPED_AT,
            updated_at=_SHIPPED_AT,
        )
        for name, (description, permissions) in BUILT_IN_ROLES.items()
    }


@dataclass
class Records:
    """As the values never change, copying the dictionaries copies the whole state."""

    users: dict[UUID, User] = field(default_factory=dict)
    credentials: dict[UUID, PasswordCredential] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=_built_in_roles)
    permissions: dict[str, Permission] = field(default_factory=_built_in_permissions)
    api_keys: dict[UUID, ApiKey] = field(default_factory=dict)
    items: dict[UUID, Item] = field(default_factory=dict)
    events: dict[UUID, Event] = field(default_factory=dict)
    signing_keys: dict[str, SigningKey] = field(default_factory=dict)
    links: dict[UUID, Link] = field(default_factory=dict)
    outbox: dict[UUID, OutboxMessage] = field(default_factory=dict)
    jobs: dict[str, JobLease] = field(default_factory=dict)
    idempotency: dict[tuple[str, bytes], IdempotencyClaim] = field(default_factory=dict)
    sign_in_failures: dict[bytes, FailedSignIns] = field(default_factory=dict)
    known_addresses: dict[tuple[UUID, str], datetime] = field(default_factory=dict)

    def copy(self) -> Self:
        return replace(self, **{each.name: dict(getattr(self, each.name)) for each in fields(self)})


class MemoryDatabase:
    """The committed state. One writer at a time, as on SQLite; readers see what is committed."""

    def __init__(self) -> None:
        self.committed = Records()
        self.write_gate = asyncio.Lock()

    def latest(self) -> Records:
        """What is committed at the moment of each look. Writing to it changes nothing."""
        return cast("Records", _Latest(self))


class _Latest:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def __getattr__(self, name: str) -> dict[Any, Any]:
        return dict(getattr(self._database.committed, name))
