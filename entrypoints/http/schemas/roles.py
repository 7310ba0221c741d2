"""Roles and permissions on the wire."""

from typing import Self

from domain.pages import Page
from domain.roles import Permission, Role
from entrypoints.http.schemas.bodies import (
    CURSOR_EXAMPLE,
    Instant,
    PatchBody,
    RequestBody,
    ResponseBody,
    example,
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


class RolePageBody(ResponseBody):
    """Newest first. `next_cursor` is null on the last page."""

    items: list[RoleBody]
    next_cursor: str | None

    model_config = example({"items": [_ROLE], "next_cursor": CURSOR_EXAMPLE})

    @classmethod
    def of(cls, page: Page[Role]) -> Self:
        return cls(items=[RoleBody.of(role) for role in page.items], next_cursor=page.next_cursor)


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


class PermissionPageBody(ResponseBody):
    """Newest first. `next_cursor` is null on the last page."""

    items: list[PermissionBody]
    next_cursor: str | None

    model_config = example({"items": [_PERMISSION], "next_cursor": CURSOR_EXAMPLE})

    @classmethod
    def of(cls, page: Page[Permission]) -> Self:
        items = [PermissionBody.of(permission) for permission in page.items]
        return cls(items=items, next_cursor=page.next_cursor)
