"""Sessions on the wire."""

from typing import Self
from uuid import UUID

from pydantic import Field

from domain.sessions import Session
from entrypoints.http.schemas.bodies import Instant, PageBody, ResponseBody, example, page_example

_SESSION = {
    "id": "0198c5f6-7a1e-7d02-8f55-90c1d2e3f4a5",
    "current": True,
    "client_id": "first-party",
    "ip": "192.0.2.1",
    "user_agent": "curl/8.9.1",
    "auth_time": "2030-01-01T12:00:00Z",
    "created_at": "2030-01-01T12:00:00Z",
    "last_used_at": "2030-01-01T12:10:00Z",
    "expires_at": "2030-01-31T12:00:00Z",
}


class SessionBody(ResponseBody):
    """A signed-in device. Never its tokens."""

    id: UUID
    current: bool = Field(description="Whether this call is made with it.")
    client_id: str
    ip: str | None
    user_agent: str | None
    auth_time: Instant = Field(description="When the user last gave the password.")
    created_at: Instant
    last_used_at: Instant = Field(description="When it was last refreshed.")
    expires_at: Instant

    model_config = example(_SESSION)

    @classmethod
    def of(cls, session: Session, current_id: UUID | None) -> Self:
        return cls(
            id=session.id,
            current=session.id == current_id,
            client_id=session.client_id,
            ip=session.ip,
            user_agent=session.user_agent,
            auth_time=session.auth_time,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
        )


class SessionPageBody(PageBody[SessionBody]):
    """Newest first. `next_cursor` is null on the last page."""

    model_config = page_example(_SESSION)
