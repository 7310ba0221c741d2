"""Idempotency keys in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from adapters.memory.records import Records
from application.ports.idempotency import IdempotencyRepository
from domain.idempotency import IdempotencyClaim


class MemoryIdempotencyRepository(IdempotencyRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def find(
        self, scope: str, key_digests: Sequence[bytes], at: datetime
    ) -> IdempotencyClaim | None:
        claims = self._records.idempotency
        found = (claims.get((scope, digest)) for digest in key_digests)
        return next((each for each in found if each and each.expires_at > at), None)

    async def add(self, claim: IdempotencyClaim) -> bool:
        stored = self._records.idempotency.get((claim.scope, claim.key_digest))
        if stored is not None and stored.expires_at > claim.created_at:
            return False
        self._store(claim)
        return True

    async def take_over(self, claim: IdempotencyClaim, leased_until: datetime) -> bool:
        if not self._is_open(claim):
            return False
        self._store(replace(claim, leased_until=leased_until))
        return True

    async def answer(self, claim: IdempotencyClaim, sealed_answer: bytes) -> bool:
        if not self._is_open(claim):
            return False
        self._store(replace(claim, sealed_answer=sealed_answer))
        return True

    async def release(self, claim: IdempotencyClaim) -> None:
        if self._is_open(claim):
            del self._records.idempotency[claim.scope, claim.key_digest]

    def _is_open(self, claim: IdempotencyClaim) -> bool:
        stored = self._records.idempotency.get((claim.scope, claim.key_digest))
        return (
            stored is not None
            and not stored.is_answered
            and stored.leased_until == claim.leased_until
        )

    def _store(self, claim: IdempotencyClaim) -> None:
        self._records.idempotency[claim.scope, claim.key_digest] = claim
