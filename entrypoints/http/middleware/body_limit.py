"""No body grows past 64 KiB, announced or not."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.http.errors import payload_too_large, render_http_error

MAX_BODY_BYTES = 64 * 1024


class BodyLimit:
    """Refuses by Content-Length before a byte is read, and counts where there is none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if not announced.isdigit() or int(announced[:20]) > MAX_BODY_BYTES:
            await render_http_error(scope, payload_too_large())(scope, receive, send)
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
