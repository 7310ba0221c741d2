"""How use cases write the audit log."""

from uuid import UUID

from application.ports.clock import Clock, IdGenerator
from domain.access import Actor
from domain.events import Event, EventKind, EventOutcome, Party, party_of


class EventFactory:
    """Turns an act or a refusal into an event; the use case's unit of work stores it."""

    def __init__(self, *, clock: Clock, ids: IdGenerator) -> None:
        self._clock = clock
        self._ids = ids

    def success(
        self, kind: EventKind, actor: Actor, subject: Party | None = None, **data: object
    ) -> Event:
        return self._new(kind, EventOutcome.SUCCESS, actor, subject, data)

    def refused(
        self, kind: EventKind, actor: Actor, subject: Party | None = None, **data: object
    ) -> Event:
        return self._new(kind, EventOutcome.REFUSED, actor, subject, data)

    def _new(
        self,
        kind: EventKind,
        outcome: EventOutcome,
        actor: Actor,
        subject: Party | None,
        data: dict[str, object],
    ) -> Event:
        return Event(
            id=self._ids.new_id(),
            at=self._clock.now(),
            kind=kind,
            outcome=outcome,
            actor=party_of(actor),
            subject=subject,
            request_id=actor.origin.request_id,
            ip=actor.origin.ip,
            user_agent=actor.origin.user_agent,
            data=data,
        )


def user_party(user_id: UUID) -> Party:
    """An account as the subject of an event."""
    return Party(type="user", id=str(user_id))


def api_key_party(key_id: UUID) -> Party:
    """An API key as the subject of an event."""
    return Party(type="api_key", id=str(key_id))
