"""The OpenAPI document: valid, complete, and about this service and no other."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from fastapi.routing import APIRoute, iter_route_contexts

from entrypoints.http.json_route import JsonRoute
from entrypoints.http.oauth_route import OAuthRoute
from entrypoints.http.serving.refusals import HEAD_TOO_LARGE, TARGET_TOO_LONG, TOO_SLOW
from tests.entrypoints.http.api import Api
from tests.entrypoints.http.contract import Json, document, operations, resolve
from tests.services import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")

# Pages and documents for people, which are no operations.
PUBLIC_PAGES = {
    *("/docs", "/redoc", "/api/v1/openapi.json"),
    *("/account/verify", "/account/reset"),
    # Not JSON, and for Prometheus alone: docs/metrics.md describes it.
    "/metrics",
}
# Their answer has the schema of a good one, and says what is wrong.
OWN_ERRORS = {("getReadiness", 503)}
BEFORE_THE_APPLICATION = {each.status for each in (TOO_SLOW, TARGET_TOO_LONG, HEAD_TOO_LARGE)}
"""The server itself refuses with these, whatever was asked for."""


def every(node: Any) -> Iterator[Json]:
    """Every object anywhere in the document."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from every(value)
    elif isinstance(node, list):
        for value in node:
            yield from every(value)


def test_it_is_valid_openapi() -> None:
    assert document()["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(document()).validate()


def test_it_says_what_it_is_and_where() -> None:
    assert document()["info"].keys() >= {"title", "version", "summary", "description", "license"}
    assert document()["servers"]
    declared = {tag["name"] for tag in document()["tags"]}
    used = {tag for each in operations() for tag in each.description["tags"]}
    assert used == declared
    assert all(tag["description"] for tag in document()["tags"])


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    references = {node["$ref"] for node in every(document()) if "$ref" in node}
    schemas = {f"#/components/schemas/{name}" for name in document()["components"]["schemas"]}
    assert references == schemas


def test_nothing_of_the_frameworks_own_is_left_in_it() -> None:
    text = json.dumps(document())
    assert "HTTPValidationError" not in text
    assert not [node for node in every(document()) if node.get("default", "") is None]


def test_every_operation_introduces_itself() -> None:
    for each in operations():
        told = each.description
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", each.id), each
        assert re.fullmatch(r"[A-Z][^.]*[^.]", told["summary"]), each
        assert len(told["description"]) > 10 or told["description"].endswith("."), each
        assert len(told["tags"]) == 1, each
    ids = Counter(each.id for each in operations())
    assert [name for name, count in ids.items() if count > 1] == []


def test_every_operation_says_who_may_call_it() -> None:
    schemes = document()["components"]["securitySchemes"].keys()
    for each in operations():
        assert each.access, each
        named = {name for need in each.description["security"] for name in need}
        assert named <= schemes, each
        assert (each.access == "anyone") == (not each.needs_credential), each
        assert (401 in each.statuses) == each.takes_credential or each.access == "anyone", each


async def test_every_route_is_documented_or_a_public_page(api: Api) -> None:
    found = {context.path_format for context in iter_route_contexts(api.app.routes)}
    assert found == {each.path for each in operations()} | PUBLIC_PAGES


async def test_every_route_reads_its_body_strictly(api: Api) -> None:
    for context in iter_route_contexts(api.app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.body_field is not None:
            assert isinstance(route, JsonRoute | OAuthRoute), context.path


def test_every_error_has_the_error_schema() -> None:
    for each in operations():
        for status in each.statuses:
            content = each.description["responses"][str(status)].get("content", {})
            if status < 400 or (each.id, status) in OWN_ERRORS:
                continue
            named = set(re.findall(r"schemas/(\w+)", json.dumps(content)))
            # What refuses these has not read what the caller accepts.
            plain = status in BEFORE_THE_APPLICATION
            expected = [{"ErrorBody"} if plain else {"ErrorBody", "ProblemBody"}]
            if each.is_oauth:
                expected += [{"OAuthErrorBody", "ErrorBody", "ProblemBody"}, {"OAuthErrorBody"}]
            assert named in expected, (str(each), status)
            assert each.codes(status), (str(each), status)


def test_every_operation_announces_what_can_happen_to_any_request() -> None:
    for each in operations():
        assert {400, 413, 500, 503} | BEFORE_THE_APPLICATION <= each.statuses, each
        for status in (400, *BEFORE_THE_APPLICATION):
            assert "malformed_request" in each.codes(status), (str(each), status)
        if each.body_schema is not None and not each.is_oauth:
            assert {415, 422} <= each.statuses, each


def test_a_field_of_a_patch_is_left_out_rather_than_null() -> None:
    patches = [each.body_schema or {} for each in operations() if each.method == "PATCH"]
    assert patches
    for schema in patches:
        for field in schema["properties"].values():
            assert "default" not in field
            assert "null" not in json.dumps(field)


def test_no_parameter_can_be_null() -> None:
    for each in operations():
        for parameter in each.description.get("parameters", ()):
            assert "null" not in json.dumps(parameter["schema"]), (str(each), parameter["name"])


def bodies() -> Iterator[tuple[str, Json]]:
    """Every JSON body that is sent or answered."""
    for each in operations():
        for node in every(each.description):
            schema = node.get("application/json", {}).get("schema", {})
            if "$ref" in schema:
                yield schema["$ref"].rpartition("/")[2], resolve(schema)


@pytest.mark.parametrize(
    ("name", "schema"), sorted(dict(bodies()).items()), ids=lambda x: str(x)[:30]
)
def test_every_body_has_an_example_that_fits(name: str, schema: Json) -> None:
    assert schema.get("examples"), name
    validator = jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document()["components"]},
        validate_formats=True,
    )
    for example in schema["examples"]:
        validator.validate(example)
        assert example.keys() <= schema["properties"].keys()


def test_the_page_lists_every_operation_and_no_other() -> None:
    rows = re.findall(r"^\| ([A-Z]+) \| `(\S+)` \| .+ \| (\d{3})\b.*\|$", PAGE, re.MULTILINE)
    listed = [(method, path, int(status)) for method, path, status in rows]
    expected = {
        (each.method, each.path, next(s for s in sorted(each.statuses) if s < 300))
        for each in operations()
    }
    assert set(listed) == expected
    assert len(listed) == len(expected)


def rule_in_words(who: str) -> str:
    """The access rule behind what the page says."""
    for words, rule in (
        (r"`([a-z_:]+)`", r"\1"),
        (r"the account itself, or `([a-z_:]+)`", r"self or \1"),
        (r"one's own with `([a-z_:]+)`, or `([a-z_:]+)`", r"own with \1, or \2"),
        (r"one's own session, or `([a-z_:]+)`", r"session or \1"),
        (r"one's own session, with a password given within 15 minutes", "recent session"),
        (r"one's own session(, with the password)?", "session"),
    ):
        if found := re.fullmatch(words, who):
            return found.expand(rule)
    if who.startswith(("anyone", "whoever holds")):
        return "anyone"
    return who


def test_the_page_says_who_may_call_what_the_document_says() -> None:
    rows = re.findall(r"^\| ([A-Z]+) \| `(\S+)` \| (.+?) \| \d{3}\b.*\|$", PAGE, re.MULTILINE)
    told = {(method, path): rule_in_words(who) for method, path, who in rows}
    assert told == {(each.method, each.path): each.access for each in operations()}
