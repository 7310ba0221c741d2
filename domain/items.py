"""Items: small records of the application's own, kept beside the account."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.access import Actor, PermissionMissing, require, require_visible
from domain.errors import ErrorDetail, InvalidField
from domain.roles import ITEMS_ADMIN
from domain.text import is_plain_text, is_storable

TITLE_MAX_LENGTH = 200
DATA_MAX_BYTES = 16 * 1024
DATA_MAX_DEPTH = 64
MAX_NUMBER = 2**53 - 1
"""Beyond it readers of JSON disagree on what a number is (RFC 7493, 2.2)."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """`version` grows by one with every change. `data` is never changed in place."""

    id: UUID
    owner_id: UUID
    title: str
    data: Mapping[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


def may_use_items(actor: Actor, owner_id: UUID, permission: str) -> bool:
    """Owners with `permission` (`items:read` or `items:write`), and holders of `items:admin`."""
    if actor.may(ITEMS_ADMIN):
        return True
    return actor.user_id == owner_id and actor.may(permission)


def require_item(actor: Actor, owner_id: UUID, permission: str) -> None:
    """For one item. Raises NotAuthenticated, NotFound, PermissionMissing.

    Other people's items do not exist. One's own does, even for a key that may not use it.
    """
    require_visible(actor, owner_id, ITEMS_ADMIN)
    if not may_use_items(actor, owner_id, permission):
        require(actor, permission)


def require_items(actor: Actor, owner_id: UUID, permission: str) -> None:
    """For the list of an account's items. Raises NotAuthenticated, PermissionMissing."""
    if not may_use_items(actor, owner_id, permission):
        require(actor, permission if actor.user_id == owner_id else ITEMS_ADMIN)


def own_items(actor: Actor) -> UUID:
    """Whose items the caller's own are. Raises NotAuthenticated, PermissionMissing."""
    require(actor)
    if actor.user_id is None:
        raise PermissionMissing("account")
    return actor.user_id


def check_title(title: str) -> str:
    """1..200 characters of text, not all blank. Raises InvalidField."""
    fits = 1 <= len(title) <= TITLE_MAX_LENGTH
    if not fits or not is_plain_text(title) or not title.strip():
        raise _refusal(
            "title", "invalid_title", f"A title has 1 to {TITLE_MAX_LENGTH} printable characters."
        )
    return title


def check_title_prefix(prefix: str) -> str:
    """What a title can begin with: at most 200 characters that can be stored. Raises InvalidField.

    No character stands for others, and upper and lower case are told apart.
    """
    if len(prefix) > TITLE_MAX_LENGTH or not is_storable(prefix):
        raise _refusal(
            "title_prefix",
            "invalid_title_prefix",
            f"A prefix has at most {TITLE_MAX_LENGTH} characters of text.",
        )
    return prefix


def check_data(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A JSON object that every storage and every reader takes for the same. Raises InvalidField.

    At most 16 KiB as compact UTF-8, at most 64 levels; no number beyond 2**53 - 1 in size; no NUL
    and no lone surrogate in any text.
    """
    for value, depth in _walk(data):
        if depth > DATA_MAX_DEPTH:
            raise _refusal(
                "data", "too_deep", f"Data is nested at most {DATA_MAX_DEPTH} levels deep."
            )
        if isinstance(value, str) and not is_storable(value):
            raise _refusal("data", "invalid_text", "Data holds text that cannot be stored.")
        if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
            raise _refusal(
                "data", "number_too_large", "Data holds a number beyond 2^53 - 1; write it as text."
            )
    if len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()) > DATA_MAX_BYTES:
        raise _refusal("data", "too_large", "Data has at most 16 KiB as JSON.")
    return data


def _walk(data: Mapping[str, Any]) -> Iterator[tuple[Any, int]]:
    """Every key and value with its depth. Without recursion: it is the depth that is in doubt."""
    waiting: list[tuple[Any, int]] = [(data, 1)]
    while waiting:
        value, depth = waiting.pop()
        yield value, depth
        if isinstance(value, Mapping):
            yield from ((key, depth) for key in value)
            waiting += ((child, depth + 1) for child in value.values())
        elif isinstance(value, list):
            waiting += ((child, depth + 1) for child in value)


def _refusal(field: str, code: str, message: str) -> InvalidField:
    return InvalidField(ErrorDetail(field=field, code=code, message=message))
