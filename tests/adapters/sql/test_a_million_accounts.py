"""Proof: how far into a list of a million accounts a page lies makes no difference."""

from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.sql.engine import Database
from domain.users import UserFilter, UserStatus
from tests.adapters.sql.crowds import buffers, crowded_postgresql, id_of, nodes, plans
from tests.storage import open_database

pytestmark = pytest.mark.proof

COUNT = 1_000_000
SHOWN = 20
PAGE_NUMBER = 10_000


@pytest.fixture(scope="module")
def million_url(postgresql_url: str) -> Iterator[str]:
    with crowded_postgresql(postgresql_url, COUNT, only_accounts=True) as url:
        yield url


@pytest.fixture
async def million(million_url: str) -> AsyncIterator[Database]:
    async with open_database(million_url) as database:
        yield database


@pytest.mark.parametrize("where", [UserFilter(), UserFilter(status=UserStatus.ACTIVE)])
async def test_page_ten_thousand_touches_no_more_than_the_first(
    million: Database, where: UserFilter
) -> None:
    touched = []
    async with plans(million) as recorded:
        for before in (None, id_of(COUNT + 1 - SHOWN * (PAGE_NUMBER - 1))):
            await recorded.uow.users.page(where, before, SHOWN + 1)
            plan = await recorded.explain("ANALYZE", "BUFFERS")
            assert plan["Actual Rows"] == SHOWN + 1
            assert not any("Sort" in x["Node Type"] or "Seq" in x["Node Type"] for x in nodes(plan))
            touched.append(buffers(plan))
    first, late = touched
    assert late <= first
