"""Links in memory."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.records import Records
from application.ports.links import LinkRepository
from domain.links import Link, LinkPurpose


class MemoryLinkRepository(LinkRepository):
    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, link: Link) -> None:
        for earlier in self._of(link.user_id, link.purpose):
            del self._records.links[earlier.id]
        if link.user_id in self._records.users:
            self._records.links[link.id] = link

    async def add_first(self, link: Link) -> None:
        self._records.links[link.id] = link

    async def get(self, link_id: UUID) -> Link | None:
        return self._records.links.get(link_id)

    async def use(
        self, link_id: UUID, purposes: Collection[LinkPurpose], at: datetime
    ) -> Link | None:
        link = self._records.links.get(link_id)
        if link is None or link.purpose not in purposes or not link.is_open(at):
            return None
        if any(other.id > link.id for other in self._of(link.user_id, link.purpose)):
            return None
        used = self._records.links[link_id] = replace(link, used_at=at)
        return used

    async def withdraw(self, user_id: UUID, purposes: Collection[LinkPurpose]) -> None:
        for purpose in purposes:
            for link in self._of(user_id, purpose):
                if link.used_at is None:
                    del self._records.links[link.id]

    def _of(self, user_id: UUID, purpose: LinkPurpose) -> list[Link]:
        links = self._records.links.values()
        return [link for link in links if (link.user_id, link.purpose) == (user_id, purpose)]
