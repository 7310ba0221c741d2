"""Permissions over HTTP."""

from typing import Annotated

from fastapi import Path, Request, Response

from application.roles.permissions import CreatePermissionCommand, DeletePermissionCommand
from application.roles.queries import ListPermissionsQuery
from domain.errors import NotFound
from domain.pages import DEFAULT_LIMIT, InvalidCursor
from domain.roles import ROLES_READ, ROLES_WRITE, AlreadyExists, PermissionInUse
from entrypoints.http.dependencies import Caller, Services
from entrypoints.http.json_route import json_router
from entrypoints.http.operations import API_PREFIX, VALIDATION, holder_of, operation
from entrypoints.http.pagination import Cursor, Limit, render_page
from entrypoints.http.rendering import render
from entrypoints.http.schemas.roles import (
    CreatePermissionBody,
    PermissionBody,
    PermissionPageBody,
)
from entrypoints.http.schemas.texts import PermissionName

router = json_router(f"{API_PREFIX}/permissions", "roles")


@router.get(
    "",
    operation_id="listPermissions",
    summary="List permissions, newest first",
    response_model=PermissionPageBody,
    **operation(holder_of(ROLES_READ), InvalidCursor, VALIDATION),
)
async def list_permissions(
    request: Request,
    actor: Caller,
    services: Services,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """The service's own and those that applications have registered. Needs `roles:read`."""
    page = await services.list_permissions().execute(
        ListPermissionsQuery(actor=actor, limit=limit, cursor=cursor)
    )
    return render_page(request, page, PermissionPageBody, PermissionBody.of)


@router.post(
    "",
    operation_id="createPermission",
    summary="Register a permission",
    response_model=PermissionBody,
    status_code=201,
    **operation(holder_of(ROLES_WRITE), AlreadyExists, has_body=True),
)
async def create_permission(
    body: CreatePermissionBody, actor: Caller, services: Services
) -> Response:
    """Needs `roles:write`. The role `admin` holds it at once, and no other."""
    permission = await services.create_permission().execute(
        CreatePermissionCommand(actor=actor, name=body.name, description=body.description)
    )
    return render(PermissionBody.of(permission), 201)


@router.delete(
    "/{permission_name}",
    operation_id="deletePermission",
    summary="Delete a permission",
    status_code=204,
    response_class=Response,
    **operation(holder_of(ROLES_WRITE), NotFound, PermissionInUse, VALIDATION),
)
async def delete_permission(
    permission_name: Annotated[PermissionName, Path(description="The permission's name.")],
    actor: Caller,
    services: Services,
) -> Response:
    """Needs `roles:write`. Refused while a role besides `admin` holds it, or an API key."""
    await services.delete_permission().execute(
        DeletePermissionCommand(actor=actor, name=permission_name)
    )
    return Response(status_code=204)
