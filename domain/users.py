"""Accounts: their shape and the rules that hold for every one of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.addresses import EmailAddress
from domain.errors import Conflict, ErrorDetail, Forbidden, InvalidField
from domain.text import is_plain_text

NAME_MAX_LENGTH = 200
MAX_ROLES = 20


class EmailAlreadyRegistered(Conflict):
    """Another account has this address, compared without regard to case."""

    code = "email_already_registered"
    message = "An account with this address already exists."


class LastAdministrator(Conflict):
    """The act would leave no active account with the role `admin`."""

    code = "last_administrator"
    message = "The last active administrator cannot be demoted, disabled or deleted."


class RegistrationClosed(Forbidden):
    """Accounts are created by operators only."""

    code = "registration_closed"
    message = "Registration is closed."


class UserKind(StrEnum):
    HUMAN = "human"
    SERVICE = "service"


class UserStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, kw_only=True)
class User:
    """An account. `version` grows by one with every change, those of its roles included."""

    id: UUID
    email: EmailAddress
    email_verified: bool
    name: str
    kind: UserKind
    status: UserStatus
    roles: frozenset[str]
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def is_active(self) -> bool:
        return self.status is UserStatus.ACTIVE


@dataclass(frozen=True, kw_only=True)
class UserFilter:
    """What a list of users is narrowed to; None means any. All given conditions must hold."""

    email_key: str | None = None
    status: UserStatus | None = None
    role: str | None = None


def check_name(name: str) -> str:
    """A display name: 1..200 characters of text, not all blank. Raises InvalidField."""
    if not is_plain_text(name) or not 1 <= len(name) <= NAME_MAX_LENGTH or not name.strip():
        raise InvalidField(
            ErrorDetail(
                field="name",
                code="invalid_name",
                message=f"A name has 1 to {NAME_MAX_LENGTH} printable characters.",
            )
        )
    return name


def check_role_count(roles: frozenset[str]) -> None:
    """At most 20 roles, so that an access token stays small. Raises InvalidField."""
    if len(roles) > MAX_ROLES:
        raise InvalidField(
            ErrorDetail(
                field="roles",
                code="too_many_roles",
                message=f"A user has at most {MAX_ROLES} roles.",
            )
        )
