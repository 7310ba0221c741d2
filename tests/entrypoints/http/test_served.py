"""The application behind its real server: what comes in as bytes, and what many do at once."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.entrypoints.http.api import PASSWORD
from tests.entrypoints.http.conftest import ADMIN_EMAIL, ADMIN_PASSWORD
from tests.entrypoints.http.promises import MARKER, check_promises
from tests.services import Service

pytestmark = pytest.mark.slow

AT_ONCE = 50
USERS = "/api/v1/users"
CHUNKED = "Transfer-Encoding: chunked"
ON_SQLITE = pytest.mark.parametrize("server", ["sqlite"], indirect=True)


def exchange(service: Service, sent: bytes) -> bytes:
    """All that comes back until the server closes, or says nothing for a while."""
    address = urlsplit(service.url)
    received = b""
    with socket.create_connection((address.hostname, address.port), timeout=1) as connection:
        try:
            connection.sendall(sent)
            while piece := connection.recv(65536):
                received += piece
        except (TimeoutError, ConnectionError):
            pass
    return received


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def request(path: str = "/health/live", *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


@ON_SQLITE
def test_requests_that_no_client_sends_are_refused_and_harm_nobody(server: Service) -> None:
    jwks, host = "/.well-known/jwks.json", "Host: localhost"
    expected = {
        request(jwks): 400,
        request(jwks, "Host: "): 400,
        request(jwks, host, "Host: localhost"): 400,
        request(jwks, host, f"Host: {MARKER}"): 400,
        request(jwks, f"Host: {MARKER}"): 400,
        # The host of an absolute target is the one (RFC 9112, 3.2.2).
        request(f"http://{MARKER}{jwks}", host): 400,
        request(f"http://localhost{jwks}", f"Host: {MARKER}"): 200,
        request(jwks, host, "X-Request-ID: a\tb"): 200,
        request("/api/v1/users?cursor=" + "A" * 8_000, host): 401,
        request("/%ff%fe%00", host): 404,
        request("/nothing#fragment", host): 404,
        request("*", host, method="OPTIONS"): 404,
        request("/health", host, method="BREW"): 400,
        request(jwks, host, "Content-Length: x"): 400,
        request(jwks, host, "Content-Length: 1", "Content-Length: 2"): 400,
        request(jwks, host, "Content-Length: -1"): 400,
        request(jwks, host, "A b: c"): 400,
        # Two readings of where a body ends are one request too many (RFC 9112, 6.1).
        request(USERS, host, "Content-Length: 3", CHUNKED, method="POST"): 400,
        request(USERS, host, CHUNKED, "Transfer-Encoding: identity", method="POST"): 400,
        request(USERS, host, "Transfer-Encoding: xchunked", method="POST"): 400,
        request(USERS, host, CHUNKED, method="POST") + b"-1\r\n{}\r\n0\r\n\r\n": 400,
        request(jwks, host, "X: folded\r\n line"): 400,
        request(jwks, host).replace(b"\r", b""): 400,
        request(jwks, host, method="CONNECT"): 405,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": 400,
        b"GET\r\n\r\n": 400,
        b"\x00" * 1000: 400,
    }
    for sent, status in expected.items():
        answer = exchange(server, sent)
        assert (sent, status_of(answer)) == (sent, status)
        assert MARKER.encode() not in answer
    huge = exchange(server, request(jwks, host, "X: " + "x" * 1_000_000))
    assert huge == b"" or status_of(huge) in (200, 400, 431)
    assert httpx.get(f"{server.url}/health/ready").status_code == 200
    assert "unexpected_error" not in server.log.read_text()


@ON_SQLITE
def test_head_leaves_the_connection_usable(server: Service) -> None:
    with httpx.Client(base_url=server.url) as client:
        for path in ("/health", "/docs", "/nothing", "/api/v1/users/me", "/.well-known/jwks.json"):
            head, got = client.head(path), client.get(path)
            assert head.status_code == got.status_code
            assert head.content == b""
            for response in (head, got):
                check_promises(response)
    log = server.log.read_text()
    assert "shorter than Content-Length" not in log
    assert "Exception" not in log


@ON_SQLITE
def test_a_body_that_is_too_large_is_refused_before_it_has_arrived(server: Service) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(1000):
            yield MARKER.encode() * 1000

    headers = {"Content-Type": "application/json"}
    with httpx.Client(base_url=server.url, headers=headers) as client:
        announced = client.post(USERS, content=b"x" * 10_000_000)
        assert announced.status_code == 413
        check_promises(announced)
        try:
            chunked = client.post(USERS, content=chunks())
        except httpx.WriteError:
            pass  # The server may hang up on whoever goes on sending.
        else:
            assert chunked.status_code == 413
            check_promises(chunked)
    assert httpx.get(f"{server.url}/health/ready").status_code == 200


@ON_SQLITE
def test_a_client_who_leaves_in_the_middle_is_no_error(server: Service) -> None:
    head = request(USERS, "Host: localhost", "Content-Type: application/json", method="POST")
    cut_off = head.replace(b"\r\n\r\n", b"\r\nContent-Length: 1000\r\n\r\n") + b'{"email": "'
    assert exchange(server, cut_off) == b""
    assert httpx.get(f"{server.url}/health/ready").status_code == 200
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert [x["status"] for x in lines if x.get("route") == USERS] == [499]
    assert not [x for x in lines if x["level"] == "error"]


async def answers_at_once(service: Service, *requests: httpx.Request) -> Counter[int]:
    """How often which status came, all sent at once."""
    limits = httpx.Limits(max_connections=len(requests))
    async with httpx.AsyncClient(limits=limits, timeout=30) as client:
        answers = await asyncio.gather(*(client.send(each) for each in requests))
    for answer in answers:
        check_promises(answer)
    return Counter(answer.status_code for answer in answers)


async def test_of_many_who_register_one_address_one_gets_it(server: Service) -> None:
    spellings = ["ada@example.com", "ADA@example.com", "ada@EXAMPLE.COM"]
    registrations = [
        httpx.Request(
            "POST",
            f"{server.url}/api/v1/users",
            json={"email": spellings[n % 3], "name": f"Ada {n}", "password": PASSWORD},
        )
        for n in range(AT_ONCE)
    ]
    assert await answers_at_once(server, *registrations) == {201: 1, 409: AT_ONCE - 1}


async def test_of_many_who_write_over_one_version_one_does(server: Service) -> None:
    account = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
    async with httpx.AsyncClient(base_url=server.url) as client:
        token = (await client.post("/api/v1/auth/login", json=account)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        me = await client.get("/api/v1/users/me", headers=headers)
        writes = [
            httpx.Request(
                "PATCH",
                f"{server.url}/api/v1/users/me",
                json={"name": f"Ada {n}"},
                headers=headers | {"If-Match": me.headers["etag"]},
            )
            for n in range(AT_ONCE)
        ]
        assert await answers_at_once(server, *writes) == {200: 1, 412: AT_ONCE - 1}
        after = await client.get("/api/v1/users/me", headers=headers)
    assert after.headers["etag"] != me.headers["etag"]
