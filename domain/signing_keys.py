"""The keys that sign access tokens, and the states they pass through."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import Unavailable
from domain.sessions import InvalidAccessToken


class UnknownSigningKey(InvalidAccessToken):
    """The token names a key that this process has not loaded; to the caller, any invalid token."""


class SigningKeySealed(Unavailable):
    """A stored key was sealed under a server secret that is not configured (any more)."""

    message = "A signing key cannot be opened: the server secret that sealed it is not configured."


class SigningAlgorithm(StrEnum):
    """JOSE names (RFC 7518, RFC 8037)."""

    ES256 = "ES256"
    RS256 = "RS256"
    EDDSA = "EdDSA"
    HS256 = "HS256"


class SigningKeyStatus(StrEnum):
    NEXT = "next"
    """Published, not signing yet: verifiers learn it before the first token comes."""
    CURRENT = "current"
    RETIRED = "retired"
    """No longer signing; published until its last token has ended."""
    REVOKED = "revoked"
    """Withdrawn at once: tokens that it signed are refused."""


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """One key. It fixes its own algorithm; the setting decides that of new keys only.

    `public_jwk` is None for HS256, which has no public half. `sealed_private` is ciphertext.
    """

    kid: str
    algorithm: SigningAlgorithm
    status: SigningKeyStatus
    public_jwk: dict[str, str] | None
    sealed_private: bytes
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r}, algorithm={self.algorithm}, status={self.status})"
