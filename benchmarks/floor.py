"""The floor: the same work with nothing around it, as a bare ASGI application.

Reading verifies an RS256 token, the cheapest kind to verify, and selects one row by its primary
key; refreshing makes one durable change and one signature; changing an item verifies and makes one
durable change. No limit, no log, no metrics, no session check. It is given what it needs in the
environment.
"""

import json
import os
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import asyncpg
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ISSUER = "https://floor.example.com"
_SELECT = "SELECT id, email, name, status, created_at, updated_at FROM users WHERE id = $1"
_ROTATE = "UPDATE sessions SET generation = generation + 1, rotated_at = now() WHERE id = $1"
_CHANGE = """
    UPDATE items SET title = $2, version = version + 1, updated_at = now() WHERE id = $1
    RETURNING id, owner_id, title, data, version, created_at, updated_at
"""
_JSON = (b"content-type", b"application/json")

_read_key = load_pem_private_key(os.environ["FLOOR_RS256_KEY"].encode(), None)
_read_public: Any = _read_key.public_key()
_sign_key: Any = load_pem_private_key(os.environ["FLOOR_ES256_KEY"].encode(), None)
_pool: Any = None


async def _nothing(_connection: object) -> None:
    """Statements of their own to tidy a connection up would be more than the floor does."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    """`/live`; `/me` and `/items/{id}` with a bearer token; `/refresh` with a session's id."""
    global _pool
    if scope["type"] == "lifespan":
        await receive()
        _pool = await asyncpg.create_pool(
            os.environ["FLOOR_DATABASE_URL"], min_size=4, max_size=20, reset=_nothing
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await _pool.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = await _answer(scope, receive)
    headers = [_JSON, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _answer(scope: Any, receive: Any) -> bytes:
    path = scope["path"]
    if path == "/me":
        return _rendered(await _row(_SELECT, UUID(_subject(scope))))
    if path == "/refresh":
        form = parse_qs((await receive())["body"].decode())
        return await _refresh(UUID(form["session"][0]))
    if path.startswith("/items/"):
        _subject(scope)
        changes = json.loads((await receive())["body"])
        item = UUID(path.removeprefix("/items/"))
        return _rendered(await _row(_CHANGE, item, changes["title"]))
    return b'{"status":"ok"}'


def _subject(scope: Any) -> str:
    authorization = dict(scope["headers"])[b"authorization"].decode()
    claims = jwt.decode(
        authorization.removeprefix("Bearer "),
        _read_public,
        algorithms=["RS256"],
        audience=ISSUER,
        issuer=ISSUER,
        options={"require": ["exp", "iat", "iss", "aud", "sub"]},
    )
    subject: str = claims["sub"]
    return subject


async def _row(statement: str, *values: Any) -> Any:
    async with _pool.acquire() as connection:
        return await connection.fetchrow(statement, *values)


def _rendered(row: Any) -> bytes:
    shown = dict(row)
    for name in shown.keys() & {"id", "owner_id"}:
        shown[name] = str(shown[name])
    for name in ("created_at", "updated_at"):
        shown[name] = shown[name].isoformat()
    return json.dumps(shown).encode()


async def _refresh(session_id: UUID) -> bytes:
    async with _pool.acquire() as connection:
        await connection.execute(_ROTATE, session_id)
    token = jwt.encode({"sub": str(session_id), "iss": ISSUER}, _sign_key, algorithm="ES256")
    return json.dumps({"access_token": token, "token_type": "Bearer"}).encode()
