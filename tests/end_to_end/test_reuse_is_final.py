"""A stolen refresh token ends its session for every process, and for good."""

from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import redis

from tests.services import Service, serving

pytestmark = pytest.mark.slow

ACCOUNT = {"email": "ada@example.com", "password": "a long sentence is best"}


def refresh(service: Service, token: str) -> httpx.Response:
    body = {"refresh_token": token}
    return httpx.post(f"{service.url}/api/v1/auth/refresh", json=body, timeout=30)


def is_refused(service: Service, access_token: str) -> bool:
    headers = {"Authorization": f"Bearer {access_token}"}
    answer = httpx.get(f"{service.url}/api/v1/users/me", headers=headers, timeout=30)
    assert answer.status_code in (200, 401)
    return answer.status_code == 401


@pytest.mark.parametrize("kind", [pytest.param("sqlite", marks=pytest.mark.proof), "postgresql"])
def test_reuse_outlives_restarts_and_the_loss_of_redis(
    kind: str, request: pytest.FixtureRequest, redis_url: str, tmp_path: Path
) -> None:
    names = {"sqlite": "sqlite_url", "postgresql": "postgresql_database_url"}
    settings = {
        "DATABASE_URL": str(request.getfixturevalue(names[kind])),
        "REDIS_URL": redis_url,
        "SECRET_KEY": "one secret for all processes, long",
        "ISSUER": "https://accounts.example.com",
        "REFRESH_GRACE_SECONDS": "0",
    }
    with ExitStack() as stack:
        one, other = (stack.enter_context(serving(tmp_path, **settings)) for _ in range(2))
        httpx.post(f"{one.url}/api/v1/users", json={**ACCOUNT, "name": "Ada"}, timeout=30)
        first = httpx.post(f"{one.url}/api/v1/auth/login", json=ACCOUNT, timeout=30).json()
        second = refresh(other, first["refresh_token"]).json()
        assert not is_refused(one, second["access_token"])
        assert refresh(one, first["refresh_token"]).status_code == 401
        for service in (other, one):
            assert is_refused(service, second["access_token"])
            assert is_refused(service, first["access_token"])
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        assert is_refused(other, second["access_token"])
    with serving(tmp_path, **settings) as restarted:
        assert is_refused(restarted, second["access_token"])
        assert refresh(restarted, second["refresh_token"]).status_code == 401
