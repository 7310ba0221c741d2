"""Only hosts that this service answers to (RFC 9110, 7.2): links and redirects trust the name."""

import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from entrypoints.http.context import context_of
from entrypoints.http.errors import invalid_host, render_http_error

_OPEN_PATHS = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""Asked by machines that know an address, not a name."""


HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:@/\s]+)(:[0-9]*)?", re.ASCII)
"""`[::1]:8000`, `name:8000`, `name` (RFC 9110, 7.2)."""


class HostCheck:
    """Patterns are `name`, `*.name` or `*`; ports do not count."""

    def __init__(self, app: ASGIApp, *, allowed: Sequence[str]) -> None:
        self._app = app
        self._any = "*" in allowed
        self._names = frozenset(allowed)
        self._suffixes = tuple(pattern[1:] for pattern in allowed if pattern.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _OPEN_PATHS or self._allows(scope):
            await self._app(scope, receive, send)
        else:
            await render_http_error(scope, invalid_host())(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        hosts = context_of(scope).fields.get(b"host", [])
        # Two Host headers are two opinions; whoever reads the other one is led astray.
        if len(hosts) != 1:
            return False
        if self._any:
            return True
        match = HOST.fullmatch(hosts[0].lower())
        return match is not None and (
            match["name"] in self._names or match["name"].endswith(self._suffixes)
        )
