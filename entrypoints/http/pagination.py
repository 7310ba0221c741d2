"""Pages of a list, and the link to the next one (RFC 8288)."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Request, Response
from pydantic import BaseModel
from starlette.datastructures import QueryParams

from domain.pages import MAX_LIMIT

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at the most.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


def render_page(request: Request, body: BaseModel, next_cursor: str | None) -> Response:
    """The Link is relative: the name under which a proxy shows us is not ours to know."""
    headers = {"Cache-Control": "private, no-cache"}
    if next_cursor is not None:
        # What the list does not know is left out: nobody else decides how long a header gets.
        known = {field.alias for field in request.scope["route"].dependant.query_params}
        given = [(k, v) for k, v in request.query_params.items() if k in known - {"cursor"}]
        query = QueryParams([*given, ("cursor", next_cursor)])
        headers["Link"] = f'<{quote(request.scope["path"])}?{query}>; rel="next"'
    return Response(body.model_dump_json(), 200, headers, "application/json")
