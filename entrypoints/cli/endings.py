"""How a command ends: its exit code, and the one line that says why it was not 0."""

import os
import sys
import traceback
from collections.abc import Callable
from typing import TextIO

from domain.errors import DomainError, Unavailable
from domain.text import is_plain_text

REFUSED = 1
WRONG_USAGE = 2
INTERRUPTED = 130


class Refused(Exception):
    """The command will not, or could not, do what it was asked; the text is one line for people."""


class WrongUsage(Exception):
    """The arguments do not say what is wanted; the text is one line for people.

    Empty where help has been shown instead.
    """

    def __init__(self, text: str, exit_code: int = WRONG_USAGE) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def run_to_end(command: Callable[[], object]) -> int:
    """The exit code: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted."""
    try:
        code = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever was reading has seen enough, as `head` has.
        _discard(sys.stdout)
        return REFUSED
    except WrongUsage as error:
        complain(*filter(None, error.args))
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - this is where every other error ends
        report(error)
        _discard_if_stuck(sys.stdout)
        return REFUSED
    return code if isinstance(code, int) else 0


def report(error: Exception) -> None:
    """Says why; where in the code only if asked to, as a traceback may quote what it handled."""
    complain(*reasons(error))
    if _debugging():
        traceback.print_exception(error)


def complain(*lines: str) -> None:
    """Says it on standard error, each text on one line whatever it holds."""
    for line in lines:
        print(on_one_line(line), file=sys.stderr)


def describe(error: DomainError) -> str:
    """The code, what exactly was refused, and what stood behind it where that is another error."""
    explanation = " ".join(detail.message for detail in error.details) or error.message
    if not isinstance(error, Unavailable) or error.__cause__ is None:
        return f"{error.code}: {explanation}"
    return f"{error.code}: {explanation} ({cause_of(error)})"


def cause_of(error: BaseException) -> str:
    """The name of what went wrong first; its text is left out, since it may hold a password."""
    while error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__


def reasons(error: Exception) -> tuple[str, ...]:
    """What people are told of it, one line each."""
    from config.settings import ConfigurationError

    if isinstance(error, ConfigurationError):
        return error.faults
    if isinstance(error, DomainError):
        return (describe(error),)
    if isinstance(error, Refused):
        return (str(error),)
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return (f"{error.strerror}{place}",)
    return (f"internal error: {type(error).__name__} (DOORWARD_DEBUG=true shows where)",)


def _debugging() -> bool:
    from config.settings import ConfigurationError, load_settings

    try:
        return load_settings().debug
    except ConfigurationError:
        return False


def on_one_line(text: str) -> str:
    """The text with everything escaped that could end the line or steer the terminal."""
    if is_plain_text(text):
        return text
    return "".join(
        character if is_plain_text(character) else character.encode("unicode_escape").decode()
        for character in text
    )


def _discard_if_stuck(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        _discard(stream)


def _discard(stream: TextIO) -> None:
    """What is left in the stream goes nowhere: the interpreter flushes it again at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
