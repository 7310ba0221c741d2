"""No body grows past 64 KiB, announced or not."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.http.context import context_of
from entrypoints.http.errors import (
    HttpError,
    malformed_request,
    payload_too_large,
    render_http_error,
)

MAX_BODY_BYTES = 64 * 1024


class BodyLimit:
    """Refuses by Content-Length before a byte is read, and counts where there is none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fault = _fault_of(context_of(scope).fields.get(b"content-length", ["0"])[0])
        if fault is not None:
            await render_http_error(scope, fault)(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise payload_too_large()
            return message

        await self._app(scope, receive_counted, send)


def _fault_of(announced: str) -> HttpError | None:
    if not announced.isdecimal():
        return malformed_request()
    # A number of a thousand digits is too large without being read.
    digits = announced.lstrip("0")
    too_large = len(digits) > len(str(MAX_BODY_BYTES)) or int(digits or "0") > MAX_BODY_BYTES
    return payload_too_large() if too_large else None
