"""Deleting what is past, in memory."""

from collections.abc import Iterable
from typing import Any

from adapters.memory.records import Records
from application.ports.retention import Cutoffs, RetentionRepository


class MemoryRetentionRepository(RetentionRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def purge(self, cutoffs: Cutoffs, limit: int) -> dict[str, int]:
        records = self._records
        past: dict[str, Iterable[Any]] = {
            "sessions": (
                session.id
                for session in records.sessions.values()
                if min(session.ended_at or session.expires_at, session.expires_at)
                < cutoffs.sessions
            ),
            "links": (
                link.id for link in records.links.values() if link.expires_at < cutoffs.links
            ),
            "outbox": (
                message.id
                for message in records.outbox.values()
                if message.created_at < cutoffs.outbox and message.sent_at is not None
            ),
            "idempotency": (
                key
                for key, claim in records.idempotency.items()
                if claim.expires_at < cutoffs.idempotency
            ),
            "events": (event.id for event in records.events.values() if event.at < cutoffs.events),
            "sign_in_failures": (
                tag
                for tag, failed in records.sign_in_failures.items()
                if failed.last_try_at < cutoffs.sign_in_failures
            ),
            "known_addresses": (
                known
                for known, at in records.known_addresses.items()
                if at < cutoffs.known_addresses
            ),
        }
        deleted = {}
        for kind, ids in past.items():
            chosen = list(ids)[:limit]
            for record_id in chosen:
                del getattr(records, kind)[record_id]
            deleted[kind] = len(chosen)
        return deleted
