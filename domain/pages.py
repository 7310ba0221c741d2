"""Lists in pieces: newest first, continued from where the last piece ended (keyset)."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.errors import Invalid

MAX_LIMIT = 100
DEFAULT_LIMIT = 20

T = TypeVar("T")


class InvalidCursor(Invalid):
    """Bent, foreign, of another list, or made for another caller."""

    code = "invalid_cursor"
    message = "The cursor is not valid for this list."


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """`next_cursor` is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None
