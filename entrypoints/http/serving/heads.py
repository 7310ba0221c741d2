"""The head of one request: whether it is within bounds, and what it says once it is understood."""

import re
from collections.abc import Sequence

from entrypoints.http.middleware.hosts import HOST
from entrypoints.http.serving import limits
from entrypoints.http.serving.refusals import HEAD_TOO_LARGE, MALFORMED, TARGET_TOO_LONG, Refusal

Fields = list[tuple[bytes, bytes]]
"""Names are in lower case."""

_AUTHORITY = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#]*)", re.IGNORECASE)
_OF_AN_OFFER = frozenset({b"upgrade", b"http2-settings", b"connection"})


def fault_of(
    target: bytes, fields: Fields, version: str, largest_piece: int, coding: bytes | None
) -> Refusal | None:
    """What is wrong with a head that is complete. `largest_piece` had room for all of it."""
    if len(target) > limits.MAX_TARGET_BYTES:
        return TARGET_TOO_LONG
    if len(fields) > limits.MAX_HEADERS:
        return HEAD_TOO_LARGE
    # Pieces that are small together cannot hold a head that is too large.
    if largest_piece > limits.MAX_HEAD_BYTES:
        size = len(target) + sum(len(name) + len(value) + 4 for name, value in fields)
        if size > limits.MAX_HEAD_BYTES:
            return HEAD_TOO_LARGE
    if not fields and version == "0.9":
        return MALFORMED
    if coding is not None and (version == "1.0" or coding != b"chunked"):
        # Others along the way would not see where it ends, or nobody here could read it (RFC 9112,
        # 6.1).
        return MALFORMED
    return None


def name_host(target: bytes, fields: Fields, version: str) -> Refusal | None:
    """The host of an absolute target is the one, whatever `Host` says (RFC 9112, 3.2.2); but what
    it says has to be in order all the same (RFC 9112, 3.2).
    """
    absolute = _AUTHORITY.match(target)
    if absolute is None:
        return None
    said = [value for name, value in fields if name == b"host"]
    if len(said) > 1 or (not said and version != "1.0"):
        return MALFORMED
    if not all(HOST.fullmatch(host.decode("latin-1").lower()) for host in (absolute[1], *said)):
        return MALFORMED
    fields[:] = [field for field in fields if field[0] != b"host"]
    fields.append((b"host", absolute[1]))
    return None


def without_offer(method: bytes, target: bytes, version: str, fields: Fields) -> bytes:
    """The same head, but for the offer to speak another protocol (RFC 9110, 7.8)."""
    kept = [field for field in fields if field[0] not in _OF_AN_OFFER]
    if b"close" in _options(fields):
        kept.append((b"connection", b"close"))
    lines = [b"%b %b HTTP/%b" % (method, target, version.encode())]
    lines += [b"%b: %b" % field for field in kept]
    return b"\r\n".join((*lines, b"", b""))


def _options(fields: Fields) -> Sequence[bytes]:
    said = b",".join(value for name, value in fields if name == b"connection")
    return [option.strip().lower() for option in said.split(b",")]
