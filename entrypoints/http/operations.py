"""What an operation declares of itself: who may call it, and every way it can fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from domain.access import NotAuthenticated, PermissionMissing
from domain.errors import DomainError, RateLimited, Unavailable
from domain.sessions import InvalidAccessToken, InvalidApiKey
from entrypoints.http.errors import (
    PROBLEM_JSON,
    HttpError,
    ambiguous_credentials,
    internal_error,
    invalid_host,
    malformed_request,
    payload_too_large,
    status_of,
    unsupported_media_type,
)
from entrypoints.http.schemas.errors import ErrorBody, ProblemBody

API_PREFIX = "/api/v1"
ACCESS_RULE = "x-doorward-access"
"""Where the OpenAPI document says who may call an operation."""

Failure = type[DomainError] | Callable[[], HttpError] | str
"""A domain error, an HTTP error, or the bare code `validation_error` of FastAPI's own checks."""

VALIDATION = "validation_error"

_BEFORE_THE_APPLICATION = {
    408: "The head or the body took too long to arrive.",
    414: "The target is longer than 8 KiB.",
    431: "The head has more than 100 fields or 32 KiB.",
}
"""Refused by the server itself, whatever was asked for, and before it has read `Accept`."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may call an operation, as the OpenAPI document says it (`x-doorward-access`)."""

    rule: str
    credentials: tuple[str, ...] = ()
    """Security schemes of which one is needed; `optional` ones may be left out."""
    optional: bool = False

    @property
    def failures(self) -> tuple[Failure, ...]:
        if not self.credentials:
            return ()
        return (ambiguous_credentials, NotAuthenticated, InvalidAccessToken, InvalidApiKey)

    @property
    def may_be_denied(self) -> bool:
        """Whether a caller who is known can still be refused."""
        return self.rule not in ("anyone", "any credential")

    @property
    def security(self) -> list[dict[str, list[str]]]:
        needed: list[dict[str, list[str]]] = [{scheme: []} for scheme in self.credentials]
        return [*needed, {}] if self.optional else needed


ANYONE = Access(rule="anyone")
ANYONE_OR_CALLER = Access(rule="anyone", credentials=("bearer", "apiKey"), optional=True)
ANY_CALLER = Access(rule="any credential", credentials=("bearer", "apiKey"))
OWN_SESSION = Access(rule="session", credentials=("bearer",))
RECENT_SESSION = Access(rule="recent session", credentials=("bearer",))
"""One whose user gave the password within the last 15 minutes."""


def holder_of(permission: str, *, or_self: bool = False) -> Access:
    rule = f"self or {permission}" if or_self else permission
    return Access(rule=rule, credentials=("bearer", "apiKey"))


def session_or(permission: str) -> Access:
    """For what a signed-in user does with their own, and holders of a permission with others'."""
    return Access(rule=f"session or {permission}", credentials=("bearer", "apiKey"))


def owner_with(permission: str, *, others: str) -> Access:
    """For what an account does with its own records, and holders of `others` with anybody's."""
    return Access(rule=f"own with {permission}, or {others}", credentials=("bearer", "apiKey"))


def operation(
    access: Access, *failures: Failure, has_body: bool = False, **more: Any
) -> dict[str, Any]:
    """Keyword arguments for a route: its documented failures, security and access rule.

    `more` is passed on and may add `responses` of its own.
    """
    always: list[Failure] = [malformed_request, invalid_host, payload_too_large, internal_error]
    always.append(Unavailable)
    if access.credentials or has_body:
        always.append(RateLimited)
    if access.may_be_denied:
        always.append(PermissionMissing)
    if has_body:
        always += [unsupported_media_type, VALIDATION]
    documented = _responses([*failures, *access.failures, *always]) | _server_refusals()
    documented.update(more.pop("responses", {}))
    extra = {"security": access.security, ACCESS_RULE: access.rule}
    return {"responses": documented, "openapi_extra": extra, **more}


class AccessUndeclared(Exception):
    """A route does not say who may call it; the text names the routes."""


def require_access_rules(app: FastAPI) -> None:
    """Every documented route was given an `operation(...)`. Raises AccessUndeclared."""
    silent = [
        f"{sorted(route.methods or ())} {context.path_format}"
        for context in iter_route_contexts(app.routes)
        if isinstance(route := context.original_route, APIRoute)
        and route.include_in_schema
        and ACCESS_RULE not in (route.openapi_extra or {})
    ]
    if silent:
        raise AccessUndeclared(", ".join(silent))


def _responses(failures: Sequence[Failure]) -> dict[int | str, dict[str, Any]]:
    codes: dict[int, set[str]] = {}
    for failure in failures:
        status, code = _status_and_code(failure)
        codes.setdefault(status, set()).add(code)
    return {status: _response(tuple(sorted(found))) for status, found in sorted(codes.items())}


@cache
def _response(codes: tuple[str, ...]) -> dict[str, Any]:
    """One for all operations that fail alike: there are many of them, and few ways to fail."""
    return {
        "description": "Codes: " + ", ".join(f"`{code}`" for code in codes) + ".",
        "content": {
            "application/json": {"schema": reference_to(ErrorBody)},
            PROBLEM_JSON: {"schema": reference_to(ProblemBody)},
        },
    }


@cache
def _server_refusals() -> dict[int | str, dict[str, Any]]:
    return {
        status: {
            "description": f"{meaning} Codes: `malformed_request`.",
            "content": {"application/json": {"schema": reference_to(ErrorBody)}},
        }
        for status, meaning in _BEFORE_THE_APPLICATION.items()
    }


def _status_and_code(failure: Failure) -> tuple[int, str]:
    if isinstance(failure, str):
        return 422, failure
    if isinstance(failure, type) and issubclass(failure, DomainError):
        return status_of(failure), failure.code
    error = failure()
    if not isinstance(error, HttpError):
        raise TypeError(f"not an error: {error!r}")
    return error.status_code, error.code


def reference_to(model: type[ErrorBody]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
