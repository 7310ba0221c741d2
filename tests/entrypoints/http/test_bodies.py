"""Request bodies as nobody should send them, to every operation that takes one."""

import json
from collections.abc import Iterator

import pytest

from tests.entrypoints.http.api import Account, Api
from tests.entrypoints.http.contract import Operation, operation, operations
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.raw import HOST, JSON, call

TAKING_JSON = [each for each in operations() if each.body_schema and not each.is_oauth]
TAKING_FORMS = [each for each in operations() if each.body_schema and each.is_oauth]
NOT_TAKING = [
    each
    for each in operations()
    if each.body_schema is None and each.method in ("POST", "DELETE", "GET")
]
LIMIT = 64 * 1024

MALFORMED = {
    "empty object cut off": b"{",
    "no JSON": MARKER.encode(),
    "single quotes": b"{'name': 'x'}",
    "a comment": b'{"name": "x"} // really',
    "two values": b"{}{}",
    "comma at the end": b'{"name": "x",}',
    "Latin-1": b'{"name": "caf\xe9"}',
    "cut-off UTF-8": b'{"name": "\xf0\x9f"}',
    "UTF-8 of a surrogate": b'{"name": "\xed\xa0\x80"}',
    "UTF-16": json.dumps({"name": MARKER}).encode("utf-16"),
    "UTF-32": json.dumps({"name": MARKER}).encode("utf-32"),
    "byte order mark": b'\xef\xbb\xbf{"name": "x"}',
    "NaN": b'{"name": NaN}',
    "Infinity": b'{"name": -Infinity}',
    "more than a double holds": b'{"name": 1e999}',
    "5000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "raw control character": b'{"name": "a\x00b"}',
    "nested deeply": b"[" * 60_000,
    "nested deeply and closed": b'{"name":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "only spaces": b"   ",
}
NOT_OBJECTS = [[], [{}], MARKER, 7, 1.5, True, None, [MARKER]]
NOT_TEXT = [7, 1.5, True, [7], {"x": MARKER}, None, "\0", "a\0" + MARKER, "\ud800", "x\udfff"]


async def send(api: Api, called: Operation, content: bytes, caller: Account) -> tuple[int, str]:
    """The same before and after, whatever it is: nothing is half done."""
    before = api.stored()
    response = await api.request(
        called.method,
        called.url(),
        content=content,
        headers=caller.auth | {"Content-Type": "application/json"},
    )
    assert api.stored() == before
    return response.status_code, response.json()["error"]


@pytest.mark.parametrize("called", TAKING_JSON, ids=lambda each: each.id)
async def test_what_is_not_a_json_object_is_refused(api: Api, called: Operation) -> None:
    administrator = await api.administrator()
    for what, content in MALFORMED.items():
        answer = await send(api, called, content, administrator)
        assert (what, *answer) == (what, 400, "malformed_request")
    for value in NOT_OBJECTS:
        answer = await send(api, called, json.dumps(value).encode(), administrator)
        assert (value, *answer) == (value, 422, "validation_error")


def damaged(called: Operation) -> Iterator[dict[str, object]]:
    """The example with one field that is missing, unknown, or no text."""
    schema = called.body_schema or {}
    (example,) = schema["examples"]
    yield example | {MARKER: 1}
    yield example | {"\ud800": MARKER, f"{MARKER}\0": {MARKER: [MARKER]}}
    for field in schema.get("required", ()):
        yield {name: value for name, value in example.items() if name != field}
    for field in example:
        kind = schema["properties"][field].get("type")
        yield from (example | {field: value} for value in NOT_TEXT if not _fits(kind, value))


def _fits(kind: str | None, value: object) -> bool:
    """An item's data is any object there is, and some fields are numbers."""
    return type(value) is {"object": dict, "integer": int}.get(str(kind))


@pytest.mark.parametrize("called", TAKING_JSON, ids=lambda each: each.id)
async def test_a_field_that_does_not_fit_is_refused(api: Api, called: Operation) -> None:
    administrator = await api.administrator()
    for body in damaged(called):
        answer = await send(api, called, json.dumps(body).encode(), administrator)
        assert answer == (422, "validation_error"), body


async def test_a_fault_is_named_by_its_place(api: Api) -> None:
    body = {"email": 7, "name": "x" * 201, MARKER: {MARKER: MARKER}}
    response = await api.post("/api/v1/users", json=body)
    assert response.json()["message"] == "The request does not fit its schema."
    details = response.json()["details"]
    assert {each["field"]: (each["code"], each["message"]) for each in details} == {
        "body.email": ("string_type", "This must be a string."),
        "body.name": ("string_too_long", "This is too long."),
        "body.password": ("missing", "This field is required."),
        "body.?": ("extra_forbidden", "There is no such field."),
    }


