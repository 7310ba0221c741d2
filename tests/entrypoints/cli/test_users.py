"""`doorward users`: the same rules and the same records as over REST."""

import asyncio

import pytest
from sqlalchemy import text

from application.sessions.sign_in import SignInCommand
from application.users.queries import FindUserQuery
from config.container import close, container_for
from config.settings import load_settings
from domain.access import Actor
from domain.sessions import InvalidCredentials
from domain.users import User
from entrypoints.http.schemas.users import UserBody
from tests.entrypoints.cli.console import PASSWORD, Console
from tests.storage import open_database

pytestmark = pytest.mark.usefixtures("anywhere")
NOT_FOUND = "not_found: There is no such record."


def stored(email: str) -> User:
    async def find() -> User:
        container = container_for(load_settings())
        try:
            query = FindUserQuery(actor=Actor.operator(), email=email)
            return await container.find_user().execute(query)
        finally:
            await close(container)

    return asyncio.run(find())


def signs_in(email: str, password: str) -> bool:
    async def sign_in() -> bool:
        container = container_for(load_settings())
        try:
            await container.ensure_signing_keys().execute()
            await container.key_ring_keeper().refresh()
            command = SignInCommand(actor=Actor.anonymous(), email=email, password=password)
            await container.sign_in().execute(command)
        except InvalidCredentials:
            return False
        finally:
            await close(container)
        return True

    return asyncio.run(sign_in())


def log_of_operators(url: str) -> list[str]:
    async def ask() -> list[str]:
        async with open_database(url) as database, database.reading() as connection:
            statement = "SELECT kind FROM events WHERE actor_type = 'operator' ORDER BY id"
            return list((await connection.execute(text(statement))).scalars())

    return asyncio.run(ask())


def test_an_account_is_created_and_found_again_by_id_and_by_address(console: Console) -> None:
    created = console.create("Ada@Example.com", "--role", "admin", name="Ada")

    assert (created["email"], created["name"]) == ("Ada@example.com", "Ada")
    assert created["roles"] == ["admin", "user"]
    assert created["email_verified"] is False
    assert console("users", "show", created["id"], "--json").json == created
    assert console("users", "show", "ada@EXAMPLE.com", "--json").json == created


def test_json_has_the_shape_that_rest_answers_with(console: Console) -> None:
    created = console.create("ada@example.com", "--role", "admin", "--email-verified", name="Ada é")

    assert created == UserBody.of(stored("ada@example.com")).model_dump(mode="json")
    assert created["email_verified"] is True


def test_the_list_goes_on_page_by_page(console: Console) -> None:
    newest_first = [console.create(f"user{n}@example.com")["id"] for n in range(3)][::-1]

    first = console("users", "list", "--limit", "2", "--json").json
    second = console(
        "users", "list", "--limit", "2", "--cursor", first["next_cursor"], "--json"
    ).json

    assert [user["id"] for user in first["items"] + second["items"]] == newest_first
    assert second["next_cursor"] is None
    assert first["next_cursor"] in console("users", "list", "--limit", "2").out


def test_an_account_is_changed(console: Console, anywhere: str) -> None:
    console.create("ada@example.com", "--role", "admin", name="Ada")
    user_id = console.create("bob@example.com", name="Bob")["id"]

    renamed = console("users", "update", "bob@example.com", "--name", "Robert", "--json").json
    disabled = console("users", "disable", user_id, "--json").json
    enabled = console("users", "enable", "bob@example.com", "--json").json
    promoted = console("users", "set-roles", user_id, "--role", "admin", "--json").json
    bare = console("users", "set-roles", user_id, "--none", "--json").json

    assert (renamed["name"], disabled["status"], enabled["status"]) == (
        "Robert",
        "disabled",
        "active",
    )
    assert (promoted["roles"], bare["roles"]) == (["admin"], [])
    assert log_of_operators(anywhere) == [
        "user.created",
        "user.created",
        "user.updated",
        "user.disabled",
        "user.enabled",
        "user.roles_changed",
        "user.roles_changed",
    ]


def test_a_new_password_is_the_one_that_counts(console: Console) -> None:
    console.create("ada@example.com")
    new = "another one of enough length"

    ended = console("users", "set-password", "ada@example.com", typed=f"{new}\n")

    assert (ended.code, ended.err) == (0, "")
    assert signs_in("ada@example.com", new)
    assert not signs_in("ada@example.com", PASSWORD)


def test_an_account_is_deleted(console: Console) -> None:
    created = console.create("ada@example.com")

    ended = console("users", "delete", "ada@example.com", "--yes", "--json")

    assert ended.json == {"id": created["id"], "deleted": True}
    assert console("users", "show", created["id"]).refusal() == NOT_FOUND


def test_the_last_administrator_stays(console: Console) -> None:
    console.create("ada@example.com", "--role", "admin")

    for command in (
        ("users", "delete", "ada@example.com", "--yes"),
        ("users", "disable", "ada@example.com"),
        ("users", "set-roles", "ada@example.com", "--role", "user"),
    ):
        assert console(*command).refusal().startswith("last_administrator: ")


def test_a_role_that_cannot_be_is_no_other_than_one_that_is_not(console: Console) -> None:
    console.create("ada@example.com")

    for role in ("nobody's", "a" * 33, "a" * 100_000, ""):
        ended = console("users", "set-roles", "ada@example.com", f"--role={role}")

        assert ended.refusal() == "validation_error: There is no such role."
        assert console("users", "list", f"--role={role}", "--json").json["items"] == []
