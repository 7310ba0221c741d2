"""Accounts over HTTP: registering, and what others may do with them."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from application.idempotency import Once
from application.users.administration import (
    DeleteUserCommand,
    SetUserRolesCommand,
    UpdateUserCommand,
)
from application.users.queries import GetUserQuery, ListUsersQuery
from application.users.registration import RegisterUserCommand
from domain.addresses import InvalidEmailAddress
from domain.errors import NotFound, StaleVersion
from domain.pages import DEFAULT_LIMIT, InvalidCursor
from domain.passwords import WeakPassword
from domain.roles import ROLES_ASSIGN, USERS_READ, USERS_WRITE, UnknownRole
from domain.users import (
    EmailAlreadyRegistered,
    LastAdministrator,
    RegistrationClosed,
    User,
    UserStatus,
)
from entrypoints.http.conditional import (
    NOT_MODIFIED,
    IfMatch,
    IfNoneMatch,
    expected_version,
    render_versioned,
)
from entrypoints.http.dependencies import Caller, Optional, Services
from entrypoints.http.idempotency import KEY_FAILURES, Keyed
from entrypoints.http.json_route import json_router
from entrypoints.http.limits import Limits
from entrypoints.http.operations import (
    ANYONE_OR_CALLER,
    API_PREFIX,
    VALIDATION,
    holder_of,
    operation,
)
from entrypoints.http.pagination import Cursor, Limit, render_page
from entrypoints.http.paths import USER_ID
from entrypoints.http.recovery import accepted
from entrypoints.http.schemas.recovery import AcceptedBody
from entrypoints.http.schemas.texts import RoleName
from entrypoints.http.schemas.users import (
    RegisterBody,
    SetRolesBody,
    UpdateUserBody,
    UserBody,
    UserPageBody,
)

router = json_router(f"{API_PREFIX}/users", "users")


@router.post(
    "",
    operation_id="registerUser",
    summary="Register an account",
    response_model=UserBody,
    status_code=201,
    **operation(
        ANYONE_OR_CALLER,
        RegistrationClosed,
        InvalidEmailAddress,
        WeakPassword,
        EmailAlreadyRegistered,
        *KEY_FAILURES,
        has_body=True,
        responses={
            202: {
                "description": "Where addresses are confirmed by mail: whatever became of it.",
                "model": AcceptedBody,
            }
        },
    ),
)
async def register_user(
    request: Request,
    body: RegisterBody,
    actor: Optional,
    services: Services,
    limits: Limits,
    keyed: Keyed,
) -> Response:
    """Open to anyone where registration is open, to holders of `users:write` always.

    Where addresses are confirmed by mail, everybody else is answered 202 for new and known
    addresses alike.
    """
    await limits.charge_registration(actor, body.email)

    async def act(once: Once[User | None]) -> User | None:
        return await services.register_user().execute(
            RegisterUserCommand(
                actor=actor, email=body.email, name=body.name, password=body.password, once=once
            )
        )

    def render(user: User | None) -> Response:
        if user is None:
            return accepted()
        location = f"{request.scope['path']}/{user.id}"
        return render_versioned(UserBody.of(user), user.version, status=201, location=location)

    return await keyed.answer(actor, body, act, render)


@router.get(
    "",
    operation_id="listUsers",
    summary="List accounts, newest first",
    response_model=UserPageBody,
    **operation(holder_of(USERS_READ), InvalidCursor, VALIDATION),
)
async def list_users(
    request: Request,
    actor: Caller,
    services: Services,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    email: Annotated[
        str | None, Query(max_length=320, description="The whole address, in any case.")
    ] = None,
    status: UserStatus | None = None,
    role: Annotated[RoleName | None, Query()] = None,
) -> Response:
    """All conditions given must hold. Needs `users:read`."""
    page = await services.list_users().execute(
        ListUsersQuery(
            actor=actor, limit=limit, cursor=cursor, email=email, status=status, role=role
        )
    )
    return render_page(request, page, UserPageBody, UserBody.of)


@router.get(
    f"/{USER_ID}",
    operation_id="getUser",
    summary="Get an account",
    response_model=UserBody,
    **operation(
        holder_of(USERS_READ, or_self=True),
        NotFound,
        VALIDATION,
        responses=NOT_MODIFIED,
    ),
)
async def get_user(
    user_id: UUID, actor: Caller, services: Services, if_none_match: IfNoneMatch = None
) -> Response:
    """The account itself, and holders of `users:read`. To others it does not exist."""
    user = await services.get_user().execute(GetUserQuery(actor=actor, user_id=user_id))
    return render_versioned(UserBody.of(user), user.version, if_none_match=if_none_match)


@router.patch(
    f"/{USER_ID}",
    operation_id="updateUser",
    summary="Change an account",
    response_model=UserBody,
    **operation(holder_of(USERS_WRITE), NotFound, LastAdministrator, StaleVersion, has_body=True),
)
async def update_user(
    user_id: UUID,
    body: UpdateUserBody,
    actor: Caller,
    services: Services,
    if_match: IfMatch = None,
) -> Response:
    """Disabling ends its sessions. Needs `users:write` and whatever the account itself holds."""
    user = await services.update_user().execute(
        UpdateUserCommand(
            actor=actor,
            user_id=user_id,
            name=body.name,
            status=body.status,
            if_version=expected_version(if_match),
        )
    )
    return render_versioned(UserBody.of(user), user.version)


@router.delete(
    f"/{USER_ID}",
    operation_id="deleteUser",
    summary="Delete an account",
    status_code=204,
    response_class=Response,
    **operation(holder_of(USERS_WRITE), NotFound, LastAdministrator, StaleVersion, VALIDATION),
)
async def delete_user(
    user_id: UUID, actor: Caller, services: Services, if_match: IfMatch = None
) -> Response:
    """Everything of the account goes; the audit log keeps ids only. Needs `users:write`."""
    await services.delete_user().execute(
        DeleteUserCommand(actor=actor, user_id=user_id, if_version=expected_version(if_match))
    )
    return Response(status_code=204)


@router.put(
    f"/{USER_ID}/roles",
    operation_id="setUserRoles",
    summary="Set an account's roles",
    response_model=UserBody,
    **operation(
        holder_of(ROLES_ASSIGN),
        NotFound,
        UnknownRole,
        LastAdministrator,
        StaleVersion,
        has_body=True,
    ),
)
async def set_user_roles(
    user_id: UUID,
    body: SetRolesBody,
    actor: Caller,
    services: Services,
    if_match: IfMatch = None,
) -> Response:
    """Needs `roles:assign`; nobody gives what they do not hold. Bites on the next request."""
    user = await services.set_user_roles().execute(
        SetUserRolesCommand(
            actor=actor,
            user_id=user_id,
            roles=frozenset(body.roles),
            if_version=expected_version(if_match),
        )
    )
    return render_versioned(UserBody.of(user), user.version)
