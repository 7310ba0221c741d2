"""Password credentials in memory."""

from datetime import datetime
from uuid import UUID

from adapters.memory.records import Records
from application.ports.passwords import CredentialRepository
from domain.passwords import PasswordCredential


class MemoryCredentialRepository(CredentialRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def set_password(self, user_id: UUID, password_hash: str, at: datetime) -> None:
        self._records.credentials[user_id] = PasswordCredential(
            user_id=user_id, password_hash=password_hash, updated_at=at
        )

    async def find_password(self, user_id: UUID) -> PasswordCredential | None:
        return self._records.credentials.get(user_id)
