"""Keeping permissions."""

from abc import ABC, abstractmethod
from datetime import datetime

from domain.roles import Permission


class PermissionRepository(ABC):
    """The words that roles, API keys and introspection are made of."""

    @abstractmethod
    async def list_all(self) -> list[Permission]:
        """Every permission, newest first, those of one instant by descending name."""

    @abstractmethod
    async def keep(self, names: frozenset[str]) -> frozenset[str]:
        """Those of the names that exist; none of them is deleted until this unit ends."""

    @abstractmethod
    async def lock(self, name: str) -> Permission | None:
        """Until this unit ends nobody puts it into anything."""

    @abstractmethod
    async def add(self, permission: Permission) -> None:
        """Raises AlreadyExists."""

    @abstractmethod
    async def delete(self, name: str, at: datetime) -> None:
        """Raises PermissionInUse while a role holds it, or a key that is alive at `at`."""
