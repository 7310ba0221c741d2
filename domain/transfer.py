"""Accounts as they move from one installation to another, and what may be wrong with one."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.errors import ErrorDetail
from domain.users import User

MAX_KEYS = 1000


@dataclass(frozen=True, kw_only=True)
class KeyRecord:
    """An API key as it moves: what verifies it, never the key."""

    id: UUID
    public_id: str
    secret_digest: bytes = field(repr=False)
    name: str
    scopes: frozenset[str]
    rate_limit: int | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AccountRecord:
    """An account with what proves it. Without secrets both are empty, whatever is stored."""

    user: User
    password_hash: str | None = field(default=None, repr=False)
    api_keys: tuple[KeyRecord, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LineFault:
    """Why a line of an import was left out. Never what stood in it."""

    line: int
    detail: ErrorDetail
