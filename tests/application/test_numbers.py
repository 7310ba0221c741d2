"""What use cases tell operators: each outcome once, and only after it is committed."""

from typing import Any

from adapters.memory.telemetry import MemoryTelemetry
from application.ports.outbox import OutboxDepth
from application.ports.telemetry import MessageOutcome, SignInOutcome
from application.ports.unit_of_work import UnitOfWork
from application.sessions.sign_in import SignInCommand
from domain.errors import DomainError, Unavailable
from domain.outbox import MAX_TRIES
from tests.mail_house import ANYONE, PASSWORD, House

ADA = "ada@accounts.dev"


class Told:
    """A house whose telemetry is kept in memory."""

    def __init__(self, **settings: Any) -> None:
        self.house = House(**settings)
        self.telemetry = MemoryTelemetry()
        self.house.container.telemetry.override(self.telemetry)

    async def sign_in(self, password: str, email: str = ADA) -> None:
        command = SignInCommand(actor=ANYONE, email=email, password=password)
        try:
            await self.house.container.sign_in().execute(command)
        except DomainError:
            return

    async def deliver(self) -> None:
        await self.house.container.deliver_messages().execute()


async def test_sign_ins_are_told_by_outcome() -> None:
    told = Told()
    await told.house.register(ADA)
    await told.sign_in(PASSWORD)
    await told.sign_in("not the right one")
    await told.sign_in(PASSWORD, "nobody@accounts.dev")
    assert told.telemetry.sign_ins == [
        SignInOutcome.SUCCESS,
        SignInOutcome.REFUSED,
        SignInOutcome.REFUSED,
    ]


async def test_an_address_to_be_proven_is_told_apart() -> None:
    told = Told(registration_confirmation="email")
    await told.house.register(ADA)
    await told.sign_in(PASSWORD)
    assert told.telemetry.sign_ins == [SignInOutcome.EMAIL_NOT_VERIFIED]


async def test_messages_are_told_by_what_became_of_them() -> None:
    told = Told(registration_confirmation="email")
    await told.house.register(ADA)
    told.house.mailer.refusals = 1
    await told.deliver()
    assert told.telemetry.messages == [MessageOutcome.FAILED]
    told.house.clock.advance(5)
    await told.deliver()
    assert told.telemetry.messages[1:] == [MessageOutcome.SENT]


async def test_a_message_whose_link_has_run_out_is_dropped() -> None:
    told = Told(registration_confirmation="email")
    await told.house.register(ADA)
    told.house.clock.advance(25 * 60 * 60)
    await told.deliver()
    assert told.telemetry.messages == [MessageOutcome.DROPPED]


async def test_a_message_that_is_given_up_is_told_and_measured() -> None:
    told = Told(registration_confirmation="email")
    await told.house.register(ADA)
    measure = told.house.container.measure_outbox()
    assert await measure.execute() == OutboxDepth(waiting=1, set_aside=0)
    told.house.mailer.refusals = MAX_TRIES
    for _ in range(MAX_TRIES):
        await told.deliver()
        told.house.clock.advance(3 * 60 * 60)
    assert told.telemetry.messages.count(MessageOutcome.FAILED) == MAX_TRIES - 1
    assert told.telemetry.messages[-1] is MessageOutcome.SET_ASIDE
    assert await measure.execute() == OutboxDepth(waiting=0, set_aside=1)


class Counting:
    """Stands for the units of work: counts how often one is asked for, and may be away."""

    def __init__(self, house: House) -> None:
        self.readings = 0
        self.away = False
        self._uow = house.container.uow()

    def reading(self, *, may_lag: bool = False) -> UnitOfWork:
        self.readings += 1
        if self.away:
            raise Unavailable
        unit: UnitOfWork = self._uow.reading(may_lag=may_lag)
        return unit


async def test_the_outbox_is_looked_at_every_ten_seconds_at_most() -> None:
    house = House()
    uow = Counting(house)
    house.container.uow.override(uow)
    measure = house.container.measure_outbox()
    for _ in range(3):
        assert await measure.execute() == OutboxDepth(waiting=0, set_aside=0)
        house.clock.advance(3)
    assert uow.readings == 1
    house.clock.advance(1)
    uow.away = True
    assert await measure.execute() is None
    assert await measure.execute() is None
    assert uow.readings == 2
    uow.away = False
    house.clock.advance(10)
    assert await measure.execute() is not None
