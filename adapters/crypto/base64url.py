"""Base64 as URLs and tokens carry it (RFC 4648, 5), without padding, in one pass each way."""

from binascii import a2b_base64, b2a_base64

_TO_URL = bytes.maketrans(b"+/", b"-_")
# Padding, and what only the other alphabet has, becomes what neither has.
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/***")


def encode(raw: bytes) -> bytes:
    return b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=")


def decode(text: bytes) -> bytes:
    """Padding and strange characters are refused; bits to spare are not. Raises ValueError."""
    return a2b_base64(text.translate(_FROM_URL) + b"=" * (-len(text) % 4), strict_mode=True)
