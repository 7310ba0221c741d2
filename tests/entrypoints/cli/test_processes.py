"""What only a process of its own can show: pipes, terminals, arguments, warnings."""

import os
import pty
import re
import select
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.entrypoints.cli.processes import DOORWARD, IN_TERMINAL, environment, wait_until
from tests.servers import free_port

pytestmark = pytest.mark.slow

PASSWORD = "a password of enough length"


@pytest.mark.parametrize(
    ("command", "unbuffered"), [("--version", ""), ("--version", "1"), ("users list", "")]
)
def test_a_reader_who_has_seen_enough_is_no_reason_to_complain(
    data: Path, command: str, unbuffered: str
) -> None:
    assert data.is_dir()
    reader, writer = os.pipe()
    os.close(reader)

    assert _run_into(writer, command, PYTHONUNBUFFERED=unbuffered) == (1, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_one_line(unbuffered: str) -> None:
    full = os.open("/dev/full", os.O_WRONLY)

    code, said = _run_into(full, "--version", PYTHONUNBUFFERED=unbuffered)

    assert (code, said) == (1, b"No space left on device\n")


def _run_into(output: int, command: str, **variables: str) -> tuple[int, bytes]:
    """The exit code, and what standard error then holds."""
    ended = subprocess.run(
        [DOORWARD, *command.split()],
        stdout=output,
        stderr=subprocess.PIPE,
        env=environment() | variables,
        check=False,
    )
    os.close(output)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize(
    ("words", "code"), [("--version >&- 2>&-", 0), ("<&- >&- --version", 0), ("nonsense 2>&-", 2)]
)
def test_streams_that_are_closed_take_what_they_get(words: str, code: int) -> None:
    ended = subprocess.run(
        ["sh", "-c", f"exec {DOORWARD} {words}"],
        capture_output=True,
        env=environment(),
        check=False,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (code, b"", b"")


def test_arguments_that_are_no_text_are_refused(data: Path) -> None:
    assert data.is_dir()
    ended = subprocess.run(
        [DOORWARD.encode(), b"users", b"show", b"ada\xff"],
        capture_output=True,
        env=environment(),
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (1, b"arguments must be UTF-8 text\n")


class Terminal:
    """One to type on, with a process in front of it."""

    def __init__(self, *arguments: str, **variables: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*IN_TERMINAL, DOORWARD, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment(**variables) | {"TERM": "xterm"},
        )
        os.close(theirs)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        while text not in self.shown:
            piece = self._read()
            assert piece, self.shown
            self.shown += piece.decode()

    def _read(self) -> bytes:
        # Shows what there was instead of waiting for good.
        assert select.select([self._ours], [], [], 20)[0], self.shown
        return os.read(self._ours, 4096)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """The exit code, once everything that was shown is read."""
        try:
            while piece := self._read():
                self.shown += piece.decode()
        except OSError:
            pass  # How Linux says that nobody holds the other end any more.
        os.close(self._ours)
        return self.process.wait(20)


def test_on_a_terminal_a_password_is_typed_unseen(data: Path) -> None:
    assert data.is_dir()
    terminal = Terminal("users", "create", "ada@example.com", "--name", "Ada")
    terminal.wait_for("New password for ada@example.com:")
    arguments = Path(f"/proc/{terminal.process.pid}/cmdline").read_bytes()
    terminal.type(f"{PASSWORD}\n")
    terminal.wait_for("Once more:")
    terminal.type(f"{PASSWORD}\n")

    assert terminal.end() == 0
    assert "ada@example.com" in terminal.shown
    assert PASSWORD not in terminal.shown
    assert PASSWORD.encode() not in arguments


def test_ctrl_c_at_a_prompt_is_an_interrupt(data: Path) -> None:
    assert data.is_dir()
    terminal = Terminal("users", "create", "ada@example.com", "--name", "Ada")
    terminal.wait_for("New password for ada@example.com:")
    terminal.type("\x03")

    assert terminal.end() == 130
    assert "Traceback" not in terminal.shown


def test_ctrl_c_while_waiting_for_the_database(postgresql_locked: str) -> None:
    """The command hangs in a statement; one Ctrl-C is enough."""
    ended = subprocess.Popen(
        [DOORWARD, "migrate"],
        stderr=subprocess.PIPE,
        env=environment(DATABASE_URL=postgresql_locked, SECRET_KEY="x" * 40),
    )
    wait_until(lambda: Path("data").is_dir())
    ended.send_signal(signal.SIGINT)

    assert ended.communicate(timeout=10)[1] == b""
    assert ended.returncode == 130


def test_the_first_password_is_shown_once_on_a_terminal(own_folder: Path) -> None:
    port = str(free_port())
    # In memory, so that whatever is found in the folder afterwards has no reason to be there.
    terminal = Terminal("serve", "--port", port, DRAIN_SECONDS="0", DATABASE_URL="memory://")
    terminal.wait_for("This is shown once.")
    terminal.wait_for(f"http://127.0.0.1:{port}")
    shown = re.search(r"Password: (\S+)", terminal.shown)
    assert shown is not None
    assert _signs_in(port, "admin@example.com", shown[1])
    terminal.type("\x03")

    assert terminal.end() == 130
    assert terminal.shown.count(shown[1]) == 1
    assert list(own_folder.iterdir()) == []


def _signs_in(port: str, email: str, password: str) -> bool:
    url = f"http://127.0.0.1:{port}/api/v1/auth/login"
    body = {"email": email, "password": password}
    return httpx.post(url, json=body, trust_env=False, timeout=10).status_code == 200
