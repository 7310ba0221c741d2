"""Idempotency keys: one key stands for one request, which is carried out once."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.errors import Invalid

LEASE = timedelta(seconds=60)
"""How long a request may be under way before a repetition may carry it out instead."""

LIFETIME = timedelta(hours=24)
"""How long a key stands for its request, from the first time it was sent."""


class IdempotencyKeyReused(Invalid):
    """The caller sent the key before, with another request."""

    code = "idempotency_key_reused"
    message = "This Idempotency-Key was sent with another request before."


@dataclass(frozen=True, kw_only=True)
class IdempotencyClaim:
    """A key that was sent, and what became of its request.

    Whoever holds the lease is known by its end: each one ends later than the one before.
    """

    scope: str
    """Whose key it is: the same key of another caller is another key."""
    key_digest: bytes
    fingerprint: bytes
    leased_until: datetime
    created_at: datetime
    expires_at: datetime
    sealed_answer: bytes | None = field(default=None, repr=False)

    @property
    def is_answered(self) -> bool:
        return self.sealed_answer is not None
