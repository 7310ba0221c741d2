"""Keeping roles."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from domain.roles import Role


@dataclass(frozen=True, kw_only=True)
class RoleContent:
    """What a role is replaced by: all of it but its name."""

    description: str
    permissions: frozenset[str]


class RoleRepository(ABC):
    """Roles and the permissions they hold. Every write raises the version and sets `updated_at`."""

    @abstractmethod
    async def lock_administrators(self) -> None:
        """Serialises, across all workers, whatever changes what somebody may do.

        The last administrator cannot be taken away, nor what a role holds change between a check
        and the act that relies on it.
        """

    @abstractmethod
    async def permissions_of(self, roles: frozenset[str]) -> frozenset[str]:
        """The union of what the roles hold; unknown roles hold nothing."""

    @abstractmethod
    async def list_all(self) -> list[Role]:
        """Every role, newest first, those of one instant by descending name."""

    @abstractmethod
    async def lock(self, name: str) -> Role | None:
        """The role as it now is; until this unit ends nobody changes it or gives it to somebody."""

    @abstractmethod
    async def held_by_holders(self, name: str) -> frozenset[str]:
        """Everything that those who have this role hold, through whichever of their roles."""

    @abstractmethod
    async def add(self, role: Role) -> None:
        """Raises AlreadyExists; UnknownPermission where a permission does not exist."""

    @abstractmethod
    async def replace(
        self, name: str, content: RoleContent, at: datetime, if_version: int | None
    ) -> Role | None:
        """One UPDATE, conditional on the version where one is given; None if it met no row.

        Raises UnknownPermission.
        """

    @abstractmethod
    async def delete(self, name: str, if_version: int | None) -> bool:
        """False if the condition met no row. Raises RoleInUse while somebody has it."""
