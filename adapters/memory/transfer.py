"""Moving accounts in memory."""

from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

from adapters.memory.records import Records
from application.ports.transfer import Taken, TransferRepository
from domain.api_keys import ApiKey
from domain.errors import ConcurrentChange
from domain.passwords import PasswordCredential
from domain.roles import UnknownRole
from domain.transfer import AccountRecord, KeyRecord


class MemoryTransferRepository(TransferRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def page(
        self, after: UUID | None, limit: int, *, with_secrets: bool
    ) -> list[AccountRecord]:
        users = self._records.users
        ids = sorted(user_id for user_id in users if after is None or user_id > after)[:limit]
        if not with_secrets:
            return [AccountRecord(user=users[user_id]) for user_id in ids]
        credentials = self._records.credentials
        return [
            AccountRecord(
                user=users[user_id],
                password_hash=credentials[user_id].password_hash
                if user_id in credentials
                else None,
                api_keys=self._keys_of(user_id),
            )
            for user_id in ids
        ]

    def _keys_of(self, user_id: UUID) -> tuple[KeyRecord, ...]:
        keys = (key for key in self._records.api_keys.values() if key.owner_id == user_id)
        names = [each.name for each in fields(KeyRecord)]
        return tuple(
            KeyRecord(**{name: getattr(key, name) for name in names})
            for key in sorted(keys, key=lambda key: key.public_id)
        )

    async def existing_roles(self, names: frozenset[str]) -> frozenset[str]:
        return names & self._records.roles.keys()

    async def taken(self, records: Sequence[AccountRecord]) -> Taken:
        public_ids = {key.public_id for record in records for key in record.api_keys}
        return Taken(
            email_keys=frozenset(user.email.key for user in self._records.users.values())
            & {record.user.email.key for record in records},
            ids=frozenset(record.user.id for record in records) & self._records.users.keys(),
            public_ids=frozenset(public_ids) & self._public_ids(),
        )

    async def add_all(self, records: Sequence[AccountRecord]) -> frozenset[UUID]:
        added = set()
        addresses = {user.email.key for user in self._records.users.values()}
        for record in records:
            user = record.user
            if user.id in self._records.users or user.email.key in addresses:
                continue
            if not user.roles <= self._records.roles.keys():
                raise UnknownRole
            self._records.users[user.id] = user
            if record.password_hash is not None:
                self._records.credentials[user.id] = PasswordCredential(
                    user_id=user.id,
                    password_hash=record.password_hash,
                    updated_at=user.updated_at,
                )
            for key in record.api_keys:
                if key.public_id in self._public_ids():
                    raise ConcurrentChange
                self._records.api_keys[key.id] = ApiKey(owner_id=user.id, **vars(key))
            addresses.add(user.email.key)
            added.add(user.id)
        return frozenset(added)

    def _public_ids(self) -> set[str]:
        return {key.public_id for key in self._records.api_keys.values()}
