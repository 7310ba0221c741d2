"""Routes that read a JSON body, and nothing but what RFC 8259 calls JSON."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response

from entrypoints.http.counting import CountedRoute
from entrypoints.http.errors import unsupported_media_type


def json_router(prefix: str, tag: str) -> APIRouter:
    """The router of one part of the API."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=JsonRoute)


class JsonRoute(CountedRoute):
    """A body that is not JSON is refused for what it is, not for what it does not contain."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_json(request: Request) -> Response:
            if _has_body(request) and not _is_json(request):
                raise unsupported_media_type()
            return await handle(_JsonRequest(request.scope, request.receive))

        return handle_json


class _JsonRequest(Request):
    async def json(self) -> Any:
        # Python's reader also takes UTF-16 and UTF-32 (RFC 8259, 8.1), NaN, and 1e999 as infinity.
        text = (await self.body()).decode()
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if abs(number) != float("inf") else _refuse(digits)


def _refuse(_: str) -> float:
    raise ValueError("not a number that JSON has")


def _has_body(request: Request) -> bool:
    headers = request.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
