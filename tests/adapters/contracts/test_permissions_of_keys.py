"""A permission that an API key has as a scope stays, as long as the key is alive."""

from datetime import timedelta
from typing import Any

import pytest

from domain.roles import PermissionInUse
from tests.domain.samples import NOW, a_permission, a_user, an_api_key
from tests.storage import Backend

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("scopes", "ended", "kept"),
    [
        ({"users:read", "orders:refund"}, {}, True),
        ({"orders:refund"}, {"expires_at": NOW + timedelta(microseconds=1)}, True),
        ({"orders:refund.all", "orders:ref"}, {}, False),
        (set(), {}, False),
        ({"orders:refund"}, {"revoked_at": NOW - DAY}, False),
        ({"orders:refund"}, {"expires_at": NOW}, False),
    ],
)
async def test_a_scope_of_a_live_key_is_in_use(
    backend: Backend, scopes: set[str], ended: dict[str, Any], kept: bool
) -> None:
    owner = a_user()
    async with backend.uow() as uow:
        await uow.users.add(owner)
        await uow.permissions.add(a_permission("orders:refund"))
        await uow.api_keys.add(an_api_key(owner.id, scopes=frozenset(scopes), **ended))
        await uow.commit()
    async with backend.uow() as uow:
        if kept:
            with pytest.raises(PermissionInUse):
                await uow.permissions.delete("orders:refund", NOW)
        else:
            await uow.permissions.delete("orders:refund", NOW)
            await uow.commit()
    async with backend.uow.reading() as uow:
        names = {each.name for each in await uow.permissions.list_all()}
    assert ("orders:refund" in names) is kept
