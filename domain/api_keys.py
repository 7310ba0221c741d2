"""API keys: what a key looks like, how long it lives, and what it may do at a given moment."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.errors import ConcurrentChange, ErrorDetail, InvalidField
from domain.rate_limits import RateLimitRule

# `dw_<public id>_<secret>_<checksum>`, all of it in base62, so that a double click selects it.
KEY_MARK = "dw"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PUBLIC_ID_LENGTH = 16
SECRET_LENGTH = 43
"""256 bits: a digest without salt or cost is enough for what nobody can guess."""
CHECKSUM_LENGTH = 6
KEY_LENGTH = len(KEY_MARK) + PUBLIC_ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH + 3
KEY_FORM = re.compile(
    rf"({KEY_MARK}_([0-9A-Za-z]{{{PUBLIC_ID_LENGTH}}})_([0-9A-Za-z]{{{SECRET_LENGTH}}}))"
    rf"_([0-9A-Za-z]{{{CHECKSUM_LENGTH}}})"
)

DEFAULT_LIFETIME = timedelta(days=90)
MAX_LIFETIME = timedelta(days=5 * 366)
DEFAULT_OVERLAP_SECONDS = 3600
MAX_OVERLAP_SECONDS = 7 * 24 * 60 * 60
MAX_SCOPES = 100
MAX_RATE_LIMIT = 10_000
RATE_LIMIT_SECONDS = 60
USE_RESOLUTION = timedelta(minutes=1)
"""`last_used_at` is written at most this often."""


class ApiKeyNotActive(ConcurrentChange):
    """Only a key that is alive, and has no successor yet, can be rotated."""

    message = "The key is revoked, has expired or was rotated already."


class ApiKeyStatus(StrEnum):
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key of an account, as it is kept: without its secret.

    `scopes` are the permissions it was given. What it may do is the part of them that its owner
    holds at that moment.
    """

    id: UUID
    public_id: str
    owner_id: UUID
    name: str
    secret_digest: bytes = field(repr=False)
    scopes: frozenset[str]
    rate_limit: int | None
    """Calls in 60 seconds; None leaves them to the limits of the account."""
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    rotated_at: datetime | None = None
    """Since when it has a successor."""

    @property
    def prefix(self) -> str:
        """The part of the key that may be shown, to recognise it by."""
        return f"{KEY_MARK}_{self.public_id}"

    def status_at(self, at: datetime) -> ApiKeyStatus:
        if self.revoked_at is not None:
            return ApiKeyStatus.REVOKED
        return ApiKeyStatus.ACTIVE if self.expires_at > at else ApiKeyStatus.EXPIRED

    def permissions_under(self, held: frozenset[str]) -> frozenset[str]:
        """What the key may do while its owner holds this much."""
        return self.scopes & held

    def successor_ends_at(self, at: datetime) -> datetime:
        """A key made at `at` in place of this one lives as long as this one was meant to."""
        return at + (self.expires_at - self.created_at)

    def use_is_worth_writing(self, at: datetime) -> bool:
        return self.last_used_at is None or at - self.last_used_at >= USE_RESOLUTION


def check_expiry(expires_at: datetime | None, at: datetime) -> datetime:
    """90 days from `at` if none is given; in the future, within five years. Raises InvalidField."""
    if expires_at is None:
        return at + DEFAULT_LIFETIME
    if not at < expires_at <= at + MAX_LIFETIME:
        raise _fault("expires_at", "invalid_expiry", "A key ends in the future, within 5 years.")
    return expires_at


def check_scopes(scopes: frozenset[str]) -> frozenset[str]:
    """At most 100; whether they exist is another question. Raises InvalidField."""
    if len(scopes) > MAX_SCOPES:
        raise _fault("scopes", "too_many_scopes", f"A key has at most {MAX_SCOPES} scopes.")
    return scopes


def check_rate_limit(rate_limit: int | None) -> int | None:
    """1 to 10,000 calls in 60 seconds. Raises InvalidField."""
    if rate_limit is not None and not 1 <= rate_limit <= MAX_RATE_LIMIT:
        raise _fault(
            "rate_limit",
            "invalid_rate_limit",
            f"A key may make 1 to {MAX_RATE_LIMIT} calls in {RATE_LIMIT_SECONDS} seconds.",
        )
    return rate_limit


def check_overlap(overlap_seconds: int) -> timedelta:
    """0 to 7 days. Raises InvalidField."""
    if not 0 <= overlap_seconds <= MAX_OVERLAP_SECONDS:
        raise _fault(
            "overlap_seconds",
            "invalid_overlap",
            f"The old key works on for 0 to {MAX_OVERLAP_SECONDS} seconds.",
        )
    return timedelta(seconds=overlap_seconds)


def rule_of(rate_limit: int) -> RateLimitRule:
    """A key's own limit as a rule."""
    return RateLimitRule(rate_limit, RATE_LIMIT_SECONDS)


def _fault(field: str, code: str, message: str) -> InvalidField:
    return InvalidField(ErrorDetail(field=field, code=code, message=message))
