"""The shipped list of common passwords."""

from pathlib import Path

_LIST = Path(__file__).with_name("common_passwords.txt")


class CommonPasswords:
    """Kept as the lines that it is: a set of them takes nine times the memory.

    Looking through all of them takes a fraction of what hashing the password takes.
    """

    def __init__(self) -> None:
        # Casefolded, one a line, 8 characters and longer. Sources are named in NOTICE.
        self._lines = b"\n" + _LIST.read_bytes().strip() + b"\n"

    def __contains__(self, password: object) -> bool:
        return f"\n{password}\n".encode() in self._lines
