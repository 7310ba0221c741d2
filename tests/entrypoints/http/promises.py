"""What every single response promises, whatever it answers."""

import re
from typing import Any, get_args

import httpx

from entrypoints.http.schemas.errors import ERROR_CODES
from entrypoints.http.schemas.oauth import OAuthErrorCode
from tests.entrypoints.http.contract import find_operation

MARKER = "q7x-marker-7zq"
"""Planted in whatever a test sends. No error may give it back, in any form."""

API_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_SAME_EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-xss-protection": "0",
}
_PAGES = {"/docs", "/redoc"}
_PROBLEM_MEMBERS = {"type", "title", "status", "detail"}
_OAUTH_CODES = set(get_args(OAuthErrorCode))
_IN_ADVANCE = {404, 405}
"""Statuses of the router, which belong to no operation."""


def check_promises(response: httpx.Response, *, may_fail: bool = False) -> None:
    """Fails where the response breaks a promise that holds for all of them."""
    request, status = response.request, response.status_code
    assert status < 500 or may_fail, (request.method, request.url, response.text)
    _check_headers(response)
    if status == 503 and request.url.path.startswith("/health"):
        # What is wrong stands in the schema of a good answer.
        assert response.headers["content-type"] == "application/json"
    elif status >= 400:
        _check_error(response)
        _check_nothing_echoed(response)
    elif request.method != "HEAD" and status not in (204, 304):
        assert int(response.headers["content-length"]) == len(response.content)
        assert ("content-type" in response.headers) == (response.content != b"")
    if request.method == "HEAD" or status in (204, 304):
        assert response.content == b""
    _check_documented(response)


def _check_headers(response: httpx.Response) -> None:
    headers = response.headers
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", headers["x-request-id"])
    assert float(headers["x-response-time"]) >= 0
    assert {name: headers.get(name) for name in _SAME_EVERYWHERE} == _SAME_EVERYWHERE
    if response.request.url.path not in _PAGES or response.is_error:
        assert headers["content-security-policy"] == API_CSP
    once = ("x-request-id", "content-type", "content-length", "etag", "cache-control", "location")
    assert all(len(headers.get_list(name)) <= 1 for name in once)
    assert "server" not in headers or headers["server"] != "uvicorn"


def _check_error(response: httpx.Response) -> None:
    headers, status = response.headers, response.status_code
    assert headers["cache-control"] == "no-store"
    assert (headers.get("www-authenticate") == "Bearer") == (status == 401)
    assert ("allow" in headers) == (status == 405)
    assert (int(headers.get("retry-after", 0)) >= 1) == (status in (429, 503))
    if response.request.method != "HEAD":
        check_error_body(response)


def check_error_body(response: httpx.Response) -> dict[str, Any]:
    """Exactly the members of the error schema, or of its problem document."""
    body: dict[str, Any] = response.json()
    if response.request.url.path.startswith("/oauth/") and body["error"] in _OAUTH_CODES:
        assert body.keys() == {"error", "error_description"}
        assert response.headers["content-type"] == "application/json"
        return body
    is_problem = response.headers["content-type"] == "application/problem+json"
    assert is_problem or response.headers["content-type"] == "application/json"
    needed = {"error", "message", "request_id"} | (_PROBLEM_MEMBERS if is_problem else set())
    assert needed <= body.keys() <= needed | {"details"}
    assert body["error"] in ERROR_CODES
    assert re.fullmatch(r"[A-Z][^\n]*\.", body["message"])
    assert body["request_id"] == response.headers["x-request-id"]
    if "details" in body:
        assert body["details"]
        for detail in body["details"]:
            assert detail.keys() == {"field", "code", "message"}
            assert re.fullmatch(r"[a-z_]+", detail["code"])
            assert all(isinstance(text, str) and text for text in detail.values())
    if is_problem:
        assert body["status"] == response.status_code
        assert (body["type"], body["detail"]) == ("about:blank", body["message"])
    return body


def _check_nothing_echoed(response: httpx.Response) -> None:
    sent_back = response.text + repr(response.headers.raw)
    assert MARKER not in sent_back
    assert MARKER.upper() not in sent_back.upper()


def _check_documented(response: httpx.Response) -> None:
    """Whatever an operation does, its documentation has said that it might."""
    request, status = response.request, response.status_code
    operation = find_operation(request.method, request.url.path)
    if operation is None or status in _IN_ADVANCE - operation.statuses:
        return
    assert status in operation.statuses, f"{operation} has not announced {status}"
    if status >= 400 and request.method != "HEAD" and "error" in response.json():
        code = response.json()["error"]
        assert code in operation.codes(status), f"{operation} has not announced {code}"
