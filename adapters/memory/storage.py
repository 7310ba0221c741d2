"""The memory backend as a whole: always there, always current."""

from application.ports.storage import SchemaState, Storage


class MemoryStorage(Storage):
    async def schema_state(self) -> SchemaState:
        return SchemaState.CURRENT

    async def migrate(self) -> None:
        return

    async def check_writable(self) -> None:
        return

    async def check_replica(self) -> None:
        return

    async def close(self) -> None:
        return
