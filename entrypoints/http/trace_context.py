"""Reading which trace a request belongs to (W3C Trace Context, 3.2)."""

import re
from collections.abc import Sequence

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}"
    r"(?P<more>-.*)?"
)


def caller_trace_id(given: Sequence[str]) -> str | None:
    """The trace's id if there is one `traceparent` and it is valid: it will stand in the log."""
    if len(given) != 1:
        return None
    match = _TRACEPARENT.fullmatch(given[0])
    if match is None or match["version"] == "ff" or (match["version"] == "00" and match["more"]):
        return None
    if not match["trace"].strip("0") or not match["parent"].strip("0"):
        return None
    return match["trace"]
