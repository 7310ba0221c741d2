"""Moving accounts in SQL: a handful of statements for hundreds of them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Column, Row, insert, select, text

from adapters.sql.credentials import IS_PASSWORD, PASSWORD
from adapters.sql.roles import can_exist
from adapters.sql.statements import StatementRunner
from adapters.sql.tables import api_keys, credentials, roles, user_roles, users
from adapters.sql.upserts import insert_for
from adapters.sql.users import ROLE_NAMES, user_from_row, user_to_row
from application.ports.transfer import Taken, TransferRepository
from domain.roles import UnknownRole
from domain.transfer import AccountRecord, KeyRecord

T = TypeVar("T")

_ANALYZE = text("ANALYZE users, credentials, user_roles, api_keys")
_HAS_DOUBLED = text(
    "SELECT pg_relation_size(oid) > 2 * greatest(relpages, 8) * current_setting('block_size')::int "
    "FROM pg_class WHERE oid = 'users'::regclass"
)


class SqlTransferRepository(TransferRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run
        self._run_many = runner.run_many
        self._plans_by_statistics = runner.dialect != "sqlite"
        self._insert = insert_for(runner.dialect)

    async def page(
        self, after: UUID | None, limit: int, *, with_secrets: bool
    ) -> list[AccountRecord]:
        statement = select(users, ROLE_NAMES).order_by(users.c.id).limit(limit)
        if after is not None:
            statement = statement.where(users.c.id > after)
        accounts = [user_from_row(row) for row in await self._run(statement)]
        if not with_secrets:
            return [AccountRecord(user=user) for user in accounts]
        # By id, not by a join: a database that has just been filled knows too little of its tables
        # to join them page by page without reading them whole.
        ids = [user.id for user in accounts]
        hashes, keys = await self._hashes_of(ids), await self._keys_of(ids)
        return [
            AccountRecord(
                user=user,
                password_hash=hashes.get(user.id),
                api_keys=tuple(keys[user.id]),
            )
            for user in accounts
        ]

    async def _hashes_of(self, user_ids: Sequence[UUID]) -> dict[UUID, str]:
        statement = select(credentials.c.user_id, credentials.c.secret_hash).where(
            credentials.c.user_id.in_(user_ids), IS_PASSWORD
        )
        return {row.user_id: row.secret_hash for row in await self._run(statement)}

    async def _keys_of(self, user_ids: Sequence[UUID]) -> dict[UUID, list[KeyRecord]]:
        owned: dict[UUID, list[KeyRecord]] = defaultdict(list)
        statement = (
            select(api_keys).where(api_keys.c.owner_id.in_(user_ids)).order_by(api_keys.c.public_id)
        )
        for row in await self._run(statement):
            owned[row.owner_id].append(_key_from_row(row))
        return owned

    async def existing_roles(self, names: frozenset[str]) -> frozenset[str]:
        # The same lock that giving a role takes, in one order.
        statement = (
            select(roles.c.name)
            .where(roles.c.name.in_(sorted(filter(can_exist, names))))
            .order_by(roles.c.name)
            .with_for_update(read=True, key_share=True)
        )
        return frozenset((await self._run(statement)).scalars())

    async def taken(self, records: Sequence[AccountRecord]) -> Taken:
        keys = [record.user.email.key for record in records]
        ids = [record.user.id for record in records]
        public_ids = [key.public_id for record in records for key in record.api_keys]
        return Taken(
            email_keys=frozenset(await self._found(users.c.email_key, keys)),
            ids=frozenset(await self._found(users.c.id, ids)),
            public_ids=frozenset(await self._found(api_keys.c.public_id, public_ids)),
        )

    async def _found(self, column: Column[T], values: list[T]) -> Sequence[T]:
        if not values:
            return ()
        return (await self._run(select(column).where(column.in_(values)))).scalars().all()

    async def add_all(self, records: Sequence[AccountRecord]) -> frozenset[UUID]:
        statement = self._insert(users).on_conflict_do_nothing().returning(users.c.id)
        # In one order, so that two imports of the same people wait for each other only one way.
        users_ = sorted((record.user for record in records), key=lambda user: user.email.key)
        result = await self._run_many(statement, [user_to_row(user) for user in users_])
        added = frozenset(result.scalars()) if result else frozenset()
        new = [record for record in records if record.user.id in added]
        given = [(record.user.id, role) for record in new for role in sorted(record.user.roles)]
        if not all(can_exist(role) for _, role in given):
            raise UnknownRole
        await self._run_many(
            insert(user_roles),
            [{"user_id": user_id, "role_name": role} for user_id, role in given],
            foreign_key=UnknownRole,
        )
        await self._run_many(
            insert(credentials),
            [_credential_row(record) for record in new if record.password_hash is not None],
        )
        await self._run_many(
            insert(api_keys),
            [_key_row(record.user.id, key) for record in new for key in record.api_keys],
        )
        if self._plans_by_statistics:
            await self._tell_of_growth()
        return added

    async def _tell_of_growth(self) -> None:
        # Plans that were made while the tables were empty read them whole, for each line and each
        # reference, until somebody says that they have grown: each time they have doubled.
        if (await self._run(_HAS_DOUBLED)).scalar():
            await self._run(_ANALYZE)


def _credential_row(record: AccountRecord) -> dict[str, Any]:
    return {
        "user_id": record.user.id,
        **PASSWORD,
        "secret_hash": record.password_hash,
        "created_at": record.user.created_at,
        "updated_at": record.user.updated_at,
    }


def _key_row(owner_id: UUID, key: KeyRecord) -> dict[str, Any]:
    return {
        "id": key.id,
        "public_id": key.public_id,
        "owner_id": owner_id,
        "name": key.name,
        "secret_digest": key.secret_digest,
        "scopes": sorted(key.scopes),
        "rate_limit": key.rate_limit,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }


def _key_from_row(row: Row[Any]) -> KeyRecord:
    return KeyRecord(
        id=row.id,
        public_id=row.public_id,
        secret_digest=row.secret_digest,
        name=row.name,
        scopes=frozenset(row.scopes),
        rate_limit=row.rate_limit,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
