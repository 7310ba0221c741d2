"""What routes are given: the container, the caller, preconditions."""

from typing import Annotated

from fastapi import Depends, Request

from application.api_keys.authentication import AuthenticateApiKeyQuery
from application.authentication import AuthenticateTokenQuery
from config.container import Container
from domain.access import Actor, NotAuthenticated
from domain.errors import Unauthenticated
from domain.sessions import InvalidAccessToken
from entrypoints.http.context import context_of
from entrypoints.http.errors import ambiguous_credentials
from entrypoints.http.limits import get_limits


async def get_container(request: Request) -> Container:
    container: Container = request.app.state.container
    return container


Services = Annotated[Container, Depends(get_container)]


async def anonymous_actor(request: Request) -> Actor:
    """For routes open to anyone, which ignore credentials."""
    return Actor.anonymous(context_of(request.scope).origin)


async def _authenticate(request: Request, services: Container) -> Actor:
    context = context_of(request.scope)
    tokens = context.fields.get(b"authorization", [])
    keys = context.fields.get(b"x-api-key", [])
    if len(tokens) + len(keys) > 1:
        raise ambiguous_credentials()
    if keys:
        key = AuthenticateApiKeyQuery(api_key=keys[0], origin=context.origin)
        return await services.authenticate_api_key().execute(key)
    if not tokens:
        return Actor.anonymous(context.origin)
    scheme, _, token = tokens[0].partition(" ")
    if scheme.lower() != "bearer":
        raise NotAuthenticated
    if not token.strip():
        raise InvalidAccessToken
    query = AuthenticateTokenQuery(access_token=token.strip(), origin=context.origin)
    return await services.authenticate_token().execute(query)


# Each calls the one before it: the framework would keep and solve a tree of them for every route.


async def optional_actor(request: Request) -> Actor:
    """For routes that know more to do for callers who are known. A bad credential is refused."""
    try:
        actor = await _authenticate(request, await get_container(request))
    except Unauthenticated:
        await (await get_limits(request)).charge_refused()
        raise
    context_of(request.scope).actor = actor
    return actor


async def known_actor(request: Request) -> Actor:
    """For routes that charge the call themselves, as an attempt."""
    actor = await optional_actor(request)
    if actor.user_id is None:
        raise NotAuthenticated
    return actor


async def charged_actor(request: Request) -> Actor:
    """For every other route."""
    actor = await known_actor(request)
    await (await get_limits(request)).charge_caller(actor)
    return actor


Anonymous = Annotated[Actor, Depends(anonymous_actor)]
Optional = Annotated[Actor, Depends(optional_actor)]
UnchargedCaller = Annotated[Actor, Depends(known_actor)]
Caller = Annotated[Actor, Depends(charged_actor)]
