"""Signing keys in memory."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime

from adapters.memory.records import Records
from application.ports.signing_keys import SigningKeyRepository
from domain.errors import ConcurrentChange
from domain.signing_keys import KeyMove, SigningKey, SigningKeyStatus

_ONLY_ONE = (SigningKeyStatus.CURRENT, SigningKeyStatus.NEXT)


class MemorySigningKeyRepository(SigningKeyRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, key: SigningKey) -> None:
        self._require_place(key)
        self._records.signing_keys[key.kid] = deepcopy(key)

    async def move(self, move: KeyMove) -> bool:
        stored = self._records.signing_keys.get(move.before.kid)
        if stored is None or stored.status is not move.before.status:
            return False
        after = move.after
        self._require_place(after)
        self._records.signing_keys[stored.kid] = replace(
            stored,
            status=after.status,
            activated_at=after.activated_at,
            retired_at=after.retired_at,
        )
        return True

    async def list_all(self) -> list[SigningKey]:
        return _oldest_first(self._records.signing_keys.values())

    async def list_usable(self, *, retired_since: datetime) -> list[SigningKey]:
        return _oldest_first(
            key
            for key in self._records.signing_keys.values()
            if key.status in _ONLY_ONE
            or (
                key.status is SigningKeyStatus.RETIRED
                and key.retired_at is not None
                and key.retired_at > retired_since
            )
        )

    def _require_place(self, key: SigningKey) -> None:
        others = (k for k in self._records.signing_keys.values() if k.kid != key.kid)
        if key.status in _ONLY_ONE and any(other.status is key.status for other in others):
            raise ConcurrentChange


def _oldest_first(keys: Iterable[SigningKey]) -> list[SigningKey]:
    return deepcopy(sorted(keys, key=lambda key: (key.created_at, key.kid)))
