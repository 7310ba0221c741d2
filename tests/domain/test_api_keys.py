"""API keys: their form, when they are alive, and what may be asked of them."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.api_keys import (
    KEY_FORM,
    KEY_LENGTH,
    ApiKeyStatus,
    check_expiry,
    check_overlap,
    check_rate_limit,
    check_scopes,
    rule_of,
)
from domain.errors import InvalidField
from domain.roles import BUILT_IN_PERMISSIONS
from tests.domain.samples import LATER, NOW, an_api_key, new_id

MICROSECOND = timedelta(microseconds=1)
KEY = an_api_key(new_id())
permission_sets = st.frozensets(st.sampled_from(sorted(BUILT_IN_PERMISSIONS)))


def fault(caught: pytest.ExceptionInfo[InvalidField]) -> tuple[str, str]:
    (detail,) = caught.value.details
    return detail.field, detail.code


def test_a_key_has_a_fixed_length() -> None:
    text = f"dw_{'a' * 16}_{'b' * 43}_{'c' * 6}"
    assert len(text) == KEY_LENGTH
    assert KEY_FORM.fullmatch(text)
    for no_key in (text + "\n", text[:-1], text.replace("dw_", "DW_"), text.replace("a", "é", 1)):
        assert KEY_FORM.fullmatch(no_key) is None


def test_a_key_is_alive_until_it_expires_or_is_revoked() -> None:
    assert KEY.status_at(NOW) is ApiKeyStatus.ACTIVE
    assert KEY.status_at(KEY.expires_at - MICROSECOND) is ApiKeyStatus.ACTIVE
    assert KEY.status_at(KEY.expires_at) is ApiKeyStatus.EXPIRED
    revoked = replace(KEY, revoked_at=NOW)
    assert revoked.status_at(NOW) is revoked.status_at(KEY.expires_at) is ApiKeyStatus.REVOKED
    # Having a successor is no end yet.
    assert replace(KEY, rotated_at=NOW).status_at(NOW) is ApiKeyStatus.ACTIVE


@given(scopes=permission_sets, held=permission_sets)
def test_a_key_may_do_what_it_was_given_and_its_owner_holds(
    scopes: frozenset[str], held: frozenset[str]
) -> None:
    assert replace(KEY, scopes=scopes).permissions_under(held) == scopes & held


def test_neither_the_digest_nor_anything_secret_is_shown() -> None:
    assert repr(KEY.secret_digest) not in repr(KEY)
    assert KEY.prefix == f"dw_{KEY.public_id}"


def test_a_successor_is_meant_to_live_as_long() -> None:
    assert KEY.successor_ends_at(LATER) == LATER + timedelta(days=1)


@pytest.mark.parametrize(
    ("last_used_at", "worth"),
    [
        (None, True),
        (NOW, False),
        (NOW - timedelta(seconds=60) + MICROSECOND, False),
        (NOW - timedelta(seconds=60), True),
        (NOW + timedelta(days=1), False),
    ],
)
def test_a_use_is_written_once_a_minute(last_used_at: datetime | None, worth: bool) -> None:
    assert replace(KEY, last_used_at=last_used_at).use_is_worth_writing(NOW) is worth


def test_a_key_lives_90_days_unless_told_otherwise() -> None:
    assert check_expiry(None, NOW) == NOW + timedelta(days=90)


@pytest.mark.parametrize("lifetime", [MICROSECOND, timedelta(days=365), timedelta(days=1830)])
def test_a_key_ends_in_the_future(lifetime: timedelta) -> None:
    assert check_expiry(NOW + lifetime, NOW) == NOW + lifetime


@pytest.mark.parametrize(
    "expires_at",
    [
        NOW,
        NOW - timedelta(days=1),
        NOW + timedelta(days=1830) + MICROSECOND,
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-23, minutes=-59))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=23, minutes=59))),
    ],
)
def test_a_key_ends_neither_in_the_past_nor_never(expires_at: datetime) -> None:
    with pytest.raises(InvalidField) as caught:
        check_expiry(expires_at, NOW)
    assert fault(caught) == ("expires_at", "invalid_expiry")


@pytest.mark.parametrize("good", [None, 1, 10_000])
def test_a_key_may_have_a_limit_of_its_own(good: int | None) -> None:
    assert check_rate_limit(good) == good
    if good is not None:
        assert (rule_of(good).count, rule_of(good).seconds) == (good, 60)


@pytest.mark.parametrize("bad", [0, -1, 10_001, 2**63])
def test_a_limit_is_neither_nothing_nor_everything(bad: int) -> None:
    with pytest.raises(InvalidField) as caught:
        check_rate_limit(bad)
    assert fault(caught) == ("rate_limit", "invalid_rate_limit")


@pytest.mark.parametrize("good", [0, 3600, 604_800])
def test_an_overlap_lasts_up_to_a_week(good: int) -> None:
    assert check_overlap(good) == timedelta(seconds=good)


@pytest.mark.parametrize("bad", [-1, 604_801, 2**63])
def test_an_overlap_is_neither_negative_nor_long(bad: int) -> None:
    with pytest.raises(InvalidField) as caught:
        check_overlap(bad)
    assert fault(caught) == ("overlap_seconds", "invalid_overlap")


def test_a_key_has_at_most_a_hundred_scopes() -> None:
    hundred = frozenset(f"orders:{number}" for number in range(100))
    assert check_scopes(hundred) == hundred
    with pytest.raises(InvalidField) as caught:
        check_scopes(hundred | {"one:more"})
    assert fault(caught) == ("scopes", "too_many_scopes")
