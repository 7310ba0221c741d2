"""Items: what they may hold, and who may use them."""

import json
from typing import Any

import pytest

from domain.access import Actor, NotAuthenticated, PermissionMissing
from domain.errors import DomainError, InvalidField, NotFound
from domain.items import (
    DATA_MAX_BYTES,
    DATA_MAX_DEPTH,
    MAX_NUMBER,
    check_data,
    check_title,
    check_title_prefix,
    own_items,
    require_item,
    require_items,
)
from tests.application.people import ANYBODY, ROOT, signed_in, with_key
from tests.domain.samples import a_user, new_id


def nested(levels: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for level in range(levels - 1):
        data = {"a": data} if level % 2 else {"a": [data]}
    return data


def depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value
    return 1 + max((depth(each) for each in children if isinstance(each, dict | list)), default=0)


def test_data_is_any_object_of_json() -> None:
    for data in (
        {},
        {"": None, "a b": [True, -1.5, "x", {"\n": []}]},
        {"n": [MAX_NUMBER, -MAX_NUMBER, 1e15, 5e-324]},
        {"emoji": "👩‍🚀", "line": "a\nb\tc"},
    ):
        assert check_data(data) == data


def test_data_that_readers_would_take_for_different_things_is_refused() -> None:
    for code, data in (
        ("number_too_large", {"n": MAX_NUMBER + 1}),
        ("number_too_large", {"n": [[-(10**400)]]}),
        ("number_too_large", {"n": 1e16}),
        ("number_too_large", {"n": float("nan")}),
        ("number_too_large", {"n": float("-inf")}),
        ("invalid_text", {"t": "a\0b"}),
        ("invalid_text", {"t": ["\ud800"]}),
        ("invalid_text", {"a\0": 1}),
        ("invalid_text", {"deeper": {"\udfff": 1}}),
    ):
        with pytest.raises(InvalidField) as caught:
            check_data(data)
        (detail,) = caught.value.details
        assert (detail.field, detail.code) == ("data", code)


def test_data_has_bounds() -> None:
    fits = {"t": "é" * ((DATA_MAX_BYTES - len('{"t":""}')) // 2)}
    assert len(json.dumps(fits, ensure_ascii=False, separators=(",", ":")).encode()) == 16384
    assert check_data(fits) == fits
    with pytest.raises(InvalidField):
        check_data({"t": fits["t"] + "x"})
    levels = next(n for n in range(1, 99) if depth(nested(n + 1)) > DATA_MAX_DEPTH)
    assert check_data(nested(levels))
    for many in (levels + 1, 100_000):
        with pytest.raises(InvalidField) as caught:
            check_data(nested(many))
        assert caught.value.details[0].code == "too_deep"


def test_a_title_is_one_line_of_text() -> None:
    for title in ("x", "x" * 200, " x ", "👩‍🚀", "100%"):
        assert check_title(title) == title
    for title in ("", " ", "x" * 201, "a\nb", "a\0b", "\ud800"):
        with pytest.raises(InvalidField):
            check_title(title)
    for prefix in ("", " ", "%", "x" * 200):
        assert check_title_prefix(prefix) == prefix
    for prefix in ("x" * 201, "\0", "\ud800"):
        with pytest.raises(InvalidField):
            check_title_prefix(prefix)


def outcome(check: Any, actor: Actor, owner_id: Any) -> type[DomainError] | tuple[str, ...] | None:
    try:
        check(actor, owner_id, "items:read")
    except PermissionMissing as error:
        return error.permissions
    except DomainError as error:
        return type(error)
    return None


def test_who_may_use_items() -> None:
    user = a_user()
    theirs, others = user.id, new_id()
    for actor, own_item, other_item, own_list, other_list in (
        (signed_in(user, "items:read"), None, NotFound, None, ("items:admin",)),
        (with_key(user, "items:read"), None, NotFound, None, ("items:admin",)),
        (
            with_key(user, "items:write"),
            ("items:read",),
            NotFound,
            ("items:read",),
            ("items:admin",),
        ),
        (signed_in(user, "items:admin"), None, None, None, None),
        (ROOT, None, None, None, None),
    ):
        assert outcome(require_item, actor, theirs) == own_item
        assert outcome(require_item, actor, others) == other_item
        assert outcome(require_items, actor, theirs) == own_list
        assert outcome(require_items, actor, others) == other_list
    for check in (require_item, require_items):
        assert outcome(check, ANYBODY, theirs) is NotAuthenticated


def test_items_belong_to_an_account() -> None:
    user = a_user()
    assert own_items(with_key(user)) == user.id
    with pytest.raises(PermissionMissing):
        own_items(ROOT)
    with pytest.raises(NotAuthenticated):
        own_items(ANYBODY)
