"""Conditional requests on versioned records (RFC 9110, 13)."""

import re
from typing import Annotated, Any

from fastapi import Header, Response
from pydantic import BaseModel

from entrypoints.http.rendering import PRIVATE, render

_OUR_TAG = re.compile(r'"[1-9][0-9]{0,8}"')
_NO_VERSION = -1
"""What no record has: a precondition that cannot hold."""

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="Write only if the record still has this ETag; otherwise 412.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", description="Answer 304 if the record still has this ETag."),
]

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified."}}
"""For operations that take If-None-Match."""


def etag_of(version: int) -> str:
    return f'"{version}"'


def expected_version(if_match: str | None) -> int | None:
    """None where any version will do. A weak tag never matches (strong comparison, 13.1.1).

    Of several, only the highest can be current: versions grow, and the caller has seen that one.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    return max(_version_of(tag.strip()) for tag in if_match.split(","))


def _version_of(tag: str) -> int:
    is_ours = _OUR_TAG.fullmatch(tag) is not None
    return int(tag[1:-1]) if is_ours else _NO_VERSION


def render_versioned(
    body: BaseModel,
    version: int,
    *,
    if_none_match: str | None = None,
    status: int = 200,
    location: str | None = None,
) -> Response:
    """The record with its ETag, or 304 where the caller has it already."""
    headers = {"ETag": etag_of(version), "Cache-Control": PRIVATE}
    if location is not None:
        headers["Location"] = location
    if if_none_match is not None and _matches(if_none_match, etag_of(version)):
        return Response(status_code=304, headers=headers)
    return render(body, status, headers=headers)


def render_cacheable(
    content: str, *, etag: str, max_age_seconds: int, if_none_match: str | None
) -> Response:
    """What anyone may keep for a while, or 304."""
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={max_age_seconds}"}
    if if_none_match is not None and _matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(content, 200, headers, "application/json")


def _matches(if_none_match: str, etag: str) -> bool:
    tags = (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))
    return any(tag in ("*", etag) for tag in tags)
