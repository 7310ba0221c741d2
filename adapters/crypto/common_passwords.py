"""The shipped list of common passwords."""

from importlib.resources import files


def load_common_passwords() -> frozenset[str]:
    """Casefolded, one a line, 8 characters and longer. Sources are named in NOTICE."""
    text = (files(__package__) / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.splitlines())
