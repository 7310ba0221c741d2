"""The shipped list of common passwords."""

from functools import cached_property
from pathlib import Path

_LIST = Path(__file__).with_name("common_passwords.txt")


class CommonPasswords:
    """Kept as the lines that it is, from the first look on: a set takes nine times the memory.

    Looking through all of them takes a fraction of what hashing the password takes.
    """

    @cached_property
    def _lines(self) -> bytes:
        # Casefolded, one a line, 8 characters and longer. Sources are named in NOTICE.
        return b"\n" + _LIST.read_bytes().strip() + b"\n"

    def __contains__(self, password: object) -> bool:
        return f"\n{password}\n".encode() in self._lines
