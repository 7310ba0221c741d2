"""How often a caller may come: several limits charged at once, or none of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from domain.rate_limits import RateLimitRule


@dataclass(frozen=True, slots=True)
class Charge:
    """`cost` turns taken from the window that `key` has under `rule`.

    A key under rules with other `seconds` has another window; a changed `count` keeps the window.
    `fail_closed` says what an outage of the backend means: True, the limit is kept as well as one
    process alone can keep it; False, the charge passes.
    """

    key: str
    rule: RateLimitRule
    cost: int = 1
    fail_closed: bool = False

    def __post_init__(self) -> None:
        if self.cost < 1:
            raise ValueError("a charge costs at least 1")

    def window_id(self) -> str:
        """32 hexadecimal digits, for any key: callers choose keys, and may choose hostile ones."""
        window = f"{self.rule.seconds}:{self.key}".encode(errors="surrogatepass")
        return blake2b(window, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitVerdict:
    """What became of the charges, in the numbers of the one that binds the caller most."""

    allowed: bool
    limit: int
    """The rule's count."""
    remaining: int
    """Turns left in the window, after this call."""
    reset_after_seconds: float
    """Until `remaining` is `limit` again, if nothing is charged meanwhile."""
    retry_after_seconds: float
    """Until what was refused fits, 0 if allowed. What costs more than the limit never does."""
    degraded: bool = False
    """The backend was away: `fail_closed` charges were judged by this process, others passed."""

    @classmethod
    def tightest(cls, verdicts: Iterable["RateLimitVerdict"]) -> "RateLimitVerdict":
        """One for all: the longest wait if any is refused, else the fewest turns left."""
        return min(
            verdicts,
            key=lambda verdict: (
                -verdict.retry_after_seconds,
                verdict.remaining,
                -verdict.reset_after_seconds,
            ),
        )

    def as_degraded(self) -> "RateLimitVerdict":
        """The same, judged without the backend."""
        return replace(self, degraded=True)


class RateLimiter(ABC):
    """An exact sliding window: no span of `seconds`, wherever it begins, has over `count` turns.

    A turn taken at time t counts until just before t + `seconds`. Refused charges take no turn: who
    keeps knocking is let in as soon as who waits. Exact means that the time of every turn is kept
    (about 10 bytes), at most `count` of them a window; meant for counts up to some thousands.
    """

    @abstractmethod
    async def charge(self, charges: Sequence[Charge]) -> RateLimitVerdict:
        """Takes all turns or, if any charge would exceed its rule, none; atomic, one round trip.

        Charges of one call may share a window; they add up. Raises ValueError if there are none.
        An outage of the backend does not raise, and costs a bounded wait: see `degraded`.
        """

    @abstractmethod
    async def healthy(self) -> bool:
        """Whether charges are judged by the backend now. Does not raise; waits as `charge` does."""

    @abstractmethod
    async def close(self) -> None:
        """Gives every connection back; the last call, harmless if repeated."""
