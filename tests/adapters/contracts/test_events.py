"""What every event repository promises: each field as it was written, newest first."""

from datetime import timedelta
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import Event, EventFilter, EventKind, EventOutcome, EventPlace, Party
from tests.adapters.contracts.texts import texts
from tests.domain.samples import NOW, a_user, an_event, new_id
from tests.storage import Backend

parties = st.builds(Party, type=texts(16), id=st.none() | texts(64))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts(40),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(texts(20), children, max_size=3)
    ),
    max_leaves=6,
)
fields = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(EventKind),
        "outcome": st.sampled_from(EventOutcome),
        "actor": parties,
        "subject": st.none() | parties,
        "request_id": st.none() | texts(128),
        "ip": st.none() | texts(64),
        "user_agent": st.none() | texts(512),
        "data": st.dictionaries(texts(20), values, max_size=3),
    }
)


async def add(backend: Backend, *events: Event) -> None:
    async with backend.uow() as uow:
        for event in events:
            await uow.events.add(event)
        await uow.commit()


async def page(
    backend: Backend,
    after: Event | None = None,
    limit: int = 100,
    where: EventFilter | None = None,
) -> list[Event]:
    before = EventPlace(at=after.at, id=after.id) if after else None
    async with backend.uow.reading() as uow:
        return await uow.events.page(before, limit, where or EventFilter())


@given(fields=fields)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_an_event_comes_back_as_it_was_written(
    backend: Backend, fields: dict[str, object]
) -> None:
    event = Event(id=new_id(), at=NOW, **fields)  # type: ignore[arg-type]
    await add(backend, event)
    assert await page(backend, limit=1) == [event]


async def test_the_newest_come_first_and_pages_continue_each_other(backend: Backend) -> None:
    events = [an_event() for _ in range(7)]
    await add(backend, *events)
    newest_first = events[::-1]
    assert await page(backend) == newest_first
    assert await page(backend, limit=3) == newest_first[:3]
    assert await page(backend, newest_first[2], 3) == newest_first[3:6]
    assert await page(backend, newest_first[5], 3) == newest_first[6:]
    assert await page(backend, newest_first[6], 3) == []


async def test_an_empty_log_is_a_log(backend: Backend) -> None:
    assert await page(backend) == []
    assert await page(backend, an_event()) == []


async def test_the_log_outlives_what_it_speaks_of(backend: Backend) -> None:
    user = a_user()
    party = Party(type="user", id=str(user.id))
    event = an_event(actor=party, subject=party)
    async with backend.uow() as uow:
        await uow.users.add(user)
        await uow.events.add(event)
        await uow.commit()
    async with backend.uow() as uow:
        await uow.users.delete(user.id, None)
        await uow.commit()
    assert await page(backend) == [event]


async def test_time_comes_before_identity(backend: Backend) -> None:
    """Ids are made before the clock is read, and by several machines."""
    first, second, third = (an_event(at=NOW + timedelta(seconds=n)) for n in (2, 1, 0))
    await add(backend, first, second, third)
    assert await page(backend) == [first, second, third]
    assert await page(backend, first, 1) == [second]
    assert await page(backend, second) == [third]


async def test_conditions_all_have_to_hold(backend: Backend) -> None:
    people = [Party(type="user", id=str(new_id())) for _ in range(2)]
    kinds = [EventKind.SIGNED_IN, EventKind.USER_UPDATED]
    events = [
        an_event(kind=kind, actor=actor, subject=subject, at=NOW + timedelta(seconds=number))
        for number, (kind, actor, subject) in enumerate(product(kinds, people, [*people, None]))
    ]
    await add(backend, *events)
    times = [None, NOW + timedelta(seconds=4), NOW + timedelta(seconds=9)]
    for kind, actor_id, subject_id, since, until in product(
        [None, kinds[0]],
        [None, people[1].id],
        [None, people[0].id, "nobody"],
        times,
        times,
    ):
        expected = [
            event
            for event in reversed(events)
            if (kind is None or event.kind is kind)
            and (actor_id is None or event.actor.id == actor_id)
            and (subject_id is None or (event.subject and event.subject.id == subject_id))
            and (since is None or event.at >= since)
            and (until is None or event.at < until)
        ]
        where = EventFilter(
            kind=kind, actor_id=actor_id, subject_id=subject_id, since=since, until=until
        )
        assert await page(backend, where=where) == expected
        if len(expected) > 2:
            assert await page(backend, expected[0], 1, where) == expected[1:2]


async def test_a_condition_is_no_pattern(backend: Backend) -> None:
    await add(backend, an_event(subject=Party(type="role", id="auditor")))
    for pattern in ("%", "_uditor", "audit%", "AUDITOR", "'", "x" * 10_000):
        assert await page(backend, where=EventFilter(subject_id=pattern)) == []


async def test_many_at_once_are_written_as_one_by_one(backend: Backend) -> None:
    events = [an_event(data={"n": n}) for n in range(7)]
    async with backend.uow() as uow:
        await uow.events.add_all(events)
        await uow.events.add_all([])
        await uow.commit()
    assert await page(backend) == events[::-1]
