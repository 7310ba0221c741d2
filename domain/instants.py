"""Instants as others write them (RFC 3339)."""

import re
from datetime import UTC, datetime

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def parse_instant(text: str) -> datetime:
    """In UTC. Raises ValueError for anything else, a time without its offset among them.

    A leap second is refused, too: there is no such datetime.
    """
    if not _RFC_3339.fullmatch(text):
        raise ValueError("not an instant as RFC 3339 writes it")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("beyond the years 1 to 9999") from None


def write_instant(at: datetime) -> str:
    """In UTC, with `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
