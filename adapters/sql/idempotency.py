"""Idempotency keys in SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, update

from adapters.sql.statements import StatementRunner
from adapters.sql.tables import idempotency
from adapters.sql.upserts import insert_for
from application.ports.idempotency import IdempotencyRepository
from domain.idempotency import IdempotencyClaim

_KEY = ["scope", "key_digest"]


class SqlIdempotencyRepository(IdempotencyRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._insert = insert_for(runner.dialect)

    async def find(
        self, scope: str, key_digests: Sequence[bytes], at: datetime
    ) -> IdempotencyClaim | None:
        statement = (
            select(idempotency)
            .where(
                idempotency.c.scope == scope,
                idempotency.c.key_digest.in_(key_digests),
                idempotency.c.expires_at > at,
            )
            .order_by(idempotency.c.created_at)
            .limit(1)
        )
        row = (await self._run(statement)).one_or_none()
        return _from_row(row) if row else None

    async def add(self, claim: IdempotencyClaim) -> bool:
        row = _to_row(claim)
        changes = {name: value for name, value in row.items() if name not in _KEY}
        statement = (
            self._insert(idempotency)
            .values(row)
            .on_conflict_do_update(
                index_elements=_KEY,
                set_=changes,
                where=idempotency.c.expires_at <= claim.created_at,
            )
            .returning(idempotency.c.scope)
        )
        return (await self._run(statement)).one_or_none() is not None

    async def take_over(self, claim: IdempotencyClaim, leased_until: datetime) -> bool:
        return await self._change(claim, {"leased_until": leased_until})

    async def answer(self, claim: IdempotencyClaim, sealed_answer: bytes) -> bool:
        return await self._change(claim, {"body": sealed_answer})

    async def _change(self, claim: IdempotencyClaim, values: dict[str, Any]) -> bool:
        statement = update(idempotency).where(_is_open(claim)).values(values)
        return bool((await self._run(statement)).rowcount)

    async def release(self, claim: IdempotencyClaim) -> None:
        await self._run(delete(idempotency).where(_is_open(claim)))


def _is_open(claim: IdempotencyClaim) -> ColumnElement[bool]:
    """Not answered, and the lease is still the one that the holder of this claim knows."""
    return (
        (idempotency.c.scope == claim.scope)
        & (idempotency.c.key_digest == claim.key_digest)
        & (idempotency.c.leased_until == claim.leased_until)
        & idempotency.c.body.is_(None)
    )


def _to_row(claim: IdempotencyClaim) -> dict[str, Any]:
    return {
        "scope": claim.scope,
        "key_digest": claim.key_digest,
        "fingerprint": claim.fingerprint,
        "leased_until": claim.leased_until,
        "body": claim.sealed_answer,
        "created_at": claim.created_at,
        "expires_at": claim.expires_at,
    }


def _from_row(row: Row[Any]) -> IdempotencyClaim:
    return IdempotencyClaim(
        scope=row.scope,
        key_digest=row.key_digest,
        fingerprint=row.fingerprint,
        leased_until=row.leased_until,
        created_at=row.created_at,
        expires_at=row.expires_at,
        sealed_answer=row.body,
    )
