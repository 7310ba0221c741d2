"""Password credentials in memory."""

from datetime import datetime
from uuid import UUID

from adapters.memory.records import Records
from application.ports.passwords import CredentialRepository, PasswordLogin
from domain.passwords import PasswordCredential
from domain.users import User


class MemoryCredentialRepository(CredentialRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def set_password(self, user_id: UUID, password_hash: str, at: datetime) -> None:
        self._records.credentials[user_id] = PasswordCredential(
            user_id=user_id, password_hash=password_hash, updated_at=at
        )

    async def find_password(self, user_id: UUID) -> PasswordCredential | None:
        return self._records.credentials.get(user_id)

    async def find_login(self, email_key: str) -> PasswordLogin | None:
        matching = (u for u in self._records.users.values() if u.email.key == email_key)
        user = next(matching, None)
        if user is None:
            return None
        credential = self._records.credentials.get(user.id)
        return PasswordLogin(
            user=user, password_hash=credential.password_hash if credential else None
        )

    async def lock_login(self, user_id: UUID, password_hash: str) -> User | None:
        user = self._records.users.get(user_id)
        credential = self._records.credentials.get(user_id)
        if user is None or credential is None or credential.password_hash != password_hash:
            return None
        return user if user.is_active else None
