"""API keys over HTTP: one's own, and those of other accounts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Body, Request, Response

from application.api_keys.issuing import CreateApiKeyCommand, IssuedApiKey, RotateApiKeyCommand
from application.api_keys.queries import GetApiKeyQuery, ListApiKeysQuery
from application.api_keys.revoking import RevokeApiKeyCommand
from application.idempotency import Once
from domain.access import ReauthenticationRequired
from domain.api_keys import ApiKey, ApiKeyNotActive
from domain.errors import NotFound
from domain.pages import DEFAULT_LIMIT, InvalidCursor, Page
from domain.roles import API_KEYS_ADMIN, UnknownPermission
from entrypoints.http.dependencies import Caller, Services
from entrypoints.http.idempotency import KEY_FAILURES, Keyed
from entrypoints.http.json_route import json_router
from entrypoints.http.operations import (
    API_PREFIX,
    RECENT_SESSION,
    VALIDATION,
    holder_of,
    operation,
    session_or,
)
from entrypoints.http.pagination import Cursor, Limit, render_page
from entrypoints.http.paths import USER_ID
from entrypoints.http.rendering import NO_STORE, render
from entrypoints.http.schemas.api_keys import (
    ApiKeyBody,
    ApiKeyPageBody,
    CreateApiKeyBody,
    NewApiKeyBody,
    RotateApiKeyBody,
)

router = json_router(API_PREFIX, "api-keys")

_KEYS = "/api-keys"
_OWNER_OR_ADMIN = session_or(API_KEYS_ADMIN)


@router.post(
    _KEYS,
    operation_id="createApiKey",
    summary="Make an API key",
    response_model=NewApiKeyBody,
    status_code=201,
    **operation(
        RECENT_SESSION, ReauthenticationRequired, UnknownPermission, *KEY_FAILURES, has_body=True
    ),
)
async def create_api_key(
    request: Request, body: CreateApiKeyBody, actor: Caller, services: Services, keyed: Keyed
) -> Response:
    """The answer shows the key, this once. Needs a password given within the last 15 minutes.

    `POST /api/v1/auth/reauthenticate` is the way to give it again.
    """

    async def act(once: Once[IssuedApiKey]) -> IssuedApiKey:
        return await services.create_api_key().execute(
            CreateApiKeyCommand(
                actor=actor,
                name=body.name,
                scopes=frozenset(body.scopes),
                expires_at=body.expires_at,
                rate_limit=body.rate_limit,
                once=once,
            )
        )

    def render(issued: IssuedApiKey) -> Response:
        return _render_issued(issued, collection=request.scope["path"])

    return await keyed.answer(actor, body, act, render)


@router.get(
    _KEYS,
    operation_id="listApiKeys",
    summary="List one's own API keys, newest first",
    response_model=ApiKeyPageBody,
    **operation(_OWNER_OR_ADMIN, InvalidCursor, VALIDATION),
)
async def list_api_keys(
    request: Request,
    actor: Caller,
    services: Services,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """In every status. Needs a session, or a key that holds `api_keys:admin`."""
    page = await services.list_api_keys().execute(
        ListApiKeysQuery(actor=actor, limit=limit, cursor=cursor)
    )
    return _render_page(request, page, services.clock().now())


@router.get(
    f"{_KEYS}/{{api_key_id}}",
    operation_id="getApiKey",
    summary="Get an API key",
    response_model=ApiKeyBody,
    **operation(_OWNER_OR_ADMIN, NotFound, VALIDATION),
)
async def get_api_key(api_key_id: UUID, actor: Caller, services: Services) -> Response:
    """One of one's own, or any with `api_keys:admin`. To others it does not exist."""
    key = await services.get_api_key().execute(GetApiKeyQuery(actor=actor, key_id=api_key_id))
    return render(ApiKeyBody.of(key, services.clock().now()))


@router.delete(
    f"{_KEYS}/{{api_key_id}}",
    operation_id="revokeApiKey",
    summary="Revoke an API key",
    status_code=204,
    response_class=Response,
    **operation(_OWNER_OR_ADMIN, NotFound, VALIDATION),
)
async def revoke_api_key(api_key_id: UUID, actor: Caller, services: Services) -> Response:
    """It is refused from the next call on, and stays in the list. Of others with `api_keys:admin`.

    Who revokes another account's key holds whatever that account holds.
    """
    await services.revoke_api_key().execute(RevokeApiKeyCommand(actor=actor, key_id=api_key_id))
    return Response(status_code=204)


@router.post(
    f"{_KEYS}/{{api_key_id}}/rotate",
    operation_id="rotateApiKey",
    summary="Replace an API key",
    response_model=NewApiKeyBody,
    status_code=201,
    **operation(
        RECENT_SESSION,
        ReauthenticationRequired,
        NotFound,
        ApiKeyNotActive,
        *KEY_FAILURES,
        has_body=True,
    ),
)
async def rotate_api_key(
    request: Request,
    api_key_id: UUID,
    actor: Caller,
    services: Services,
    keyed: Keyed,
    body: Annotated[RotateApiKeyBody, Body()] = RotateApiKeyBody(),  # noqa: B008
) -> Response:
    """A new key with the same name, scopes, limit and lifetime; the old one ends soon.

    Needs a password given within the last 15 minutes. A key is rotated once.
    """

    async def act(once: Once[IssuedApiKey]) -> IssuedApiKey:
        return await services.rotate_api_key().execute(
            RotateApiKeyCommand(
                actor=actor, key_id=api_key_id, overlap_seconds=body.overlap_seconds, once=once
            )
        )

    def render(issued: IssuedApiKey) -> Response:
        return _render_issued(issued, collection=request.scope["path"].rsplit("/", 2)[0])

    return await keyed.answer(actor, body, act, render)


@router.get(
    f"/users/{USER_ID}/api-keys",
    operation_id="listUserApiKeys",
    summary="List an account's API keys, newest first",
    response_model=ApiKeyPageBody,
    **operation(holder_of(API_KEYS_ADMIN), NotFound, InvalidCursor, VALIDATION),
)
async def list_user_api_keys(
    request: Request,
    user_id: UUID,
    actor: Caller,
    services: Services,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """In every status. Needs `api_keys:admin`."""
    page = await services.list_api_keys().execute(
        ListApiKeysQuery(actor=actor, owner_id=user_id, limit=limit, cursor=cursor)
    )
    return _render_page(request, page, services.clock().now())


def _render_page(request: Request, page: Page[ApiKey], now: datetime) -> Response:
    return render_page(request, page, ApiKeyPageBody, lambda key: ApiKeyBody.of(key, now))


def _render_issued(issued: IssuedApiKey, *, collection: str) -> Response:
    location = {"Location": f"{collection}/{issued.key.id}"}
    return render(NewApiKeyBody.of_issued(issued), 201, cache=NO_STORE, headers=location)
