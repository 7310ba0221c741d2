"""Requests that no HTTP client would send, put before the application as a server would."""

from collections.abc import Iterable, Sequence

import httpx
from starlette.types import ASGIApp, Message, Scope

from tests.entrypoints.http.promises import check_promises

HOST = (b"host", b"localhost")
JSON = (b"content-type", b"application/json")


def scope_of(
    method: str,
    path: str,
    headers: Sequence[tuple[bytes, bytes]] = (HOST,),
    *,
    query: bytes = b"",
    peer: str | None = "127.0.0.1",
) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": query,
        "headers": list(headers),
        "client": (peer, 40000) if peer else None,
        "server": ("127.0.0.1", 8000),
    }


async def call(
    app: ASGIApp,
    method: str,
    path: str,
    headers: Sequence[tuple[bytes, bytes]] = (HOST,),
    body: Iterable[bytes] = (),
    *,
    query: bytes = b"",
    peer: str | None = "127.0.0.1",
    may_fail: bool = False,
) -> httpx.Response:
    """Each piece of the body arrives as a message of its own; nothing announces its length."""
    scope = scope_of(method, path, headers, query=query, peer=peer)
    pieces = iter(body)
    sent: list[Message] = []

    async def receive() -> Message:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    response = httpx.Response(
        sent[0]["status"],
        headers=sent[0]["headers"],
        content=b"".join(message.get("body", b"") for message in sent[1:]),
        request=httpx.Request(method, httpx.URL("http://localhost", path=path)),
    )
    check_promises(response, may_fail=may_fail)
    return response
