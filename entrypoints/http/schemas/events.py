"""The audit log on the wire."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints, WithJsonSchema

from domain.events import Event, EventKind, EventOutcome, Party
from entrypoints.http.schemas.bodies import Instant, PageBody, ResponseBody, example, page_example
from entrypoints.http.schemas.texts import TEXT_SCHEMA, Text

_EVENT = {
    "id": "0198c5f6-9c3a-7f24-8b77-b2e3f4a5c6d7",
    "at": "2030-01-01T12:00:00Z",
    "kind": "user.disabled",
    "outcome": "success",
    "actor": {"type": "user", "id": "0198c5f6-6f3a-7c3e-9d0a-3b1f6f1f2a10"},
    "subject": {"type": "user", "id": "0198c5f6-7a1e-7d02-8f55-90c1d2e3f4a5"},
    "request_id": "0198c5f6-9c39-7b11-a0f1-c3d4e5f6a7b8",
    "ip": "192.0.2.1",
    "user_agent": "curl/8.9.1",
    "data": {"fields": ["status"]},
}


SubjectId = Annotated[
    Text,
    StringConstraints(min_length=1, max_length=64),
    WithJsonSchema({**TEXT_SCHEMA, "minLength": 1, "maxLength": 64}),
]
"""Of an account, a session's account, a signing key, a role: not all of them are UUIDs."""


class PartyBody(ResponseBody):
    """Who acted, or what was acted on. Ids only, which outlive what they name."""

    type: str
    id: str | None = Field(description="Null for callers without one.")

    @classmethod
    def of(cls, party: Party) -> Self:
        return cls(type=party.type, id=party.id)


class EventBody(ResponseBody):
    """One line of the audit log."""

    id: UUID
    at: Instant
    kind: EventKind
    outcome: EventOutcome
    actor: PartyBody
    subject: PartyBody | None
    request_id: str | None
    ip: str | None
    user_agent: str | None
    data: dict[str, Any] = Field(description="What else there is to say: ids and field names.")

    model_config = example(_EVENT)

    @classmethod
    def of(cls, event: Event) -> Self:
        return cls(
            id=event.id,
            at=event.at,
            kind=event.kind,
            outcome=event.outcome,
            actor=PartyBody.of(event.actor),
            subject=PartyBody.of(event.subject) if event.subject else None,
            request_id=event.request_id,
            ip=event.ip,
            user_agent=event.user_agent,
            data=dict(event.data),
        )


class EventPageBody(PageBody[EventBody]):
    """Newest first. `next_cursor` is null on the last page."""

    model_config = page_example(_EVENT)
