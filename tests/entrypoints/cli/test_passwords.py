"""How a password reaches a command: never as an argument, never shown."""

from collections.abc import Callable, Iterator

import pytest

from entrypoints.cli.app import run
from entrypoints.cli.prompts import read_new_password
from tests.entrypoints.cli.console import PASSWORD, Console, Ended

pytestmark = pytest.mark.usefixtures("data")
Type = Callable[..., Ended]


@pytest.fixture
def create(console: Console) -> Type:
    """Creates an account; `typed` is what arrives on standard input."""

    def run(typed: str | bytes) -> Ended:
        return console("users", "create", "ada@example.com", "--name", "Ada", typed=typed)

    return run


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that reach the use case's command."""
    passwords: list[str] = []

    def read(whose: str) -> str:
        passwords.append(read_new_password(whose))
        return passwords[-1]

    monkeypatch.setattr("entrypoints.cli.users.registration.read_new_password", read)
    return passwords


@pytest.mark.parametrize(
    ("typed", "password"),
    [
        (f"{PASSWORD}\n", PASSWORD),
        (f"{PASSWORD}\r\n", PASSWORD),
        (PASSWORD, PASSWORD),
        (f"  {PASSWORD} \t\n", f"  {PASSWORD} \t"),
        (f"{PASSWORD}\n\n", PASSWORD),
        (f"{PASSWORD}\nand another line\n", PASSWORD),
        (f"{PASSWORD} ключ\n", f"{PASSWORD} ключ"),
    ],
)
def test_it_is_one_line_of_standard_input(
    create: Type, taken: list[str], typed: str, password: str
) -> None:
    ended = create(typed)

    assert (ended.code, ended.err) == (0, "")
    assert taken == [password]
    assert PASSWORD not in ended.out


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (b"", "no password: give it as one line on standard input"),
        (b"\n", "weak_password: A password has 15 to 256 characters."),
        (b"\xff" * 20 + b"\n", "a password must be UTF-8 text"),
        (b"a" * 1_000_000, "weak_password: A password has 15 to 256 characters."),
        (PASSWORD.encode() + b"\x00\n", "validation_error: This is not valid text."),
    ],
)
def test_what_is_none_is_refused_in_one_line(create: Type, typed: bytes, line: str) -> None:
    assert create(typed).refusal() == line


def test_without_standard_input_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", None)

    with pytest.raises(SystemExit, match="1"):
        run(["users", "create", "ada@example.com", "--name", "Ada"])

    assert capsys.readouterr().err == "no password: give it as one line on standard input\n"


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Answers hidden prompts, in this order; an exception is raised instead. Keeps the prompts."""

    def answer_with(*answers: str | type[BaseException]) -> list[str]:
        prompts: list[str] = []
        left: Iterator[str | type[BaseException]] = iter(answers)

        def answer(prompt: str) -> str:
            prompts.append(prompt)
            given = next(left)
            if isinstance(given, str):
                return given
            raise given

        monkeypatch.setattr("entrypoints.cli.prompts.getpass", answer)
        return prompts

    return answer_with


def _create_on_terminal(console: Console) -> Ended:
    return console("users", "create", "ada@example.com", "--name", "Ada", on_terminal=True)


def test_on_a_terminal_it_is_asked_for_twice(
    console: Console, keyboard: Callable[..., list[str]], taken: list[str]
) -> None:
    prompts = keyboard(PASSWORD, PASSWORD)

    assert _create_on_terminal(console).code == 0
    assert prompts == ["New password for ada@example.com: ", "Once more: "]
    assert taken == [PASSWORD]


def test_a_slip_of_the_finger_is_asked_for_again(
    console: Console, keyboard: Callable[..., list[str]], taken: list[str]
) -> None:
    keyboard(PASSWORD, "a slip", PASSWORD, PASSWORD)

    ended = _create_on_terminal(console)

    assert (ended.code, ended.err) == (0, "the two passwords differ\n")
    assert taken == [PASSWORD]


def test_three_slips_are_enough(console: Console, keyboard: Callable[..., list[str]]) -> None:
    keyboard(*["one", "other"] * 3)

    ended = _create_on_terminal(console)

    assert ended.code == 1
    assert ended.err.splitlines()[-1] == "no password was given: the two never matched"


@pytest.mark.parametrize(
    ("answer", "code", "line"),
    [
        (EOFError, 1, "no password was given\n"),
        (KeyboardInterrupt, 130, ""),
    ],
)
def test_the_prompt_can_be_left(
    console: Console,
    keyboard: Callable[..., list[str]],
    answer: type[BaseException],
    code: int,
    line: str,
) -> None:
    for answers in ([answer], [PASSWORD, answer]):
        keyboard(*answers)

        ended = _create_on_terminal(console)

        assert (ended.code, ended.out, ended.err) == (code, "", line)


def test_an_unknown_account_is_told_before_anybody_types(
    console: Console, keyboard: Callable[..., list[str]]
) -> None:
    prompts = keyboard()

    ended = console("users", "set-password", "nobody@example.com", on_terminal=True)

    assert ended.refusal() == "not_found: There is no such record."
    assert prompts == []
