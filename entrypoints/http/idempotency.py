"""Requests that may be sent again: the header `Idempotency-Key` (IETF draft of that name)."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from application.idempotency import Once, RepeatableRequest
from config.container import Container
from domain.access import Actor
from domain.errors import ConcurrentChange
from domain.idempotency import IdempotencyKeyReused
from entrypoints.http.dependencies import Services

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY_FAILURES = (IdempotencyKeyReused, ConcurrentChange)
"""What an operation with such a key must announce besides its own failures."""

_KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Cache-Control")
_UTF_8 = "utf-8"

R = TypeVar("R")

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=64,
        pattern="^[!-~]*$",
        description="Chosen by the caller, at random, for this one request. Sent again with the "
        "same key and body, the request is not carried out again: for 24 hours the answer is that "
        "of the first time.",
    ),
]


class KeyedRequest:
    """The request, for an act that its caller may have asked for before."""

    def __init__(self, request: Request, services: Container, key: str | None) -> None:
        self._request = request
        self._services = services
        self._key = key

    async def answer(
        self,
        actor: Actor,
        body: BaseModel | None,
        act: Callable[[Once[R]], Awaitable[R]],
        render: Callable[[R], Response],
    ) -> Response:
        """Hands `act` what its command takes as `once`; renders what it gives back."""
        if self._key is None:
            return render(await act(Once()))
        answer = await self._services.idempotency().answer(
            RepeatableRequest(
                actor=actor,
                key=self._key,
                operation=f"{self._request.method} {self._request.scope['path']}",
                content=lambda: _canonical(body),
            ),
            act,
            lambda result: _pack(render(result)),
        )
        response = _unpack(answer.content)
        if answer.is_repeated:
            response.headers[REPLAYED] = "true"
        return response


async def get_keyed_request(
    request: Request, services: Services, key: IdempotencyKey = None
) -> KeyedRequest:
    if len(request.headers.getlist(HEADER)) > 1:
        raise RequestValidationError([{"type": "repeated", "loc": ("header", HEADER)}])
    return KeyedRequest(request, services, key)


Keyed = Annotated[KeyedRequest, Depends(get_keyed_request)]


def describe_replays(operation: dict[str, Any]) -> None:
    """Adds to the OpenAPI document of an operation with a key how a repeated answer is told."""
    if not any(each["name"] == HEADER for each in operation.get("parameters", ())):
        return
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response.setdefault("headers", {})[REPLAYED] = {
                "description": "Only there if this is the answer of an earlier request.",
                "schema": {"type": "string", "enum": ["true"]},
            }


def _canonical(body: BaseModel | None) -> str:
    """The same text for the same body, however it was spelled. Without what no log may show."""
    if body is None:
        return ""
    secret = {name for name, field in type(body).model_fields.items() if not field.repr}
    return json.dumps(body.model_dump(mode="json", exclude=secret), sort_keys=True)


def _pack(response: Response) -> bytes:
    headers = {n: response.headers[n] for n in _KEPT_HEADERS if n in response.headers}
    content = bytes(response.body).decode(_UTF_8)
    return json.dumps([response.status_code, headers, content]).encode(_UTF_8)


def _unpack(packed: bytes) -> Response:
    status, headers, content = json.loads(packed)
    return Response(content, status, headers)
