"""Signing in, staying in and signing out over HTTP."""

from fastapi import Response

from application.passwords import ChangePasswordCommand, ReauthenticateCommand
from application.sessions.ending import SignOutCommand
from application.sessions.refresh import RefreshSessionCommand
from application.sessions.sign_in import SignInCommand
from domain.passwords import WeakPassword
from domain.sessions import (
    EmailNotVerified,
    InvalidCredentials,
    InvalidRefreshToken,
    UnknownAudience,
)
from entrypoints.http.dependencies import (
    Anonymous,
    Caller,
    Services,
    UnchargedCaller,
)
from entrypoints.http.json_route import json_router
from entrypoints.http.limits import Limits
from entrypoints.http.operations import ANYONE, API_PREFIX, OWN_SESSION, operation
from entrypoints.http.rendering import NO_STORE, render
from entrypoints.http.schemas.auth import (
    ChangePasswordBody,
    LoginBody,
    ReauthenticateBody,
    RefreshBody,
    TokensBody,
)

router = json_router(f"{API_PREFIX}/auth", "auth")


@router.post(
    "/login",
    operation_id="login",
    summary="Sign in",
    response_model=TokensBody,
    **operation(ANYONE, InvalidCredentials, EmailNotVerified, UnknownAudience, has_body=True),
)
async def login(body: LoginBody, actor: Anonymous, services: Services, limits: Limits) -> Response:
    """Opens a session. An unknown address, a wrong password and a disabled account look alike."""
    await limits.charge_attempt(body.email)
    tokens = await services.sign_in().execute(
        SignInCommand(actor=actor, email=body.email, password=body.password, audience=body.audience)
    )
    return render(TokensBody.of(tokens), cache=NO_STORE)


@router.post(
    "/refresh",
    operation_id="refresh",
    summary="Refresh a session's tokens",
    response_model=TokensBody,
    **operation(ANYONE, InvalidRefreshToken, UnknownAudience, has_body=True),
)
async def refresh(
    body: RefreshBody, actor: Anonymous, services: Services, limits: Limits
) -> Response:
    """Uses the refresh token up and answers with its successor.

    A retry within the grace window gets the same successor. An older token ends the session.
    """
    command = RefreshSessionCommand(
        actor=actor, refresh_token=body.refresh_token, audience=body.audience
    )
    async with limits.charging_refusal():
        tokens = await services.refresh_session().execute(command)
    return render(TokensBody.of(tokens), cache=NO_STORE)


@router.post(
    "/reauthenticate",
    operation_id="reauthenticate",
    summary="Give the password again",
    status_code=204,
    response_class=Response,
    **operation(OWN_SESSION, InvalidCredentials, has_body=True),
)
async def reauthenticate(
    body: ReauthenticateBody, actor: UnchargedCaller, services: Services, limits: Limits
) -> Response:
    """For acts that ask for a recent sign-in: the session's `auth_time` becomes now."""
    await limits.charge_own_attempt(actor)
    await services.reauthenticate().execute(
        ReauthenticateCommand(actor=actor, password=body.password)
    )
    return Response(status_code=204)


@router.post(
    "/password/change",
    operation_id="changePassword",
    summary="Change one's own password",
    status_code=204,
    response_class=Response,
    **operation(OWN_SESSION, InvalidCredentials, WeakPassword, has_body=True),
)
async def change_password(
    body: ChangePasswordBody, actor: UnchargedCaller, services: Services, limits: Limits
) -> Response:
    """Ends every other session of the account."""
    await limits.charge_own_attempt(actor)
    await services.change_password().execute(
        ChangePasswordCommand(
            actor=actor,
            current_password=body.current_password,
            new_password=body.new_password,
        )
    )
    return Response(status_code=204)


@router.post(
    "/logout",
    operation_id="logout",
    summary="Sign out",
    status_code=204,
    response_class=Response,
    **operation(OWN_SESSION),
)
async def logout(actor: Caller, services: Services) -> Response:
    """Ends the session of the token that the call is made with, for every worker at once."""
    await services.sign_out().execute(SignOutCommand(actor=actor))
    return Response(status_code=204)
