"""The shipped list of common passwords."""

from functools import cached_property
from itertools import groupby
from pathlib import Path

_LIST = Path(__file__).with_name("common_passwords.txt")


class CommonPasswords:
    """Kept as the lines that it is, from the first look on: a set takes nine times the memory."""

    @cached_property
    def _lines(self) -> dict[bytes, bytes]:
        """By what they begin with: looking through all of them would empty the processor's caches.

        Casefolded, one a line, 8 characters and longer. Sources are named in NOTICE.
        """
        lines = sorted(_LIST.read_bytes().strip().split(b"\n"))
        return {
            first: b"\n".join((b"", *alike, b"")) for first, alike in groupby(lines, _first_byte)
        }

    def __contains__(self, password: object) -> bool:
        line = str(password).encode()
        return b"\n" + line + b"\n" in self._lines.get(_first_byte(line), b"")


def _first_byte(line: bytes) -> bytes:
    return line[:1]
