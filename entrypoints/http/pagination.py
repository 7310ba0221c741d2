"""Pages of a list, and the link to the next one (RFC 8288)."""

from collections.abc import Callable
from typing import Annotated, TypeVar
from urllib.parse import quote

from fastapi import Query, Request, Response
from pydantic import BaseModel
from starlette.datastructures import QueryParams

from domain.pages import MAX_LIMIT, Page
from entrypoints.http.rendering import render
from entrypoints.http.schemas.bodies import PageBody

R = TypeVar("R")
B = TypeVar("B", bound=BaseModel)

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at the most.")]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before.")]


def render_page(
    request: Request, page: Page[R], body: type[PageBody[B]], item: Callable[[R], B]
) -> Response:
    """The Link is relative: the name under which a proxy shows us is not ours to know."""
    headers = {}
    if page.next_cursor is not None:
        # What the list does not know is left out: nobody else decides how long a header gets.
        known = {field.alias for field in request.scope["route"].dependant.query_params}
        given = [(k, v) for k, v in request.query_params.items() if k in known - {"cursor"}]
        query = QueryParams([*given, ("cursor", page.next_cursor)])
        headers["Link"] = f'<{quote(request.scope["path"])}?{query}>; rel="next"'
    items = [item(each) for each in page.items]
    return render(body(items=items, next_cursor=page.next_cursor), headers=headers)
