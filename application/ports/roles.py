"""Keeping roles."""

from abc import ABC, abstractmethod


class RoleRepository(ABC):
    """Roles and the permissions they hold."""

    @abstractmethod
    async def lock_administrators(self) -> None:
        """Serialises, across all workers, whatever could take the last administrator away."""

    @abstractmethod
    async def permissions_of(self, roles: frozenset[str]) -> frozenset[str]:
        """The union of what the roles hold; unknown roles hold nothing."""

    @abstractmethod
    async def known_permissions(self, names: frozenset[str]) -> frozenset[str]:
        """Those of the names that are permissions."""
