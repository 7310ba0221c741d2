"""Metrics in this process, or in files that all processes of the service share."""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from adapters.prometheus.metrics import Metrics
from adapters.prometheus.slots import Slots
from application.ports.outbox import OutboxDepth
from application.ports.telemetry import (
    LimitOutcome,
    MessageOutcome,
    MetricsPage,
    ProcessState,
    RequestTelemetry,
    SignInOutcome,
    Telemetry,
)

_UNKNOWN = float("nan")


class PrometheusTelemetry(Telemetry, RequestTelemetry, MetricsPage):
    """`shared_folder` None: this process alone. Else one of these a process: it owns its files.

    The library finds the folder by itself in PROMETHEUS_MULTIPROC_DIR, which must name the same.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, shared_folder: Path | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        if shared_folder is None:
            values.ValueClass = values.MutexValue
            self._metrics = Metrics(self._registry)
        else:
            slots = Slots(shared_folder)
            values.ValueClass = values.MultiProcessValue(slots.own)  # type: ignore[no-untyped-call]
            # What a process knows of itself is not shown beside what the files say of all.
            self._metrics = Metrics(CollectorRegistry())
            self._registry.register(_SharedFiles(slots))
        # Looking a child up by its labels costs more than counting: done once for each.
        self._in_flight: dict[str, Gauge] = {}
        self._ended: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._charged: dict[tuple[str, LimitOutcome], Counter] = {}
        self._noted: dict[tuple[Counter, str], int] = {}
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """A rate needs a value before the first event, too, where all labels are known."""
        for sign_in in SignInOutcome:
            self._metrics.sign_ins.labels(sign_in)
        for message in MessageOutcome:
            self._metrics.messages.labels(message)

    # What use cases and jobs tell

    def signed_in(self, outcome: SignInOutcome) -> None:
        self._metrics.sign_ins.labels(outcome).inc()

    def message_handled(self, outcome: MessageOutcome) -> None:
        self._metrics.messages.labels(outcome).inc()

    def job_ended(self, job: str, seconds: float, *, failed: bool) -> None:
        self._metrics.job_seconds.labels(job).observe(seconds)
        failures = self._metrics.job_failures.labels(job)
        if failed:
            failures.inc()

    # Requests

    def request_began(self, route: str) -> None:
        self._in_flight_of(route).inc()

    def request_left(self, route: str) -> None:
        self._in_flight_of(route).dec()

    def _in_flight_of(self, route: str) -> Gauge:
        gauge = self._in_flight.get(route)
        if gauge is None:
            gauge = self._in_flight[route] = self._metrics.requests_in_flight.labels(route)
        return gauge

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method, route, status)
        found = self._ended.get(key)
        if found is None:
            found = self._ended[key] = (
                self._metrics.requests.labels(method, route, status),
                self._metrics.request_seconds.labels(method, route),
            )
        found[0].inc()
        found[1].observe(seconds)

    def request_refused(self, code: str) -> None:
        self._metrics.errors.labels(code).inc()

    def request_unread(self, reason: str) -> None:
        self._metrics.refusals.labels(reason).inc()

    def request_charged(self, group: str, outcome: LimitOutcome) -> None:
        key = (group, outcome)
        counter = self._charged.get(key)
        if counter is None:
            counter = self._charged[key] = self._metrics.limits.labels(group, outcome)
        counter.inc()

    # The page

    def note(self, state: ProcessState) -> None:
        for name, pool in state.pools.items():
            self._metrics.pool.labels(name, "in_use").set(pool.in_use)
            self._metrics.pool.labels(name, "idle").set(pool.idle)
            self._metrics.pool.labels(name, "overflow").set(pool.overflow)
            self._catch_up(self._metrics.pool_waits.labels(name), name, pool.waits)
        self._metrics.hashes.labels("running").set(state.hashing.running)
        self._metrics.hashes.labels("waiting").set(state.hashing.waiting)
        self._catch_up(self._metrics.hashes_refused, "", state.hashing.refused)

    def _catch_up(self, counter: Counter, name: str, total: int) -> None:
        """With a total of this process, in a counter that an earlier one may have begun."""
        counter.inc(total - self._noted.get((counter, name), 0))
        self._noted[counter, name] = total

    def render(self, outbox: OutboxDepth | None) -> bytes:
        waiting, aside = (outbox.waiting, outbox.set_aside) if outbox else (_UNKNOWN, _UNKNOWN)
        self._metrics.outbox.labels("waiting").set(waiting)
        self._metrics.outbox.labels("set_aside").set(aside)
        return generate_latest(self._registry)


class _SharedFiles(Collector):
    """All processes' files, added up."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def collect(self) -> Iterable[Metric]:
        files = self._slots.readable_files()
        return MultiProcessCollector.merge(files)  # type: ignore[no-any-return, no-untyped-call]
