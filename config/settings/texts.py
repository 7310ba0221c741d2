"""Settings that are a short text: limits, hosts, folders, addresses."""

import re
from pathlib import Path

from pydantic import SecretStr

from config.settings.faults import SettingFault
from domain.rate_limits import RateLimitRule
from domain.text import is_plain_text

ADDRESS = r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\\]+"


def rate_limit(value: object) -> object:
    """`count/seconds` becomes a rule, `off` becomes None; everything else is left alone."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if text == "off":
        return None
    parts = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
    if parts is None or not int(parts[1]) or not int(parts[2]):
        raise SettingFault("must be count/seconds, each at least 1, or off")
    return RateLimitRule(int(parts[1]), int(parts[2]))


def bind_host(value: str) -> str:
    """A host name or an address to listen on."""
    text = value.strip()
    if not re.fullmatch(r"[A-Za-z0-9._:%-]+", text):
        raise SettingFault("must be a host name or an IP address")
    return text


def folder(value: Path) -> Path:
    """A folder; `~` is taken as a shell takes it."""
    try:
        return value.expanduser()
    except RuntimeError:
        raise SettingFault("must not begin with ~ where there is no home folder") from None


def email(value: str) -> str:
    """An address by its outer shape; whether it is valid is judged where it is used."""
    text = value.strip()
    if not re.fullmatch(ADDRESS, text) or not is_plain_text(text):
        raise SettingFault("must be an email address")
    return text


def mailbox(value: str) -> str:
    """`address` or `Name <address>`; a line break would let a value add mail headers."""
    text = value.strip()
    if not re.fullmatch(rf"{ADDRESS}|[^<>]+<{ADDRESS}>", text) or not is_plain_text(text):
        raise SettingFault("must be an address or Name <address>, on one line")
    return text


def bearer_token(value: SecretStr) -> SecretStr:
    """A token that travels in a header, where blanks and line breaks would cut it off."""
    text = value.get_secret_value().strip()
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise SettingFault("must be visible ASCII characters without blanks")
    return SecretStr(text)


def upper_case(value: object) -> object:
    """Text in capitals; everything else is left alone."""
    return value.upper() if isinstance(value, str) else value
