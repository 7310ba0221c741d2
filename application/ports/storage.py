"""The storage as an operator sees it: is it there, and is its schema ours?"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class SchemaState(StrEnum):
    EMPTY = "empty"
    BEHIND = "behind"
    CURRENT = "current"
    """Also for a schema newer than this program: migrations only add."""


@dataclass(frozen=True, kw_only=True)
class PoolState:
    """This process's connections. `overflow`: how many of them are beyond the pool's size.

    `waits`: since the process began, how often somebody had to wait for one.
    """

    in_use: int
    idle: int
    overflow: int
    waits: int


class Storage(ABC):
    """Operations on the whole database."""

    @abstractmethod
    async def schema_state(self) -> SchemaState:
        """Raises Unavailable."""

    @abstractmethod
    async def migrate(self) -> None:
        """Brings the schema up to date; of several callers at once one does, the others wait."""

    @abstractmethod
    async def check_writable(self) -> None:
        """Commits one small write. Raises Unavailable if the database cannot take it."""

    def pools(self) -> Mapping[str, PoolState]:
        """How the connections are used at this moment; nothing where there are none."""
        return {}

    @abstractmethod
    async def check_replica(self) -> None:
        """Reads once from the replica, if there is one; from nowhere else. Raises Unavailable."""

    @abstractmethod
    async def close(self) -> None:
        """Gives every connection back; the last call."""
