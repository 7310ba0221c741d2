"""The one error schema, and how every error that any layer raises becomes it."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Scope

from application.authentication import RecordDenialCommand
from domain.access import ActorKind, PermissionMissing
from domain.errors import (
    Conflict,
    DomainError,
    ErrorDetail,
    Forbidden,
    Invalid,
    NotFound,
    RateLimited,
    StaleVersion,
    Unauthenticated,
    Unavailable,
)
from domain.links import InvalidLink
from entrypoints.http.context import context_of, route_template
from entrypoints.http.rendering import NO_STORE
from entrypoints.http.schemas.errors import ErrorBody, ErrorDetailBody, ProblemBody

STATUS_OF_KIND: dict[type[DomainError], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    StaleVersion: 412,
    InvalidLink: 400,
    RateLimited: 429,
    Unavailable: 503,
}

PROBLEM_JSON = "application/problem+json"


class HttpError(HTTPException):
    """An error of HTTP itself, which no use case knows of.

    It is Starlette's HTTPException so that it passes through FastAPI's reading of the body.
    """

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(status, message, headers=headers or None)
        self.code = code
        self.message = message


def malformed_request() -> HttpError:
    return HttpError(400, "malformed_request", "The request could not be read.")


def invalid_host() -> HttpError:
    return HttpError(400, "invalid_host", "This service does not answer to that host.")


def ambiguous_credentials() -> HttpError:
    return HttpError(400, "ambiguous_credentials", "Send one credential, once.")


def route_not_found() -> HttpError:
    return HttpError(404, NotFound.code, NotFound.message)


def method_not_allowed(allowed: Sequence[str]) -> HttpError:
    return HttpError(
        405, "method_not_allowed", "This method is not allowed here.", Allow=", ".join(allowed)
    )


def payload_too_large() -> HttpError:
    return HttpError(413, "payload_too_large", "The body is larger than 64 KiB.")


def unsupported_media_type() -> HttpError:
    return HttpError(415, "unsupported_media_type", "The body must be application/json.")


def internal_error() -> HttpError:
    return HttpError(500, "internal_error", "Something went wrong on our side.")


def status_of(error: type[DomainError]) -> int:
    """The status of the most specific kind that the error belongs to."""
    return next(STATUS_OF_KIND[kind] for kind in error.__mro__ if kind in STATUS_OF_KIND)


def render(
    scope: Scope,
    status: int,
    code: str,
    message: str,
    details: Sequence[ErrorDetailBody] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The error as JSON, or as a problem document (RFC 9457) for callers that prefer one."""
    context = context_of(scope)
    context.error_code = code
    members: dict[str, Any] = {
        "error": code,
        "message": message,
        "details": list(details) or None,
        "request_id": context.request_id,
    }
    headers = {"Cache-Control": NO_STORE, **(headers or {})}
    if _prefers_problem(scope):
        problem = ProblemBody(
            title=HTTPStatus(status).phrase, status=status, detail=message, **members
        )
        content, media_type = problem.model_dump_json(exclude_none=True), PROBLEM_JSON
    else:
        content = ErrorBody(**members).model_dump_json(exclude_none=True)
        media_type = "application/json"
    return Response(content, status, headers, media_type)


def _prefers_problem(scope: Scope) -> bool:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return PROBLEM_JSON.encode() in accepted.lower()


def render_http_error(scope: Scope, error: HttpError) -> Response:
    return render(scope, error.status_code, error.code, error.message, headers=error.headers)


def render_domain_error(scope: Scope, error: DomainError) -> Response:
    status = status_of(type(error))
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, RateLimited | Unavailable):
        headers["Retry-After"] = str(max(1, round(error.retry_after_seconds + 0.499)))
    details = [_detail(each, in_body=isinstance(error, Invalid)) for each in error.details]
    return render(scope, status, error.code, error.message, details, headers)


def _detail(detail: ErrorDetail, *, in_body: bool) -> ErrorDetailBody:
    field = f"body.{detail.field}" if in_body else detail.field
    return ErrorDetailBody(field=field, code=detail.code, message=detail.message)


async def answer_domain_error(request: Request, error: DomainError) -> Response:
    """The refusal as a response; what has to be remembered of it is."""
    if isinstance(error, Forbidden):
        await _record_denial(request, error)
    return render_domain_error(request.scope, error)


async def _on_domain_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, DomainError):
        raise error
    return await answer_domain_error(request, error)


async def _record_denial(request: Request, error: Forbidden) -> None:
    actor = context_of(request.scope).actor
    if actor is None or actor.kind is ActorKind.ANONYMOUS:
        return
    command = RecordDenialCommand(
        actor=actor,
        operation=f"{request.method} {route_template(request.scope)}",
        missing=error.permissions if isinstance(error, PermissionMissing) else (error.code,),
    )
    await request.app.state.container.record_denial().execute(command)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    if isinstance(error, HttpError):
        return render_http_error(request.scope, error)
    if isinstance(error.__cause__, ClientDisconnect):
        # FastAPI takes it for a body that cannot be read.
        raise error.__cause__
    status = error.status_code if isinstance(error, HTTPException) else 500
    known = {
        404: route_not_found,
        405: lambda: method_not_allowed(_allowed_methods(request)),
        413: payload_too_large,
        415: unsupported_media_type,
    }
    make = known.get(status, malformed_request if status < 500 else internal_error)
    return render_http_error(request.scope, make())


def _allowed_methods(request: Request) -> list[str]:
    """Of every route at this path: Starlette's own answer names those of the first one only."""
    methods: set[str] = set()
    for route in request.app.routes:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if route.matches({**request.scope, "method": method})[0] is Match.FULL:
                methods.add(method)
    if "GET" in methods:
        methods.add("HEAD")
    return sorted(methods)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return render_http_error(request.scope, malformed_request())
    details = [
        # Never `input`, `ctx` or pydantic's own sentence, which may quote the input.
        ErrorDetailBody(
            field=_place_of(fault),
            code=fault["type"],
            message=_SENTENCES.get(fault["type"], "This value does not fit the schema."),
        )
        for fault in faults[:_MAX_DETAILS]
    ]
    return render(
        request.scope, 422, "validation_error", "The request does not fit its schema.", details
    )


# More help nobody, and would make a small request a large answer.
_MAX_DETAILS = 50

_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "string_type": "This must be a string.",
    "string_too_long": "This is too long.",
    "string_too_short": "This is too short.",
    "string_pattern_mismatch": "This does not have the right form.",
    "invalid_text": "This is not valid text.",
    "null_not_allowed": "A field cannot be null.",
    "too_long": "These are too many.",
    "repeated": "The same is given twice.",
    "uuid_parsing": "This must be a UUID.",
    "int_type": "This must be a whole number.",
    "greater_than_equal": "This is too small.",
    "less_than_equal": "This is too large.",
    "int_parsing": "This must be a whole number.",
    "enum": "This is not one of the allowed values.",
    "invalid_instant": "This must be a time as RFC 3339 writes it.",
}


def _place_of(fault: dict[str, Any]) -> str:
    """`body.roles.0`. A name that the caller chose is input, and is not echoed.

    Ours is at most the first one: our bodies are flat, and an unknown field is not ours at all.
    """
    source, *path = fault["loc"]
    ours = 0 if fault["type"] == "extra_forbidden" else 1
    shown = [
        part if isinstance(part, int) or depth < ours else "?" for depth, part in enumerate(path)
    ]
    return ".".join(str(part) for part in (source, *shown[:8]))


def register_error_handlers(app: FastAPI) -> None:
    """Everything that is raised below the middleware leaves through here."""
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
