"""Routes that speak OAuth: forms in, and errors in the form of RFC 6749, section 5.2."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response

from domain.errors import Unauthenticated
from domain.sessions import InvalidRefreshToken, UnknownAudience
from domain.text import is_storable
from entrypoints.http.context import context_of
from entrypoints.http.counting import CountedRoute
from entrypoints.http.rendering import NO_STORE
from entrypoints.http.schemas.oauth import OAuthErrorBody, OAuthErrorCode
from entrypoints.http.schemas.texts import TEXT_SCHEMA

_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 20


class OAuthError(Exception):
    """One of RFC 6749's codes."""

    def __init__(self, code: OAuthErrorCode, description: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.description = description
        self.status = status


def invalid_request(description: str) -> OAuthError:
    return OAuthError("invalid_request", description)


class OAuthRoute(CountedRoute):
    """Turns whatever a use case refuses into OAuth's words; the rest leaves as everywhere else."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_oauth(request: Request) -> Response:
            try:
                return await handle(request)
            except OAuthError as error:
                return _render(request, error)
            except InvalidRefreshToken as error:
                return _render(request, OAuthError("invalid_grant", error.message))
            except UnknownAudience as error:
                return _render(request, OAuthError("invalid_target", error.details[0].message))
            except Unauthenticated as error:
                return _render(request, OAuthError("invalid_client", error.message, 401))

        return handle_oauth


def _render(request: Request, error: OAuthError) -> Response:
    context_of(request.scope).error_code = error.code
    headers = {"Cache-Control": NO_STORE}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = OAuthErrorBody(error=error.code, error_description=error.description)
    return Response(body.model_dump_json(), error.status, headers, "application/json")


@dataclass(frozen=True)
class Form:
    """The parameters of a request, each given once."""

    fields: Mapping[str, str]

    def required(self, name: str) -> str:
        """Raises OAuthError. An empty parameter is an absent one (RFC 6749, 3.1)."""
        value = self.fields.get(name)
        if not value:
            raise invalid_request(f"The parameter {name} is missing.")
        return value

    def optional(self, name: str) -> str | None:
        return self.fields.get(name) or None


async def read_form(request: Request) -> Form:
    """Raises OAuthError for what is not a form, or names a parameter twice (RFC 6749, 3.2)."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM:
        raise invalid_request(f"The body must be {_FORM}.")
    try:
        text = (await request.body()).decode()
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise invalid_request("The body could not be read.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or not all(map(is_storable, [*fields, *fields.values()])):
        raise invalid_request("A parameter is given twice, or is not text.")
    return Form(fields)


def form_schema(required: tuple[str, ...], **properties: dict[str, Any]) -> dict[str, Any]:
    """The request body for the OpenAPI document, by parameter; parameters nobody knows are ignored.

    An empty parameter that is not required is an absent one.
    """
    schema = {
        "type": "object",
        "required": list(required),
        "properties": {
            name: {**TEXT_SCHEMA, **({"minLength": 1} if name in required else {}), **told}
            for name, told in properties.items()
        },
        "additionalProperties": TEXT_SCHEMA,
        "propertyNames": {"pattern": TEXT_SCHEMA["pattern"]},
        "maxProperties": _MAX_FIELDS,
    }
    return {"required": True, "content": {_FORM: {"schema": schema}}}
