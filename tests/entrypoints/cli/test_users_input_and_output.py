"""`doorward users`: what is asked, what is shown, and what becomes of junk."""

import io
import json

import pytest

from tests.entrypoints.cli.console import PASSWORD, Console

pytestmark = pytest.mark.usefixtures("data")
NOT_FOUND = "not_found: There is no such record."
JUNK = ["\x1b[31m", "a" * 100_000, "' OR 1=1 --", "%", "", " ", "é\u202e", "\U0001f600", "-1"]


def test_people_get_a_table_with_every_field(console: Console) -> None:
    created = console.create("ada@example.com", name="Ada [red]:smile: L")

    for ended in (console("users", "show", created["id"]), console("users", "list")):
        assert ended.err == ""
        assert all(value in ended.out for value in (created["id"], "ada@example.com", "active"))
        assert "Ada [red]:smile: L" in ended.out


def test_where_characters_cannot_be_shown_json_stays_json(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.create("ada@example.com", name="Ада é \U0001f600")
    with monkeypatch.context() as patch:
        patch.setattr("tests.entrypoints.cli.console.ENCODING", "ascii")
        as_json = console("users", "show", "ada@example.com", "--json")
        as_table = console("users", "show", "ada@example.com")

    assert as_json.json["name"] == "Ада é \U0001f600"
    assert r"\u0410" in as_table.out


def test_the_whole_list_at_once(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    newest_first = [console.create(f"user{n}@example.com")["id"] for n in range(3)][::-1]
    monkeypatch.setattr("entrypoints.cli.users.queries.MAX_LIMIT", 2)

    everyone = console("users", "list", "--all", "--json").json

    assert [user["id"] for user in everyone["items"]] == newest_first
    assert everyone["next_cursor"] is None


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--email", "ADA@example.com"), {"ada@example.com"}),
        (("--email", "no address"), set()),
        (("--role", "admin"), {"ada@example.com"}),
        (("--role", "nobody's"), set()),
        (("--status", "disabled"), {"bob@example.com"}),
        (("--status", "active", "--role", "user"), {"ada@example.com"}),
    ],
)
def test_the_list_is_narrowed_down(
    console: Console, options: tuple[str, ...], found: set[str]
) -> None:
    console.create("ada@example.com", "--role", "admin")
    console.create("bob@example.com")
    assert console("users", "disable", "bob@example.com").code == 0

    items = console("users", "list", *options, "--json").json["items"]

    assert {user["email"] for user in items} == found


def test_a_cursor_of_another_list_is_refused(console: Console) -> None:
    for n in range(2):
        console.create(f"user{n}@example.com")
    cursor = console("users", "list", "--limit", "1", "--json").json["next_cursor"]

    ended = console("users", "list", "--cursor", cursor, "--status", "active")

    assert ended.refusal().startswith("invalid_cursor: ")


def test_deleting_without_a_terminal_needs_a_yes(console: Console) -> None:
    console.create("ada@example.com")

    assert "--yes" in console("users", "delete", "ada@example.com", typed="y\n").refusal(2)
    assert console("users", "show", "ada@example.com").code == 0


@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("YES\n", True), ("n\n", False)])
def test_deleting_on_a_terminal_asks_first(console: Console, answer: str, gone: bool) -> None:
    console.create("ada@example.com")

    ended = console("users", "delete", "ada@example.com", typed=answer, on_terminal=True)

    assert "Delete ada@example.com for good? [y/N]" in ended.err
    assert ended.code == (0 if gone else 1)
    assert console("users", "show", "ada@example.com").code == (1 if gone else 0)


@pytest.mark.parametrize("answer", ["", "\n", "maybe\n", "\x00\n"])
def test_no_clear_answer_is_a_no(console: Console, answer: str) -> None:
    console.create("ada@example.com")

    ended = console("users", "delete", "ada@example.com", typed=answer, on_terminal=True)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith("not confirmed: nothing was changed\n")
    assert console("users", "show", "ada@example.com").code == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("nonsense", "--name", "A"), "validation_error: This is not an e-mail address."),
        (("ada@example.com", "--name", " "), "validation_error: A name has 1 to 200 printable"),
        (("ada@example.com", "--name", "A", "--role", "x"), "validation_error: There is no such"),
        (("taken@example.com", "--name", "A"), "email_already_registered: An account with this"),
    ],
)
def test_what_rest_refuses_is_refused(
    console: Console, arguments: tuple[str, ...], line: str
) -> None:
    console.create("taken@example.com")

    ended = console("users", "create", *arguments, typed=f"{PASSWORD}\n")

    assert ended.refusal().startswith(line)
    assert len(console("users", "list", "--json").json["items"]) == 1


@pytest.mark.parametrize(
    "account", ["01980000-0000-7000-8000-000000000000", "nobody@example.com", *JUNK]
)
def test_nobody_by_that_name(console: Console, account: str) -> None:
    for command in (("show",), ("disable",), ("update", "--name", "A"), ("delete", "--yes")):
        assert console("users", *command, "--", account).refusal() == NOT_FOUND


@pytest.mark.parametrize("junk", JUNK)
def test_junk_ends_in_one_line_or_is_kept_as_it_is(console: Console, junk: str) -> None:
    console.create("ada@example.com")

    for arguments in (
        ("create", "--name=A", "--", junk),
        ("update", "ada@example.com", f"--name={junk}"),
        ("set-roles", "ada@example.com", f"--role={junk}"),
        ("list", f"--cursor={junk}"),
        ("list", f"--role={junk}"),
        ("list", f"--email={junk}"),
    ):
        ended = console("users", arguments[0], "--json", *arguments[1:], typed=f"{PASSWORD}\n")

        if ended.code == 0:
            assert json.load(io.StringIO(ended.out))
        else:
            assert "internal error" not in ended.refusal(), arguments
