"""API keys in SQL, and the statement behind every call that is made with one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Update, case, insert, literal, or_, select, update

from adapters.sql.batched_lookups import BatchedLookup
from adapters.sql.engine import Database
from adapters.sql.statements import StatementRunner
from adapters.sql.tables import api_keys, users
from adapters.sql.users import PERMISSION_NAMES, ROLE_NAMES, split_names, user_from_row
from application.ports.api_keys import ApiKeyLookup, ApiKeyRepository, LiveApiKey
from domain.api_keys import USE_RESOLUTION, ApiKey
from domain.users import UserStatus


def _to_row(key: ApiKey) -> dict[str, Any]:
    return vars(key) | {"scopes": sorted(key.scopes)}


def _from_row(values: dict[str, Any]) -> ApiKey:
    return ApiKey(**values | {"scopes": frozenset(values["scopes"])})


def _one(row: Row[Any] | None) -> ApiKey | None:
    return _from_row(row._asdict()) if row else None


class SqlApiKeyRepository(ApiKeyRepository):
    def __init__(self, runner: StatementRunner) -> None:
        self._run = runner.run

    async def add(self, key: ApiKey) -> None:
        await self._run(insert(api_keys).values(_to_row(key)))

    async def get(self, key_id: UUID) -> ApiKey | None:
        return _one((await self._run(select(api_keys).where(_is(key_id)))).one_or_none())

    async def find(self, public_id: str) -> ApiKey | None:
        statement = select(api_keys).where(api_keys.c.public_id == public_id)
        return _one((await self._run(statement)).one_or_none())

    async def page(self, owner_id: UUID, before: UUID | None, limit: int) -> list[ApiKey]:
        statement = (
            select(api_keys)
            .where(api_keys.c.owner_id == owner_id)
            .order_by(api_keys.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            statement = statement.where(api_keys.c.id < before)
        return [_from_row(row._asdict()) for row in await self._run(statement)]

    async def retire(self, key_id: UUID, at: datetime, ends_at: datetime) -> ApiKey | None:
        ends = api_keys.c.expires_at
        earlier = case((ends < ends_at, ends), else_=literal(ends_at, ends.type))
        statement = (
            update(api_keys)
            .where(
                _is(key_id),
                api_keys.c.revoked_at.is_(None),
                api_keys.c.rotated_at.is_(None),
                ends > at,
            )
            .values(rotated_at=at, expires_at=earlier)
            .returning(api_keys)
        )
        return _one((await self._run(statement)).one_or_none())

    async def revoke(self, key_id: UUID, at: datetime) -> bool:
        return bool((await self._run(_revoke(at).where(_is(key_id)))).rowcount)

    async def revoke_all(self, owner_id: UUID, at: datetime) -> int:
        return (await self._run(_revoke(at).where(api_keys.c.owner_id == owner_id))).rowcount

    async def note_use(self, key_id: UUID, at: datetime) -> bool:
        last = api_keys.c.last_used_at
        statement = (
            update(api_keys)
            .where(_is(key_id), or_(last.is_(None), last <= at - USE_RESOLUTION))
            .values(last_used_at=at)
        )
        return bool((await self._run(statement)).rowcount)


def _is(key_id: UUID) -> Any:
    return api_keys.c.id == key_id


def _revoke(at: datetime) -> Update:
    return update(api_keys).where(api_keys.c.revoked_at.is_(None)).values(revoked_at=at)


_OF_KEY = "key_"
"""Account and key have columns of the same names."""

_LIVE_KEYS = (
    select(
        users,
        ROLE_NAMES,
        PERMISSION_NAMES,
        *(column.label(f"{_OF_KEY}{column.name}") for column in api_keys.c),
    )
    .select_from(api_keys.join(users, users.c.id == api_keys.c.owner_id))
    .where(api_keys.c.revoked_at.is_(None), users.c.status == UserStatus.ACTIVE.value)
)


class SqlApiKeyLookup(ApiKeyLookup):
    """On the primary, in autocommit: one statement, one round trip."""

    def __init__(self, primary: Database) -> None:
        self._live = BatchedLookup(primary, _LIVE_KEYS, api_keys.c.public_id, f"{_OF_KEY}public_id")

    async def find_live(self, public_id: str, at: datetime) -> LiveApiKey | None:
        row = await self._live.find(public_id)
        if row is None or row.key_expires_at <= at:
            return None
        columns = row._asdict()
        return LiveApiKey(
            key=_from_row({name: columns[f"{_OF_KEY}{name}"] for name in api_keys.c.keys()}),  # noqa: SIM118
            owner=user_from_row(row),
            owner_permissions=split_names(row.permission_names),
        )
