"""Following the audit log: every event once, those that commit late among them."""

from datetime import timedelta

from application.events.following import OVERLAP, EventTail
from domain.events import Event, EventFilter, EventKind
from tests.application.people import ROOT
from tests.domain.samples import NOW, an_event
from tests.worlds import World

# A service that has started has a log already.
SIGN_INS = EventFilter(kind=EventKind.SIGNED_IN)


def tail(world: World, where: EventFilter | None = None) -> EventTail:
    return EventTail(events=world.container.list_events(), actor=ROOT, where=where or SIGN_INS)


def at(seconds: float, kind: EventKind = EventKind.SIGNED_IN) -> Event:
    return an_event(at=NOW + timedelta(seconds=seconds), kind=kind)


async def happen(world: World, *events: Event) -> None:
    async with world.container.uow()() as uow:
        for event in events:
            await uow.events.add(event)
        await uow.commit()


async def test_it_begins_with_the_last_ones_and_goes_on(service: World) -> None:
    await happen(service, *(old := [at(n) for n in range(5)]))
    reader = tail(service)
    assert await reader.begin(2) == old[3:]
    assert await reader.more() == []
    await happen(service, *(new := [at(10), at(11)]))
    assert await reader.more() == new
    assert await reader.more() == []


async def test_it_begins_with_older_ones_too_where_little_is_recent(service: World) -> None:
    edge = OVERLAP.total_seconds()
    await happen(service, *(old := [at(-n * edge) for n in (9, 5, 3, 1, 0)]))
    for limit in (1, 2, 3, 4, 9):
        assert await tail(service).begin(limit) == old[-limit:]


async def test_it_begins_on_an_empty_log(service: World) -> None:
    reader = tail(service)
    assert await reader.begin(20) == []
    assert await reader.more() == []
    await happen(service, first := at(0))
    assert await reader.more() == [first]
    assert await reader.more() == []


async def test_what_commits_late_is_given_late_but_given(service: World) -> None:
    late = [at(1), at(3)]
    await happen(service, at(0), at(5))
    reader = tail(service)
    await reader.begin(20)
    await happen(service, late[1])
    assert await reader.more() == [late[1]]
    await happen(service, late[0], newest := at(7))
    assert await reader.more() == [late[0], newest]
    just_in_time = at(7 - OVERLAP.total_seconds())
    await happen(service, just_in_time)
    assert await reader.more() == [just_in_time]
    assert await reader.more() == []


async def test_more_than_a_page_comes_in_order(service: World) -> None:
    reader = tail(service)
    await reader.begin(20)
    await happen(service, *(many := [at(n / 10) for n in range(250)]))
    assert await reader.more() == many
    await happen(service, *(more := [at(26 + n / 10) for n in range(150)]))
    assert await reader.more() == more
    assert await reader.more() == []


async def test_it_is_narrowed(service: World) -> None:
    where = EventFilter(kind=EventKind.USER_UPDATED, since=NOW)
    await happen(service, at(-1, EventKind.USER_UPDATED), at(1))
    reader = tail(service, where)
    assert await reader.begin(20) == []
    await happen(service, wanted := at(2, EventKind.USER_UPDATED), at(3))
    assert await reader.more() == [wanted]
    assert await reader.more() == []


async def test_it_forgets_what_cannot_come_again(service: World) -> None:
    reader = tail(service)
    await reader.begin(20)
    for round_ in range(5):
        await happen(service, *(at(round_ * 100 + n) for n in range(10)))
        assert len(await reader.more()) == 10
    assert len(reader._given) == 10
