"""One span a request; only there at all where tracing is switched on."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.ports.tracing import Tracing
from config.logging import trace_id
from entrypoints.http.context import context_of, route_template
from entrypoints.http.counting import CLIENT_LEFT, known_method


class RequestSpans:
    """Inside the shell, which has read the request and will log it with the trace's id."""

    def __init__(self, app: ASGIApp, *, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = CLIENT_LEFT

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = known_method(context_of(scope).method)
        with self._tracing.request(method, scope["headers"]) as span:
            trace_id.set(span.trace_id)
            try:
                await self._app(scope, receive, watch)
            finally:
                span.answered(route_template(scope), status)
