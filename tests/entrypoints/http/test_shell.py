"""The order in which the outermost layer takes requests through what it does to each."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from entrypoints.http.context import RequestContext
from entrypoints.http.middleware.shell import RequestShell
from tests.entrypoints.http.api import Api
from tests.entrypoints.http.raw import scope_of

TOGETHER = 3
STEPS = ("read", "made", "sent")


@pytest.fixture
def happened() -> list[str]:
    return []


@pytest.fixture
def shell(happened: list[str], monkeypatch: pytest.MonkeyPatch) -> RequestShell:
    async def application(_scope: Scope, _receive: Receive, send: Send) -> None:
        happened.append("made")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    read_head = RequestShell._context

    def read(shell: RequestShell, scope: Scope) -> RequestContext:
        happened.append("read")
        return read_head(shell, scope)

    def write_line(*_: Any) -> None:
        happened.append("logged")

    monkeypatch.setattr(RequestShell, "_context", read)
    monkeypatch.setattr(RequestShell, "_write_line", write_line)
    return RequestShell(application, trusted_proxies=(), production=False)


async def ask(api: Api, shell: RequestShell, happened: list[str]) -> None:
    async def receive() -> Message:
        raise AssertionError("there is no body")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            happened.append("sent")

    await shell({**scope_of("GET", "/"), "app": api.app}, receive, send)


async def test_requests_that_come_together_go_through_each_step_together(
    api: Api, shell: RequestShell, happened: list[str]
) -> None:
    await asyncio.gather(*(ask(api, shell, happened) for _ in range(TOGETHER)))
    assert happened == [step for step in (*STEPS, "logged") for _ in range(TOGETHER)]


async def test_what_is_cancelled_between_two_steps_is_logged_all_the_same(
    api: Api, shell: RequestShell, happened: list[str]
) -> None:
    for taken in range(1, len(STEPS) + 1):
        happened.clear()
        request = asyncio.create_task(ask(api, shell, happened))
        for _ in range(taken):
            await asyncio.sleep(0)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        assert happened == [*STEPS[:taken], "logged"]
