"""Signing in: what a session is, what its access tokens claim, and how a sign-in can fail."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import ErrorDetail, Forbidden, InvalidField, Unauthenticated

FIRST_PARTY_CLIENT = "first-party"


class InvalidCredentials(Unauthenticated):
    """Unknown address, wrong password and disabled account, which nobody can tell apart."""

    code = "invalid_credentials"
    message = "The address or the password is wrong."


class InvalidAccessToken(Unauthenticated):
    """Forged, expired, for another audience, or of a session or account that has ended."""

    code = "invalid_access_token"
    message = "The access token is not valid."


class InvalidApiKey(Unauthenticated):
    """Unknown, expired or revoked."""

    code = "invalid_api_key"
    message = "The API key is not valid."


class EmailNotVerified(Forbidden):
    """Told only to whoever gave the right password."""

    code = "email_not_verified"
    message = "The address of this account has not been verified yet."


class UnknownAudience(InvalidField):
    """A token was asked for an audience that the settings do not list."""

    def __init__(self) -> None:
        super().__init__(
            ErrorDetail(
                field="audience", code="unknown_audience", message="There is no such audience."
            )
        )


@dataclass(frozen=True, kw_only=True)
class Session:
    """One signed-in device. Ends at `expires_at` at the latest, or when it is revoked."""

    id: UUID
    user_id: UUID
    client_id: str
    amr: tuple[str, ...]
    """How the user proved themselves (RFC 8176): `pwd`."""
    auth_time: datetime
    ip: str | None
    user_agent: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class AccessTokenClaims:
    """The claims of an access token (RFC 9068). Times are aware UTC, whole seconds."""

    issuer: str
    audience: tuple[str, ...]
    subject: UUID
    session_id: UUID
    client_id: str
    issued_at: datetime
    expires_at: datetime
    token_id: UUID
    auth_time: datetime
    roles: tuple[str, ...]
