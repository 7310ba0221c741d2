"""Keeping items."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.items import Item


@dataclass(frozen=True, kw_only=True)
class ItemChanges:
    """What to overwrite; None leaves a field as it is."""

    title: str | None = None
    data: Mapping[str, Any] | None = None


class ItemRepository(ABC):
    """Items end with their owner's account."""

    @abstractmethod
    async def add(self, item: Item) -> None:
        """Raises NotAuthenticated where the owner's account is gone."""

    @abstractmethod
    async def get(self, item_id: UUID) -> Item | None: ...

    @abstractmethod
    async def page(
        self, owner_id: UUID, title_prefix: str, before: UUID | None, limit: int
    ) -> list[Item]:
        """Newest first: at most `limit` of the owner's whose id is lower than `before`.

        The prefix is compared by code points: no character stands for others, and upper and lower
        case differ. Every title begins with the empty one.
        """

    @abstractmethod
    async def change(
        self, item_id: UUID, changes: ItemChanges, at: datetime, if_version: int | None
    ) -> Item | None:
        """One UPDATE, conditional on the version where one is given; None if it met no row.

        Raises the version by one and sets `updated_at`.
        """

    @abstractmethod
    async def delete(self, item_id: UUID, if_version: int | None) -> bool:
        """False if the condition met no row."""
