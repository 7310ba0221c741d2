"""Settings that are lists: how one variable holds several values, and what each may be."""

import json
import re
from ipaddress import (
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)

from config.settings.faults import SettingFault

Network = IPv4Network | IPv6Network

HOST_NAME = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*"
HOST_PATTERN = re.compile(rf"\*|(\*\.)?{HOST_NAME}")
ORIGIN = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>{HOST_NAME}|\[[0-9a-f:.]+\])(:(?P<port>\d{{1,5}}))?"
)
DEFAULT_PORTS = {"http": "80", "https": "443"}


def split_list(value: object) -> object:
    """Takes text apart at commas and line ends, or as a JSON list; leaves everything else."""
    if not isinstance(value, str):
        return value
    items = _json_list(value)
    if items is None:
        items = re.split(r"[,\r\n]", value)
    return tuple(item.strip() for item in items if item.strip())


def _json_list(text: str) -> list[str] | None:
    """None for what is no JSON list of texts: "[::1], localhost" also begins with a bracket."""
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return items
    return None


def networks(value: object) -> object:
    """Addresses and networks in CIDR form; host bits beyond the prefix are a typing error."""
    items = split_list(value)
    if not isinstance(items, tuple | list):
        return items
    try:
        return tuple(ip_network(item) for item in items)
    except ValueError:
        raise SettingFault("must be IP addresses or networks such as 10.0.0.0/8") from None


def host_patterns(items: tuple[str, ...]) -> tuple[str, ...]:
    """Host names, addresses, `*.example.com` or `*`; IPv6 as a Host header spells it: `[::1]`."""
    if not items:
        raise SettingFault("must name at least one host")
    return tuple(dict.fromkeys(_host_pattern(item.lower()) for item in items))


def _host_pattern(item: str) -> str:
    if HOST_PATTERN.fullmatch(item):
        return item
    try:
        return f"[{IPv6Address(item.removeprefix('[').removesuffix(']'))}]"
    except ValueError:
        raise SettingFault(
            "must be host names without scheme or port; *.example.com and * are allowed"
        ) from None


def origins(items: tuple[str, ...]) -> tuple[str, ...]:
    """Web origins as a browser spells them (RFC 6454 section 6.2), or `*`."""
    return tuple(dict.fromkeys(_origin(item.lower()) for item in items))


def _origin(item: str) -> str:
    if item == "*":
        return item
    parts = ORIGIN.fullmatch(item.removesuffix("/"))
    if parts is None or int(parts["port"] or 1) not in range(1, 65536):
        raise SettingFault("must be origins such as https://app.example.com, without a path")
    # Browsers leave a scheme's own port out, so with it the origin would never match.
    default = parts["port"] == DEFAULT_PORTS.get(parts["scheme"])
    return f"{parts['scheme']}://{parts['host']}" + (
        f":{parts['port']}" if parts["port"] and not default else ""
    )


def audiences(items: tuple[str, ...]) -> tuple[str, ...]:
    """Names of token audiences: no blanks, nothing unprintable, short enough for a token."""
    if not all(re.fullmatch(r"[\x21-\x7e]{1,255}", item) for item in items):
        raise SettingFault("must be names of 1 to 255 visible ASCII characters")
    return tuple(dict.fromkeys(items))
