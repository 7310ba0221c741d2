"""Which strings are text at all: what every free-text field refuses."""

import unicodedata


def is_plain_text(value: str) -> bool:
    """No control characters (Cc, NUL among them) and no lone surrogates (Cs)."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in value)


def is_storable(value: str) -> bool:
    """No NUL and no lone surrogate: the least that a password or an opaque value must satisfy."""
    if "\x00" in value:
        return False
    # Tokens are ASCII, come with every call, and are not to be looked through one by one.
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
