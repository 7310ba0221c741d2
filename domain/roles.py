"""Roles and permissions: what ships, and what is reserved."""

from dataclasses import dataclass
from datetime import datetime

from domain.errors import Conflict, ErrorDetail, Invalid, InvalidField

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


class RoleInUse(Conflict):
    """The role still belongs to users."""

    code = "role_in_use"
    message = "The role still belongs to users."


class PermissionInUse(Conflict):
    """The permission still belongs to roles or to API keys."""

    code = "permission_in_use"
    message = "The permission is still part of a role."


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
