"""Cursors: where a list goes on, in a form that only this service can have made."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from application.ports.macs import MessageAuthenticator
from domain.access import Actor
from domain.pages import InvalidCursor, Page

_PURPOSE = "page-cursor"
_ID_BYTES = 16
_TAG_BYTES = 32
_INSTANT_BYTES = 8
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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


class CursorCodec:
    """Binds a position to the list, its filters and the caller by a MAC over all of them."""

    def __init__(self, *, macs: MessageAuthenticator) -> None:
        self._macs = macs

    def encode(self, position: UUID, *, listing: str, filters: Filters, actor: Actor) -> str:
        return self._close(position.bytes, listing, filters, actor)

    def decode(
        self, cursor: str | None, *, listing: str, filters: Filters, actor: Actor
    ) -> UUID | None:
        """None for the first page. Raises InvalidCursor for anything that `encode` did not make."""
        raw = None if cursor is None else self._open(cursor, listing, filters, actor)
        if raw is not None and len(raw) != _ID_BYTES:
            raise InvalidCursor
        return None if raw is None else UUID(bytes=raw)

    def decode_named(
        self, cursor: str | None, *, listing: str, actor: Actor
    ) -> NamedPosition | None:
        """The same for a list of what has a name. Raises InvalidCursor."""
        if cursor is None:
            return None
        raw = self._open(cursor, listing, {}, actor)
        microseconds = int.from_bytes(raw[:_INSTANT_BYTES], "big")
        return _EPOCH + timedelta(microseconds=microseconds), raw[_INSTANT_BYTES:].decode()

    def _close(self, raw: bytes, listing: str, filters: Filters, actor: Actor) -> str:
        tag = self._macs.tag(_PURPOSE, _bound(raw, listing, filters, actor))
        return urlsafe_b64encode(raw + tag).decode()

    def _open(self, cursor: str, listing: str, filters: Filters, actor: Actor) -> bytes:
        try:
            sealed = urlsafe_b64decode(cursor.encode("ascii"))
        except ValueError:
            raise InvalidCursor from None
        # Base64 has several spellings of the same bytes; only the one that was handed out counts.
        if urlsafe_b64encode(sealed).decode() != cursor or len(sealed) <= _TAG_BYTES:
            raise InvalidCursor
        raw, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
        if not self._macs.verify(_PURPOSE, _bound(raw, listing, filters, actor), tag):
            raise InvalidCursor
        return raw

    def page(
        self, found: Sequence[R], limit: int, *, listing: str, filters: Filters, actor: Actor
    ) -> Page[R]:
        """Cuts what was found with `limit + 1` to a page; the one too many tells of a next one."""
        items = tuple(found[:limit])
        following = None
        if len(found) > limit:
            following = self.encode(items[-1].id, listing=listing, filters=filters, actor=actor)
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
            microseconds = (created_at - _EPOCH) // timedelta(microseconds=1)
            raw = microseconds.to_bytes(_INSTANT_BYTES, "big") + name.encode()
            following = self._close(raw, listing, {}, actor)
        return Page(items=items, next_cursor=following)


def _place(each: Named) -> NamedPosition:
    return each.created_at, each.name


def _bound(raw: bytes, listing: str, filters: Filters, actor: Actor) -> bytes:
    caller = str(actor.user_id or actor.kind.value)
    return json.dumps([raw.hex(), listing, sorted(filters.items()), caller]).encode()
