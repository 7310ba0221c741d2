"""The `doorward` command: the way in.

Serving comes first and waits for nothing: what reads and shows the arguments of all the other
commands is loaded for them, and never stays in the memory of a server.
"""

import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

from domain.text import is_storable
from entrypoints.cli.endings import Refused, run_to_end


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command; None takes the process's own arguments. Always ends in SystemExit."""
    _prepare_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(run_to_end(lambda: _invoke(given)))


def _invoke(arguments: list[str]) -> object:
    # A byte that is not UTF-8 arrives as a lone surrogate, which no database takes.
    if not all(is_storable(argument) for argument in arguments):
        raise Refused("arguments must be UTF-8 text")
    plain = _plain_options(arguments) if arguments[:1] == ["serve"] else None
    if plain is None:
        from entrypoints.cli.commands import invoke

        return invoke(arguments)
    from entrypoints.cli.serve import serve

    host, port, workers = (plain.get(name) for name in ("--host", "--port", "--workers"))
    serve(host=host, port=int(port) if port else None, workers=int(workers) if workers else None)
    return None


def _plain_options(arguments: list[str]) -> dict[str, str] | None:
    """The options of a `serve` that needs no explanation; None leaves the words to Typer."""
    names, values = arguments[1::2], arguments[2::2]
    options = dict(zip(names, values, strict=False))
    numbers = [value for name, value in options.items() if name != "--host"]
    is_plain = (
        len(names) == len(values)
        and options.keys() <= {"--host", "--port", "--workers"}
        and all(value.isascii() and value.isdigit() for value in numbers)
        and not options.get("--host", "").startswith("-")
    )
    return options if is_plain else None


def _prepare_streams() -> None:
    sys.stdout = _usable(sys.stdout)
    sys.stderr = _usable(sys.stderr)
    if sys.__stderr__ is not None and sys.stderr is sys.__stderr__:
        sys.stderr = _losing(sys.stderr)


def _usable(stream: TextIO | None) -> TextIO:
    """Takes every character, in a terminal of any encoding; a stream that was closed takes all."""
    if stream is None:
        return open(os.devnull, "w")  # noqa: PTH123 - for the rest of the process
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _losing(stream: TextIO) -> TextIO:
    """Loses what cannot be written: it would stay in the stream, and each flush of it would fail.

    One comes before every fork, and one at the end, which would turn the exit code into 120.
    """
    raw = _Losing(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=True,
    )


class _Losing(io.FileIO):
    def write(self, data: Any, /) -> int:
        try:
            # None: it would have had to wait.
            return super().write(data) or len(data)
        except OSError:
            return len(data)


if __name__ == "__main__":
    run()
