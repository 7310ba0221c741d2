"""What is known of a request besides its content, from its first byte to its log line."""

import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Scope

from application.limits import AppliedLimit
from application.ports.telemetry import RequestTelemetry
from domain.access import Actor, Origin

UNMATCHED = "unmatched"
PLAIN_PATHS = frozenset({"/docs", "/redoc", "/api/v1/openapi.json"})
"""Routes of FastAPI's own, which it does not name in the scope. Production has none of them."""

_KEY = "doorward"
_FORWARDABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
_USER_AGENT_LENGTH = 512


Fields = dict[bytes, list[str]]
"""The fields of a request's head: names in lower case, each with its values in their order."""


@dataclass(kw_only=True, slots=True)
class RequestContext:
    """One a request, kept in its scope: never in a ContextVar, which can outlive the request."""

    request_id: str
    client_ip: str | None
    user_agent: str | None
    method: str
    fields: Fields = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    actor: Actor | None = None
    error_code: str | None = None
    limit: AppliedLimit | None = None
    telemetry: RequestTelemetry | None = None
    in_flight: str | None = None
    """The route that counts it as being worked on."""

    @property
    def origin(self) -> Origin:
        return Origin(request_id=self.request_id, ip=self.client_ip, user_agent=self.user_agent)

    @property
    def is_head(self) -> bool:
        return self.method == "HEAD"

    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self.started) * 1000


def context_of(scope: Scope) -> RequestContext:
    context: RequestContext = scope[_KEY]
    return context


def attach(scope: Scope, context: RequestContext) -> None:
    scope[_KEY] = context


def route_template(scope: Scope) -> str:
    """`/api/v1/users/{user_id}`, so that logs neither grow with ids nor hold them."""
    route: Any = scope.get("route")
    template: str | None = getattr(route, "path_format", None)
    if template is None and "endpoint" in scope and scope["path"] in PLAIN_PATHS:
        return str(scope["path"])
    return template or UNMATCHED


def read_fields(head: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Once a request: several layers look something up, and each look through all costs as much."""
    fields: Fields = {}
    for name, value in head:
        fields.setdefault(name, []).append(value.decode("latin-1"))
    return fields


def new_request_id() -> str:
    """A UUIDv4 (RFC 9562, 5.4), written without making the object first."""
    chance = os.urandom(16).hex()
    return f"{chance[:8]}-{chance[8:12]}-4{chance[13:16]}-a{chance[17:20]}-{chance[20:]}"


def is_forwardable_id(value: str) -> bool:
    """Whether a caller's request id may become ours: it will stand in logs and headers."""
    return _FORWARDABLE_ID.fullmatch(value) is not None


def readable_user_agent(value: str | None) -> str | None:
    """Cut to what is stored, and without what no log should hold."""
    if not value:
        return None
    if not value.isprintable():
        value = "".join(c for c in value if c.isprintable())
    return value[:_USER_AGENT_LENGTH]
