"""API keys in memory."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.records import MemoryDatabase, Records
from adapters.memory.selection import newest_first, permissions_of
from application.ports.api_keys import ApiKeyLookup, ApiKeyRepository, LiveApiKey
from domain.api_keys import ApiKey, ApiKeyStatus
from domain.errors import ConcurrentChange


class MemoryApiKeyRepository(ApiKeyRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, key: ApiKey) -> None:
        if await self.find(key.public_id):
            raise ConcurrentChange
        self._store(key)

    async def get(self, key_id: UUID) -> ApiKey | None:
        return self._records.api_keys.get(key_id)

    async def find(self, public_id: str) -> ApiKey | None:
        return _find(self._records, public_id)

    async def page(self, owner_id: UUID, before: UUID | None, limit: int) -> list[ApiKey]:
        theirs = (key for key in self._records.api_keys.values() if key.owner_id == owner_id)
        return newest_first(theirs, before, limit)

    async def retire(self, key_id: UUID, at: datetime, ends_at: datetime) -> ApiKey | None:
        key = await self.get(key_id)
        if key is None or key.rotated_at or key.status_at(at) is not ApiKeyStatus.ACTIVE:
            return None
        return self._store(replace(key, rotated_at=at, expires_at=min(key.expires_at, ends_at)))

    async def revoke(self, key_id: UUID, at: datetime) -> bool:
        key = await self.get(key_id)
        if key is None or key.revoked_at is not None:
            return False
        self._store(replace(key, revoked_at=at))
        return True

    async def revoke_all(self, owner_id: UUID, at: datetime) -> int:
        theirs = [k.id for k in self._records.api_keys.values() if k.owner_id == owner_id]
        return sum([await self.revoke(key_id, at) for key_id in theirs])

    async def note_use(self, key_id: UUID, at: datetime) -> bool:
        key = await self.get(key_id)
        if key is None or not key.use_is_worth_writing(at):
            return False
        self._store(replace(key, last_used_at=at))
        return True

    def _store(self, key: ApiKey) -> ApiKey:
        self._records.api_keys[key.id] = key
        return key


def _find(records: Records, public_id: str) -> ApiKey | None:
    return next((k for k in records.api_keys.values() if k.public_id == public_id), None)


class MemoryApiKeyLookup(ApiKeyLookup):
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def find_live(self, public_id: str, at: datetime) -> LiveApiKey | None:
        records = self._database.committed
        key = _find(records, public_id)
        if key is None or key.status_at(at) is not ApiKeyStatus.ACTIVE:
            return None
        owner = records.users[key.owner_id]
        if not owner.is_active:
            return None
        held = permissions_of(records, owner.roles)
        return LiveApiKey(key=key, owner=owner, owner_permissions=held)
