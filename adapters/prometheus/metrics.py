"""Every metric by name: its labels, what it means, how processes add up."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# Around what requests take; the last ones are the timeouts of database and Redis.
_REQUEST_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_JOB_SECONDS = (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 20)


class Metrics:
    """The metrics of one process, new ones in the given registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.requests = self._counter(
            "doorward_http_requests", "Requests that were answered.", "method", "route", "status"
        )
        self.request_seconds = Histogram(
            "doorward_http_request_duration_seconds",
            "From the head of a request to the end of its answer.",
            ("method", "route"),
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        self.requests_in_flight = self._gauge(
            "doorward_http_requests_in_flight", "Requests that are being worked on.", "route"
        )
        self.errors = self._counter(
            "doorward_http_errors", "Answers with an error, by its code.", "code"
        )
        self.refusals = self._counter(
            "doorward_http_refusals", "Refused before it was a request.", "reason"
        )
        self.limits = self._counter(
            "doorward_rate_limit_checks", "Rate limits looked at.", "group", "outcome"
        )
        self.sign_ins = self._counter("doorward_sign_ins", "Passwords tried.", "outcome")
        self.messages = self._counter("doorward_messages", "Mails taken up.", "outcome")
        self.job_seconds = Histogram(
            "doorward_job_duration_seconds",
            "Runs of background jobs that had something to do.",
            ("job",),
            buckets=_JOB_SECONDS,
            registry=registry,
        )
        self.job_failures = self._counter("doorward_job_failures", "Runs that failed.", "job")
        self.outbox = Gauge(
            "doorward_outbox_messages",
            "Mails that wait, or were set aside after too many tries.",
            ("state",),
            # One number for the whole installation: whoever is asked has just looked.
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self.pool = self._gauge(
            "doorward_database_connections", "Connections to the database.", "pool", "state"
        )
        self.pool_waits = self._counter(
            "doorward_database_pool_waits", "Requests for a connection that had to wait.", "pool"
        )
        self.hashes = self._gauge(
            "doorward_password_hashes", "Password hashes that run or wait.", "state"
        )
        self.hashes_refused = self._counter(
            "doorward_password_hashes_refused", "Password hashes for which there was no room."
        )

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, multiprocess_mode="livesum", registry=self._registry)
