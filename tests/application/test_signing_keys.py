"""The lives of signing keys as the service and its operator lead them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from adapters.memory.clock import ManualClock
from application.signing_keys.lifecycle import (
    ListSigningKeysQuery,
    RetireSigningKeyCommand,
    RevokeSigningKeyCommand,
    RotateSigningKeysCommand,
)
from domain.access import Actor, ActorKind, NotAuthenticated, PermissionMissing
from domain.errors import ConcurrentChange, NotFound
from domain.events import EventKind
from domain.roles import ADMIN_ROLE
from domain.sessions import InvalidAccessToken
from domain.signing_keys import KeyIsCurrent, RotationTooSoon, UnknownSigningKey
from tests.application.signing_key_worlds import DAY_SECONDS, Worker, new_id, open_worker


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with open_worker() as opened:
        await opened.start()
        yield opened


@pytest.fixture
async def other(worker: Worker) -> AsyncIterator[Worker]:
    """A second worker of the same installation."""
    async with open_worker(beside=worker) as opened:
        await opened.start()
        yield opened


def verify(worker: Worker, token: str) -> None:
    worker.container.verifier().verify(token)


async def test_an_installation_starts_with_two_published_keys(worker: Worker) -> None:
    keys = await worker.keys()
    assert [key.status.value for key in keys] in (["current", "next"], ["next", "current"])
    assert set(worker.published()) == {key.kid for key in keys}
    assert worker.ring.current is not None
    created = [
        event for event in await worker.events() if event[0] is EventKind.SIGNING_KEY_CREATED
    ]
    assert {subject for _, subject, _ in created} == {key.kid for key in keys}


async def test_starting_again_makes_nothing(worker: Worker, other: Worker) -> None:
    await worker.start()
    assert len(await other.keys()) == 2


async def test_a_rotation_breaks_no_token(worker: Worker, other: Worker) -> None:
    before = worker.sign()
    published = set(other.published())
    key = await worker.rotate()
    after = worker.sign()
    # The other worker has heard of nothing yet, and still reads both.
    assert key.kid in published
    assert worker.ring.current is not None
    assert worker.ring.current.kid == key.kid
    for token in (before, after, other.sign()):
        verify(worker, token)
        verify(other, token)
    await other.refresh()
    assert other.ring.current is not None
    assert other.ring.current.kid == key.kid
    assert published < set(other.published())


async def test_a_second_rotation_waits_or_says_now(worker: Worker) -> None:
    first = await worker.rotate()
    with pytest.raises(RotationTooSoon):
        await worker.rotate()
    assert (await worker.rotate(now=True)).kid != first.kid
    worker.clock.advance(309)
    with pytest.raises(RotationTooSoon):
        await worker.rotate()
    worker.clock.advance(1)
    await worker.rotate()
    assert sorted(await worker.states()) == ["current", "next"] + ["retired"] * 3


async def test_a_retired_key_is_published_until_its_last_token_has_ended(worker: Worker) -> None:
    old = worker.ring.current
    assert old is not None
    # One that would live longer, as the key's end is what is asked about.
    token = worker.sign(ttl_seconds=3600)
    await worker.rotate()
    worker.clock.advance(909)
    await worker.refresh()
    assert old.kid in worker.published()
    verify(worker, token)
    worker.clock.advance(1)
    await worker.refresh()
    assert old.kid not in worker.published()
    with pytest.raises(UnknownSigningKey):
        verify(worker, token)


async def test_a_revoked_key_is_gone_here_at_once_and_elsewhere_with_the_next_refresh(
    worker: Worker, other: Worker
) -> None:
    token = other.sign()
    revoked = other.ring.current
    assert revoked is not None
    following = next(key for key in await worker.keys() if key.kid != revoked.kid)
    assert await worker.revoke(revoked.kid)
    assert not await worker.revoke(revoked.kid)
    with pytest.raises(UnknownSigningKey):
        verify(worker, token)
    assert revoked.kid not in worker.published()
    await other.refresh()
    with pytest.raises(InvalidAccessToken):
        verify(other, token)
    assert other.ring.current is not None
    assert other.ring.current.kid == following.kid
    assert sorted(await worker.states()) == ["current", "next", "revoked"]


async def test_the_next_key_is_retired_to_bring_another_algorithm(worker: Worker) -> None:
    following = next(key for key in await worker.keys() if key.status == "next")
    assert await worker.retire(following.kid)
    assert not await worker.retire(following.kid)
    assert sorted(await worker.states()) == ["current", "next", "retired"]
    with pytest.raises(RotationTooSoon):
        await worker.rotate()


async def test_the_current_key_is_not_retired(worker: Worker) -> None:
    assert worker.ring.current is not None
    with pytest.raises(KeyIsCurrent):
        await worker.retire(worker.ring.current.kid)
    for act in (worker.retire, worker.revoke):
        with pytest.raises(NotFound):
            await act("another")
    assert len(await worker.keys()) == 2


async def test_another_algorithm_comes_with_the_next_rotation(worker: Worker) -> None:
    async with open_worker(beside=worker, jwt_algorithm="HS256") as changed:
        old_token = worker.sign()
        await changed.start()
        keys = await changed.keys()
        assert sorted((key.algorithm.value, key.status.value) for key in keys) == [
            ("ES256", "current"),
            ("ES256", "retired"),
            ("HS256", "next"),
        ]
        changed.clock.advance(310)
        new = await changed.rotate()
        new_token = changed.sign()
        await worker.refresh()
        for each in (worker, changed):
            verify(each, old_token)
            verify(each, new_token)
            # The shared secret is published nowhere; the old public keys still are.
            assert new.kid not in each.published()
            assert len(each.published()) == 2


async def test_a_service_of_shared_secrets_publishes_nothing() -> None:
    async with open_worker(jwt_algorithm="HS256") as worker:
        await worker.start()
        await worker.rotate()
        assert worker.published() == []
        verify(worker, worker.sign())


async def test_every_act_is_in_the_log(worker: Worker) -> None:
    first, second = sorted(await worker.keys(), key=lambda key: key.status)
    await worker.rotate()
    third = next(key for key in await worker.keys() if key.status == "next")
    await worker.retire(third.kid)
    fourth = next(key for key in await worker.keys() if key.status == "next")
    await worker.revoke(second.kid)
    fifth = next(key for key in await worker.keys() if key.status == "next")
    acts = [event for event in await worker.events() if event[0] != EventKind.SIGNING_KEY_CREATED]
    assert acts == [
        (
            EventKind.SIGNING_KEY_ROTATED,
            second.kid,
            {"retired": first.kid, "next": third.kid},
        ),
        (EventKind.SIGNING_KEY_RETIRED, third.kid, {"next": fourth.kid}),
        (
            EventKind.SIGNING_KEY_REVOKED,
            second.kid,
            {"current": fourth.kid, "next": fifth.kid},
        ),
    ]


async def test_the_schedule_rotates_once_for_all_workers(worker: Worker, other: Worker) -> None:
    worker.clock.advance(90 * DAY_SECONDS - 1)
    assert not await worker.rotate_if_due()
    worker.clock.advance(1)
    results = await asyncio.gather(*(each.rotate_if_due() for each in [worker, other] * 5))
    assert results.count(True) == 1
    assert sorted(await worker.states()) == ["current", "next", "retired"]
    worker.clock.advance(90 * DAY_SECONDS)
    assert await other.rotate_if_due()


async def test_the_schedule_fills_an_empty_place_before_it_rotates(worker: Worker) -> None:
    stored = worker.container.memory_database().committed.signing_keys
    following = next(kid for kid, key in stored.items() if key.status == "next")
    del stored[following]
    worker.clock.advance(90 * DAY_SECONDS)
    assert not await worker.rotate_if_due()
    assert sorted(await worker.states()) == ["current", "next"]
    assert not await worker.rotate_if_due()
    worker.clock.advance(310)
    assert await worker.rotate_if_due()


async def test_only_the_operator_may(worker: Worker) -> None:
    administrator = Actor(kind=ActorKind.USER, user_id=new_id(), roles=frozenset({ADMIN_ROLE}))
    kid = (await worker.keys())[0].kid
    for actor, refusal in (
        (Actor.anonymous(), NotAuthenticated),
        (administrator, PermissionMissing),
    ):
        acts = (
            worker.container.list_signing_keys().execute(ListSigningKeysQuery(actor=actor)),
            worker.container.rotate_signing_keys().execute(RotateSigningKeysCommand(actor=actor)),
            worker.container.retire_signing_key().execute(
                RetireSigningKeyCommand(actor=actor, kid=kid)
            ),
            worker.container.revoke_signing_key().execute(
                RevokeSigningKeyCommand(actor=actor, kid=kid)
            ),
        )
        for act in acts:
            with pytest.raises(refusal):
                await act
    assert sorted(await worker.states()) == ["current", "next"]


class TickingClock(ManualClock):
    """No two looks at it show the same time."""

    def now(self) -> datetime:
        self.advance(0.001)
        return super().now()


async def test_the_first_rotation_need_not_wait_on_a_clock_that_goes_on() -> None:
    async with open_worker() as worker:
        worker.container.clock.override(TickingClock())
        await worker.start()
        await worker.rotate()
        with pytest.raises(RotationTooSoon):
            await worker.rotate()


async def test_what_was_planned_on_keys_that_have_moved_on_is_not_done(worker: Worker) -> None:
    first = worker.ring.current
    assert first is not None
    await worker.rotate()
    succession, now = worker.container.key_succession(), worker.clock.now()
    stale = await succession.roster()
    await worker.revoke(first.kid)
    before = await worker.events()
    with pytest.raises(ConcurrentChange):
        await succession.carry_out(Actor.operator(), lambda _: stale.revocation(first.kid, now))
    assert await worker.events() == before
