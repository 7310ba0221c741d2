"""What a serving process does for its signing keys by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
from structlog.testing import capture_logs

from domain.errors import Unavailable
from entrypoints.http import key_refresh
from entrypoints.http.app import create_app
from entrypoints.http.key_refresh import keep_keys_fresh, refresh_keys
from tests.application.signing_key_worlds import DAY_SECONDS, Worker, open_worker


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with open_worker() as opened:
        await opened.start()
        yield opened


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    """The loop, at a hundredth of its intervals."""
    task = asyncio.create_task(keep_keys_fresh(worker.container))
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_refresh, "REFRESH_SECONDS", 0.005)


async def test_the_loop_learns_what_other_workers_did(worker: Worker) -> None:
    async with open_worker(beside=worker) as other, running(other):
        key = await worker.rotate()
        await asyncio.sleep(0.1)
        assert other.ring.current is not None
        assert other.ring.current.kid == key.kid
        await worker.revoke(key.kid)
        await asyncio.sleep(0.1)
        assert other.ring.get(key.kid) is None


async def test_the_loop_rotates_when_it_is_time_and_looks_once_a_minute(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    use_case = worker.container.rotate_signing_keys_if_due()
    rotate = use_case.execute

    async def counted() -> bool:
        nonlocal looks
        looks += 1
        return bool(await rotate())

    monkeypatch.setattr(use_case, "execute", counted)
    worker.clock.advance(90 * DAY_SECONDS)
    async with running(worker):
        await asyncio.sleep(0.1)
    assert looks == 1
    assert sorted(await worker.states()) == ["current", "next", "retired"]


@pytest.mark.parametrize("error", [Unavailable(), ValueError("not of this world")])
async def test_nothing_ends_the_loop(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(key_refresh, "DUE_CHECK_SECONDS", 0)
    async with open_worker(beside=worker) as other:

        async def fail() -> None:
            raise error

        with monkeypatch.context() as patch, capture_logs() as logs:
            patch.setattr(other.container.key_ring_keeper(), "refresh", fail)
            patch.setattr(other.container.rotate_signing_keys_if_due(), "execute", fail)
            async with running(other):
                await asyncio.sleep(0.05)
                patch.undo()
                await asyncio.sleep(0.05)
                assert set(other.published()) == set(worker.published())
        said = {line["event"] for line in logs}
        assert {"signing_keys_not_refreshed", "signing_key_rotation_postponed"} <= said


async def test_keys_that_cannot_be_read_are_told_once(worker: Worker) -> None:
    async with open_worker(
        beside=worker, secret_key="quite another secret, of no relation"
    ) as lost:
        with capture_logs() as logs:
            for _ in range(3):
                await refresh_keys(lost.container)
    told = [line for line in logs if line["event"] == "signing_keys_unreadable"]
    assert len(told) == 1
    assert set(told[0]["kids"]) == set(worker.published())


async def test_the_key_set_holds_public_halves_only_and_none_of_shared_secrets() -> None:
    async with open_worker() as worker, open_worker(jwt_algorithm="HS256") as secret:
        for each, count in ((worker, 2), (secret, 0)):
            await each.start()
            transport = httpx.ASGITransport(app=create_app(each.container))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:8000"
            ) as client:
                answer = await client.get("/.well-known/jwks.json")
            assert answer.headers["cache-control"] == "public, max-age=300"
            keys = answer.json()["keys"]
            assert len(keys) == count
            assert all("d" not in key and "k" not in key for key in keys)
