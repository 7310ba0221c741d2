"""How long a session lives, and what a refresh token means that is not the live one."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sessions import RefreshOutcome, RefreshRules, Session, SessionEnd
from tests.domain.samples import NOW, a_session, new_id

RULES = RefreshRules(absolute_seconds=1_000, idle_seconds=100, grace_seconds=30)
TICK = timedelta(microseconds=1)


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def session(**changes: object) -> Session:
    return a_session(new_id(), expires_at=NOW + after(1_000), **changes)


@given(st.floats(-10, 2_000), st.floats(0, 1_000), st.booleans())
def test_a_session_lives_until_it_ends_expires_or_rests_too_long(
    now: float, used: float, ended: bool
) -> None:
    changes = {"ended_at": NOW, "end_reason": SessionEnd.SIGNED_OUT} if ended else {}
    last_used_at, at = NOW + after(used), NOW + after(now)
    one = session(last_used_at=last_used_at, **changes)
    # Differences of times, as two roads to one instant may differ by a rounding.
    rested = at - last_used_at
    assert RULES.is_live(one, at) is (not ended and rested < after(100) and at - NOW < after(1_000))


def test_lives_end_at_the_instant() -> None:
    one = session(last_used_at=NOW)
    assert RULES.is_live(one, NOW + after(100) - TICK)
    assert not RULES.is_live(one, NOW + after(100))
    used_late = session(last_used_at=NOW + after(990))
    assert RULES.is_live(used_late, NOW + after(1_000) - TICK)
    assert not RULES.is_live(used_late, NOW + after(1_000))


@given(st.floats(0, 1_000))
def test_a_token_ends_when_its_session_does_if_it_is_not_used(used: float) -> None:
    one = session(last_used_at=NOW + after(used))
    end = RULES.ends_at(one)
    assert RULES.is_live(one, end - TICK)
    assert not RULES.is_live(one, end)


@pytest.mark.parametrize(
    ("generation", "since_rotation", "outcome"),
    [
        (4, after(0), RefreshOutcome.RETRY),
        (4, after(30) - TICK, RefreshOutcome.RETRY),
        (4, after(30), RefreshOutcome.REUSE),
        (4, after(90), RefreshOutcome.REUSE),
        (3, after(0), RefreshOutcome.REUSE),
        (0, after(0), RefreshOutcome.REUSE),
        (6, after(0), RefreshOutcome.REUSE),
        (4, after(100), RefreshOutcome.OVER),
        (0, after(100), RefreshOutcome.OVER),
    ],
)
def test_only_the_last_generation_in_time_is_a_retry(
    generation: int, since_rotation: timedelta, outcome: RefreshOutcome
) -> None:
    one = session(generation=5, rotated_at=NOW, last_used_at=NOW)
    assert RULES.judge(one, generation, NOW + since_rotation) is outcome


def test_an_ended_session_is_over_whatever_is_shown() -> None:
    ended = session(
        generation=5, rotated_at=NOW, ended_at=NOW, end_reason=SessionEnd.REUSE_DETECTED
    )
    for generation in (0, 4, 5, 6):
        assert RULES.judge(ended, generation, NOW) is RefreshOutcome.OVER


def test_without_a_window_there_is_no_retry() -> None:
    strict = RefreshRules(absolute_seconds=1_000, idle_seconds=100, grace_seconds=0)
    one = session(generation=1, rotated_at=NOW, last_used_at=NOW)
    assert strict.judge(one, 0, NOW) is RefreshOutcome.REUSE


def test_a_session_does_not_show_its_secret() -> None:
    assert "not much of a secret" not in repr(session())
