"""The OpenAPI document: generated, then completed with what FastAPI cannot know."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

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
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        routes=app.routes,
        tags=[
            {"name": "users", "description": "Accounts."},
            {"name": "auth", "description": "Signing in and out."},
            {"name": "health", "description": "Whether the service can do its work."},
            {"name": "well-known", "description": "What verifiers of our tokens read."},
        ],
    )
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SECURITY_SCHEMES
    schemas = components.setdefault("schemas", {})
    for model in (ErrorDetailBody, ErrorBody, ProblemBody):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schema.pop("$defs", None)
        schemas[model.__name__] = schema
    for name in ("ErrorBody", "ProblemBody"):
        schemas[name]["properties"]["error"]["enum"] = sorted(ERROR_CODES)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document
