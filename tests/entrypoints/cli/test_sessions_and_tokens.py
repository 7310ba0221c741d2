"""`doorward sessions` and `tokens`: where accounts are signed in, what tokens are worth."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import pytest

from application.sessions.refresh import RefreshSessionCommand
from application.sessions.sign_in import SignInCommand
from application.tokens import IssuedTokens
from config.container import Container, close, container_for
from config.settings import load_settings
from domain.access import Actor, Origin
from tests.entrypoints.cli.console import PASSWORD, Console

pytestmark = pytest.mark.usefixtures("anywhere")

T = TypeVar("T")
ADA = "ada@example.com"


def served(act: Callable[[Container], Awaitable[T]]) -> T:
    """What a running server would do meanwhile."""

    async def run() -> T:
        container = container_for(load_settings())
        try:
            await container.ensure_signing_keys().execute()
            await container.key_ring_keeper().refresh()
            return await act(container)
        finally:
            await close(container)

    return asyncio.run(run())


def sign_in(ip: str = "192.0.2.1") -> IssuedTokens:
    command = SignInCommand(actor=Actor.anonymous(Origin(ip=ip)), email=ADA, password=PASSWORD)
    return served(lambda container: container.sign_in().execute(command))


def refresh(token: str) -> IssuedTokens:
    command = RefreshSessionCommand(actor=Actor.anonymous(), refresh_token=token)
    return served(lambda container: container.refresh_session().execute(command))


@pytest.fixture
def ada(console: Console, anywhere: object) -> str:
    created = console("users", "create", ADA, "--name", "Ada", "--json", typed=PASSWORD)
    return str(created.json["id"])


def test_sessions_are_listed_and_ended_one_by_one(console: Console, ada: str) -> None:
    sign_in("192.0.2.1")
    sign_in("192.0.2.2")
    listed = console("sessions", "list", ADA, "--json").json
    assert [session["ip"] for session in listed["items"]] == ["192.0.2.2", "192.0.2.1"]
    assert "192.0.2.1" in console("sessions", "list", ada).out
    newest = listed["items"][0]["id"]
    assert console("sessions", "revoke", newest).code == 0
    left = console("sessions", "list", ADA, "--json").json["items"]
    assert [session["ip"] for session in left] == ["192.0.2.1"]
    assert "not_found" in console("sessions", "revoke", newest).refusal()


def test_all_sessions_of_an_account_end_at_once(console: Console, ada: str) -> None:
    tokens = [sign_in(), sign_in()]
    assert console("sessions", "revoke", "--user", ada).code == 0
    assert console("sessions", "list", ADA, "--json").json["items"] == []
    for each in tokens:
        ended = console("tokens", "inspect", typed=each.access_token)
        assert ended.refusal() == "Its session has ended: ended_by_administrator."


@pytest.mark.parametrize("arguments", [(), (str(uuid4()), "--user", ADA), ("not-an-id",)])
def test_what_to_end_must_be_said_once(
    console: Console, ada: str, arguments: tuple[str, ...]
) -> None:
    assert console("sessions", "revoke", *arguments).code == 2


def test_sessions_of_nobody_are_not_found(console: Console) -> None:
    assert "not_found" in console("sessions", "list", "nobody@example.com").refusal()
    assert "not_found" in console("sessions", "revoke", "--user", str(uuid4())).refusal()


def test_a_live_token_says_what_it_grants(console: Console, ada: str) -> None:
    tokens = sign_in()
    access = console("tokens", "inspect", "--json", typed=tokens.access_token + "\n").json
    assert (access["sub"], access["username"], access["token_type"]) == (ada, ADA, "Bearer")
    assert access["scope"] == ["items:read", "items:write"]
    refreshing = console("tokens", "inspect", typed=tokens.refresh_token)
    assert "refresh_token" in refreshing.out
    assert tokens.refresh_token not in refreshing.out + refreshing.err


def test_a_dead_token_says_why(console: Console, ada: str) -> None:
    tokens = sign_in()
    refresh(tokens.refresh_token)
    used = console("tokens", "inspect", typed=tokens.refresh_token)
    assert used.refusal() == "It has been used; its session lives on with a successor."
    console("users", "disable", ADA)
    assert "ended" in console("tokens", "inspect", typed=tokens.access_token).refusal()
    console("users", "delete", ADA, "--yes")
    assert "gone" in console("tokens", "inspect", typed=tokens.access_token).refusal()


@pytest.mark.parametrize("junk", ["x", "é", "a.b.c", "A" * 122, "A" * 100_000])
def test_junk_was_not_made_here(console: Console, junk: str) -> None:
    answer = console("tokens", "inspect", typed=junk)
    assert answer.refusal() == "It was not made by this service, or it has run out."


def test_nothing_is_no_token(console: Console) -> None:
    assert "no token" in console("tokens", "inspect").refusal()
