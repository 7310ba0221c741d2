"""What routes are given: the container, the caller, preconditions."""

from typing import Annotated

from fastapi import Depends, Request

from application.authentication import AuthenticateTokenQuery
from config.container import Container
from domain.access import Actor, NotAuthenticated
from domain.sessions import InvalidAccessToken, InvalidApiKey
from entrypoints.http.context import context_of
from entrypoints.http.errors import ambiguous_credentials, unsupported_media_type


async def get_container(request: Request) -> Container:
    container: Container = request.app.state.container
    return container


Services = Annotated[Container, Depends(get_container)]


async def anonymous_actor(request: Request) -> Actor:
    """For routes open to anyone, which ignore credentials."""
    return Actor.anonymous(context_of(request.scope).origin)


async def optional_actor(request: Request, services: Services) -> Actor:
    """For routes that know more to do for callers who are known. A bad credential is refused."""
    context = context_of(request.scope)
    tokens = request.headers.getlist("authorization")
    keys = request.headers.getlist("x-api-key")
    if len(tokens) + len(keys) > 1:
        raise ambiguous_credentials()
    if keys:
        # No key has been issued yet, so none is valid.
        raise InvalidApiKey
    if not tokens:
        return Actor.anonymous(context.origin)
    scheme, _, token = tokens[0].partition(" ")
    if scheme.lower() != "bearer":
        raise NotAuthenticated
    if not token.strip():
        raise InvalidAccessToken
    query = AuthenticateTokenQuery(access_token=token.strip(), origin=context.origin)
    context.actor = await services.authenticate_token().execute(query)
    return context.actor


async def known_actor(actor: Annotated[Actor, Depends(optional_actor)]) -> Actor:
    """For every other route."""
    if actor.user_id is None:
        raise NotAuthenticated
    return actor


Anonymous = Annotated[Actor, Depends(anonymous_actor)]
Optional = Annotated[Actor, Depends(optional_actor)]
Caller = Annotated[Actor, Depends(known_actor)]


async def require_json(request: Request) -> None:
    """A body that is not JSON is refused for what it is, not for what it does not contain."""
    headers = request.headers
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    if has_body and not is_json:
        raise unsupported_media_type()
