"""Who is calling, and the one check of what they may do."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.errors import ErrorDetail, Forbidden, NotFound, Unauthenticated
from domain.users import User

RECENT_SIGN_IN = timedelta(minutes=15)


class NotAuthenticated(Unauthenticated):
    """The act needs a caller who is known."""

    code = "unauthorized"
    message = "This needs a credential."


class PermissionMissing(Forbidden):
    """The caller lacks a permission; the detail names it."""

    code = "forbidden"
    message = "You may not do this."

    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions
        super().__init__(
            *(
                ErrorDetail(
                    field="permission", code="missing_permission", message=f"Needs {permission}."
                )
                for permission in permissions
            )
        )


class ReauthenticationRequired(Forbidden):
    """The act asks for a password given a short while ago."""

    code = "reauthentication_required"
    message = "Give your password again first."


class ActorKind(StrEnum):
    ANONYMOUS = "anonymous"
    USER = "user"
    API_KEY = "api_key"
    OPERATOR = "operator"
    """Whoever runs the command line beside the database: nothing is hidden from them anyway."""
    SYSTEM = "system"
    """The service itself: start-up, periodic jobs."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a call came from, for the audit log. `ip` is the client's, behind known proxies."""

    request_id: str | None = None
    ip: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The caller of a use case, as authentication found them for this one call."""

    kind: ActorKind
    user_id: UUID | None = None
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    auth_time: datetime | None = None
    account: User | None = None
    """The caller's account as authentication read it: asking who I am costs nothing more."""
    rate_limit: int | None = None
    """An API key's own limit, in calls a minute; None: those of the account."""
    origin: Origin = field(default_factory=Origin)

    @classmethod
    def anonymous(cls, origin: Origin | None = None) -> "Actor":
        return cls(kind=ActorKind.ANONYMOUS, origin=origin or Origin())

    @classmethod
    def operator(cls) -> "Actor":
        return cls(kind=ActorKind.OPERATOR)

    @classmethod
    def system(cls) -> "Actor":
        return cls(kind=ActorKind.SYSTEM)

    @property
    def is_trusted(self) -> bool:
        """Callers inside the wall hold every permission, those registered tomorrow included."""
        return self.kind in (ActorKind.OPERATOR, ActorKind.SYSTEM)

    def holds(self, permissions: frozenset[str]) -> bool:
        return self.is_trusted or permissions <= self.permissions

    def may(self, permission: str) -> bool:
        return self.holds(frozenset({permission}))

    def missing(self, permissions: frozenset[str]) -> tuple[str, ...]:
        return () if self.is_trusted else tuple(sorted(permissions - self.permissions))


def require(actor: Actor, *permissions: str) -> None:
    """The permission check. Raises NotAuthenticated or PermissionMissing."""
    if actor.kind is ActorKind.ANONYMOUS:
        raise NotAuthenticated
    missing = actor.missing(frozenset(permissions))
    if missing:
        raise PermissionMissing(*missing)


def require_session(actor: Actor) -> tuple[UUID, UUID]:
    """For acts on one's own account: (user id, session id) of a signed-in user.

    An API key is not enough, whatever its scopes: a leaked key must not take the account.
    Raises NotAuthenticated or PermissionMissing.
    """
    if actor.kind is ActorKind.ANONYMOUS:
        raise NotAuthenticated
    if actor.user_id is None or actor.session_id is None:
        raise PermissionMissing("session")
    return actor.user_id, actor.session_id


def require_recent_session(actor: Actor, at: datetime) -> tuple[UUID, UUID]:
    """For acts that outlive the session: the password was given within the last 15 minutes.

    Raises NotAuthenticated, PermissionMissing, ReauthenticationRequired.
    """
    user_id, session_id = require_session(actor)
    if actor.auth_time is None or at - actor.auth_time > RECENT_SIGN_IN:
        raise ReauthenticationRequired
    return user_id, session_id


def require_trusted(actor: Actor) -> None:
    """For acts on the installation itself, which no permission of an account opens.

    Raises NotAuthenticated or PermissionMissing.
    """
    if actor.kind is ActorKind.ANONYMOUS:
        raise NotAuthenticated
    if not actor.is_trusted:
        raise PermissionMissing("operator")


def require_visible(actor: Actor, owner_id: UUID, permission: str) -> None:
    """A record is seen by its owner and by holders of `permission`; to others it does not exist.

    Raises NotAuthenticated or NotFound.
    """
    if actor.kind is ActorKind.ANONYMOUS:
        raise NotAuthenticated
    if actor.user_id != owner_id and not actor.may(permission):
        raise NotFound


def require_authority_over(actor: Actor, permissions: frozenset[str]) -> None:
    """Nobody acts on a user, or grants a role, that holds what they themselves lack.

    `permissions` is everything the target holds or would receive. An account's owner always
    passes for itself because it holds exactly that. Raises PermissionMissing.
    """
    missing = actor.missing(permissions)
    if missing:
        raise PermissionMissing(*missing)
