"""Signing in: what a session is, what its access tokens claim, and how a sign-in can fail."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
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


class InvalidRefreshToken(Unauthenticated):
    """Forged, used up, or of a session that has ended."""

    code = "invalid_refresh_token"
    message = "The refresh token is not valid."


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


class SessionEnd(StrEnum):
    """Why a session is over."""

    SIGNED_OUT = "signed_out"
    ENDED_BY_USER = "ended_by_user"
    ENDED_BY_ADMINISTRATOR = "ended_by_administrator"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a reason
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a reason
    EMAIL_VERIFIED = "email_verified"
    USER_DISABLED = "user_disabled"
    REUSE_DETECTED = "reuse_detected"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - the name of a reason


@dataclass(frozen=True, kw_only=True)
class Session:
    """One signed-in device, and the family of its refresh tokens.

    `generation` counts refreshes: the token of that number is the live one. `refresh_secret` makes
    the tokens' inner MAC, `server_secret_id` names the server secret of their outer one.
    """

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
    ended_at: datetime | None = None
    end_reason: SessionEnd | None = None
    generation: int = 0
    rotated_at: datetime | None = None
    refresh_secret: bytes = field(repr=False)
    server_secret_id: str

    def rotated(self, at: datetime, *, ip: str | None, user_agent: str | None) -> Self:
        """Refreshed, from there: its next generation."""
        # `dataclasses.replace` looks at every field anew, for as long again as making the session.
        changes = {
            "generation": self.generation + 1,
            "rotated_at": at,
            "last_used_at": at,
            "ip": ip,
            "user_agent": user_agent,
        }
        return type(self)(**(vars(self) | changes))


class RefreshOutcome(StrEnum):
    """What a genuine refresh token means for a session that did not take it as the live one."""

    RETRY = "retry"
    """The last generation again, in time: an answer was lost, or two tabs asked at once."""
    REUSE = "reuse"
    """Used up long ago: whoever shows it, or whoever used it, is a thief."""
    OVER = "over"
    """The session has ended or run out."""


@dataclass(frozen=True, kw_only=True)
class RefreshRules:
    """Lifetimes in seconds. The grace window is open for strictly less than `grace_seconds`."""

    absolute_seconds: int
    idle_seconds: int
    grace_seconds: int

    def idle_since(self, at: datetime) -> datetime:
        """A session last used at this instant or before has been idle for too long."""
        return at - timedelta(seconds=self.idle_seconds)

    def is_live(self, session: Session, at: datetime) -> bool:
        return (
            session.ended_at is None
            and session.expires_at > at
            and session.last_used_at > self.idle_since(at)
        )

    def judge(self, session: Session, generation: int, at: datetime) -> RefreshOutcome:
        """For a token of `generation`, which is not the live one."""
        if not self.is_live(session, at):
            return RefreshOutcome.OVER
        in_time = session.rotated_at is not None and at - session.rotated_at < timedelta(
            seconds=self.grace_seconds
        )
        if generation == session.generation - 1 and in_time:
            return RefreshOutcome.RETRY
        return RefreshOutcome.REUSE

    def ends_at(self, session: Session) -> datetime:
        """When the session's refresh token stops working if it is not used."""
        return min(session.expires_at, session.last_used_at + timedelta(seconds=self.idle_seconds))


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
