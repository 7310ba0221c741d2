"""Signing in and out over HTTP."""

from fastapi import APIRouter, Depends, Response

from application.sessions import SignInCommand, SignOutCommand
from domain.sessions import EmailNotVerified, InvalidCredentials, UnknownAudience
from entrypoints.http.dependencies import Anonymous, Caller, Services, require_json
from entrypoints.http.operations import ANYONE, API_PREFIX, OWN_SESSION, operation
from entrypoints.http.schemas.auth import LoginBody, TokensBody

router = APIRouter(prefix=f"{API_PREFIX}/auth", tags=["auth"], dependencies=[Depends(require_json)])


@router.post(
    "/login",
    operation_id="login",
    summary="Sign in",
    response_model=TokensBody,
    **operation(ANYONE, InvalidCredentials, EmailNotVerified, UnknownAudience, has_body=True),
)
async def login(body: LoginBody, actor: Anonymous, services: Services) -> Response:
    """Opens a session. An unknown address, a wrong password and a disabled account look alike."""
    tokens = await services.sign_in().execute(
        SignInCommand(actor=actor, email=body.email, password=body.password, audience=body.audience)
    )
    headers = {"Cache-Control": "no-store"}
    content = TokensBody.of(tokens).model_dump_json()
    return Response(content, 200, headers, "application/json")


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
