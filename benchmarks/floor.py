"""The floor: the same work with nothing around it, as a bare ASGI application.

Reading verifies an RS256 token, the cheapest kind to verify, and selects one row by its primary
key; refreshing makes one durable change and one signature. No limit, no log, no metrics, no session
check. Started by `benchmarks.processes`, which passes what it needs in the environment.
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
_UPDATE = "UPDATE sessions SET generation = generation + 1, rotated_at = now() WHERE id = $1"
_JSON = (b"content-type", b"application/json")

_read_key = load_pem_private_key(os.environ["FLOOR_RS256_KEY"].encode(), None)
_read_public = _read_key.public_key()
_sign_key = load_pem_private_key(os.environ["FLOOR_ES256_KEY"].encode(), None)
_pool: Any = None


async def _nothing(_connection: object) -> None:
    """Statements of their own to tidy a connection up would be more than the floor does."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    """`/live`, `/me` (bearer token), `/refresh` (session id as the body)."""
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
    match scope["path"]:
        case "/me":
            return await _me(dict(scope["headers"])[b"authorization"].decode())
        case "/refresh":
            form = parse_qs((await receive())["body"].decode())
            return await _refresh(UUID(form["session"][0]))
        case _:
            return b'{"status":"ok"}'


async def _me(authorization: str) -> bytes:
    claims = jwt.decode(
        authorization.removeprefix("Bearer "),
        _read_public,
        algorithms=["RS256"],
        audience=ISSUER,
        issuer=ISSUER,
        options={"require": ["exp", "iat", "iss", "aud", "sub"]},
    )
    async with _pool.acquire() as connection:
        row = await connection.fetchrow(_SELECT, UUID(claims["sub"]))
    return json.dumps(
        {
            "id": str(row["id"]),
            "email": row["email"],
            "name": row["name"],
            "status": row["status"],
            "created_at": row["created_at"].isoformat(),
            "updated_at": row["updated_at"].isoformat(),
        }
    ).encode()


async def _refresh(session_id: UUID) -> bytes:
    async with _pool.acquire() as connection:
        await connection.execute(_UPDATE, session_id)
    token = jwt.encode({"sub": str(session_id), "iss": ISSUER}, _sign_key, algorithm="ES256")
    return json.dumps({"access_token": token, "token_type": "Bearer"}).encode()
