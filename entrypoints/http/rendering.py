"""A body as an answer, and who may keep it."""

from collections.abc import Mapping

from fastapi import Response
from pydantic import BaseModel

PRIVATE = "private, no-cache"
NO_STORE = "no-store"


def render(
    body: BaseModel,
    status: int = 200,
    *,
    cache: str = PRIVATE,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Rendered here, once: FastAPI would validate what we have built ourselves."""
    sent = {"Cache-Control": cache, **(headers or {})}
    return Response(body.model_dump_json(), status, sent, "application/json")
