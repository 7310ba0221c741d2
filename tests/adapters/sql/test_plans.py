"""Every list is read from an index in its own order: no table is sorted, none read to its end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, product
from typing import Any

import pytest

from adapters.sql.engine import Database
from adapters.sql.sessions import SqlSessionRefresher
from application.ports.sessions import LiveAt, Rotation
from application.ports.unit_of_work import UnitOfWork
from domain.events import EventFilter, EventKind, EventPlace
from domain.pages import MAX_LIMIT
from domain.users import UserFilter, UserStatus
from tests.adapters.sql.crowds import RARE, Plans, buffers, crowded_postgresql, id_of, nodes, plans
from tests.storage import open_database

pytestmark = pytest.mark.slow

COUNT = 10_000
MIDDLE = COUNT // 2
PAGE = 21
BEGIN = datetime(2030, 1, 1, tzinfo=UTC)

LIVE = LiveAt(at=BEGIN, idle_since=BEGIN)
DISABLED = UserFilter(status=UserStatus.DISABLED)

_to_rotate = count(MIDDLE)

List = Callable[[UnitOfWork], Awaitable[object]]


def moment(number: int) -> datetime:
    return BEGIN + timedelta(seconds=number)


def user_lists() -> Iterator[tuple[str, List]]:
    emails = (None, "user77@example.com")
    for before, email, status, role in product(
        (None, id_of(MIDDLE)), emails, (None, *UserStatus), (None, "user", "admin")
    ):
        where = UserFilter(email_key=email, status=status, role=role)
        yield f"users {before} {where}", lambda u, w=where, b=before: u.users.page(w, b, PAGE)  # type: ignore[misc]


def session_lists() -> Iterator[tuple[str, List]]:
    for before in (None, id_of(MIDDLE)):
        yield (
            f"sessions {before}",
            lambda u, b=before: u.sessions.page(id_of(1), LIVE, b, PAGE),  # type: ignore[misc]
        )


def api_key_lists() -> Iterator[tuple[str, List]]:
    for before in (None, id_of(MIDDLE)):
        yield f"API keys {before}", lambda u, b=before: u.api_keys.page(id_of(1), b, PAGE)  # type: ignore[misc]


def item_lists() -> Iterator[tuple[str, List]]:
    for before, owner, prefix in product(
        (None, id_of(MIDDLE)), (id_of(1), id_of(7)), ("", "Rare", "Common 1", "None")
    ):
        yield (
            f"items {before} {owner} {prefix}",
            lambda u, b=before, o=owner, p=prefix: u.items.page(o, p, b, PAGE),  # type: ignore[misc]
        )


def event_lists() -> Iterator[tuple[str, List]]:
    place = EventPlace(at=moment(MIDDLE), id=id_of(MIDDLE))
    kinds = (None, EventKind.SIGNED_IN, EventKind.USER_DISABLED)
    people = (None, str(id_of(7)))
    sinces = (None, moment(MIDDLE - 50))
    untils = (None, moment(MIDDLE + 50))
    for before, kind, actor, subject, since, until in product(
        (None, place), kinds, people, people, sinces, untils
    ):
        where = EventFilter(kind=kind, actor_id=actor, subject_id=subject, since=since, until=until)
        yield f"events {before} {where}", lambda u, w=where, b=before: u.events.page(b, PAGE, w)  # type: ignore[misc]


def message_lists() -> Iterator[tuple[str, List]]:
    for before in (None, id_of(MIDDLE)):
        yield f"messages {before}", lambda u, b=before: u.outbox.page_set_aside(b, PAGE)  # type: ignore[misc]


LISTS = {
    "users": user_lists,
    "sessions": session_lists,
    "API keys": api_key_lists,
    "items": item_lists,
    "events": event_lists,
    "messages": message_lists,
}


@pytest.fixture(scope="module")
def crowded_url(postgresql_url: str) -> Iterator[str]:
    """A database with many rows in each table that is listed."""
    with crowded_postgresql(postgresql_url, COUNT) as url:
        yield url


@pytest.fixture
async def crowded(crowded_url: str) -> AsyncIterator[Database]:
    async with open_database(crowded_url) as database:
        yield database


def is_bad(node: dict[str, Any]) -> bool:
    """Where all that is left fits on one page the server may gather it and sort that."""
    if "Sort" in node["Node Type"]:
        return bool(node["Plan Rows"] > MAX_LIMIT)
    return "Seq Scan" in node["Node Type"]


@pytest.mark.parametrize("explain", [Plans.explain, Plans.explain_for_any_values])
@pytest.mark.parametrize("kind", LISTS)
async def test_no_list_sorts_or_reads_a_whole_table(
    crowded: Database, kind: str, explain: Callable[[Plans], Awaitable[dict[str, Any]]]
) -> None:
    found: dict[str, list[str]] = {}
    async with plans(crowded) as recorded:
        for name, read in LISTS[kind]():
            await read(recorded.uow)
            plan = await explain(recorded)
            bad = [node["Node Type"] for node in nodes(plan) if is_bad(node)]
            if bad:
                found[name] = bad
    assert found == {}


@pytest.mark.parametrize(
    ("together", "explain"),
    [
        (1, Plans.explain),
        # For so many, and while their number is known, a table as small as this is read at once.
        (64, Plans.explain_for_any_values),
    ],
)
async def test_sessions_that_are_rotated_are_found_by_their_key(
    crowded: Database, together: int, explain: Callable[[Plans], Awaitable[dict[str, Any]]]
) -> None:
    live = LiveAt(at=BEGIN + timedelta(seconds=1), idle_since=BEGIN)
    rotations = [
        Rotation(
            session_id=id_of(next(_to_rotate)), generation=0, live=live, ip=None, user_agent=""
        )
        for _ in range(together)
    ]
    async with plans(crowded) as recorded:
        rotate = SqlSessionRefresher(crowded).rotate
        assert all(await asyncio.gather(*map(rotate, rotations)))
        plan = await explain(recorded)
    reads = [
        node for node in nodes(plan) if node.get("Relation Name") and "Scan" in node["Node Type"]
    ]
    # Once to take those that nobody holds, and once to change them.
    assert [node.get("Index Name") for node in reads] == ["pk_sessions"] * 2


@pytest.mark.parametrize("where", [UserFilter(), UserFilter(status=UserStatus.ACTIVE)])
async def test_a_late_page_costs_what_the_first_one_does(
    crowded: Database, where: UserFilter
) -> None:
    async with plans(crowded) as recorded:
        touched = []
        for before in (None, id_of(MIDDLE), id_of(100)):
            for _ in range(2):
                await recorded.uow.users.page(where, before, PAGE)
                plan = await recorded.explain("ANALYZE", "BUFFERS")
            touched.append(buffers(plan))
    first, *later = touched
    assert max(later) <= first + 2, touched


NARROWED: dict[str, List] = {
    "disabled accounts": lambda u: u.users.page(DISABLED, None, PAGE),
    "administrators": lambda u: u.users.page(UserFilter(role="admin"), None, PAGE),
    "an address": lambda u: u.users.page(UserFilter(email_key="user77@example.com"), None, PAGE),
    "sessions": lambda u: u.sessions.page(id_of(RARE), LIVE, None, PAGE),
    "API keys": lambda u: u.api_keys.page(id_of(RARE), None, PAGE),
    "items": lambda u: u.items.page(id_of(RARE), "", None, PAGE),
    "rare titles": lambda u: u.items.page(id_of(1), "Rare", None, PAGE),
    "a rare kind": lambda u: u.events.page(None, PAGE, EventFilter(kind=EventKind.USER_DISABLED)),
    "an actor": lambda u: u.events.page(None, PAGE, EventFilter(actor_id=str(id_of(RARE)))),
    "a subject": lambda u: u.events.page(None, PAGE, EventFilter(subject_id=str(id_of(RARE)))),
    "a time": lambda u: u.events.page(None, PAGE, EventFilter(until=moment(50))),
    "set aside": lambda u: u.outbox.page_set_aside(None, PAGE),
}


@pytest.mark.parametrize("name", NARROWED)
async def test_a_narrowed_list_reads_nothing_that_it_does_not_show(
    crowded: Database, name: str
) -> None:
    async with plans(crowded) as recorded:
        await NARROWED[name](recorded.uow)
        plan = await recorded.explain("ANALYZE")
    assert plan["Actual Rows"] > 0
    assert sum(node.get("Rows Removed by Filter", 0) for node in nodes(plan)) == 0
