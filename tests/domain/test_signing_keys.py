"""When a key may sign, and what each act leaves behind."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Conflict, NotFound
from domain.signing_keys import (
    KeyChange,
    KeyIsCurrent,
    KeyRoster,
    RotationTooSoon,
    SigningAlgorithm,
    SigningKey,
    SigningKeyRules,
    SigningKeyStatus,
)
from tests.domain.samples import NOW, a_signing_key

CURRENT, NEXT = SigningKeyStatus.CURRENT, SigningKeyStatus.NEXT
RETIRED, REVOKED = SigningKeyStatus.RETIRED, SigningKeyStatus.REVOKED

Act = Callable[[KeyRoster, datetime], KeyChange | None]


def after(keys: list[SigningKey], change: KeyChange | None, at: datetime) -> list[SigningKey]:
    """The keys as the change leaves them; fresh ones are of that instant."""
    if change is None:
        return keys
    moved = {move.before.kid: move for move in change.moves}
    assert all(moved[key.kid].before == key for key in keys if key.kid in moved)
    kept = [moved[key.kid].after if key.kid in moved else key for key in keys]
    return kept + [
        a_signing_key(status, created_at=at, activated_at=at if status is CURRENT else None)
        for status in change.fresh
    ]


def installed() -> list[SigningKey]:
    return after([], KeyRoster([]).completion(NOW), NOW)


def states(keys: list[SigningKey]) -> list[str]:
    return [key.status.value for key in keys]


def rotated(keys: list[SigningKey], seconds: float, *, now: bool = False) -> list[SigningKey]:
    at = NOW + timedelta(seconds=seconds)
    return after(keys, KeyRoster(keys).rotation(at, now=now), at)


def test_an_installation_begins_with_a_current_and_a_next_key() -> None:
    assert states(installed()) == ["current", "next"]
    assert KeyRoster(installed()).completion(NOW) is None


def test_a_rotation_moves_each_key_one_step_on() -> None:
    keys = rotated(installed(), 5)
    assert states(keys) == ["retired", "current", "next"]
    at = NOW + timedelta(seconds=5)
    assert (keys[0].retired_at, keys[1].activated_at, keys[2].activated_at) == (at, at, None)


def test_the_first_rotation_need_not_wait_but_the_second_must() -> None:
    keys = rotated(installed(), 0)
    with pytest.raises(RotationTooSoon, match="--now"):
        rotated(keys, 309.999)
    assert states(rotated(keys, 310)) == ["retired", "retired", "current", "next"]
    assert states(rotated(keys, 1, now=True)) == ["retired", "retired", "current", "next"]


def test_a_next_key_that_replaced_another_must_be_known_before_it_signs() -> None:
    keys = installed()
    keys = after(keys, KeyRoster(keys).retirement(keys[1].kid, NOW), NOW)
    keys[2] = replace(keys[2], created_at=NOW + timedelta(seconds=100))
    with pytest.raises(RotationTooSoon):
        rotated(keys, 409)
    assert states(rotated(keys, 410)) == ["retired", "retired", "current", "next"]


def test_without_a_next_key_only_haste_makes_a_current_one_directly() -> None:
    keys = [a_signing_key(CURRENT)]
    with pytest.raises(RotationTooSoon):
        rotated(keys, 10_000)
    assert states(rotated(keys, 0, now=True)) == ["retired", "current", "next"]


def test_without_a_current_key_the_next_one_takes_its_place_at_once() -> None:
    keys = [a_signing_key(RETIRED), a_signing_key(NEXT, created_at=NOW + timedelta(seconds=1))]
    for change in (KeyRoster(keys).rotation(NOW), KeyRoster(keys).completion(NOW)):
        assert states(after(keys, change, NOW)) == ["retired", "current", "next"]


def test_the_next_key_is_replaced_when_it_is_retired() -> None:
    keys = installed()
    changed = after(keys, KeyRoster(keys).retirement(keys[1].kid, NOW), NOW)
    assert states(changed) == ["current", "retired", "next"]
    assert KeyRoster(changed).retirement(keys[1].kid, NOW) is None


def test_the_current_key_is_not_retired_by_itself() -> None:
    keys = installed()
    with pytest.raises(KeyIsCurrent, match="rotate"):
        KeyRoster(keys).retirement(keys[0].kid, NOW)


@pytest.mark.parametrize(
    ("number", "left"),
    [
        (0, ["revoked", "current", "next"]),
        (1, ["retired", "revoked", "current", "next"]),
        (2, ["retired", "current", "revoked", "next"]),
    ],
)
def test_a_key_of_any_state_is_revoked_and_its_place_filled(number: int, left: list[str]) -> None:
    keys = rotated(installed(), 0)
    change = KeyRoster(keys).revocation(keys[number].kid, NOW)
    changed = after(keys, change, NOW)
    assert states(changed) == left
    assert changed[number].retired_at == NOW
    assert KeyRoster(changed).revocation(keys[number].kid, NOW) is None


def test_a_revoked_key_keeps_the_instant_it_was_retired_at() -> None:
    key = a_signing_key(RETIRED, retired_at=NOW)
    assert key.revoked(NOW + timedelta(days=1)).retired_at == NOW


def test_revoking_the_current_key_without_a_next_one_makes_both() -> None:
    keys = [a_signing_key(CURRENT)]
    change = KeyRoster(keys).revocation(keys[0].kid, NOW)
    assert states(after(keys, change, NOW)) == ["revoked", "current", "next"]


def test_a_key_that_is_not_there_is_not_found() -> None:
    for act in (KeyRoster(installed()).retirement, KeyRoster(installed()).revocation):
        with pytest.raises(NotFound):
            act("another", NOW)


def test_another_algorithm_replaces_the_next_key_alone() -> None:
    keys = installed()
    roster = KeyRoster(keys)
    assert roster.change_of_algorithm(SigningAlgorithm.ES256, NOW) is None
    changed = after(keys, roster.change_of_algorithm(SigningAlgorithm.EDDSA, NOW), NOW)
    assert states(changed) == ["current", "retired", "next"]


def test_a_rotation_is_due_when_the_current_key_is_old_and_the_next_one_known() -> None:
    keys = installed()
    almost, due = NOW + timedelta(days=90, seconds=-1), NOW + timedelta(days=90)
    assert not KeyRoster(keys).rotation_is_due(almost, 90)
    assert KeyRoster(keys).rotation_is_due(due, 90)
    keys[1] = replace(keys[1], created_at=due - timedelta(seconds=300))
    assert not KeyRoster(keys).rotation_is_due(due, 90)
    assert not KeyRoster(keys[1:]).rotation_is_due(due, 90)
    assert not KeyRoster([]).rotation_is_due(due, 90)


def test_a_retired_key_is_of_use_until_its_last_token_has_ended() -> None:
    rules = SigningKeyRules(
        algorithm=SigningAlgorithm.ES256, rotation_days=90, access_ttl_seconds=900
    )
    assert rules.retired_since(NOW) == NOW - timedelta(seconds=910)


ACTS: tuple[Act, ...] = (
    lambda keys, at: keys.rotation(at),
    lambda keys, at: keys.rotation(at, now=True),
    lambda keys, at: keys.completion(at),
    lambda keys, at: keys.change_of_algorithm(SigningAlgorithm.HS256, at),
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*range(len(ACTS)), "retire", "revoke"]),
            st.integers(0, 30),
            st.integers(0, 400),
        ),
        max_size=30,
    )
)
def test_whatever_is_done_one_key_is_current_and_one_next(
    acts: list[tuple[int | str, int, int]],
) -> None:
    keys, at = installed(), NOW
    for act, number, seconds in acts:
        at += timedelta(seconds=seconds)
        roster, kid = KeyRoster(keys), keys[number % len(keys)].kid
        try:
            if isinstance(act, int):
                change = ACTS[act](roster, at)
            elif act == "retire":
                change = roster.retirement(kid, at)
            else:
                change = roster.revocation(kid, at)
        except Conflict:
            continue
        keys = after(keys, change, at)
        assert states(keys).count("current") == 1
        assert states(keys).count("next") == 1
