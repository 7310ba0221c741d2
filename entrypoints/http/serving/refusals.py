"""Answers to what never becomes a request of the application, as bytes."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from domain.errors import Unavailable
from entrypoints.http.middleware.shell import API_CSP
from entrypoints.http.schemas.errors import ErrorBody
from entrypoints.http.serving.config import GuardedConfig

_log = structlog.get_logger("doorward.http")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One reason; `code` is of the closed list, `reason` is for the log."""

    status: int
    code: str
    message: str
    reason: str
    headers: tuple[tuple[str, str], ...] = ()


MALFORMED = Refusal(
    status=400,
    code="malformed_request",
    message="The request could not be read.",
    reason="malformed",
)
TOO_SLOW = Refusal(
    status=408,
    code="malformed_request",
    message="The request took too long to arrive.",
    reason="slow",
)
TARGET_TOO_LONG = Refusal(
    status=414,
    code="malformed_request",
    message="The address of the request is longer than 8 KiB.",
    reason="long_target",
)
HEAD_TOO_LARGE = Refusal(
    status=431,
    code="malformed_request",
    message="The head of the request has more than 100 fields or 32 KiB.",
    reason="large_head",
)
FULL = Refusal(
    status=503,
    code=Unavailable.code,
    message="There are too many connections.",
    reason="full",
    headers=(("Retry-After", "1"),),
)
LEAVING = Refusal(
    status=503,
    code=Unavailable.code,
    message="The service is shutting down.",
    reason="shutdown",
    headers=(("Retry-After", "1"),),
)


def told(
    refusal: Refusal,
    client_ip: str | None,
    elapsed_seconds: float,
    server_headers: Iterable[tuple[bytes, bytes]],
    config: GuardedConfig,
) -> bytes:
    """The answer, which is logged and counted here. It has the one error schema and the headers of
    every response, and nothing of what was sent.
    """
    request_id = str(uuid.uuid4())
    _log.info(
        "request_refused",
        request_id=request_id,
        status=refusal.status,
        reason=refusal.reason,
        client_ip=client_ip,
    )
    config.telemetry.request_unread(refusal.reason)
    error = ErrorBody(
        error=refusal.code, message=refusal.message, details=None, request_id=request_id
    )
    body = error.model_dump_json(exclude_none=True).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Cache-Control": "no-store",
        "X-Request-ID": request_id,
        "X-Response-Time": f"{elapsed_seconds * 1000:.2f}",
        "Content-Security-Policy": API_CSP,
        **config.security_headers,
        **dict(refusal.headers),
    }
    given = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in (*server_headers, *given))
    return STATUS_LINE[refusal.status] + lines + b"\r\n" + body
