"""How records in memory are chosen, whatever kind they are of."""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar
from uuid import UUID

from adapters.memory.records import Records


class _Identified(Protocol):
    @property
    def id(self) -> UUID: ...


class _Versioned(Protocol):
    @property
    def version(self) -> int: ...


Key = TypeVar("Key")
Listed = TypeVar("Listed", bound=_Identified)
Written = TypeVar("Written", bound=_Versioned)


def newest_first(found: Iterable[Listed], before: UUID | None, limit: int) -> list[Listed]:
    """The piece of a list that goes on after `before`."""
    older = (each for each in found if before is None or each.id < before)
    return sorted(older, key=lambda each: each.id, reverse=True)[:limit]


def at_version(kept: Mapping[Key, Written], key: Key, if_version: int | None) -> Written | None:
    """The record to write to; None if it is gone, or has another version than this."""
    record = kept.get(key)
    return record if record is not None and if_version in (None, record.version) else None


def permissions_of(records: Records, roles: Iterable[str]) -> frozenset[str]:
    """What these roles hold together; unknown ones hold nothing."""
    known = records.roles
    return frozenset().union(*(known[name].permissions for name in roles if name in known))
