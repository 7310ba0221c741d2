"""Sessions over HTTP: one's own, and those of other accounts."""

from uuid import UUID

from fastapi import Request, Response

from application.sessions.ending import (
    EndOtherSessionsCommand,
    EndSessionCommand,
    EndUserSessionsCommand,
)
from application.sessions.listing import ListSessionsQuery
from domain.access import Actor
from domain.errors import NotFound
from domain.pages import DEFAULT_LIMIT, InvalidCursor, Page
from domain.roles import USERS_WRITE
from domain.sessions import Session
from entrypoints.http.dependencies import Caller, Services
from entrypoints.http.json_route import json_router
from entrypoints.http.operations import (
    API_PREFIX,
    OWN_SESSION,
    VALIDATION,
    holder_of,
    operation,
)
from entrypoints.http.pagination import Cursor, Limit, render_page
from entrypoints.http.paths import USER_ID
from entrypoints.http.schemas.sessions import SessionBody, SessionPageBody

router = json_router(API_PREFIX, "sessions")


@router.get(
    "/auth/sessions",
    operation_id="listSessions",
    summary="List one's own sessions, newest first",
    response_model=SessionPageBody,
    **operation(OWN_SESSION, InvalidCursor, VALIDATION),
)
async def list_sessions(
    request: Request,
    actor: Caller,
    services: Services,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Those that are live; `current` marks the one that asks."""
    page = await services.list_sessions().execute(
        ListSessionsQuery(actor=actor, limit=limit, cursor=cursor)
    )
    return _render_page(request, page, actor)


@router.delete(
    "/auth/sessions",
    operation_id="endOtherSessions",
    summary="End all other sessions",
    status_code=204,
    response_class=Response,
    **operation(OWN_SESSION),
)
async def end_other_sessions(actor: Caller, services: Services) -> Response:
    """Signs every other device out at once; this one stays."""
    await services.end_other_sessions().execute(EndOtherSessionsCommand(actor=actor))
    return Response(status_code=204)


@router.delete(
    "/auth/sessions/{session_id}",
    operation_id="endSession",
    summary="End one of one's own sessions",
    status_code=204,
    response_class=Response,
    **operation(OWN_SESSION, NotFound, VALIDATION),
)
async def end_session(session_id: UUID, actor: Caller, services: Services) -> Response:
    """Its tokens are refused from the next request on."""
    await services.end_session().execute(EndSessionCommand(actor=actor, session_id=session_id))
    return Response(status_code=204)


@router.get(
    f"/users/{USER_ID}/sessions",
    operation_id="listUserSessions",
    summary="List an account's sessions, newest first",
    response_model=SessionPageBody,
    **operation(holder_of(USERS_WRITE), NotFound, InvalidCursor, VALIDATION),
)
async def list_user_sessions(
    request: Request,
    user_id: UUID,
    actor: Caller,
    services: Services,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Those that are live. Needs `users:write`."""
    page = await services.list_sessions().execute(
        ListSessionsQuery(actor=actor, user_id=user_id, limit=limit, cursor=cursor)
    )
    return _render_page(request, page, actor)


@router.delete(
    f"/users/{USER_ID}/sessions",
    operation_id="endUserSessions",
    summary="End an account's sessions",
    status_code=204,
    response_class=Response,
    **operation(holder_of(USERS_WRITE), NotFound, VALIDATION),
)
async def end_user_sessions(user_id: UUID, actor: Caller, services: Services) -> Response:
    """All of them. Needs `users:write` and whatever the account itself holds."""
    await services.end_user_sessions().execute(EndUserSessionsCommand(actor=actor, user_id=user_id))
    return Response(status_code=204)


def _render_page(request: Request, page: Page[Session], actor: Actor) -> Response:
    current_id = actor.session_id
    return render_page(
        request, page, SessionPageBody, lambda session: SessionBody.of(session, current_id)
    )
