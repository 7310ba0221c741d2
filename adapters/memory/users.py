"""Accounts in memory."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.records import Records
from adapters.memory.selection import at_version, newest_first
from application.ports.users import UserChanges, UserRepository
from domain.roles import ADMIN_ROLE, UnknownRole
from domain.users import EmailAlreadyRegistered, User, UserFilter


class MemoryUserRepository(UserRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, user: User) -> None:
        if await self.find(user.email.key):
            raise EmailAlreadyRegistered
        self._check_roles(user.roles)
        self._records.users[user.id] = user

    async def get(self, user_id: UUID) -> User | None:
        return self._records.users.get(user_id)

    async def find(self, email_key: str) -> User | None:
        matching = (u for u in self._records.users.values() if u.email.key == email_key)
        return next(matching, None)

    async def lock(self, user_id: UUID) -> User | None:
        # The unit of work that writes is alone already.
        return await self.get(user_id)

    async def page(self, where: UserFilter, before: UUID | None, limit: int) -> list[User]:
        matching = (
            user
            for user in self._records.users.values()
            if (where.email_key is None or user.email.key == where.email_key)
            and (where.status is None or user.status is where.status)
            and (where.role is None or where.role in user.roles)
        )
        return newest_first(matching, before, limit)

    async def change(
        self, user_id: UUID, changes: UserChanges, at: datetime, if_version: int | None
    ) -> User | None:
        user = at_version(self._records.users, user_id, if_version)
        if user is None:
            return None
        if changes.email is not None:
            holder = await self.find(changes.email.key)
            if holder is not None and holder.id != user_id:
                raise EmailAlreadyRegistered
        given = {name: value for name, value in vars(changes).items() if value is not None}
        return self._store(replace(user, **given), at)

    async def set_roles(
        self, user_id: UUID, roles: frozenset[str], at: datetime, if_version: int | None
    ) -> User | None:
        user = at_version(self._records.users, user_id, if_version)
        if user is None:
            return None
        self._check_roles(roles)
        return self._store(replace(user, roles=roles), at)

    async def delete(self, user_id: UUID, if_version: int | None) -> bool:
        if at_version(self._records.users, user_id, if_version) is None:
            return False
        records = self._records
        del records.users[user_id]
        records.credentials.pop(user_id, None)
        for session_id in [s.id for s in records.sessions.values() if s.user_id == user_id]:
            del records.sessions[session_id]
        for key_id in [key.id for key in records.api_keys.values() if key.owner_id == user_id]:
            del records.api_keys[key_id]
        for link_id in [link.id for link in records.links.values() if link.user_id == user_id]:
            del records.links[link_id]
        for item_id in [item.id for item in records.items.values() if item.owner_id == user_id]:
            del records.items[item_id]
        for known in [known for known in records.known_addresses if known[0] == user_id]:
            del records.known_addresses[known]
        return True

    async def count_active_administrators(self, *, besides: UUID) -> int:
        return sum(
            user.is_active and ADMIN_ROLE in user.roles and user.id != besides
            for user in self._records.users.values()
        )

    def _check_roles(self, roles: frozenset[str]) -> None:
        if not roles <= self._records.roles.keys():
            raise UnknownRole

    def _store(self, user: User, at: datetime) -> User:
        stored = replace(user, version=user.version + 1, updated_at=at)
        self._records.users[user.id] = stored
        return stored
