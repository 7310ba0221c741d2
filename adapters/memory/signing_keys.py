"""Signing keys in memory."""

from copy import deepcopy

from adapters.memory.records import Records
from application.ports.signing_keys import SigningKeyRepository
from domain.errors import ConcurrentChange
from domain.signing_keys import SigningKey, SigningKeyStatus


class MemorySigningKeyRepository(SigningKeyRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, key: SigningKey) -> None:
        is_current = key.status is SigningKeyStatus.CURRENT
        if is_current and any(k.status is key.status for k in self._records.signing_keys.values()):
            raise ConcurrentChange
        self._records.signing_keys[key.kid] = deepcopy(key)

    async def list_usable(self) -> list[SigningKey]:
        usable = (
            key
            for key in self._records.signing_keys.values()
            if key.status is not SigningKeyStatus.REVOKED
        )
        return deepcopy(sorted(usable, key=lambda key: (key.created_at, key.kid)))
