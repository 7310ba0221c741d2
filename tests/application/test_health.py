"""Health: what can go wrong, how bad it is, and that asking often costs nothing."""

import asyncio
from collections.abc import Sequence

import pytest

from adapters.crypto.signing_keys import CryptoKeyRing
from adapters.memory.clock import ManualClock
from adapters.memory.mail_route import MemoryMailRoute
from adapters.memory.rate_limiter import MemoryRateLimiter
from application.health import CheckHealth, Health, HealthStatus
from application.ports.rate_limiter import Charge, RateLimiter, RateLimitVerdict
from application.ports.storage import SchemaState, Storage
from domain.errors import Unavailable
from tests.adapters.crypto.rings import a_key, ring_of

OK, DEGRADED, UNAVAILABLE = HealthStatus
PARTS = ("database", "migrations", "signing_key", "limiter", "mail", "shutdown")
KEY = a_key()


class SwitchableStorage(Storage):
    """There or away, of whichever schema; counts how often it is asked to write."""

    def __init__(self) -> None:
        self.away = False
        self.writable = True
        self.state = SchemaState.CURRENT
        self.writes = 0

    async def schema_state(self) -> SchemaState:
        if self.away:
            raise Unavailable
        return self.state

    async def migrate(self) -> None:
        raise AssertionError("nobody asked for that")

    async def check_writable(self) -> None:
        self.writes += 1
        await asyncio.sleep(0)
        if self.away or not self.writable:
            raise Unavailable

    async def check_replica(self) -> None:
        raise AssertionError("nobody asked for that")

    async def close(self) -> None:
        return


class SwitchableLimiter(RateLimiter):
    def __init__(self) -> None:
        self.away = False

    async def charge(self, charges: Sequence[Charge]) -> RateLimitVerdict:
        return await MemoryRateLimiter().charge(charges)

    async def healthy(self) -> bool:
        return not self.away

    async def close(self) -> None:
        return


class Patient:
    """A service whose parts can be switched off."""

    def __init__(self) -> None:
        self.storage = SwitchableStorage()
        self.ring: CryptoKeyRing = ring_of(KEY)
        self.limiter = SwitchableLimiter()
        self.mail = MemoryMailRoute()
        self.clock = ManualClock()
        self.check = CheckHealth(
            storage=self.storage,
            ring=self.ring,
            limiter=self.limiter,
            mail=self.mail,
            clock=self.clock,
        )

    async def examine(self) -> Health:
        """Past the second for which an answer is kept."""
        self.clock.advance(1)
        return await self.check.execute()


@pytest.fixture
async def patient() -> Patient:
    return Patient()


async def test_all_is_well(patient: Patient) -> None:
    health = await patient.examine()
    assert (health.status, health.at) == (OK, patient.clock.now())
    assert health.checks == dict.fromkeys(PARTS, OK)


@pytest.mark.parametrize(
    ("ill", "status", "part"),
    [
        (lambda p: setattr(p.storage, "writable", False), UNAVAILABLE, {"database"}),
        (lambda p: setattr(p.storage, "away", True), UNAVAILABLE, {"database", "migrations"}),
        (
            lambda p: setattr(p.storage, "state", SchemaState.BEHIND),
            UNAVAILABLE,
            {"migrations"},
        ),
        (lambda p: setattr(p.storage, "state", SchemaState.EMPTY), UNAVAILABLE, {"migrations"}),
        (lambda p: p.ring.load([]), UNAVAILABLE, {"signing_key"}),
        (lambda p: setattr(p.limiter, "away", True), DEGRADED, {"limiter"}),
        (lambda p: setattr(p.mail, "open", False), DEGRADED, {"mail"}),
        (lambda p: p.check.start_draining(), UNAVAILABLE, {"shutdown"}),
    ],
    ids=["full", "away", "behind", "empty", "no key", "no limiter", "no mail", "draining"],
)
async def test_each_part_is_named_and_weighed(
    patient: Patient, ill: object, status: HealthStatus, part: set[str]
) -> None:
    assert callable(ill)
    ill(patient)
    health = await patient.examine()
    assert health.status is status
    assert {name for name, each in health.checks.items() if each is not OK} == part
    assert set(health.checks) == set(PARTS)


async def test_the_worst_part_decides(patient: Patient) -> None:
    patient.limiter.away = True
    patient.storage.away = True
    assert (await patient.examine()).status is UNAVAILABLE


async def test_what_is_mended_is_well_again_but_for_a_shutdown(patient: Patient) -> None:
    patient.storage.away = True
    assert (await patient.examine()).status is UNAVAILABLE
    patient.storage.away = False
    assert (await patient.examine()).status is OK
    patient.check.start_draining()
    for _ in range(3):
        assert (await patient.examine()).status is UNAVAILABLE


async def test_an_answer_is_kept_for_a_second(patient: Patient) -> None:
    first = await patient.check.execute()
    patient.storage.away = True
    patient.clock.advance(0.999)
    assert await patient.check.execute() is first
    patient.clock.advance(0.001)
    assert (await patient.check.execute()).status is UNAVAILABLE
    assert patient.storage.writes == 2


async def test_mail_is_looked_at_every_ten_seconds(patient: Patient) -> None:
    assert (await patient.examine()).status is OK
    patient.mail.open = False
    patient.clock.advance(8)
    assert (await patient.examine()).status is OK
    assert (await patient.examine()).status is DEGRADED
    patient.mail.open = True
    patient.clock.advance(9)
    assert (await patient.examine()).status is OK


class SlowMailRoute(MemoryMailRoute):
    def __init__(self) -> None:
        super().__init__()
        self.found = asyncio.Event()

    async def is_open(self) -> bool:
        await self.found.wait()
        return False


async def test_nobody_waits_for_mail_that_takes_long(patient: Patient) -> None:
    slow = SlowMailRoute()
    patient.check = CheckHealth(
        storage=patient.storage,
        ring=patient.ring,
        limiter=patient.limiter,
        mail=slow,
        clock=patient.clock,
    )
    async with asyncio.timeout(1):
        assert (await patient.examine()).status is OK
    slow.found.set()
    assert (await patient.examine()).status is DEGRADED


async def test_a_shutdown_is_not_kept_waiting(patient: Patient) -> None:
    assert (await patient.check.execute()).status is OK
    patient.check.start_draining()
    assert (await patient.check.execute()).status is UNAVAILABLE


async def test_many_at_once_share_one_look(patient: Patient) -> None:
    answers = await asyncio.gather(*(patient.check.execute() for _ in range(50)))
    assert all(answer is answers[0] for answer in answers)
    assert patient.storage.writes == 1
