"""The OpenAPI document: generated, then completed with what FastAPI cannot know."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from entrypoints.http.idempotency import describe_replays
from entrypoints.http.schemas.bodies import drop_null
from entrypoints.http.schemas.errors import ERROR_CODES, ErrorBody, ErrorDetailBody, ProblemBody
from entrypoints.version import VERSION

_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token from `POST /api/v1/auth/login`.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "An API key, for calls between servers.",
    },
}

_DESCRIPTION = """\
Accounts and access: users, sign-in, tokens, API keys, roles.

Send either `Authorization: Bearer` or `X-API-Key`. Every error has the schema `ErrorBody`, or
`ProblemBody` (RFC 9457) with `Accept: application/problem+json`. `x-doorward-access` on each
operation says who may call it.
"""


_REFERENCE = "#/components/schemas/"
_HTTP_VALIDATION_ERROR = f"{_REFERENCE}HTTPValidationError"


def install_openapi(app: FastAPI) -> None:
    """Builds the document on first use and keeps it."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _build(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title="Doorward",
        version=VERSION,
        openapi_version="3.1.0",
        summary="A self-hosted accounts and access service",
        description=_DESCRIPTION,
        contact={"name": "The Doorward developers"},
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        routes=app.routes,
        servers=[{"url": "/", "description": "Wherever this document comes from."}],
        tags=[
            {"name": "users", "description": "Accounts."},
            {"name": "roles", "description": "Roles and permissions: who may do what."},
            {"name": "auth", "description": "Signing in and out."},
            {"name": "recovery", "description": "Lost passwords, proof and change of address."},
            {"name": "sessions", "description": "Signed-in devices."},
            {"name": "api-keys", "description": "Keys for calls between servers."},
            {"name": "items", "description": "Small records of the application's own."},
            {"name": "events", "description": "The audit log."},
            {"name": "health", "description": "Whether the service can do its work."},
            {"name": "oauth", "description": "What OAuth clients and resource servers ask."},
            {"name": "well-known", "description": "What verifiers of our tokens read."},
        ],
    )
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SECURITY_SCHEMES
    _add_errors(components.setdefault("schemas", {}))
    for operations in document["paths"].values():
        for operation in operations.values():
            _correct(operation)
            describe_replays(operation)
    return document


def _add_errors(schemas: dict[str, Any]) -> None:
    for model in (ErrorDetailBody, ErrorBody, ProblemBody):
        schema = model.model_json_schema(ref_template=f"{_REFERENCE}{{model}}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    for name in ("ErrorBody", "ProblemBody"):
        drop_null(schemas[name]["properties"]["details"])
        schemas[name]["properties"]["error"]["enum"] = sorted(ERROR_CODES)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _correct(operation: dict[str, Any]) -> None:
    """What FastAPI says of parameters and their faults, but does not know."""
    for parameter in operation.get("parameters", ()):
        drop_null(parameter["schema"])
    # Documented wherever there is a parameter. Those that can be at fault say so themselves.
    if _HTTP_VALIDATION_ERROR in str(operation["responses"].get("422")):
        del operation["responses"]["422"]
