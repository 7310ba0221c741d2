"""OAuth 2.0 endpoints: refresh grant, introspection, revocation."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from application.introspection.introspect import IntrospectTokenQuery
from application.introspection.revoke import RevokeTokenCommand
from application.limits import LimitGroup
from application.sessions.refresh import RefreshSessionCommand
from domain.errors import RateLimited
from domain.roles import TOKENS_INTROSPECT
from domain.sessions import FIRST_PARTY_CLIENT
from entrypoints.http.dependencies import Anonymous, Services, UnchargedCaller
from entrypoints.http.errors import PROBLEM_JSON
from entrypoints.http.limits import Limits
from entrypoints.http.oauth_route import Form, OAuthError, OAuthRoute, form_schema, read_form
from entrypoints.http.operations import ANYONE, Access, Failure, holder_of, operation, reference_to
from entrypoints.http.rendering import NO_STORE, render
from entrypoints.http.schemas.auth import TokensBody
from entrypoints.http.schemas.errors import ErrorBody, ProblemBody
from entrypoints.http.schemas.oauth import IntrospectionBody, OAuthErrorBody

router = APIRouter(prefix="/oauth", tags=["oauth"], route_class=OAuthRoute)

OAuthForm = Annotated[Form, Depends(read_form)]


def _oauth_operation(
    access: Access, codes: str, body: dict[str, Any], *failures: Failure
) -> dict[str, Any]:
    """Like any operation, but that 400 and 401 are OAuth's own."""
    refusals: dict[int | str, dict[str, Any]] = {
        # What no route of OAuth's has refused is told as everywhere else.
        400: {
            "model": OAuthErrorBody | ErrorBody,
            "content": {PROBLEM_JSON: {"schema": reference_to(ProblemBody)}},
            "description": f"Codes: {codes}; or `invalid_host`, `malformed_request`.",
        }
    }
    if access.credentials:
        refusals[401] = {"model": OAuthErrorBody, "description": "Codes: `invalid_client`."}
    declared = operation(access, *failures, responses=refusals)
    declared["openapi_extra"]["requestBody"] = body
    return declared


@router.post(
    "/token",
    operation_id="oauthToken",
    summary="Refresh a session's tokens (OAuth)",
    response_model=TokensBody,
    **_oauth_operation(
        ANYONE,
        "`invalid_request`, `invalid_client`, `invalid_grant`, `unsupported_grant_type`, "
        "`invalid_target`",
        form_schema(
            ("grant_type", "refresh_token"),
            grant_type={"enum": ["refresh_token"]},
            refresh_token={"description": "The session's refresh token."},
            client_id={"enum": [FIRST_PARTY_CLIENT, ""]},
            audience={"description": "Which of the configured audiences the access token is for."},
        ),
        RateLimited,
    ),
)
async def token(form: OAuthForm, actor: Anonymous, services: Services, limits: Limits) -> Response:
    """The refresh grant (RFC 6749, 6): the same as `POST /api/v1/auth/refresh`."""
    if form.required("grant_type") != "refresh_token":
        raise OAuthError("unsupported_grant_type", "There is no grant but refresh_token.")
    if form.optional("client_id") not in (None, FIRST_PARTY_CLIENT):
        raise OAuthError("invalid_client", "There is no such client.")
    command = RefreshSessionCommand(
        actor=actor,
        refresh_token=form.required("refresh_token"),
        audience=form.optional("audience"),
    )
    async with limits.charging_refusal():
        tokens = await services.refresh_session().execute(command)
    return render(TokensBody.of(tokens), cache=NO_STORE)


@router.post(
    "/introspect",
    operation_id="oauthIntrospect",
    summary="Ask whether a token is alive and what it grants",
    response_model=IntrospectionBody,
    response_model_exclude_none=True,
    **_oauth_operation(
        holder_of(TOKENS_INTROSPECT),
        "`invalid_request`, `ambiguous_credentials`",
        form_schema(
            ("token",),
            token={"description": "An access token, a refresh token or an API key."},
            token_type_hint={"description": "Not needed."},
        ),
    ),
)
async def introspect(
    form: OAuthForm, actor: UnchargedCaller, services: Services, limits: Limits
) -> Response:
    """RFC 7662. Never uses the token up. Needs `tokens:introspect`."""
    await limits.charge_group(actor, LimitGroup.INTROSPECT)
    found = await services.introspect_token().execute(
        IntrospectTokenQuery(actor=actor, token=form.required("token"))
    )
    content = IntrospectionBody.of(found).model_dump_json(exclude_none=True)
    return Response(content, 200, {"Cache-Control": NO_STORE}, "application/json")


@router.post(
    "/revoke",
    operation_id="oauthRevoke",
    summary="Give a token up",
    response_class=Response,
    **_oauth_operation(
        ANYONE,
        "`invalid_request`",
        form_schema(
            ("token",),
            token={"description": "An access token, a refresh token or an API key."},
            token_type_hint={"description": "Not needed."},
        ),
    ),
)
async def revoke(form: OAuthForm, actor: Anonymous, services: Services) -> Response:
    """RFC 7009: ends the whole session of the token, or the key. 200 for anything.

    Possession suffices.
    """
    command = RevokeTokenCommand(actor=actor, token=form.required("token"))
    await services.revoke_token().execute(command)
    return Response(status_code=200, headers={"Cache-Control": NO_STORE})
