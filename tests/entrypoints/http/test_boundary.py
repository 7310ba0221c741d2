"""What nobody expected, and what is away: an answer that says nothing, and a log line that does."""

import traceback

import httpx
import pytest
from dependency_injector import providers
from starlette.types import Message, Receive, Scope, Send

from domain.errors import RateLimited, Unavailable
from entrypoints.http.context import RequestContext, attach
from entrypoints.http.middleware.boundary import ErrorBoundary, ResponseCutShort
from tests.entrypoints.http.api import Api, OpenApi
from tests.entrypoints.http.log_lines import captured_logs
from tests.entrypoints.http.promises import MARKER, check_error_body
from tests.entrypoints.http.raw import scope_of

ME = "/api/v1/users/me"
ORIGIN = "https://app.example.com"


class Failing:
    """A use case that raises what it is told to."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def execute(self, _: object) -> None:
        try:
            raise LookupError(f"{MARKER} in the cause")
        except LookupError as cause:
            raise self._error from cause


async def get_me(api: Api, error: BaseException, **headers: str) -> httpx.Response:
    person = await api.person()
    api.may_fail = True
    api.container.get_own_account.override(providers.Object(Failing(error)))
    return await api.get(ME, headers=person.auth | headers)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(f"{MARKER} in the message"),
        KeyError(MARKER),
        RecursionError(MARKER),
        UnicodeEncodeError("utf-8", f"{MARKER}\ud800", 0, 1, "surrogates not allowed"),
        ExceptionGroup(MARKER, [ValueError(MARKER)]),
        TimeoutError(),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_nobody_expected_says_nothing_of_itself(api: Api, error: Exception) -> None:
    with captured_logs() as logs:
        response = await get_me(api, error)
    assert response.status_code == 500
    assert check_error_body(response)["error"] == "internal_error"
    assert "details" not in response.json()
    (line,) = logs.named("unexpected_error")
    assert line["error_type"] == type(error).__name__
    assert line["caused_by"] == "LookupError"
    assert line["request_id"] == response.headers["x-request-id"]
    assert line["stack"][-1].endswith(" execute")
    assert MARKER not in logs.text


async def test_even_such_an_answer_has_every_header(open_api: OpenApi) -> None:
    api = await open_api(cors_origins=ORIGIN)
    response = await get_me(api, RuntimeError(MARKER), Origin=ORIGIN)
    assert response.status_code == 500
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "x-request-id" in response.headers["access-control-expose-headers"].lower()


async def test_the_next_request_is_answered_as_if_nothing_had_been(api: Api) -> None:
    await get_me(api, RuntimeError(MARKER))
    api.container.get_own_account.reset_override()
    api.may_fail = False
    person = await api.person()
    assert (await api.get(ME, headers=person.auth)).status_code == 200


@pytest.mark.parametrize(("seconds", "header"), [(0, "1"), (1, "1"), (1.2, "2"), (60, "60")])
async def test_what_is_away_says_when_to_come_again(api: Api, seconds: float, header: str) -> None:
    response = await get_me(api, Unavailable(retry_after_seconds=seconds))
    assert (response.status_code, response.json()["error"]) == (503, "unavailable")
    assert response.headers["retry-after"] == header


async def test_a_limit_that_is_used_up_says_when_to_come_again(api: Api) -> None:
    response = await get_me(api, RateLimited(retry_after_seconds=12.5))
    assert (response.status_code, response.json()["error"]) == (429, "rate_limited")
    assert response.headers["retry-after"] == "13"


async def test_a_refusal_that_cannot_be_written_down_is_not_given(api: Api) -> None:
    """A refused act must be in the audit log before it is answered."""
    person = await api.person()
    api.may_fail = True
    api.container.record_denial.override(providers.Object(Failing(Unavailable())))
    response = await api.get("/api/v1/users", headers=person.auth)
    assert (response.status_code, response.json()["error"]) == (503, "unavailable")


async def test_an_answer_that_breaks_off_takes_its_reason_along(api: Api) -> None:
    """The server logs whatever reaches it, messages included."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(MARKER)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = scope_of("GET", "/")
    attach(scope, RequestContext(request_id="x", client_ip=None, user_agent=None, method="GET"))
    with captured_logs() as logs, pytest.raises(ResponseCutShort) as raised:
        await ErrorBoundary(broken)(scope, receive, send)
    assert [each["type"] for each in sent] == ["http.response.start"]
    assert MARKER not in "".join(traceback.format_exception(raised.value))
    (line,) = logs.named("unexpected_error")
    assert line["error_type"] == "RuntimeError"
    assert MARKER not in logs.text
