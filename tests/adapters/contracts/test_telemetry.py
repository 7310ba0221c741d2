"""What every telemetry promises: nothing told is lost, and nothing is counted twice."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.memory.telemetry import MemoryTelemetry
from adapters.prometheus.telemetry import PrometheusTelemetry
from application.ports.telemetry import LimitOutcome, MessageOutcome, SignInOutcome
from config.metrics_folder import VARIABLE

Told = MemoryTelemetry | PrometheusTelemetry


@pytest.fixture(params=["memory", "alone", "shared"])
def telemetry(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Told]:
    if request.param == "memory":
        yield MemoryTelemetry()
    elif request.param == "alone":
        yield PrometheusTelemetry()
    else:
        monkeypatch.setenv(VARIABLE, str(tmp_path))
        yield PrometheusTelemetry(tmp_path)
        # The next one in this process is to count for itself again.
        PrometheusTelemetry()


def counted(telemetry: Told) -> Counter[tuple[str, ...]]:
    """Everything that was told, as (what, labels...) -> how often."""
    if isinstance(telemetry, MemoryTelemetry):
        return Counter(
            [
                *(("sign_ins", each.value) for each in telemetry.sign_ins),
                *(("messages", each.value) for each in telemetry.messages),
                *(("jobs", name) for name, _ in telemetry.jobs),
                *(("job_failures", name) for name, failed in telemetry.jobs if failed),
                *(("in_flight", each) for each in telemetry.in_flight),
                *(("requests", method, route, str(s)) for method, route, s in telemetry.requests),
                *(("errors", each) for each in telemetry.errors),
                *(("refusals", each) for each in telemetry.refusals),
                *(("limits", group, outcome.value) for group, outcome in telemetry.charges),
            ]
        )
    found: Counter[tuple[str, ...]] = Counter()
    for family in text_string_to_metric_families(telemetry.render(None).decode()):
        for sample in family.samples:
            if sample.name in NAMES and sample.value:
                name, *labels = NAMES[sample.name]
                found[(name, *(sample.labels[label] for label in labels))] += int(sample.value)
    return found


NAMES = {
    "doorward_sign_ins_total": ("sign_ins", "outcome"),
    "doorward_messages_total": ("messages", "outcome"),
    "doorward_job_duration_seconds_count": ("jobs", "job"),
    "doorward_job_failures_total": ("job_failures", "job"),
    "doorward_http_requests_in_flight": ("in_flight", "route"),
    "doorward_http_requests_total": ("requests", "method", "route", "status"),
    "doorward_http_errors_total": ("errors", "code"),
    "doorward_http_refusals_total": ("refusals", "reason"),
    "doorward_rate_limit_checks_total": ("limits", "group", "outcome"),
}


def test_nothing_has_been_told_yet(telemetry: Told) -> None:
    assert counted(telemetry) == Counter()


def test_everything_told_is_counted_once(telemetry: Told) -> None:
    telemetry.signed_in(SignInOutcome.REFUSED)
    telemetry.signed_in(SignInOutcome.SUCCESS)
    telemetry.signed_in(SignInOutcome.SUCCESS)
    telemetry.message_handled(MessageOutcome.SET_ASIDE)
    telemetry.job_ended("purge", 0.5, failed=False)
    telemetry.job_ended("purge", 0.5, failed=True)
    telemetry.request_ended("GET", "/a", 200, 0.001)
    telemetry.request_ended("GET", "/a", 200, 0.001)
    telemetry.request_ended("GET", "/a", 404, 0.001)
    telemetry.request_refused("not_found")
    telemetry.request_unread("slow")
    telemetry.request_charged("read", LimitOutcome.PASSED_UNCOUNTED)
    assert counted(telemetry) == Counter(
        {
            ("sign_ins", "refused"): 1,
            ("sign_ins", "success"): 2,
            ("messages", "set_aside"): 1,
            ("jobs", "purge"): 2,
            ("job_failures", "purge"): 1,
            ("requests", "GET", "/a", "200"): 2,
            ("requests", "GET", "/a", "404"): 1,
            ("errors", "not_found"): 1,
            ("refusals", "slow"): 1,
            ("limits", "read", "passed_uncounted"): 1,
        }
    )


def test_a_request_is_in_flight_until_it_leaves(telemetry: Told) -> None:
    telemetry.request_began("/a")
    telemetry.request_began("/a")
    telemetry.request_left("/a")
    assert counted(telemetry) == Counter({("in_flight", "/a"): 1})
    telemetry.request_left("/a")
    assert counted(telemetry) == Counter()
