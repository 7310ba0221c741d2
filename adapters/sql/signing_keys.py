"""Signing keys in SQL."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, insert, or_, select, update

from adapters.sql.statements import StatementRunner
from adapters.sql.tables import signing_keys
from application.ports.signing_keys import SigningKeyRepository
from domain.signing_keys import KeyMove, SigningAlgorithm, SigningKey, SigningKeyStatus

_OLDEST_FIRST = select(signing_keys).order_by(signing_keys.c.created_at, signing_keys.c.kid)


class SqlSigningKeyRepository(SigningKeyRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run

    async def add(self, key: SigningKey) -> None:
        await self._run(
            insert(signing_keys).values(
                kid=key.kid,
                algorithm=key.algorithm.value,
                status=key.status.value,
                public_jwk=key.public_jwk,
                sealed_private=key.sealed_private,
                created_at=key.created_at,
                activated_at=key.activated_at,
                retired_at=key.retired_at,
            )
        )

    async def move(self, move: KeyMove) -> bool:
        result = await self._run(
            update(signing_keys)
            .where(
                signing_keys.c.kid == move.before.kid,
                signing_keys.c.status == move.before.status.value,
            )
            .values(
                status=move.after.status.value,
                activated_at=move.after.activated_at,
                retired_at=move.after.retired_at,
            )
        )
        return bool(result.rowcount)

    async def list_all(self) -> list[SigningKey]:
        return [_from_row(row) for row in await self._run(_OLDEST_FIRST)]

    async def list_usable(self, *, retired_since: datetime) -> list[SigningKey]:
        status = signing_keys.c.status
        statement = _OLDEST_FIRST.where(
            or_(
                status.in_([SigningKeyStatus.CURRENT.value, SigningKeyStatus.NEXT.value]),
                and_(
                    status == SigningKeyStatus.RETIRED.value,
                    signing_keys.c.retired_at > retired_since,
                ),
            )
        )
        return [_from_row(row) for row in await self._run(statement)]


def _from_row(row: Row[Any]) -> SigningKey:
    return SigningKey(
        kid=row.kid,
        algorithm=SigningAlgorithm(row.algorithm),
        status=SigningKeyStatus(row.status),
        public_jwk=row.public_jwk,
        sealed_private=row.sealed_private,
        created_at=row.created_at,
        activated_at=row.activated_at,
        retired_at=row.retired_at,
    )
