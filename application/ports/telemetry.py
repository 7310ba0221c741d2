"""Telling operators in numbers what happens: counted by intent, shown on one page."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from application.ports.outbox import OutboxDepth
from application.ports.passwords import HashingState
from application.ports.storage import PoolState


class SignInOutcome(StrEnum):
    SUCCESS = "success"
    REFUSED = "refused"
    """Unknown address, wrong password, disabled account: they look alike here, too."""
    EMAIL_NOT_VERIFIED = "email_not_verified"


class MessageOutcome(StrEnum):
    SENT = "sent"
    DROPPED = "dropped"
    """There was nothing to send any more, or nobody to send it to."""
    FAILED = "failed"
    """A try went wrong; another one may follow."""
    SET_ASIDE = "set_aside"
    """The last try went wrong."""


class LimitOutcome(StrEnum):
    ALLOWED = "allowed"
    REFUSED = "refused"
    PASSED_UNCOUNTED = "passed_uncounted"
    """Redis was away, and the call is of a kind that goes on without it."""
    FALLBACK_ALLOWED = "fallback_allowed"
    """Redis was away, and this process judged alone."""
    FALLBACK_REFUSED = "fallback_refused"


class Telemetry(ABC):
    """What use cases and jobs tell. Methods are quick, and neither wait nor raise."""

    @abstractmethod
    def signed_in(self, outcome: SignInOutcome) -> None:
        """Once a password was tried."""

    @abstractmethod
    def message_handled(self, outcome: MessageOutcome) -> None:
        """Once a message was taken up, and after what became of it is committed."""

    @abstractmethod
    def job_ended(self, job: str, seconds: float, *, failed: bool) -> None:
        """A run that did something, or could not."""


class RequestTelemetry(ABC):
    """What is told of each request. The same promise; these are on the way of every request."""

    @abstractmethod
    def request_began(self, route: str) -> None:
        """It has reached that route; `request_left` must follow."""

    @abstractmethod
    def request_left(self, route: str) -> None:
        """The counterpart of `request_began`."""

    @abstractmethod
    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """It was answered, or given up. `method` and `route` come from closed sets."""

    @abstractmethod
    def request_refused(self, code: str) -> None:
        """It was answered with that error code, of a closed set."""

    @abstractmethod
    def request_unread(self, reason: str) -> None:
        """The server refused it before it was one, for that reason of a closed set."""

    @abstractmethod
    def request_charged(self, group: str, outcome: LimitOutcome) -> None:
        """A rate limit was looked at for it."""


@dataclass(frozen=True, kw_only=True)
class ProcessState:
    """This process at one moment. `pools` by name: primary, replica."""

    pools: Mapping[str, PoolState] = field(default_factory=dict)
    hashing: HashingState


class MetricsPage(ABC):
    """The numbers of all serving processes of this machine, as Prometheus reads them."""

    content_type: str

    @abstractmethod
    def note(self, state: ProcessState) -> None:
        """Replaces what was last noted of this process."""

    @abstractmethod
    def render(self, outbox: OutboxDepth | None) -> bytes:
        """Of the moment of the call; blocks for some milliseconds. None: nobody knows now."""
