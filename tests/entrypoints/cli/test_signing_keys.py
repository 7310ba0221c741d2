"""`doorward signing-keys`, as whoever runs the service sees it."""

import asyncio
from dataclasses import replace

import pytest

from adapters.sql.unit_of_work import SqlUnitOfWorkFactory
from domain.signing_keys import SigningKeyStatus
from tests.application.signing_key_worlds import open_worker
from tests.domain.samples import a_signing_key
from tests.entrypoints.cli.conftest import SECRET_KEY
from tests.entrypoints.cli.console import Console, Ended
from tests.storage import open_database

MEMBERS = ["kid", "algorithm", "status", "created_at", "activated_at", "retired_at"]


@pytest.fixture
def url(anywhere: str) -> str:
    """An installation with its first two keys, which the commands' settings lead to."""

    async def start() -> None:
        async with open_worker(anywhere, secret_key=SECRET_KEY) as worker:
            await worker.start()

    asyncio.run(start())
    return anywhere


class Keys:
    """`doorward signing-keys`."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def __call__(self, *arguments: str, typed: str = "", on_terminal: bool = False) -> Ended:
        return self.console("signing-keys", *arguments, typed=typed, on_terminal=on_terminal)

    def statuses(self) -> dict[str, str]:
        return {key["kid"]: key["status"] for key in self("list", "--json").json["items"]}

    def kid(self, status: str) -> str:
        return next(kid for kid, found in self.statuses().items() if found == status)


@pytest.fixture
def keys(url: str, console: Console) -> Keys:
    assert url
    return Keys(console)


def test_the_list_shows_states_and_instants_and_no_secret(keys: Keys) -> None:
    items = keys("list", "--json").json["items"]
    assert [list(key) for key in items] == [MEMBERS] * 2
    assert sorted(key["status"] for key in items) == ["current", "next"]
    assert all(key["created_at"].endswith("Z") and key["retired_at"] is None for key in items)
    table = keys("list").out
    assert all(name in table for name in MEMBERS)
    assert all(key["kid"] in table for key in items)


def test_rotate_makes_the_next_key_current(keys: Keys) -> None:
    following = keys.kid("next")
    key = keys("rotate", "--json").json
    assert (key["kid"], key["status"]) == (following, "current")
    following = keys.kid("next")
    assert "--now" in keys("rotate").refusal()
    assert following in keys("rotate", "--now").out
    assert sorted(keys.statuses().values()) == ["current", "next", "retired", "retired"]


def test_retire_replaces_the_next_key_alone(keys: Keys) -> None:
    following = keys.kid("next")
    assert "rotate" in keys("retire", keys.kid("current")).refusal()
    assert keys("retire", following, "--json").json["status"] == "retired"
    assert "nothing to do" in keys("retire", following).out
    assert keys("retire", "another").refusal().startswith("not_found")
    assert keys.kid("next") != following


def test_revoke_wants_to_be_sure(keys: Keys) -> None:
    current = keys.kid("current")
    assert "--yes" in keys("revoke", current).refusal(2)
    assert keys.kid("current") == current
    key = keys("revoke", current, "--yes", "--json").json
    assert (key["kid"], key["status"]) == (current, "revoked")
    assert "already" in keys("revoke", current, "--yes").out


@pytest.mark.parametrize(("typed", "left"), [("y\n", "revoked"), ("n\n", "current")])
def test_on_a_terminal_the_answer_decides(keys: Keys, typed: str, left: str) -> None:
    current = keys.kid("current")
    ended = keys("revoke", current, typed=typed, on_terminal=True)
    assert ended.code == (0 if left == "revoked" else 1)
    assert keys.statuses()[current] == left


def test_a_kid_may_begin_with_a_hyphen(keys: Keys, url: str) -> None:
    kids = ("-a", "--b", "-")

    async def add() -> None:
        async with open_database(url) as database, SqlUnitOfWorkFactory(database)() as uow:
            for kid in kids:
                await uow.signing_keys.add(
                    replace(a_signing_key(SigningKeyStatus.RETIRED), kid=kid)
                )
            await uow.commit()

    asyncio.run(add())
    for kid in kids:
        assert keys("revoke", kid, "--yes", "--json").json["status"] == "revoked"
