"""Keys in two processes on one database: what one of them does the other feels."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.services import Service, serving

pytestmark = pytest.mark.slow

ACCOUNT = {"email": "admin@example.com", "password": "a long sentence is best"}
KEYS, ME, USERS = "/api/v1/api-keys", "/api/v1/users/me", "/api/v1/users"


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.proof), "postgresql"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Service, Service]]:
    names = {"sqlite": "sqlite_url", "postgresql": "postgresql_database_url"}
    settings = {
        "DATABASE_URL": str(request.getfixturevalue(names[request.param])),
        "SECRET_KEY": "one secret for all processes, long",
        "ISSUER": "https://accounts.example.com",
        "ADMIN_EMAIL": ACCOUNT["email"],
        "ADMIN_PASSWORD": ACCOUNT["password"],
    }
    with ExitStack() as stack:
        one, other = (stack.enter_context(serving(tmp_path, **settings)) for _ in range(2))
        yield one, other


def call(service: Service, method: str, path: str, **more: Any) -> httpx.Response:
    return httpx.request(method, f"{service.url}{path}", timeout=30, **more)


def test_what_happens_to_a_key_is_felt_everywhere_on_the_next_call(
    pair: tuple[Service, Service],
) -> None:
    here, there = pair
    tokens = call(here, "POST", "/api/v1/auth/login", json=ACCOUNT).json()
    auth = {"Authorization": f"Bearer {tokens['access_token']}"}

    def made(*scopes: str) -> tuple[str, dict[str, str]]:
        body = {"name": "Report", "scopes": scopes}
        created = call(here, "POST", KEYS, json=body, headers=auth)
        assert created.status_code == 201, created.text
        return created.json()["id"], {"X-API-Key": created.json()["key"]}

    def status(key: dict[str, str], path: str = ME) -> int:
        return call(there, "GET", path, headers=key).status_code

    # Revoked.
    key_id, key = made("users:read")
    for _ in range(3):
        assert (status(key), status(key, USERS)) == (200, 200)
    assert call(here, "DELETE", f"{KEYS}/{key_id}", headers=auth).status_code == 204
    assert (status(key), status(key, USERS)) == (401, 401)

    # Rotated, without overlap.
    key_id, key = made()
    assert status(key) == 200
    rotation = {"overlap_seconds": 0}
    rotated = call(here, "POST", f"{KEYS}/{key_id}/rotate", json=rotation, headers=auth)
    assert status({"X-API-Key": rotated.json()["key"]}) == 200
    assert status(key) == 401

    # Given up by whoever holds it.
    _, key = made()
    secret = {"token": key["X-API-Key"]}
    assert call(here, "POST", "/oauth/revoke", data=secret).status_code == 200
    assert status(key) == 401

    # Of an account that has lost its role, and then is disabled.
    grace = {"email": "grace@example.com", "name": "Grace", "password": ACCOUNT["password"]}
    grace_id = call(here, "POST", USERS, json=grace, headers=auth).json()["id"]
    roles = {"roles": ["admin"]}
    call(here, "PUT", f"{USERS}/{grace_id}/roles", json=roles, headers=auth)
    login = {"email": grace["email"], "password": grace["password"]}
    tokens = call(here, "POST", "/api/v1/auth/login", json=login).json()
    body = {"name": "Report", "scopes": ["users:read"]}
    her = {"Authorization": f"Bearer {tokens['access_token']}"}
    key = {"X-API-Key": call(here, "POST", KEYS, json=body, headers=her).json()["key"]}
    assert status(key, USERS) == 200
    call(here, "PUT", f"{USERS}/{grace_id}/roles", json={"roles": []}, headers=auth)
    assert (status(key, USERS), status(key)) == (403, 200)
    call(here, "PATCH", f"{USERS}/{grace_id}", json={"status": "disabled"}, headers=auth)
    assert status(key) == 401
    call(here, "PATCH", f"{USERS}/{grace_id}", json={"status": "active"}, headers=auth)
    assert status(key) == 200

    # Its use is written by the process that saw it, and read by the other.
    key_id, key = made()
    assert status(key) == 200
    deadline = time.monotonic() + 10
    while call(here, "GET", f"{KEYS}/{key_id}", headers=auth).json()["last_used_at"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
