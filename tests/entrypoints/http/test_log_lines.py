"""One line a request, with what an operator needs and nothing that must stay secret."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
import structlog
from dependency_injector import providers
from starlette.types import Message

from tests.entrypoints.http.api import PASSWORD, Api, OpenApi
from tests.entrypoints.http.log_lines import LogLines, captured_logs
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.raw import HOST, JSON, scope_of
from tests.servers import free_port

EVERY_LINE = {"event", "level", "logger", "timestamp"}
COMPLETED = EVERY_LINE | {"request_id", "method", "route", "status", "duration_ms", "client_ip"}
ME = "/api/v1/users/me"


@pytest.fixture
def logs(api: Api) -> Iterator[LogLines]:
    """What the application logs from now on."""
    with captured_logs() as lines:
        yield lines


def line_of(logs: LogLines, request_id: str) -> dict[str, Any]:
    found = logs.named("request_completed", "request_failed")
    (line,) = (each for each in found if each["request_id"] == request_id)
    return line


async def test_a_request_leaves_one_line_with_exactly_these_fields(
    api: Api, logs: LogLines
) -> None:
    person = await api.person()
    response = await api.get(ME, headers=person.auth)
    line = line_of(logs, response.headers["x-request-id"])
    assert line.keys() == COMPLETED | {"user_id"}
    assert line["event"] == "request_completed"
    assert (line["level"], line["logger"]) == ("info", "doorward.http")
    assert (line["method"], line["route"], line["status"]) == ("GET", ME, 200)
    assert (line["user_id"], line["client_ip"]) == (person.id, "127.0.0.1")
    assert 0 < line["duration_ms"] < 10_000


async def test_a_line_says_when_it_began_only_in_debugging(api: Api, logs: LogLines) -> None:
    response = await api.get("/health")
    (started,) = logs.named("request_started")
    assert started.keys() == EVERY_LINE | {"request_id", "method"}
    assert started["level"] == "debug"
    assert started["request_id"] == response.headers["x-request-id"]


async def test_an_anonymous_refusal_names_the_error_and_nobody(api: Api, logs: LogLines) -> None:
    response = await api.get(ME, headers={"X-Request-ID": "mine"})
    assert response.status_code == 401
    line = line_of(logs, "mine")
    assert line.keys() == COMPLETED | {"error"}
    assert (line["status"], line["error"]) == (401, "unauthorized")


async def test_a_route_is_logged_by_its_template(api: Api, logs: LogLines) -> None:
    person = await api.person()
    for method, path, route in (
        ("GET", person.path, "/api/v1/users/{user_id}"),
        ("HEAD", person.path, "/api/v1/users/{user_id}"),
        ("GET", f"/api/v1/users/{MARKER}", "/api/v1/users/{user_id}"),
        ("GET", f"/{MARKER}", "unmatched"),
        ("GET", f"/api/v1/{MARKER}?a={MARKER}", "unmatched"),
    ):
        response = await api.request(method, path, headers=person.auth)
        line = line_of(logs, response.headers["x-request-id"])
        assert (line["method"], line["route"]) == (method, route)
    assert MARKER not in logs.text


async def test_a_failure_is_an_error_line(api: Api, logs: LogLines) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    api.may_fail = True
    person = await api.person()
    api.container.get_own_account.override(providers.Object(fail))
    response = await api.get(ME, headers=person.auth)
    line = line_of(logs, response.headers["x-request-id"])
    assert line.keys() == COMPLETED | {"user_id", "error"}
    assert (line["event"], line["level"]) == ("request_failed", "error")
    assert (line["status"], line["error"]) == (500, "internal_error")


@pytest.mark.parametrize("log_format", ["json", "pretty"])
async def test_what_nobody_expected_is_logged_with_its_places(
    open_api: OpenApi, log_format: str
) -> None:
    api = await open_api(log_format=log_format)
    with captured_logs() as logs:
        api.may_fail = True
        person = await api.person()
        api.container.get_own_account.override(providers.Object(FAILING))
        assert (await api.get(ME, headers=person.auth)).status_code == 500
        # As our own jobs log what they go on after.
        try:
            fail_with_a_secret()
        except ZeroDivisionError:
            structlog.get_logger("doorward").exception("job_failed")
    assert logs.text.count("ZeroDivisionError") >= 2
    assert logs.text.count("fail_with_a_secret") >= 2
    assert MARKER not in logs.text


def fail_with_a_secret(*_: object) -> NoReturn:
    held = f"{MARKER} is a long secret"
    raise ZeroDivisionError(held and "division by zero")


FAILING = SimpleNamespace(execute=fail_with_a_secret)


async def test_all_lines_of_a_request_have_its_id(api: Api, logs: LogLines) -> None:
    person = await api.person()
    logs.events.clear()
    await api.get("/api/v1/users", headers=person.auth | {"X-Request-ID": "mine"})
    assert [each["event"] for each in logs.events] == ["request_started", "request_completed"]
    assert {each["request_id"] for each in logs.events} == {"mine"}


SECRETS = [f"{MARKER}-{n}-is a long secret" for n in range(6)]


@pytest.mark.parametrize("log_format", ["json", "pretty"])
async def test_nothing_secret_is_ever_logged(open_api: OpenApi, log_format: str) -> None:
    # Mail to the console would stand among the lines, with all that is in it.
    nowhere = {"mailer": "smtp", "smtp_url": f"smtp://127.0.0.1:{free_port()}"}
    api = await open_api(log_format=log_format, **nowhere)
    with captured_logs() as logs:
        person = await api.person(password=SECRETS[0])
        for headers in (
            {"Authorization": f"Bearer {SECRETS[1]}"},
            {"Authorization": SECRETS[1], "Cookie": f"session={SECRETS[2]}"},
            {"X-API-Key": SECRETS[3], "User-Agent": SECRETS[4]},
            person.auth | {"Referer": f"https://example.com/?token={SECRETS[5]}"},
        ):
            await api.get(f"{ME}?token={SECRETS[2]}", headers=headers)
            await api.get(f"/api/v1/users?email={SECRETS[2]}&cursor={SECRETS[3]}", headers=headers)
            await api.patch(f"/{SECRETS[4]}", json={SECRETS[5]: SECRETS[5]}, headers=headers)
        await api.post("/api/v1/auth/login", json={"email": person.email, "password": SECRETS[1]})
        await api.post("/api/v1/auth/refresh", json={"refresh_token": person.refresh_token})
        await api.post(
            "/api/v1/auth/password/change",
            json={"current_password": SECRETS[0], "new_password": SECRETS[1]},
            headers=person.auth,
        )
        await api.post("/api/v1/auth/logout", headers=person.auth)
    assert len(logs.text.splitlines()) > 30
    for secret in (MARKER, PASSWORD, person.access_token, person.refresh_token, person.email):
        assert secret not in logs.text


async def leave(api: Api, *arriving: Message) -> list[Message]:
    """A client that sends these and is gone before it has an answer."""
    messages = [*arriving, {"type": "http.disconnect"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await api.app(scope_of("POST", "/api/v1/users", [HOST, JSON]), receive, send)
    return sent


async def test_a_client_who_leaves_before_the_body_is_whole_is_no_error(
    api: Api, logs: LogLines
) -> None:
    part: Message = {"type": "http.request", "body": b'{"email"', "more_body": True}
    for arrived in ([], [part]):
        logs.events.clear()
        assert await leave(api, *arrived) == []
        (line,) = logs.named("request_completed", "request_failed", "unexpected_error")
        assert (line["event"], line["status"]) == ("request_completed", 499)


async def test_a_request_that_is_cancelled_leaves_its_line(api: Api, logs: LogLines) -> None:
    person = await api.person()
    began = asyncio.Event()

    class Endless:
        async def execute(self, _: object) -> None:
            began.set()
            await asyncio.sleep(60)

    api.container.get_own_account.override(providers.Object(Endless()))
    request = asyncio.create_task(api.get(ME, headers=person.auth | {"X-Request-ID": "mine"}))
    await began.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert line_of(logs, "mine")["status"] == 499
