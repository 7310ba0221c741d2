"""The argon2 pool: right answers for any stored hash, and bounded work whoever comes or goes."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from argon2 import PasswordHasher as Argon2
from argon2 import Type, extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from adapters.crypto.passwords import _WAITING_PER_THREAD, Argon2PasswordHasher
from adapters.crypto.stored_hashes import Argon2Hash
from application.ports.passwords import HashingState
from domain.errors import Unavailable
from tests.adapters.crypto.hashers import cheap

SALT = "c2FsdHNhbHRzYWx0"
DIGEST = "ZGlnZXN0ZGlnZXN0ZGlnZXN0"


@pytest.fixture(scope="module")
def hasher() -> Iterator[Argon2PasswordHasher]:
    with cheap() as made:
        yield made


class Gate:
    """Stands for argon2: work that ends when the test says so."""

    memory_cost = time_cost = 1

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.started = 0
        self.threads: set[int] = set()

    def hash(self, password: str) -> str:
        self.started += 1
        self.threads.add(threading.get_ident())
        assert self.opened.wait(10)
        return f"hash of {password}"


@contextmanager
def gated(concurrency: int = 1) -> Iterator[tuple[Argon2PasswordHasher, Gate]]:
    gate = Gate()
    with cheap(concurrency) as hasher:
        hasher._argon2 = gate  # type: ignore[assignment]
        try:
            yield hasher, gate
        finally:
            gate.opened.set()


async def is_full(hasher: Argon2PasswordHasher) -> bool:
    """Whether there is no place for one more, without waiting for the hash if there is."""
    try:
        await asyncio.wait_for(hasher.hash("one more"), 0.5)
    except Unavailable:
        return True
    except TimeoutError:
        return False
    return False


async def until(condition: object) -> None:
    assert callable(condition)
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to that")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
async def test_a_password_gives_its_own_hash(hasher: Argon2PasswordHasher, password: str) -> None:
    stored = await hasher.hash(password)
    assert await hasher.verify(password, stored)
    assert not await hasher.verify(password + "x", stored)
    assert await hasher.hash(password) != stored
    assert len(password) < 4 or password not in stored


async def test_hashes_are_argon2id_with_the_given_parameters() -> None:
    hasher = Argon2PasswordHasher(memory_kib=64, time_cost=3, concurrency=1)
    stored = await hasher.hash("password")
    hasher.close()
    parameters = extract_parameters(stored)
    assert (parameters.type, parameters.version) == (Type.ID, 19)
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (64, 3, 1)
    assert parameters.salt_len >= 16
    assert parameters.hash_len >= 32


async def test_without_a_hash_no_password_matches(hasher: Argon2PasswordHasher) -> None:
    for password in ("", "password", "a password that nobody has"):
        assert not await hasher.verify(password, None)


@pytest.mark.parametrize("stored", [None, "junk", f"$argon2id$v=19$m=1048577,t=1,p=1${SALT}$x"])
async def test_what_cannot_match_costs_as_much_as_a_wrong_password(
    stored: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cheap() as hasher:
        computed: list[str] = []
        matches = Argon2Hash.matches

        def noted(stored: Argon2Hash, password: str) -> bool:
            computed.append(stored.text)
            return matches(stored, password)

        monkeypatch.setattr(Argon2Hash, "matches", noted)
        assert not await hasher.verify("password", stored)
        assert not await hasher.verify("wrong", await hasher.hash("password"))
    asked, wrong = map(extract_parameters, computed)
    assert asked == wrong


ALMOST_HASHES = st.builds(
    "${}${}m={},t={},p={}${}${}".format,
    st.sampled_from(["argon2id", "argon2i", "argon2d", "argon2", "2b", ""]),
    st.sampled_from(["v=19$", "v=16$", "v=x$", ""]),
    st.integers(-2, 70) | st.sampled_from(["", "x", 2**32, "9" * 4400]),
    st.integers(-2, 3),
    st.integers(-2, 5),
    st.sampled_from([SALT, "", "ünicode", "!!", "\0"]) | st.text(max_size=8),
    st.sampled_from([DIGEST, "", "ünicode", "!!"]) | st.text(max_size=8),
)


@given(st.text(st.characters(), max_size=80) | ALMOST_HASHES)
async def test_a_broken_hash_matches_nothing_and_raises_nothing(
    hasher: Argon2PasswordHasher, stored: str
) -> None:
    assert not await hasher.verify("password", stored)
    hasher.needs_rehash(stored)


@pytest.mark.parametrize(
    "cost", ["m=1048577,t=1,p=1", "m=524289,t=2,p=1", "m=8,t=4294967295,p=1", "m=1024,t=1,p=17"]
)
async def test_a_hash_that_costs_too_much_is_not_computed(
    hasher: Argon2PasswordHasher, cost: str
) -> None:
    started = time.monotonic()
    assert not await hasher.verify("password", f"$argon2id$v=19${cost}${SALT}${DIGEST}")
    assert time.monotonic() - started < 0.2


@pytest.mark.parametrize("type_", list(Type))
async def test_dearer_and_older_hashes_verify_and_are_due_for_another(
    hasher: Argon2PasswordHasher, type_: Type
) -> None:
    other = Argon2(memory_cost=128, time_cost=2, parallelism=4, type=type_)
    stored = other.hash("password")
    assert await hasher.verify("password", stored)
    assert not await hasher.verify("Password", stored)
    assert hasher.needs_rehash(stored)


@pytest.mark.parametrize(
    ("memory_kib", "time_cost", "due"), [(8, 1, False), (16, 1, True), (8, 2, True)]
)
async def test_other_parameters_call_for_another_hash(
    hasher: Argon2PasswordHasher, memory_kib: int, time_cost: int, due: bool
) -> None:
    made = Argon2(memory_cost=memory_kib, time_cost=time_cost, parallelism=1)
    assert hasher.needs_rehash(made.hash("password")) is due


async def test_so_many_wait_and_no_more() -> None:
    with gated() as (hasher, gate):
        places = 1 + _WAITING_PER_THREAD
        running = [asyncio.create_task(hasher.hash(str(number))) for number in range(places)]
        await until(lambda: gate.started == 1)
        started = time.monotonic()
        for _ in range(3):
            assert await is_full(hasher)
            with pytest.raises(Unavailable):
                await hasher.verify("one too many", None)
        assert time.monotonic() - started < 0.2
        gate.opened.set()
        assert await asyncio.gather(*running) == [f"hash of {n}" for n in range(places)]
        assert await hasher.hash("later") == "hash of later"


async def test_as_many_run_at_once_as_the_concurrency_says() -> None:
    with gated(concurrency=2) as (hasher, gate):
        running = [asyncio.create_task(hasher.hash("password")) for _ in range(6)]
        await until(lambda: gate.started == 2)
        await asyncio.sleep(0.02)
        assert gate.started == 2
        gate.opened.set()
        await asyncio.gather(*running)
        assert gate.started == 6
        assert len(gate.threads) == 2
        assert threading.get_ident() not in gate.threads


async def test_a_caller_who_leaves_does_not_make_room_while_the_hash_runs() -> None:
    with gated() as (hasher, gate):
        places = 1 + _WAITING_PER_THREAD
        running = [asyncio.create_task(hasher.hash("password")) for _ in range(places)]
        await until(lambda: gate.started == 1)
        first = running.pop(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await is_full(hasher)
        gate.opened.set()
        await asyncio.gather(*running)
        assert gate.started == places


async def test_a_caller_who_leaves_the_queue_makes_room_in_it() -> None:
    with gated() as (hasher, gate):
        places = 1 + _WAITING_PER_THREAD
        running = [asyncio.create_task(hasher.hash("password")) for _ in range(places)]
        await until(lambda: gate.started == 1)
        last = running.pop()
        last.cancel()
        with suppress(asyncio.CancelledError):
            await last
        running.append(asyncio.create_task(hasher.hash("password")))
        gate.opened.set()
        await asyncio.gather(*running)
        assert gate.started == places


async def test_the_event_loop_turns_while_hashes_run() -> None:
    hasher = Argon2PasswordHasher(memory_kib=64 * 1024, time_cost=4, concurrency=1)
    work = asyncio.create_task(hasher.hash("password"))
    turns = 0
    while not work.done():
        turns += 1
        await asyncio.sleep(0.001)
    hasher.close()
    assert turns > 10


async def test_whoever_waits_when_the_pool_closes_is_told_so() -> None:
    with gated() as (hasher, gate):
        running, waiting = (asyncio.create_task(hasher.hash(text)) for text in ("one", "two"))
        await until(lambda: gate.started == 1)
        closing = asyncio.create_task(asyncio.to_thread(hasher.close))
        with pytest.raises(Unavailable):
            await waiting
        gate.opened.set()
        assert await running == "hash of one"
        await closing
        for _ in range(2 * _WAITING_PER_THREAD):
            with pytest.raises(Unavailable):
                await hasher.hash("password")
        assert hasher.state() == HashingState(running=0, waiting=0, refused=0)


async def test_a_hasher_tells_how_busy_it_is() -> None:
    with gated(concurrency=2) as (hasher, gate):
        assert hasher.state() == HashingState(running=0, waiting=0, refused=0)
        places = 2 * 33
        tasks = [asyncio.create_task(hasher.hash("one")) for _ in range(places)]
        await asyncio.sleep(0)
        assert hasher.state() == HashingState(running=2, waiting=places - 2, refused=0)
        with pytest.raises(Unavailable):
            await hasher.hash("one too many")
        assert hasher.state().refused == 1
        gate.opened.set()
        await asyncio.gather(*tasks)
        deadline = time.monotonic() + 5
        while hasher.state() != HashingState(running=0, waiting=0, refused=1):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


async def test_as_many_are_admitted_as_may_run_and_wait() -> None:
    with cheap() as hasher, ExitStack() as admitted:
        for _ in range(1 + _WAITING_PER_THREAD):
            admitted.enter_context(hasher.admission())
        with pytest.raises(Unavailable), hasher.admission():
            pass
        assert hasher.state().refused == 1
        admitted.pop_all().close()
        # Whoever was refused has taken nothing, and who has left has left nothing behind.
        with hasher.admission():
            assert await hasher.hash("password")


async def test_nobody_is_admitted_to_a_queue_that_is_full() -> None:
    with gated() as (hasher, gate):
        places = 1 + _WAITING_PER_THREAD
        running = [asyncio.create_task(hasher.hash("password")) for _ in range(places)]
        await until(lambda: gate.started == 1)
        with pytest.raises(Unavailable), hasher.admission():
            pass
        gate.opened.set()
        await asyncio.gather(*running)


async def test_a_hash_steps_back_behind_the_event_loop() -> None:
    def priority(_: str) -> str:
        return str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    with gated() as (hasher, gate):
        gate.hash = priority  # type: ignore[assignment,method-assign]
        of_hash = int(await hasher.hash("any password"))
    # Elsewhere threads have no priority of their own.
    assert of_hash > int(priority("")) or sys.platform != "linux"
