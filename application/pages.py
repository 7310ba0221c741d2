"""Cursors: where a list goes on, in a form that only this service can have made."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from application.ports.macs import MessageAuthenticator
from domain.access import Actor
from domain.pages import InvalidCursor, Page

_PURPOSE = "page-cursor"
_ID_BYTES = 16

Filters = Mapping[str, str | None]


class Identified(Protocol):
    """What can stand in a list: its id is its place there."""

    @property
    def id(self) -> UUID: ...


R = TypeVar("R", bound=Identified)


class CursorCodec:
    """Binds a position to the list, its filters and the caller by a MAC over all of them."""

    def __init__(self, *, macs: MessageAuthenticator) -> None:
        self._macs = macs

    def encode(self, position: UUID, *, listing: str, filters: Filters, actor: Actor) -> str:
        tag = self._macs.tag(_PURPOSE, _bound(position, listing, filters, actor))
        return urlsafe_b64encode(position.bytes + tag).decode()

    def decode(
        self, cursor: str | None, *, listing: str, filters: Filters, actor: Actor
    ) -> UUID | None:
        """None for the first page. Raises InvalidCursor for anything that `encode` did not make."""
        if cursor is None:
            return None
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii"))
        except ValueError:
            raise InvalidCursor from None
        # Base64 has several spellings of the same bytes; only the one that was handed out counts.
        if urlsafe_b64encode(raw).decode() != cursor or len(raw) <= _ID_BYTES:
            raise InvalidCursor
        position = UUID(bytes=raw[:_ID_BYTES])
        message = _bound(position, listing, filters, actor)
        if not self._macs.verify(_PURPOSE, message, raw[_ID_BYTES:]):
            raise InvalidCursor
        return position

    def page(
        self, found: Sequence[R], limit: int, *, listing: str, filters: Filters, actor: Actor
    ) -> Page[R]:
        """Cuts what was found with `limit + 1` to a page; the one too many tells of a next one."""
        items = tuple(found[:limit])
        following = None
        if len(found) > limit:
            following = self.encode(items[-1].id, listing=listing, filters=filters, actor=actor)
        return Page(items=items, next_cursor=following)


def _bound(position: UUID, listing: str, filters: Filters, actor: Actor) -> bytes:
    caller = str(actor.user_id or actor.kind.value)
    return json.dumps([position.hex, listing, sorted(filters.items()), caller]).encode()
