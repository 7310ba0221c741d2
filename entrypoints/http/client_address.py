"""Whose address a request comes from: the nearest hop that is not one of our proxies."""

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

# Some proxies add the client's port; with one, an IPv6 address stands in brackets (RFC 7239, 6).
_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d{1,5})?", re.ASCII)


def client_address(peer: str | None, forwarded_for: str, trusted: Sequence[Network]) -> str | None:
    """Reads X-Forwarded-For from its right end, which our proxies wrote, for as long as it is ours.

    `peer` is the connection's other end. What a stranger wrote further left, and whatever is no
    address, is never believed.
    """
    nearest = _parse(peer)
    if nearest is None or not _is_trusted(nearest, trusted):
        return nearest.text if nearest else peer
    for hop in reversed(forwarded_for.split(",")):
        found = _parse(hop.strip())
        if found is None:
            break
        nearest = found
        if not _is_trusted(found, trusted):
            break
    return nearest.text


class _Hop(NamedTuple):
    address: Address
    text: str


@lru_cache(maxsize=4096)
def _parse(text: str | None) -> _Hop | None:
    try:
        dressed = _WITH_PORT.fullmatch(text or "")
        bare = (dressed[1] or dressed[2]) if dressed else text or ""
        # The zone of fe80::1%eth0 means nothing elsewhere, and could be any text.
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    # ::ffff:192.0.2.1 is the IPv4 client that a dual-stack socket reports.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    client = mapped or address
    return _Hop(client, str(client))


def _is_trusted(hop: _Hop, trusted: Sequence[Network]) -> bool:
    return any(hop.address in network for network in trusted)
