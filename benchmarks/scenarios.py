"""What is measured: each kind of request beside what it is compared with. Here those that read."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks import changes
from benchmarks.contestants import BEARER, FORM, contestant, floor_me, me_call
from benchmarks.crowd import PAGE_SIZE
from benchmarks.house import House
from benchmarks.load import Call
from benchmarks.rounds import Scenario

PEER = "fastapi-users"


def scenarios(house: House) -> Iterator[Scenario]:
    """In the order in which they are measured."""
    yield _live(house)
    yield _me(house)
    yield _me_cold(house)
    yield _introspect(house)
    yield changes.refresh(house)
    yield changes.item(house)
    yield _list(house)
    yield changes.login(house)
    yield changes.register(house)


def _live(house: House) -> Scenario:
    bare = Call(url=f"{house.bare.url}/live")
    ours = Call(url=f"{house.doorward.url}/health/live")
    return Scenario(
        name="live",
        title="GET /health/live",
        contestants=[
            contestant(house, "bare FastAPI", house.bare, bare),
            contestant(house, "Doorward", house.doorward, ours, against="bare FastAPI", goal=0.60),
        ],
        warm_up_requests=1,
    )


def _me(house: House) -> Scenario:
    accounts = house.seeds.accounts
    by_key = Call(
        url=f"{house.doorward.url}/api/v1/users/me",
        headers={"X-API-Key": "@"},
        values=[each.api_key for each in accounts],
    )
    ours = [
        ("Doorward, token", me_call(house)),
        ("Doorward, API key", by_key),
    ]
    contestants = [floor_me(house)]
    contestants += [
        contestant(house, name, house.doorward, call, against="floor", goal=0.50)
        for name, call in ours
    ]
    if house.peer is not None:
        call = Call(url=f"{house.peer.url}/users/me", headers=BEARER, values=house.peer_tokens)
        contestants.append(contestant(house, PEER, house.peer, call, against="floor"))
    return Scenario(
        name="me",
        title="GET /users/me",
        contestants=contestants,
        warm_up_requests=len(accounts),
    )


def _me_cold(house: House) -> Scenario:
    """In turn, more tokens than are remembered: by the time one comes again it is forgotten."""
    cold = replace(me_call(house), values=house.seeds.cold_tokens)
    return Scenario(
        name="me_cold",
        title="GET /users/me, tokens never seen before",
        contestants=[
            floor_me(house),
            contestant(house, "Doorward, token", house.doorward, cold, against="floor"),
        ],
    )


def _introspect(house: House) -> Scenario:
    call = Call(
        url=f"{house.doorward.url}/oauth/introspect",
        method="POST",
        headers=FORM | {"Authorization": f"Bearer {house.seeds.administrator.access_token}"},
        body="token=@",
        values=[each.access_token for each in house.seeds.accounts],
    )
    return Scenario(
        name="introspect",
        title="POST /oauth/introspect",
        contestants=[
            floor_me(house),
            contestant(house, "Doorward", house.doorward, call, against="floor"),
        ],
        warm_up_requests=len(house.seeds.accounts),
    )


def _list(house: House) -> Scenario:
    seeds = house.seeds
    first = Call(
        url=f"{house.doorward.url}/api/v1/users?limit={PAGE_SIZE}",
        headers={"Authorization": f"Bearer {seeds.administrator.access_token}"},
    )
    deep = replace(first, url=f"{first.url}&cursor={seeds.deep_cursor}")
    return Scenario(
        name="list",
        title=f"GET /users, {PAGE_SIZE} of {seeds.crowd + len(seeds.accounts):,}",
        contestants=[
            contestant(house, "page 1", house.doorward, first),
            contestant(
                house,
                f"page {seeds.deep_page:,}",
                house.doorward,
                deep,
                against="page 1",
                goal=0.90,
            ),
        ],
        warm_up_requests=1,
    )
