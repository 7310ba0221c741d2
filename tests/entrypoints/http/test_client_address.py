"""Whose address a request comes from."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.client_address import client_address
from tests.entrypoints.http.api import Api, OpenApi
from tests.entrypoints.http.raw import HOST, JSON, call

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("192.0.2.1")]

addresses = st.ip_addresses().map(str)
proxies = st.one_of(
    st.ip_addresses(network="10.0.0.0/8").map(str),
    st.ip_addresses(network="fd00::/8").map(str),
    st.just("192.0.2.1"),
    st.just("::ffff:10.1.2.3"),
)
strangers = addresses.filter(lambda text: not is_proxy(text))
junk = st.text(st.characters(codec="latin-1", exclude_characters=",")).filter(
    lambda text: not is_address(text)
)
hops = st.lists(st.one_of(addresses, junk)).map(",".join)


def plain(text: str) -> str:
    """As an address is told: an IPv4 address is not dressed as IPv6."""
    address = ip_address(text.strip().partition("%")[0])
    return str(getattr(address, "ipv4_mapped", None) or address)


def is_proxy(text: str) -> bool:
    return any(ip_address(plain(text)) in network for network in PROXIES)


def is_address(text: str) -> bool:
    try:
        plain(text)
    except ValueError:
        return False
    return True


@given(peer=strangers, forwarded=hops)
def test_a_stranger_is_never_believed(peer: str, forwarded: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == plain(peer)


@given(peer=addresses, forwarded=hops)
def test_nobody_is_believed_where_no_proxy_is_known(peer: str, forwarded: str) -> None:
    assert client_address(peer, forwarded, []) == plain(peer)


@given(peer=proxies, before=hops, client=strangers, chain=st.lists(proxies))
def test_behind_proxies_it_is_the_nearest_hop_that_is_none(
    peer: str, before: str, client: str, chain: list[str]
) -> None:
    forwarded = ",".join([before, client, *chain])
    assert client_address(peer, forwarded, PROXIES) == plain(client)
    spaced = " , ".join([before, client, *chain])
    assert client_address(peer, spaced, PROXIES) == plain(client)


@given(peer=proxies, before=hops, broken=junk, chain=st.lists(proxies, min_size=1))
def test_nothing_left_of_what_is_no_address_is_believed(
    peer: str, before: str, broken: str, chain: list[str]
) -> None:
    forwarded = ",".join([before, broken, *chain])
    assert client_address(peer, forwarded, PROXIES) == plain(chain[0])


@given(peer=st.one_of(st.none(), st.text()), forwarded=st.text())
def test_whatever_is_said_the_answer_is_an_address_or_the_peer(
    peer: str | None, forwarded: str
) -> None:
    found = client_address(peer, forwarded, PROXIES)
    assert found == peer or (found is not None and is_address(found))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        ("10.0.0.1", "[::ffff:203.0.113.9]:80", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9:4711, 10.0.0.2:80", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9:", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:port", "10.0.0.1"),
        ("10.0.0.1", "[203.0.113.9", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::1]:80", "10.0.0.1"),
        ("10.0.0.1", "[[2001:db8::1]]", "10.0.0.1"),
        ("198.51.100.1", "203.0.113.9:4711", "198.51.100.1"),
        ("fd00::1%eth0", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "fe80::1%<script>", "fe80::1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "010.0.0.1", "10.0.0.1"),
        (None, "203.0.113.9", None),
        ("unix socket", "203.0.113.9", "unix socket"),
    ],
)
def test_examples(peer: str | None, forwarded: str, expected: str | None) -> None:
    assert client_address(peer, forwarded, PROXIES) == expected


async def test_the_audit_log_holds_the_clients_address(open_api: OpenApi) -> None:
    async def logged(api: Api, peer: str) -> str | None:
        hop = (b"x-forwarded-for", b"203.0.113.9")
        body = [b'{"email": "a@example.com", "password": "x"}']
        await call(api.app, "POST", "/api/v1/auth/login", [HOST, JSON, hop], body, peer=peer)
        return list(api.records.events.values())[-1].ip

    behind_proxy = await open_api(trusted_proxies="10.0.0.0/8")
    assert await logged(behind_proxy, "10.0.0.1") == "203.0.113.9"
    assert await logged(behind_proxy, "198.51.100.1") == "198.51.100.1"
    alone = await open_api()
    assert await logged(alone, "10.0.0.1") == "10.0.0.1"
