"""What a command asks whoever runs it: a password, a token, a confirmation."""

import sys
from getpass import getpass

from entrypoints.cli.endings import Refused, WrongUsage, complain, on_one_line

_TRIES = 3
# Far more than any password has; a stream without end must not fill the memory.
_LONGEST_LINE_BYTES = 64 * 1024


def read_new_password(whose: str) -> str:
    """Typed twice on a terminal, unseen; otherwise one line of standard input. Raises Refused."""
    if on_terminal():
        return _ask_twice(f"New password for {on_one_line(whose)}: ")
    line = sys.stdin.buffer.readline(_LONGEST_LINE_BYTES) if sys.stdin else b""
    if not line:
        raise Refused("no password: give it as one line on standard input")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("a password must be UTF-8 text") from None
    # One line end; blanks and everything else belong to the password.
    return text.removesuffix("\n").removesuffix("\r")


def read_token() -> str:
    """Typed unseen on a terminal; otherwise one line of standard input. Raises Refused."""
    if on_terminal():
        try:
            return getpass("Token: ").strip()
        except EOFError:
            raise Refused("no token was given") from None
    line = sys.stdin.buffer.readline(_LONGEST_LINE_BYTES) if sys.stdin else b""
    if not line.strip():
        raise Refused("no token: give it as one line on standard input")
    # What is not ASCII is no token of ours, whatever it reads as.
    return line.decode("ascii", "replace").strip()


def confirm_or_refuse(question: str, *, yes: bool) -> None:
    """`yes` answers in advance. Raises Refused, or WrongUsage where nobody can be asked."""
    if yes:
        return
    if not on_terminal():
        raise WrongUsage("this asks first, and there is no terminal to ask on: say --yes")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused("not confirmed: nothing was changed")


def on_terminal() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def _ask_twice(prompt: str) -> str:
    for _ in range(_TRIES):
        try:
            first, second = getpass(prompt), getpass("Once more: ")
        except EOFError:
            raise Refused("no password was given") from None
        except UnicodeDecodeError:
            raise Refused("a password must be UTF-8 text") from None
        if first == second:
            return first
        complain("the two passwords differ")
    raise Refused("no password was given: the two never matched")
