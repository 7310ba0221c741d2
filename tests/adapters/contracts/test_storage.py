"""What every storage promises once it is set up."""

from application.ports.storage import SchemaState
from domain.users import UserFilter
from tests.domain.samples import a_user
from tests.storage import Backend


async def test_migrated_storage_is_current_and_stays_so(backend: Backend) -> None:
    user = a_user()
    async with backend.uow() as uow:
        await uow.users.add(user)
        await uow.commit()
    assert await backend.storage.schema_state() is SchemaState.CURRENT
    await backend.storage.migrate()
    assert await backend.storage.schema_state() is SchemaState.CURRENT
    async with backend.uow.reading() as uow:
        assert await uow.users.page(UserFilter(), None, 10) == [user]


async def test_storage_that_is_there_can_be_written(backend: Backend) -> None:
    for _ in range(3):
        await backend.storage.check_writable()
        await backend.storage.check_replica()
    async with backend.uow.reading() as uow:
        assert await uow.events.page(None, 10) == []
