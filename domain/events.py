"""The audit log: what is worth remembering, in one closed list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.access import Actor


class EventKind(StrEnum):
    USER_REGISTERED = "user.registered"
    USER_CREATED = "user.created"
    USER_IMPORTED = "user.imported"
    USERS_EXPORTED = "user.exported"
    USER_UPDATED = "user.updated"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_DELETED = "user.deleted"
    USER_ROLES_CHANGED = "user.roles_changed"
    USER_PASSWORD_CHANGED = "user.password_changed"  # noqa: S105 - the name of a kind
    REGISTRATION_REPEATED = "user.registration_repeated"
    PASSWORD_RESET_REQUESTED = "user.password_reset_requested"  # noqa: S105 - the name of a kind
    PASSWORD_RESET = "user.password_reset"  # noqa: S105 - the name of a kind
    VERIFICATION_REQUESTED = "user.verification_requested"
    EMAIL_VERIFIED = "user.email_verified"
    EMAIL_CHANGE_REQUESTED = "user.email_change_requested"
    EMAIL_CHANGED = "user.email_changed"
    SIGNED_IN = "session.signed_in"
    SIGN_IN_FAILED = "session.sign_in_failed"
    SIGNED_OUT = "session.signed_out"
    SESSION_ENDED = "session.ended"
    REAUTHENTICATED = "session.reauthenticated"
    REAUTHENTICATION_FAILED = "session.reauthentication_failed"
    REFRESH_REUSED = "session.refresh_token_reused"
    REFRESH_RETRIED_ELSEWHERE = "session.refresh_retried_from_another_address"
    ROLE_CREATED = "role.created"
    ROLE_UPDATED = "role.updated"
    ROLE_DELETED = "role.deleted"
    PERMISSION_CREATED = "permission.created"
    PERMISSION_DELETED = "permission.deleted"
    ITEM_UPDATED = "item.updated"
    ITEM_DELETED = "item.deleted"
    PERMISSION_DENIED = "access.permission_denied"
    SIGNING_KEY_CREATED = "signing_key.created"
    SIGNING_KEY_ROTATED = "signing_key.rotated"
    SIGNING_KEY_RETIRED = "signing_key.retired"
    SIGNING_KEY_REVOKED = "signing_key.revoked"
    API_KEY_CREATED = "api_key.created"
    API_KEY_ROTATED = "api_key.rotated"
    API_KEY_REVOKED = "api_key.revoked"
    MAIL_RETRIED = "outbox.retried"


class EventOutcome(StrEnum):
    SUCCESS = "success"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Party:
    """Who acted, or what was acted on. Ids only: names and addresses may be deleted later."""

    type: str
    id: str | None


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of the audit log. `data` holds ids and field names, never secrets or addresses."""

    id: UUID
    at: datetime
    kind: EventKind
    outcome: EventOutcome
    actor: Party
    subject: Party | None
    request_id: str | None
    ip: str | None
    user_agent: str | None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class EventFilter:
    """What the log is narrowed to; None means any. From `since` on, and before `until`."""

    kind: EventKind | None = None
    actor_id: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class EventPlace:
    """Where in the log: it is ordered by time, and by id within the same microsecond."""

    at: datetime
    id: UUID


def party_of(actor: Actor) -> Party:
    """The actor as the log names them: by key for API keys, by user otherwise."""
    identity = actor.api_key_id or actor.user_id
    return Party(type=actor.kind.value, id=str(identity) if identity else None)
