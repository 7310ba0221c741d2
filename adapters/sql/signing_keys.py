"""Signing keys in SQL."""

from typing import Any

from sqlalchemy import Row, insert, select

from adapters.sql.statements import StatementRunner
from adapters.sql.tables import signing_keys
from application.ports.signing_keys import SigningKeyRepository
from domain.signing_keys import SigningAlgorithm, SigningKey, SigningKeyStatus


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

    async def list_usable(self) -> list[SigningKey]:
        statement = (
            select(signing_keys)
            .where(signing_keys.c.status != SigningKeyStatus.REVOKED.value)
            .order_by(signing_keys.c.created_at, signing_keys.c.kid)
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
