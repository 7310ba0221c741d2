"""Roles and permissions: what ships, what is reserved, and how they may be named."""

import re
from dataclasses import dataclass
from datetime import datetime

from domain.errors import ConcurrentChange, Conflict, ErrorDetail, Invalid, InvalidField
from domain.text import is_plain_text

ADMIN_ROLE = "admin"
USER_ROLE = "user"

USERS_READ = "users:read"
USERS_WRITE = "users:write"
ROLES_READ = "roles:read"
ROLES_WRITE = "roles:write"
ROLES_ASSIGN = "roles:assign"
API_KEYS_ADMIN = "api_keys:admin"
ITEMS_READ = "items:read"
ITEMS_WRITE = "items:write"
ITEMS_ADMIN = "items:admin"
EVENTS_READ = "events:read"
TOKENS_INTROSPECT = "tokens:introspect"

BUILT_IN_PERMISSIONS: dict[str, str] = {
    USERS_READ: "See every account.",
    USERS_WRITE: "Create, change, disable and delete accounts.",
    ROLES_READ: "See roles and permissions.",
    ROLES_WRITE: "Create, change and delete roles and permissions.",
    ROLES_ASSIGN: "Give roles to accounts and take them away.",
    API_KEYS_ADMIN: "See and revoke everybody's API keys.",
    ITEMS_READ: "Read one's own items.",
    ITEMS_WRITE: "Create, change and delete one's own items.",
    ITEMS_ADMIN: "Read and change everybody's items.",
    EVENTS_READ: "Read the audit log.",
    TOKENS_INTROSPECT: "Ask whether a token or key is alive and what it grants.",
}

BUILT_IN_ROLES: dict[str, tuple[str, frozenset[str]]] = {
    ADMIN_ROLE: ("Holds every permission.", frozenset(BUILT_IN_PERMISSIONS)),
    USER_ROLE: ("Every new account.", frozenset({ITEMS_READ, ITEMS_WRITE})),
}
"""Name -> (description, permissions). `admin` also receives every permission registered later."""

RESERVED_PREFIXES = frozenset(name.partition(":")[0] for name in BUILT_IN_PERMISSIONS)
"""The service's own vocabulary: nobody else may seem to add to it."""

ROLE_NAME_PATTERN = r"[a-z][a-z0-9_.-]{0,31}"
PERMISSION_NAME_PATTERN = r"[a-z][a-z0-9_.-]*:[a-z][a-z0-9_.-]*"
"""What it is about, and what may be done with it. No blank: a scope lists names between blanks."""
PERMISSION_NAME_MAX_LENGTH = 64
DESCRIPTION_MAX_LENGTH = 500
ROLE_MAX_PERMISSIONS = 500


class RoleInUse(Conflict):
    """The role belongs to users, or it is one that ships."""

    code = "role_in_use"
    message = "The role still belongs to users, or is one that ships."


class RoleIsFixed(ConcurrentChange):
    """`admin` holds every permission, always."""

    message = "The role admin cannot be changed: it holds every permission."


class PermissionInUse(Conflict):
    """The permission belongs to a role besides `admin`, to an API key, or is one that ships."""

    code = "permission_in_use"
    message = "The permission is still part of a role or an API key, or is one that ships."


class AlreadyExists(Conflict):
    """The name is taken."""

    code = "already_exists"
    message = "A record with this name already exists."


class UnknownRole(InvalidField):
    """A role was named that does not exist."""

    def __init__(self) -> None:
        super().__init__(
            ErrorDetail(field="roles", code="unknown_role", message="There is no such role.")
        )


class UnknownPermission(Invalid):
    """A permission was named that nobody has registered."""

    code = "unknown_permission"
    message = "There is no such permission."

    def __init__(self, field: str = "permissions") -> None:
        super().__init__(ErrorDetail(field=field, code="unknown_permission", message=self.message))


@dataclass(frozen=True, kw_only=True)
class Role:
    """A named set of permissions. `version` grows by one with every change."""

    name: str
    description: str
    permissions: frozenset[str]
    built_in: bool
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A word for something that may be done. What it means is up to whoever asks for it."""

    name: str
    description: str
    built_in: bool
    created_at: datetime


def check_role_name(name: str) -> str:
    """1..32 of `a-z 0-9 _ . -`, the first a letter. Raises InvalidField."""
    if re.fullmatch(ROLE_NAME_PATTERN, name) is None:
        raise _invalid("name", "invalid_name", "A role's name is 1 to 32 of a-z, 0-9, _ . and -.")
    return name


def check_permission_name(name: str) -> str:
    """`subject:act`, not in the service's own words. Raises AlreadyExists, InvalidField."""
    fits = re.fullmatch(PERMISSION_NAME_PATTERN, name) is not None
    if not fits or len(name) > PERMISSION_NAME_MAX_LENGTH:
        raise _invalid(
            "name",
            "invalid_name",
            "A permission is named subject:act, with a-z, 0-9, _ . and -, "
            f"{PERMISSION_NAME_MAX_LENGTH} characters at most.",
        )
    if name in BUILT_IN_PERMISSIONS:
        raise AlreadyExists
    if name.partition(":")[0] in RESERVED_PREFIXES:
        raise _invalid(
            "name", "reserved_name", "Permissions with this subject are the service's own."
        )
    return name


def check_description(description: str) -> str:
    """0..500 characters of text. Raises InvalidField."""
    if len(description) > DESCRIPTION_MAX_LENGTH or not is_plain_text(description):
        raise _invalid(
            "description",
            "invalid_description",
            f"A description has at most {DESCRIPTION_MAX_LENGTH} printable characters.",
        )
    return description


def check_permission_count(permissions: frozenset[str]) -> None:
    """Few enough to be read by people. Raises InvalidField."""
    if len(permissions) > ROLE_MAX_PERMISSIONS:
        raise _invalid(
            "permissions",
            "too_many_permissions",
            f"A role has at most {ROLE_MAX_PERMISSIONS} permissions.",
        )


def _invalid(field: str, code: str, message: str) -> InvalidField:
    return InvalidField(ErrorDetail(field=field, code=code, message=message))
