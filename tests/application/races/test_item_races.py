"""Many writes of one item at once: of those that name the same version one goes through."""

import pytest

from application.items.queries import GetItemQuery
from application.items.writing import CreateItemCommand, DeleteItemCommand, UpdateItemCommand
from tests.application.people import register, signed_in
from tests.application.races.crowds import at_once, two_workers

pytestmark = pytest.mark.slow


async def test_one_of_twenty_with_the_same_version_goes_through(database_url: str) -> None:
    async with two_workers(database_url) as worlds:
        actor = signed_in(await register(worlds[0], "ada@example.com"))
        create = CreateItemCommand(actor=actor, title="0", data={})
        item = await worlds[0].container.create_item().execute(create)
        for version in (1, 2):
            outcomes = await at_once(
                *(
                    worlds[number % 2]
                    .container.update_item()
                    .execute(
                        UpdateItemCommand(
                            actor=actor, item_id=item.id, title=str(number), if_version=version
                        )
                    )
                    for number in range(20)
                )
            )
            assert sorted(outcomes) == ["StaleVersion"] * 19 + ["done"]
        found = (
            await worlds[1].container.get_item().execute(GetItemQuery(actor=actor, item_id=item.id))
        )
        assert found.version == 3
        outcomes = await at_once(
            *(
                worlds[number % 2]
                .container.delete_item()
                .execute(DeleteItemCommand(actor=actor, item_id=item.id, if_version=3))
                for number in range(10)
            )
        )
        assert sorted(outcomes) == ["NotFound"] * 9 + ["done"]
