"""The audit log over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from application.events.listing import ListEventsQuery
from domain.events import EventFilter, EventKind
from domain.pages import DEFAULT_LIMIT, InvalidCursor
from domain.roles import EVENTS_READ
from entrypoints.http.dependencies import Caller, Services
from entrypoints.http.json_route import json_router
from entrypoints.http.operations import API_PREFIX, VALIDATION, holder_of, operation
from entrypoints.http.pagination import Cursor, Limit, render_page
from entrypoints.http.schemas.bodies import GivenInstant
from entrypoints.http.schemas.events import EventBody, EventPageBody, SubjectId

router = json_router(f"{API_PREFIX}/events", "events")


@router.get(
    "",
    operation_id="listEvents",
    summary="List the audit log, newest first",
    response_model=EventPageBody,
    **operation(holder_of(EVENTS_READ), InvalidCursor, VALIDATION),
)
async def list_events(
    request: Request,
    actor: Caller,
    services: Services,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    kind: EventKind | None = None,
    by: Annotated[
        UUID | None, Query(alias="actor", description="The id of the account or key that acted.")
    ] = None,
    subject: Annotated[SubjectId | None, Query(description="The id of what was acted on.")] = None,
    since: Annotated[
        GivenInstant | None, Query(description="What happened then or later. RFC 3339.")
    ] = None,
    until: Annotated[
        GivenInstant | None, Query(description="What happened before. RFC 3339.")
    ] = None,
) -> Response:
    """All conditions given must hold. Needs `events:read`."""
    where = EventFilter(
        kind=kind,
        actor_id=str(by) if by else None,
        subject_id=subject,
        since=since,
        until=until,
    )
    page = await services.list_events().execute(
        ListEventsQuery(actor=actor, where=where, limit=limit, cursor=cursor)
    )
    return render_page(request, page, EventPageBody, EventBody.of)
