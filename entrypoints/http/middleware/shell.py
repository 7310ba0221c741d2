"""The outermost layer: request id, headers of every response, one log line a request."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from types import coroutine

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.logging import trace_id
from entrypoints.http.client_address import Network, client_address
from entrypoints.http.context import (
    Fields,
    RequestContext,
    attach,
    is_forwardable_id,
    new_request_id,
    readable_user_agent,
    route_template,
)
from entrypoints.http.counting import CLIENT_LEFT, count_request
from entrypoints.http.limits import limit_headers
from entrypoints.http.trace_context import caller_trace_id

Header = tuple[bytes, bytes]

API_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# FastAPI's documentation pages load their scripts from there and start them in the page.
_DOCS_CSP = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data: https://fastapi.tiangolo.com; "
    "script-src https://cdn.jsdelivr.net 'unsafe-inline'; worker-src blob:; "
    "style-src https://cdn.jsdelivr.net https://fonts.googleapis.com 'unsafe-inline'; "
    "font-src https://fonts.gstatic.com; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_DOCS_PATHS = frozenset({"/docs", "/redoc"})

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    # The filter that `1; mode=block` switches on can be turned against pages (OWASP).
    "X-XSS-Protection": "0",
}
_CSP = "Content-Security-Policy"
_HSTS = "max-age=63072000; includeSubDomains"


@coroutine
def _others_catch_up() -> Generator[None]:
    """Ends a step of a request: those that came together are taken through the next one together.

    The code and the tables of a step stay in the processor's caches for all of them, where each
    would find them cold if it were taken from its beginning to its end before the next one.
    """
    # To the event loop, as `asyncio.sleep(0)` goes after two calls of its own.
    yield


def security_headers(*, production: bool) -> dict[str, str]:
    """Of every response, the server's own refusals among them."""
    return SECURITY_HEADERS | ({"Strict-Transport-Security": _HSTS} if production else {})


def _encoded(headers: Mapping[str, str]) -> Sequence[Header]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


class RequestShell:
    """Gives the request its context, answers HEAD as GET without a body, and logs the outcome."""

    def __init__(
        self, app: ASGIApp, *, trusted_proxies: Sequence[Network], production: bool
    ) -> None:
        self._app = app
        self._trusted_proxies = trusted_proxies
        # Bound once: looking the configuration up anew costs as much as a line.
        self._log = structlog.get_logger("doorward.http").bind()
        headers = security_headers(production=production)
        self._headers = _encoded(headers | {_CSP: API_CSP})
        self._page_headers = _encoded(headers | {_CSP: _DOCS_CSP})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = self._context(scope)
        # Whatever another request left behind, this one's lines must not have.
        trace_id.set(caller_trace_id(context.fields.get(b"traceparent", [])))
        # A copy: the server counts a body out by its own, in which HEAD must stay HEAD.
        scope = {**scope, "method": "GET" if context.is_head else scope["method"]}
        attach(scope, context)
        self._log.debug("request_started", request_id=context.request_id, method=context.method)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                await _others_catch_up()
                status = message["status"]
                message["headers"] = self._dressed(message["headers"], scope, context)
            elif message["type"] == "http.response.body":
                if context.is_head:
                    message = {**message, "body": b""}
                if not message.get("more_body", False):
                    # Before the last byte leaves: who has the answer finds it counted.
                    count_request(scope, context, status)
            await send(message)

        try:
            await _others_catch_up()
            await self._app(scope, receive, send_with_headers)
            await _others_catch_up()
        finally:
            count_request(scope, context, status or CLIENT_LEFT)
            self._write_line(scope, context, status or CLIENT_LEFT)

    def _context(self, scope: Scope) -> RequestContext:
        fields = Fields.of(scope["headers"])
        offered = fields.first(b"x-request-id") or ""
        peer = scope["client"][0] if scope.get("client") else None
        return RequestContext(
            request_id=offered if is_forwardable_id(offered) else new_request_id(),
            client_ip=client_address(
                peer, ",".join(fields.get(b"x-forwarded-for", [])), self._trusted_proxies
            ),
            user_agent=readable_user_agent(fields.first(b"user-agent")),
            method=scope["method"],
            fields=fields,
            telemetry=scope["app"].state.container.telemetry(),
        )

    def _dressed(
        self, given: Iterable[Header], scope: Scope, context: RequestContext
    ) -> list[Header]:
        """With the headers of every response; what a route has set itself stays as it is."""
        headers = [
            *given,
            (b"x-request-id", context.request_id.encode()),
            (b"x-response-time", b"%.2f" % context.elapsed_ms()),
        ]
        if context.limit is not None:
            headers += limit_headers(context.limit)
        named = dict(headers)
        is_page = scope["path"] in _DOCS_PATHS and b"html" in named.get(b"content-type", b"")
        defaults = self._page_headers if is_page else self._headers
        headers += [header for header in defaults if header[0] not in named]
        return headers

    def _write_line(self, scope: Scope, context: RequestContext, status: int) -> None:
        facts = {
            "request_id": context.request_id,
            "method": context.method,
            "route": route_template(scope),
            "status": status,
            "duration_ms": round(context.elapsed_ms(), 2),
            "client_ip": context.client_ip,
        }
        if context.actor is not None and context.actor.user_id is not None:
            facts["user_id"] = str(context.actor.user_id)
        if context.error_code is not None:
            facts["error"] = context.error_code
        if status >= 500:
            self._log.error("request_failed", **facts)
        else:
            self._log.info("request_completed", **facts)
