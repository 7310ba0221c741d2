"""Failed tries and known addresses in memory."""

from datetime import datetime
from uuid import UUID

from adapters.memory.records import Records
from application.ports.backoff import BackoffRepository
from domain.backoff import FailedSignIns


class MemoryBackoffRepository(BackoffRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def add_failure(self, tag: bytes, at: datetime) -> None:
        before = self._records.sign_in_failures.get(tag)
        self._records.sign_in_failures[tag] = FailedSignIns(
            count=before.count + 1 if before else 1, last_try_at=at
        )

    async def claim_try(self, tag: bytes, seen: FailedSignIns, at: datetime) -> bool:
        if self._records.sign_in_failures.get(tag) != seen:
            return False
        self._records.sign_in_failures[tag] = FailedSignIns(count=seen.count, last_try_at=at)
        return True

    async def forget_failures(self, tag: bytes) -> None:
        self._records.sign_in_failures.pop(tag, None)

    async def remember_address(self, user_id: UUID, address: str, at: datetime) -> None:
        self._records.known_addresses[user_id, address] = at

    async def is_known(self, user_id: UUID, address: str, since: datetime) -> bool:
        last = self._records.known_addresses.get((user_id, address))
        return last is not None and last > since
