"""Exit codes, and the one line that goes with each of them."""

import subprocess
import sys
from typing import NoReturn

import pytest

from domain.errors import Unavailable
from entrypoints.version import VERSION
from tests.entrypoints.cli.conftest import SECRET_KEY
from tests.entrypoints.cli.console import Console

UNSAID = "words that only a traceback would hold"


def _fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> NoReturn:
        raise error

    monkeypatch.setattr("entrypoints.cli.installation.settings_of_command", fail)


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("serve", "--port", "x"),
        ("serve", "surplus"),
        ("users", "list", "--limit", "0"),
        ("users", "list", "--limit", "101"),
        ("users", "list", "--status", "asleep"),
        ("users", "list", "--nonsense"),
        ("users", "create"),
        ("users", "create", "ada@example.com"),
        ("users", "update", "ada@example.com"),
        ("users", "set-roles", "ada@example.com"),
        ("users", "set-roles", "ada@example.com", "--role", "user", "--none"),
        ("users", "create", "ada@example.com", "--name", "Ada", "--password", "x"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_wrong(
    console: Console, arguments: tuple[str, ...]
) -> None:
    assert len(console(*arguments).refusal(2)) > 10


@pytest.mark.parametrize("arguments", [(), ("users",)])
def test_without_a_command_help_is_shown_as_wrong_usage(
    console: Console, arguments: tuple[str, ...]
) -> None:
    ended = console(*arguments)

    assert ended.code == 2
    assert "Usage: doorward" in ended.out + ended.err


def test_help_is_no_failure(console: Console) -> None:
    ended = console("users", "create", "--help")

    assert (ended.code, ended.err) == (0, "")
    assert "--email-verified" in ended.out


def test_the_release(console: Console) -> None:
    ended = console("--version")

    assert (ended.code, ended.out, ended.err) == (0, f"doorward {VERSION}\n", "")


def test_an_interrupt_is_130(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    _fail_with(KeyboardInterrupt(), monkeypatch)

    ended = console("users", "list")

    assert (ended.code, ended.out, ended.err) == (130, "", "")


@pytest.mark.usefixtures("data")
def test_a_domain_error_is_one_line_with_its_code_and_what_exactly_is_wrong(
    console: Console,
) -> None:
    ended = console("users", "create", "ada@example.com", "--name", "Ada", typed="short\n")

    assert ended.refusal() == "weak_password: A password has 15 to 256 characters."


def test_an_error_with_a_cause_names_it_but_does_not_quote_it(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = Unavailable()
    error.__cause__ = ConnectionResetError(UNSAID)
    _fail_with(error, monkeypatch)

    line = console("users", "list").refusal()

    assert line == f"unavailable: {Unavailable.message} (ConnectionResetError)"


def test_an_unexpected_error_is_one_line_that_names_its_type(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_with(ZeroDivisionError(UNSAID), monkeypatch)

    line = console("users", "list").refusal()

    assert "ZeroDivisionError" in line
    assert UNSAID not in line


@pytest.mark.parametrize(("debug", "shown"), [("true", True), ("false", False)])
def test_its_traceback_is_shown_to_who_asked_for_it(
    console: Console, monkeypatch: pytest.MonkeyPatch, debug: str, shown: bool
) -> None:
    monkeypatch.setenv("DOORWARD_DEBUG", debug)
    _fail_with(ZeroDivisionError(UNSAID), monkeypatch)

    ended = console("users", "list")

    assert ended.code == 1
    assert ("Traceback" in ended.err) is shown


def test_a_file_that_cannot_be_used_is_named(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail_with(PermissionError(13, "Permission denied", "data/server_secret"), monkeypatch)

    assert console("users", "list").refusal() == "Permission denied: data/server_secret"


def test_one_line_stays_one_line(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    assert console("users\n\x1b[31m").refusal(2).isprintable()
    _fail_with(IsADirectoryError(21, "Is a directory", "two\nlines\x1b[31m"), monkeypatch)
    assert console("users", "list").refusal() == r"Is a directory: two\nlines\x1b[31m"


def test_arguments_that_are_no_text_are_refused(console: Console) -> None:
    assert console("users", "show", "ad\udcffa").refusal() == "arguments must be UTF-8 text"


@pytest.mark.usefixtures("data")
def test_standard_output_holds_the_answer_alone_even_when_debugging(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOORWARD_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("DOORWARD_DEBUG", "true")

    assert console("users", "list", "--json").json == {"items": [], "next_cursor": None}


def test_a_database_that_is_away_is_told_once(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOORWARD_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("DATABASE_URL", "postgresql://mercury:quicksilver@127.0.0.1:1/x")

    line = console("users", "list").refusal()

    assert line == f"unavailable: {Unavailable.message} (ConnectionRefusedError)"


def test_whoever_only_asks_for_help_does_not_wait_for_the_service_to_load() -> None:
    """Each of these takes longer to import than the whole command line."""
    heavy = ("config.container", "config.settings", "sqlalchemy", "fastapi", "uvicorn", "celery")
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, entrypoints.cli.app; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert set(heavy).isdisjoint(loaded)
