"""Roles and permissions on the wire."""

from typing import Self

from domain.roles import Permission, Role
from entrypoints.http.schemas.bodies import (
    Instant,
    PageBody,
    PatchBody,
    RequestBody,
    ResponseBody,
    example,
    page_example,
)
from entrypoints.http.schemas.texts import Description, PermissionName, PermissionNames, RoleName

_ROLE = {
    "name": "cashier",
    "description": "Stands at the till.",
    "permissions": ["orders:refund"],
    "built_in": False,
    "created_at": "2030-01-01T12:00:00Z",
    "updated_at": "2030-01-01T12:00:00Z",
}
_PERMISSION = {
    "name": "orders:refund",
    "description": "Give money back.",
    "built_in": False,
}


class CreateRoleBody(RequestBody):
    name: RoleName
    description: Description
    permissions: PermissionNames

    model_config = example(
        {"name": "cashier", "description": "Stands at the till.", "permissions": ["items:read"]}
    )


class UpdateRoleBody(PatchBody):
    """All of the role but its name, which may be repeated and cannot be another."""

    name: RoleName | None = None
    description: Description
    permissions: PermissionNames

    model_config = example({"description": "Stands at the till.", "permissions": ["items:read"]})


class RoleBody(ResponseBody):
    """A named set of permissions."""

    name: str
    description: str
    permissions: list[str]
    built_in: bool
    created_at: Instant
    updated_at: Instant

    model_config = example(_ROLE)

    @classmethod
    def of(cls, role: Role) -> Self:
        return cls(
            name=role.name,
            description=role.description,
            permissions=sorted(role.permissions),
            built_in=role.built_in,
            created_at=role.created_at,
            updated_at=role.updated_at,
        )


class RolePageBody(PageBody[RoleBody]):
    """Newest first. `next_cursor` is null on the last page."""

    model_config = page_example(_ROLE)


class CreatePermissionBody(RequestBody):
    name: PermissionName
    description: Description

    model_config = example({"name": "orders:refund", "description": "Give money back."})


class PermissionBody(ResponseBody):
    """A word for something that may be done."""

    name: str
    description: str
    built_in: bool

    model_config = example(_PERMISSION)

    @classmethod
    def of(cls, permission: Permission) -> Self:
        return cls(
            name=permission.name,
            description=permission.description,
            built_in=permission.built_in,
        )


class PermissionPageBody(PageBody[PermissionBody]):
    """Newest first. `next_cursor` is null on the last page."""

    model_config = page_example(_PERMISSION)
