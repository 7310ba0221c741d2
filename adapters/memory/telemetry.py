"""What was told, in lists: for tests."""

from application.ports.telemetry import (
    LimitOutcome,
    MessageOutcome,
    RequestTelemetry,
    SignInOutcome,
    Telemetry,
)


class MemoryTelemetry(Telemetry, RequestTelemetry):
    def __init__(self) -> None:
        self.sign_ins: list[SignInOutcome] = []
        self.messages: list[MessageOutcome] = []
        self.jobs: list[tuple[str, bool]] = []
        """Each run's name, and whether it failed."""
        self.in_flight: list[str] = []
        self.requests: list[tuple[str, str, int]] = []
        self.errors: list[str] = []
        self.refusals: list[str] = []
        self.charges: list[tuple[str, LimitOutcome]] = []

    def signed_in(self, outcome: SignInOutcome) -> None:
        self.sign_ins.append(outcome)

    def message_handled(self, outcome: MessageOutcome) -> None:
        self.messages.append(outcome)

    def job_ended(self, job: str, seconds: float, *, failed: bool) -> None:
        self.jobs.append((job, failed))

    def request_began(self, route: str) -> None:
        self.in_flight.append(route)

    def request_left(self, route: str) -> None:
        self.in_flight.remove(route)

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.append((method, route, status))

    def request_refused(self, code: str) -> None:
        self.errors.append(code)

    def request_unread(self, reason: str) -> None:
        self.refusals.append(reason)

    def request_charged(self, group: str, outcome: LimitOutcome) -> None:
        self.charges.append((group, outcome))
