"""Slowing down guesses: when an account that was tried in vain too often may be tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class FailedSignIns:
    """Tries at one account since the last one that succeeded, from everywhere together."""

    count: int
    last_try_at: datetime


@dataclass(frozen=True, kw_only=True)
class BackoffRules:
    """At most 100 failures in a row go without a pause (NIST SP 800-63B-4, section 3.2.2).

    From there on strangers get one try in each pause, and each pause is twice the last one, up to
    the longest. An address is known for a while after the account was last signed in to from it.
    """

    free_failures: int = 100
    first_pause: timedelta = timedelta(seconds=30)
    longest_pause: timedelta = timedelta(minutes=15)
    known_for: timedelta = timedelta(days=90)

    def pause_after(self, failures: int) -> timedelta:
        beyond = failures - self.free_failures
        if beyond < 0:
            return timedelta(0)
        # So many doublings reach any longest pause, and more would overflow.
        return min(self.first_pause * (1 << min(beyond, 20)), self.longest_pause)

    def wait(self, failed: FailedSignIns, at: datetime) -> timedelta:
        """How long a stranger has to wait from then on; nothing or less if they need not."""
        return failed.last_try_at + self.pause_after(failed.count) - at

    def binds(self, failed: FailedSignIns) -> bool:
        """Whether strangers are let in one by one."""
        return failed.count >= self.free_failures
