"""Roles over HTTP."""

from typing import Annotated

from fastapi import Path, Request, Response

from application.roles.administration import (
    CreateRoleCommand,
    DeleteRoleCommand,
    UpdateRoleCommand,
)
from application.roles.queries import GetRoleQuery, ListRolesQuery
from domain.errors import ErrorDetail, InvalidField, NotFound, StaleVersion
from domain.pages import DEFAULT_LIMIT, InvalidCursor
from domain.roles import (
    ROLES_READ,
    ROLES_WRITE,
    AlreadyExists,
    RoleInUse,
    RoleIsFixed,
    UnknownPermission,
)
from entrypoints.http.conditional import (
    NOT_MODIFIED,
    IfMatch,
    IfNoneMatch,
    expected_version,
    render_versioned,
)
from entrypoints.http.dependencies import Caller, Services
from entrypoints.http.json_route import json_router
from entrypoints.http.operations import API_PREFIX, VALIDATION, holder_of, operation
from entrypoints.http.pagination import Cursor, Limit, render_page
from entrypoints.http.schemas.roles import CreateRoleBody, RoleBody, RolePageBody, UpdateRoleBody
from entrypoints.http.schemas.texts import RoleName

router = json_router(f"{API_PREFIX}/roles", "roles")

Name = Annotated[RoleName, Path(description="The role's name.")]


@router.get(
    "",
    operation_id="listRoles",
    summary="List roles, newest first",
    response_model=RolePageBody,
    **operation(holder_of(ROLES_READ), InvalidCursor, VALIDATION),
)
async def list_roles(
    request: Request,
    actor: Caller,
    services: Services,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Those that ship are the oldest. Needs `roles:read`."""
    page = await services.list_roles().execute(
        ListRolesQuery(actor=actor, limit=limit, cursor=cursor)
    )
    return render_page(request, page, RolePageBody, RoleBody.of)


@router.post(
    "",
    operation_id="createRole",
    summary="Create a role",
    response_model=RoleBody,
    status_code=201,
    **operation(holder_of(ROLES_WRITE), AlreadyExists, UnknownPermission, has_body=True),
)
async def create_role(
    request: Request, body: CreateRoleBody, actor: Caller, services: Services
) -> Response:
    """Needs `roles:write`, and every permission that it is to hold."""
    role = await services.create_role().execute(
        CreateRoleCommand(
            actor=actor,
            name=body.name,
            description=body.description,
            permissions=frozenset(body.permissions),
        )
    )
    location = f"{request.scope['path']}/{role.name}"
    return render_versioned(RoleBody.of(role), role.version, status=201, location=location)


@router.get(
    "/{role_name}",
    operation_id="getRole",
    summary="Get a role",
    response_model=RoleBody,
    **operation(
        holder_of(ROLES_READ),
        NotFound,
        VALIDATION,
        responses=NOT_MODIFIED,
    ),
)
async def get_role(
    role_name: Name, actor: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> Response:
    """Holders of `roles:read`. To others it does not exist."""
    role = await services.get_role().execute(GetRoleQuery(actor=actor, name=role_name))
    return render_versioned(RoleBody.of(role), role.version, if_none_match=if_none_match)


@router.put(
    "/{role_name}",
    operation_id="updateRole",
    summary="Replace a role's description and permissions",
    response_model=RoleBody,
    **operation(
        holder_of(ROLES_WRITE),
        NotFound,
        UnknownPermission,
        RoleIsFixed,
        StaleVersion,
        has_body=True,
    ),
)
async def update_role(
    role_name: Name,
    body: UpdateRoleBody,
    actor: Caller,
    services: Services,
    if_match: IfMatch = None,
) -> Response:
    """Needs `roles:write`, what the role holds and is to hold, and all that those hold who have it.

    Bites on their next request. `admin` cannot be changed, and no role gets another name.
    """
    if body.name not in (None, role_name):
        raise InvalidField(
            ErrorDetail(
                field="name", code="immutable", message="A role keeps the name that it was given."
            )
        )
    role = await services.update_role().execute(
        UpdateRoleCommand(
            actor=actor,
            name=role_name,
            description=body.description,
            permissions=frozenset(body.permissions),
            if_version=expected_version(if_match),
        )
    )
    return render_versioned(RoleBody.of(role), role.version)


@router.delete(
    "/{role_name}",
    operation_id="deleteRole",
    summary="Delete a role",
    status_code=204,
    response_class=Response,
    **operation(holder_of(ROLES_WRITE), NotFound, RoleInUse, StaleVersion, VALIDATION),
)
async def delete_role(
    role_name: Name, actor: Caller, services: Services, if_match: IfMatch = None
) -> Response:
    """Needs `roles:write` and what the role holds. Refused while somebody has it."""
    await services.delete_role().execute(
        DeleteRoleCommand(actor=actor, name=role_name, if_version=expected_version(if_match))
    )
    return Response(status_code=204)
