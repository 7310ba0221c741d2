"""The last catch: whatever nobody expected becomes a 500 that says nothing, and a full log line."""

import traceback

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.errors import DomainError
from entrypoints.http.context import context_of
from entrypoints.http.errors import internal_error, render_domain_error, render_http_error

_log = structlog.get_logger("doorward.http")


class ResponseCutShort(Exception):
    """Tells the server to drop the connection. It logs what it catches, so this says nothing."""


class ErrorBoundary:
    """Inside CORS and the shell, so that even these answers carry every header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = False

        async def watch(message: Message) -> None:
            nonlocal began
            began = began or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the last catch there is
            _log_unexpected(scope, error)
            if began:
                raise ResponseCutShort from None
            response = (
                render_domain_error(scope, error)
                if isinstance(error, DomainError)
                else render_http_error(scope, internal_error())
            )
            await response(scope, receive, send)


def _log_unexpected(scope: Scope, error: Exception) -> None:
    # Types and places, no messages and no variables: either may hold what the caller sent.
    frames = traceback.extract_tb(error.__traceback__)
    _log.error(
        "unexpected_error",
        request_id=context_of(scope).request_id,
        error_type=type(error).__qualname__,
        caused_by=type(error.__cause__).__qualname__ if error.__cause__ else None,
        stack=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    )
