"""One's own account over HTTP."""

from fastapi import Response

from application.users.own_account import (
    DeleteOwnAccountCommand,
    GetOwnAccountQuery,
    UpdateOwnAccountCommand,
)
from domain.errors import StaleVersion
from domain.sessions import InvalidCredentials
from domain.users import LastAdministrator
from entrypoints.http.conditional import (
    NOT_MODIFIED,
    IfMatch,
    IfNoneMatch,
    expected_version,
    render_versioned,
)
from entrypoints.http.dependencies import Caller, Services, UnchargedCaller
from entrypoints.http.json_route import json_router
from entrypoints.http.limits import Limits
from entrypoints.http.operations import ANY_CALLER, API_PREFIX, OWN_SESSION, operation
from entrypoints.http.schemas.users import DeleteMeBody, UpdateMeBody, UserBody

router = json_router(f"{API_PREFIX}/users/me", "users")


@router.get(
    "",
    operation_id="getMe",
    summary="Get one's own account",
    response_model=UserBody,
    **operation(ANY_CALLER, responses=NOT_MODIFIED),
)
async def get_me(actor: Caller, services: Services, if_none_match: IfNoneMatch = None) -> Response:
    """Answers to any valid credential."""
    user = await services.get_own_account().execute(GetOwnAccountQuery(actor=actor))
    return render_versioned(UserBody.of(user), user.version, if_none_match=if_none_match)


@router.patch(
    "",
    operation_id="updateMe",
    summary="Change one's own account",
    response_model=UserBody,
    **operation(OWN_SESSION, StaleVersion, has_body=True),
)
async def update_me(
    body: UpdateMeBody, actor: Caller, services: Services, if_match: IfMatch = None
) -> Response:
    """Needs a session; an API key is not enough."""
    user = await services.update_own_account().execute(
        UpdateOwnAccountCommand(actor=actor, name=body.name, if_version=expected_version(if_match))
    )
    return render_versioned(UserBody.of(user), user.version)


@router.post(
    "/deletion",
    operation_id="deleteMe",
    summary="Delete one's own account",
    status_code=204,
    response_class=Response,
    **operation(OWN_SESSION, InvalidCredentials, LastAdministrator, has_body=True),
)
async def delete_me(
    body: DeleteMeBody, actor: UnchargedCaller, services: Services, limits: Limits
) -> Response:
    """Needs a session and the password. Everything of the account goes; the audit log keeps ids."""
    await limits.charge_own_attempt(actor)
    await services.delete_own_account().execute(
        DeleteOwnAccountCommand(actor=actor, password=body.password)
    )
    return Response(status_code=204)
