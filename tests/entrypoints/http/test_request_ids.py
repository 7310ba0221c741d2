"""The id that a request has in its answer and in the logs."""

from uuid import UUID

import pytest

from tests.entrypoints.http.api import Api
from tests.entrypoints.http.promises import MARKER
from tests.entrypoints.http.raw import HOST, call


@pytest.mark.parametrize("given", ["a", "0198-c5f6_6f3a.7c3e", "x" * 128, "...", "---"])
async def test_a_callers_id_is_taken_over(api: Api, given: str) -> None:
    for path in ("/health", "/nothing", "/api/v1/users"):
        response = await api.get(path, headers={"X-Request-ID": given})
        assert response.headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given",
    [
        *(b"", b" ", b"x" * 129, b"a b", b"a\tb", b"a\nb", b"a\r\nX-Evil: 1", b"caf\xe9", b"a,b"),
        *(f"<{MARKER}>".encode(), "\N{SNOWMAN}".encode(), "\u0661".encode(), b"a\x00b", b"a:b"),
    ],
)
async def test_an_id_that_could_do_harm_is_replaced(api: Api, given: bytes) -> None:
    response = await call(api.app, "GET", "/nothing", [HOST, (b"x-request-id", given)])
    assert UUID(response.headers["x-request-id"]).version == 4
    assert response.headers["x-request-id"] == response.json()["request_id"]


async def test_every_request_without_one_gets_its_own(api: Api) -> None:
    ids = {(await api.get("/health")).headers["x-request-id"] for _ in range(50)}
    assert len(ids) == 50