async def test_a_thousand_faults_do_not_make_a_large_answer(api: Api) -> None:
    response = await api.post("/api/v1/users", json={f"{MARKER}{n}": n for n in range(1000)})
    assert response.status_code == 422
    assert len(response.json()["details"]) <= 50


MEDIA_TYPES = [
    *(
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"application/xml",
        b"application/jsonx",
    ),
    *(b"multipart/form-data; boundary=x", b"json", b"", b"\xff", b"text/json", MARKER.encode()),
]


@pytest.mark.parametrize("called", TAKING_JSON, ids=lambda each: each.id)
async def test_a_body_of_another_type_is_refused(api: Api, called: Operation) -> None:
    administrator = await api.administrator()
    auth = (b"authorization", administrator.auth["Authorization"].encode())
    before = api.stored()
    content = json.dumps(called.request()["json"]).encode()
    for media_type in (*MEDIA_TYPES, None):
        headers = [HOST, auth, (b"content-length", str(len(content)).encode())]
        headers += [(b"content-type", media_type)] if media_type is not None else []
        response = await call(api.app, called.method, called.url(), headers, [content])
        assert (media_type, response.status_code) == (media_type, 415)
        assert response.json()["error"] == "unsupported_media_type"
    assert api.stored() == before


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/a+json",
    ],
)
async def test_json_goes_by_several_names(api: Api, media_type: str) -> None:
    content = json.dumps(operation("registerUser").request()["json"])
    response = await api.post(
        "/api/v1/users", content=content, headers={"Content-Type": media_type}
    )
    assert response.status_code == 201


async def test_without_any_body_the_body_is_missing(api: Api) -> None:
    administrator = await api.administrator()
    for called in TAKING_JSON:
        if not called.description["requestBody"].get("required"):
            continue
        response = await api.request(called.method, called.url(), headers=administrator.auth)
        assert (called.id, response.status_code) == (called.id, 422)
        (detail,) = response.json()["details"]
        assert (detail["field"], detail["code"]) == ("body", "missing")


async def test_a_body_that_nobody_asked_for_is_ignored(api: Api) -> None:
    for called in NOT_TAKING:
        url = called.path.replace("{user_id}", MARKER).replace("{session_id}", MARKER)
        bare = await api.request(called.method, url)
        response = await api.request(
            called.method, url, content=MARKER, headers={"Content-Type": "text/plain"}
        )
        assert (called.id, response.status_code) == (called.id, bare.status_code)


@pytest.mark.parametrize("called", [*TAKING_JSON, *TAKING_FORMS], ids=lambda each: each.id)
async def test_a_body_that_is_too_large_is_refused(api: Api, called: Operation) -> None:
    administrator = await api.administrator()
    auth = (b"authorization", administrator.auth["Authorization"].encode())
    form = (b"content-type", b"application/x-www-form-urlencoded")
    headers = [HOST, auth, form if called.is_oauth else JSON]
    before = api.stored()
    pulled: list[int] = []

    def pieces(count: int) -> Iterator[bytes]:
        for number in range(count):
            pulled.append(number)
            yield b'"' + b"x" * 9_999

    for announced in (b"65537", b"10000000", b"9" * 5000):
        length = (b"content-length", announced)
        response = await call(api.app, called.method, called.url(), [*headers, length], pieces(9))
        assert (response.status_code, response.json()["error"]) == (413, "payload_too_large")
    assert pulled == []
    chunked = (b"transfer-encoding", b"chunked")
    response = await call(api.app, called.method, called.url(), [*headers, chunked], pieces(1000))
    assert (response.status_code, response.json()["error"]) == (413, "payload_too_large")
    # What is over the limit already is not read to its end.
    assert len(pulled) == 7
    assert api.stored() == before


async def test_the_limit_itself_is_within_the_limit(api: Api) -> None:
    body = operation("registerUser").request()["json"]
    content = json.dumps(body).encode().ljust(LIMIT)
    assert len(content) == LIMIT
    headers = {"Content-Type": "application/json"}
    assert (await api.post("/api/v1/users", content=content, headers=headers)).status_code == 201
    over = await api.post("/api/v1/users", content=content + b" ", headers=headers)
    assert over.status_code == 413


@pytest.mark.parametrize(
    "length", [b"x", b"-1", b"1.5", b"0x10", b"", b"1, 1", b"\xb2", MARKER.encode()]
)
async def test_a_length_that_is_no_number_is_malformed(api: Api, length: bytes) -> None:
    headers = [HOST, JSON, (b"content-length", length)]
    response = await call(api.app, "POST", "/api/v1/users", headers, [b"{}"])
    assert (response.status_code, response.json()["error"]) == (400, "malformed_request")
