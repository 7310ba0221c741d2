"""The audit log is kept as long as the settings say, and then goes in bites."""

from datetime import timedelta

from domain.events import EventFilter, EventKind
from tests.domain.samples import an_event
from tests.worlds import World, open_world

DAYS = 30
MORE_THAN_TWO_BITES = 1_100


async def kept(world: World) -> list[str | None]:
    async with world.container.uow().reading() as uow:
        found = await uow.events.page(None, 2_000, EventFilter(kind=EventKind.SIGNED_IN))
    return [event.request_id for event in found]


async def test_events_go_when_their_time_is_over() -> None:
    async with open_world("memory://", event_retention_days=DAYS) as world:
        now = world.clock.now()
        old = now - timedelta(days=DAYS, seconds=1)
        async with world.container.uow()() as uow:
            for _ in range(MORE_THAN_TWO_BITES):
                await uow.events.add(an_event(at=old, request_id="old"))
            for age in (timedelta(days=DAYS), timedelta(0)):
                await uow.events.add(an_event(at=now - age, request_id="young"))
            await uow.commit()
        deleted = await world.container.purge_expired().execute()
        assert deleted is not None
        assert deleted["events"] == MORE_THAN_TWO_BITES
        assert await kept(world) == ["young", "young"]
        world.clock.advance(3600)
        await world.container.purge_expired().execute()
        assert await kept(world) == ["young"]
