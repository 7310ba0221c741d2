"""What the memory backend holds: one dictionary a kind of record, every value immutable."""

import asyncio
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self, cast
from uuid import UUID

from application.ports.jobs import JobLease
from domain.api_keys import ApiKey
from domain.events import Event
from domain.idempotency import IdempotencyClaim
from domain.links import Link
from domain.outbox import OutboxMessage
from domain.passwords import PasswordCredential
from domain.roles import BUILT_IN_ROLES
from domain.sessions import Session
from domain.signing_keys import SigningKey
from domain.users import User


def _built_in_permissions() -> dict[str, frozenset[str]]:
    return {name: permissions for name, (_, permissions) in BUILT_IN_ROLES.items()}


@dataclass
class Records:
    """As the values never change, copying the dictionaries copies the whole state."""

    users: dict[UUID, User] = field(default_factory=dict)
    credentials: dict[UUID, PasswordCredential] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    role_permissions: dict[str, frozenset[str]] = field(default_factory=_built_in_permissions)
    api_keys: dict[UUID, ApiKey] = field(default_factory=dict)
    events: dict[UUID, Event] = field(default_factory=dict)
    signing_keys: dict[str, SigningKey] = field(default_factory=dict)
    links: dict[UUID, Link] = field(default_factory=dict)
    outbox: dict[UUID, OutboxMessage] = field(default_factory=dict)
    jobs: dict[str, JobLease] = field(default_factory=dict)
    idempotency: dict[tuple[str, bytes], IdempotencyClaim] = field(default_factory=dict)

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
