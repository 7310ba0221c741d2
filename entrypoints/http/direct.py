"""What is asked far more often than all else is answered before routes are tried one by one.

The framework's own way to a route costs more than everything that these two do. They run the same
functions as their routes, which stand in the OpenAPI document: authentication, limits, use case.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.errors import DomainError
from entrypoints.http.counting import count_begin
from entrypoints.http.dependencies import charged_actor, get_container
from entrypoints.http.errors import HttpError, answer_domain_error, render_http_error
from entrypoints.http.health import live
from entrypoints.http.middleware.boundary import ErrorBoundary
from entrypoints.http.operations import API_PREFIX
from entrypoints.http.users import get_me

_Endpoint = Callable[[Request], Awaitable[Response]]


async def _me(request: Request) -> Response:
    services = await get_container(request)
    actor = await charged_actor(request)
    return await get_me(actor, services, request.headers.get("if-none-match"))


async def _live(_: Request) -> Response:
    return await live()


_ENDPOINTS: dict[tuple[str, str], _Endpoint] = {
    ("GET", f"{API_PREFIX}/users/me"): _me,
    ("GET", "/health/live"): _live,
}


@dataclass(frozen=True)
class _Route:
    """What the log and the metrics know a route by."""

    path_format: str


class DirectRoutes:
    """Around the framework: what is not known here goes on to it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._direct = ErrorBoundary(_answer)
        self._routes = {key: (end, _Route(key[1])) for key, end in _ENDPOINTS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = (
            self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        )
        if known is None:
            await self._app(scope, receive, send)
        else:
            scope["endpoint"], scope["route"] = known
            count_begin(scope)
            await self._direct(scope, receive, send)


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    try:
        response: Response = await scope["endpoint"](request)
    except DomainError as error:
        response = await answer_domain_error(request, error)
    except HttpError as error:
        response = render_http_error(scope, error)
    await response(scope, receive, send)
