"""A permission that an API key has as a scope stays, as long as the key is alive."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from adapters.sql.engine import Database
from adapters.sql.tables import api_keys
from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from domain.roles import PermissionInUse
from tests.domain.samples import NOW, a_permission, a_user, new_id

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("scopes", "ended", "kept"),
    [
        (["users:read", "orders:refund"], {}, True),
        (["orders:refund.all", "orders:ref"], {}, False),
        ([], {}, False),
        (["orders:refund"], {"revoked_at": NOW - DAY}, False),
        (["orders:refund"], {"expires_at": NOW}, False),
    ],
)
async def test_a_scope_of_a_live_key_is_in_use(
    database: Database, scopes: list[str], ended: dict[str, Any], kept: bool
) -> None:
    factory = SqlUnitOfWorkFactory(database)
    owner = a_user()
    async with factory() as uow:
        await uow.users.add(owner)
        await uow.permissions.add(a_permission("orders:refund"))
        await uow.commit()
    key = {
        "id": new_id(),
        "public_id": "abc",
        "owner_id": owner.id,
        "name": "A key",
        "secret_digest": b"digest",
        "scopes": scopes,
        "created_at": NOW,
        "expires_at": NOW + DAY,
    }
    async with database.writing() as connection:
        await connection.execute(insert(api_keys).values(key | ended))
        await connection.commit()
    async with factory() as uow:
        if kept:
            with pytest.raises(PermissionInUse):
                await uow.permissions.delete("orders:refund", NOW)
        else:
            await uow.permissions.delete("orders:refund", NOW)
