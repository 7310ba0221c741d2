"""How long strangers wait at an account that was tried in vain too often."""

from datetime import timedelta

import pytest

from domain.backoff import BackoffRules, FailedSignIns
from tests.domain.samples import NOW

RULES = BackoffRules()


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (99, 0), (100, 30), (101, 60), (104, 480), (105, 900), (106, 900), (10**9, 900)],
)
def test_a_pause_doubles_from_the_hundredth_failure_up_to_a_quarter_of_an_hour(
    failures: int, seconds: int
) -> None:
    assert RULES.pause_after(failures) == timedelta(seconds=seconds)
    failed = FailedSignIns(count=failures, last_try_at=NOW)
    assert RULES.wait(failed, NOW) == timedelta(seconds=seconds)
    assert RULES.wait(failed, NOW + timedelta(seconds=seconds)) <= timedelta(0)
    assert RULES.binds(failed) is (failures >= 100)
