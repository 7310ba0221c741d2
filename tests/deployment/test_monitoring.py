"""The files for Prometheus and Grafana: they parse, and name what the service exports."""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry

from adapters.prometheus.metrics import Metrics
from application.ports.telemetry import LimitOutcome, MessageOutcome, SignInOutcome
from entrypoints.http.counting import METRICS_PATH
from entrypoints.http.schemas.errors import ERROR_CODES
from tests.architecture.tree import ROOT

DEPLOY = ROOT / "deploy"
RULES: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())
SCRAPING: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboard.json").read_text())
DURATION = re.compile(r"([0-9]+(ms|[smhdwy]))+")
TEMPLATE = re.compile(r"\{\{ *(?:\$labels\.(\w+)|\$value(?: \| \w+)?) *\}\}")

ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def exported() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Every metric's name as it is shown -> its type and labels."""
    registry = CollectorRegistry()
    metrics = vars(Metrics(registry))
    labels = {
        metric._name: metric._labelnames for metric in metrics.values() if hasattr(metric, "_name")
    }
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: (
            family.type,
            labels[family.name],
        )
        for family in registry.collect()
    }


EXPORTED = exported()
# What a histogram is shown as, and what Prometheus itself adds.
SERIES = {
    **{name: set(labels) for name, (_, labels) in EXPORTED.items()},
    **{
        f"{name}_{part}": {*labels, *extra}
        for name, (kind, labels) in EXPORTED.items()
        if kind == "histogram"
        for part, extra in (("bucket", {"le"}), ("sum", set()), ("count", set()))
    },
    "up": set(),
}
BY_PROMETHEUS = {"instance", "job"}


def documented() -> dict[str, tuple[str, tuple[str, ...]]]:
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+?) \| .+ \|$", text, re.MULTILINE)
    return {
        name: (kind, tuple(re.findall(r"`(\w+)`", labels)) if labels != "none" else ())
        for name, kind, labels in rows
    }


def test_every_metric_is_documented_and_no_other() -> None:
    assert documented() == EXPORTED


def expressions() -> Iterator[tuple[str, str]]:
    for rule in ALERTS:
        yield rule["alert"], rule["expr"]
    for panel in PANELS:
        for target in panel["targets"]:
            # Grafana puts its own in before Prometheus sees it.
            text = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            yield f"{panel['title']} {target['refId']}", text


EXPRESSIONS = dict(expressions())
every_expression = pytest.mark.parametrize("name", EXPRESSIONS)


def selectors(node: Any) -> Iterator[Any]:
    """Every vector selector in a parsed expression."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
        return
    for part in ("expr", "lhs", "rhs", "vector_selector", "vs"):
        if (child := getattr(node, part, None)) is not None:
            yield from selectors(child)
    for argument in getattr(node, "args", None) or ():
        yield from selectors(argument)


@every_expression
def test_an_expression_asks_for_what_is_exported(name: str) -> None:
    found = list(selectors(promql_parser.parse(EXPRESSIONS[name])))
    assert found
    for selector in found:
        assert selector.name in SERIES
        asked = {matcher.name for matcher in selector.matchers.matchers}
        assert asked <= SERIES[selector.name] | BY_PROMETHEUS


@every_expression
def test_an_expression_groups_by_labels_that_exist(name: str) -> None:
    parsed = promql_parser.parse(EXPRESSIONS[name])
    known = set().union(*(SERIES[each.name] for each in selectors(parsed))) | BY_PROMETHEUS
    for grouped in re.findall(r"\bby \(([^)]*)\)", EXPRESSIONS[name]):
        assert {label.strip() for label in grouped.split(",")} <= known


def test_values_of_labels_exist() -> None:
    known = {
        "outcome": {*SignInOutcome, *MessageOutcome, *LimitOutcome},
        "state": {"waiting", "set_aside", "in_use", "idle", "overflow", "running"},
        "code": set(ERROR_CODES),
    }
    for text in EXPRESSIONS.values():
        for label, value in re.findall(r'(outcome|state|code)=~?"([^"]*)"', text):
            assert set(value.split("|")) <= known[label]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_how_urgent_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Doorward[A-Za-z]+", rule["alert"])
    assert DURATION.fullmatch(rule.get("for", "0s"))
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"].keys() == {"summary", "description"}
    for text in rule["annotations"].values():
        assert "{{" not in TEMPLATE.sub("", text)
        for label in filter(None, TEMPLATE.findall(text)):
            # It must survive the aggregation, or the text stays empty.
            assert "sum" not in rule["expr"] or re.search(rf"by \([^)]*\b{label}\b", rule["expr"])


def test_alerts_are_grouped_and_named_once() -> None:
    assert all(group.keys() == {"name", "rules"} for group in RULES["groups"])
    names = [group["name"] for group in RULES["groups"]]
    assert len(set(names)) == len(names)
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS)


def test_prometheus_scrapes_the_page_with_its_token() -> None:
    assert SCRAPING["rule_files"] == ["alerts.yml"]
    for job in SCRAPING["scrape_configs"]:
        assert job["metrics_path"] == METRICS_PATH
        assert job["authorization"] == {
            "type": "Bearer",
            "credentials_file": "/run/secrets/metrics_token",
        }
    named = {job["job_name"] for job in SCRAPING["scrape_configs"]}
    asked = {
        value
        for text in EXPRESSIONS.values()
        for value in re.findall(r'\bup\{job="([^"]+)"\}', text)
    }
    assert asked <= named


def test_the_dashboard_has_no_panel_twice_or_over_another() -> None:
    assert DASHBOARD["uid"]
    assert DASHBOARD["schemaVersion"] >= 36
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    places = {
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    }
    sizes = [panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in DASHBOARD["panels"]]
    assert len(places) == sum(sizes)
    assert all(x < 24 for x, _ in places)


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {
        selector.name
        for panel in PANELS
        for target in panel["targets"]
        for selector in selectors(
            promql_parser.parse(EXPRESSIONS[f"{panel['title']} {target['refId']}"])
        )
    }
    assert {name for name in EXPORTED if name not in shown and f"{name}_bucket" not in shown} == (
        set()
    )


def test_the_dashboard_asks_the_source_that_is_chosen() -> None:
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["query"] == "prometheus"
    for panel in PANELS:
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
