"""What is asked far more often than all else is answered before routes are tried one by one.

The framework's own way to a route costs more than everything that most of these do. They run the
same functions as their routes, which stand in the OpenAPI document: authentication, limits, use
case. A body that is not plainly what the route takes goes the framework's way, which knows what to
say about it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.errors import DomainError
from entrypoints.http.auth import login, refresh
from entrypoints.http.context import context_of
from entrypoints.http.counting import count_begin
from entrypoints.http.dependencies import (
    anonymous_actor,
    charged_actor,
    get_container,
    optional_actor,
)
from entrypoints.http.errors import HttpError, answer_domain_error, render_http_error
from entrypoints.http.health import live
from entrypoints.http.idempotency import HEADER as IDEMPOTENCY_KEY
from entrypoints.http.idempotency import KeyedRequest
from entrypoints.http.limits import get_limits
from entrypoints.http.middleware.boundary import ErrorBoundary
from entrypoints.http.operations import API_PREFIX
from entrypoints.http.own_account import get_me
from entrypoints.http.schemas.auth import LoginBody, RefreshBody
from entrypoints.http.schemas.users import RegisterBody
from entrypoints.http.users import register_user


async def _me(request: Request) -> Response:
    services = await get_container(request)
    actor = await charged_actor(request)
    if_none_match = context_of(request.scope).fields.first(b"if-none-match")
    return await get_me(actor, services, if_none_match)


async def _live(_: Request) -> Response:
    return await live()


async def _refresh(request: Request, body: RefreshBody) -> Response:
    actor, services = await anonymous_actor(request), await get_container(request)
    return await refresh(body, actor, services, await get_limits(request))


async def _login(request: Request, body: LoginBody) -> Response:
    actor, services = await anonymous_actor(request), await get_container(request)
    return await login(body, actor, services, await get_limits(request))


async def _register(request: Request, body: RegisterBody) -> Response:
    services, limits = await get_container(request), await get_limits(request)
    actor = await optional_actor(request)
    keyed = KeyedRequest(request, services, None)
    return await register_user(request, body, actor, services, limits, keyed)


_IDEMPOTENCY_KEY = IDEMPOTENCY_KEY.lower().encode()
_NAN, _INFINITY = b"NaN", b"Infinity"
"""What JSON does not have. The models never see one that stands under a name which is given a
second time; the framework's way does.
"""


@dataclass(frozen=True)
class _Endpoint:
    """`path_format` is what the log and the metrics know the route by."""

    path_format: str
    answer: Callable[..., Awaitable[Response]]
    body: type[BaseModel] | None = None


_ENDPOINTS: dict[tuple[str, str], _Endpoint] = {
    (method, endpoint.path_format): endpoint
    for method, endpoint in (
        ("GET", _Endpoint(f"{API_PREFIX}/users/me", _me)),
        ("GET", _Endpoint("/health/live", _live)),
        ("POST", _Endpoint(f"{API_PREFIX}/auth/refresh", _refresh, RefreshBody)),
        ("POST", _Endpoint(f"{API_PREFIX}/auth/login", _login, LoginBody)),
        ("POST", _Endpoint(f"{API_PREFIX}/users", _register, RegisterBody)),
    )
}


class DirectRoutes:
    """Around the framework: what is not known here goes on to it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._direct = ErrorBoundary(_answer)
        # A copy, so that a service can be measured without some of them.
        self._endpoints = dict(_ENDPOINTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = None
        if scope["type"] == "http":
            endpoint = self._endpoints.get((scope["method"], scope["path"]))
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        scope["route"], scope["endpoint"] = endpoint, endpoint.answer
        count_begin(scope)
        if endpoint.body is not None:
            body, receive = await _read(scope, receive, endpoint.body)
            if body is None:
                await self._app(scope, receive, send)
                return
            scope["endpoint"] = partial(endpoint.answer, body=body)
        await self._direct(scope, receive, send)


async def _read(
    scope: Scope, receive: Receive, model: type[BaseModel]
) -> tuple[BaseModel | None, Receive]:
    """The body, if it is in order, and from where it can be read once more if it is not."""
    fields = context_of(scope).fields
    if (
        fields.first(b"content-type") != "application/json"
        or b"content-length" not in fields
        or _IDEMPOTENCY_KEY in fields
    ):
        return None, receive
    messages: list[Message] = []
    while not messages or messages[-1].get("more_body"):
        messages.append(await receive())
    content = b"".join(message.get("body", b"") for message in messages)
    # Who left in the middle of a body may have meant something else by it than its beginning.
    if messages[-1]["type"] == "http.disconnect" or _NAN in content or _INFINITY in content:
        return None, _again(messages, receive)
    try:
        return model.model_validate_json(content), receive
    except ValidationError:
        return None, _again(messages, receive)


def _again(messages: list[Message], receive: Receive) -> Receive:
    remaining = iter(messages)

    async def receive_again() -> Message:
        return next(remaining, None) or await receive()

    return receive_again


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    try:
        response: Response = await scope["endpoint"](request)
    except DomainError as error:
        response = await answer_domain_error(request, error)
    except HttpError as error:
        response = render_http_error(scope, error)
    await response(scope, receive, send)
