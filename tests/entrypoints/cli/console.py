"""Running commands in the test's own process, with streams of their own."""

import io
import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from entrypoints.cli.app import run

PASSWORD = "a password of enough length"
ENCODING = "utf-8"
"""Of standard output."""


@dataclass(frozen=True)
class Ended:
    """What is left of a command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.err == ""
        assert self.code == 0
        return json.loads(self.out)

    def refusal(self, code: int = 1) -> str:
        """The one line on standard error; nothing else was said."""
        assert self.code == code, self
        assert self.out == ""
        assert self.err.count("\n") == 1, self.err
        assert self.err.endswith("\n")
        return self.err.removesuffix("\n")


class _Keyboard(io.TextIOWrapper):
    """Standard input that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Console:
    """`console("users", "list")` is `doorward users list`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(
        self, *arguments: str, typed: str | bytes = b"", on_terminal: bool = False
    ) -> Ended:
        given = typed.encode() if isinstance(typed, str) else typed
        kind = _Keyboard if on_terminal else io.TextIOWrapper
        out, err = io.BytesIO(), io.BytesIO()
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", kind(io.BytesIO(given), encoding="utf-8"))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=ENCODING))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding="utf-8"))
            with pytest.raises(SystemExit) as end:
                run(arguments)
            sys.stdout.flush()
            sys.stderr.flush()
            said = out.getvalue().decode(), err.getvalue().decode()
        code = end.value.code
        assert isinstance(code, int)
        return Ended(code, *said)

    def create(self, email: str, *options: str, name: str = "Somebody") -> dict[str, Any]:
        """A new account, as `users create --json` shows it."""
        arguments = ("users", "create", email, "--name", name, *options, "--json")
        user: dict[str, Any] = self(*arguments, typed=f"{PASSWORD}\n").json
        return user
