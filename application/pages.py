"""Cursors: where a list goes on, in a form that only this service can have made."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from application.ports.macs import MessageAuthenticator
from domain.access import Actor
from domain.pages import InvalidCursor, Page

_PURPOSE = "page-cursor"
_ID_BYTES = 16
_TAG_BYTES = 32
INSTANT_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_LENGTH = 1024

Filters = Mapping[str, str | None]


class Identified(Protocol):
    """What can stand in a list: its id is its place there."""

    @property
    def id(self) -> UUID: ...


class Named(Protocol):
    """What can stand in a list by its name: its place is when it was made, then the name."""

    @property
    def name(self) -> str: ...

    @property
    def created_at(self) -> datetime: ...


NamedPosition = tuple[datetime, str]

R = TypeVar("R", bound=Identified)
N = TypeVar("N", bound=Named)


def _id_bytes(record: Identified) -> bytes:
    return record.id.bytes


class CursorCodec:
    """Binds a position to the list, its filters and the caller by a MAC over all of them."""

    def __init__(self, *, macs: MessageAuthenticator) -> None:
        self._macs = macs

    def encode(self, position: UUID, *, listing: str, filters: Filters, actor: Actor) -> str:
        return self.seal(position.bytes, listing=listing, filters=filters, actor=actor)

    def decode(
        self, cursor: str | None, *, listing: str, filters: Filters, actor: Actor
    ) -> UUID | None:
        """None for the first page. Raises InvalidCursor for anything that `encode` did not make."""
        raw = self.open(cursor, listing=listing, filters=filters, actor=actor)
        if raw is not None and len(raw) != _ID_BYTES:
            raise InvalidCursor
        return UUID(bytes=raw) if raw is not None else None

    def decode_named(
        self, cursor: str | None, *, listing: str, actor: Actor
    ) -> NamedPosition | None:
        """The same for a list of what has a name. Raises InvalidCursor."""
        raw = self.open(cursor, listing=listing, filters={}, actor=actor)
        if raw is None:
            return None
        return instant_from(raw[:INSTANT_BYTES]), raw[INSTANT_BYTES:].decode()

    def seal(self, position: bytes, *, listing: str, filters: Filters, actor: Actor) -> str:
        """For lists whose order is not that of their ids."""
        tag = self._macs.tag(_PURPOSE, _bound(position, listing, filters, actor))
        return urlsafe_b64encode(position + tag).decode()

    def open(
        self, cursor: str | None, *, listing: str, filters: Filters, actor: Actor
    ) -> bytes | None:
        """None for the first page. Raises InvalidCursor for anything that `seal` did not make."""
        if cursor is None:
            return None
        if len(cursor) > _MAX_LENGTH:
            raise InvalidCursor
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii"))
        except ValueError:
            raise InvalidCursor from None
        # Base64 has several spellings of the same bytes; only the one that was handed out counts.
        if urlsafe_b64encode(raw).decode() != cursor or len(raw) <= _TAG_BYTES:
            raise InvalidCursor
        position, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
        if not self._macs.verify(_PURPOSE, _bound(position, listing, filters, actor), tag):
            raise InvalidCursor
        return position

    def page(
        self,
        found: Sequence[R],
        limit: int,
        *,
        listing: str,
        filters: Filters,
        actor: Actor,
        position: Callable[[R], bytes] = _id_bytes,
    ) -> Page[R]:
        """Cuts what was found with `limit + 1` to a page; the one too many tells of a next one."""
        items = tuple(found[:limit])
        following = None
        if len(found) > limit:
            last = position(items[-1])
            following = self.seal(last, listing=listing, filters=filters, actor=actor)
        return Page(items=items, next_cursor=following)

    def page_of_named(
        self,
        everything: Sequence[N],
        before: NamedPosition | None,
        limit: int,
        *,
        listing: str,
        actor: Actor,
    ) -> Page[N]:
        """The piece of a whole list, newest first, that comes after `before`."""
        found = [each for each in everything if before is None or _place(each) < before]
        items = tuple(found[:limit])
        following = None
        if len(found) > limit:
            created_at, name = _place(items[-1])
            raw = instant_bytes(created_at) + name.encode()
            following = self.seal(raw, listing=listing, filters={}, actor=actor)
        return Page(items=items, next_cursor=following)


def instant_bytes(at: datetime) -> bytes:
    """An instant as a part of a position, to the microsecond."""
    microseconds = (at - _EPOCH) // timedelta(microseconds=1)
    return microseconds.to_bytes(INSTANT_BYTES, "big", signed=True)


def instant_from(raw: bytes) -> datetime:
    """The other way round."""
    return _EPOCH + timedelta(microseconds=int.from_bytes(raw, "big", signed=True))


def _place(each: Named) -> NamedPosition:
    return each.created_at, each.name


def _bound(position: bytes, listing: str, filters: Filters, actor: Actor) -> bytes:
    caller = str(actor.user_id or actor.kind.value)
    return json.dumps([position.hex(), listing, sorted(filters.items()), caller]).encode()
