"""What is measured of requests that change something."""

from secrets import token_hex

from benchmarks import hash_alone, seed
from benchmarks.contestants import FORM, JSON, contestant
from benchmarks.house import House
from benchmarks.load import Call
from benchmarks.rounds import CONNECTIONS, Contestant, Scenario

_MOST_REGISTRATIONS_A_SECOND = 500


def refresh(house: House) -> Scenario:
    """Half of the sessions are ours, half the floor's, each session for one round only.

    Within a round a session's answer names the token of its next refresh.
    """
    half = len(house.seeds.accounts) // 2
    ours, floors = house.seeds.accounts[:half], house.seeds.accounts[half:]
    sessions_a_round = max(2 * CONNECTIONS, half // 20)

    def call(number: int, _: float) -> Call:
        first = (number + 1) * sessions_a_round
        chosen = ours[first : first + sessions_a_round]
        if len(chosen) < sessions_a_round:
            raise RuntimeError("not enough accounts for so many rounds")
        return Call(
            url=f"{house.doorward.url}/api/v1/auth/refresh",
            method="POST",
            headers=JSON,
            body='{"refresh_token": "@"}',
            values=[each.refresh_token for each in chosen],
            successor="refresh_token",
        )

    least = Call(
        url=f"{house.floor.url}/refresh",
        method="POST",
        headers=FORM,
        body="session=@",
        values=[str(each.session.id) for each in floors],
    )
    return Scenario(
        name="refresh",
        title="POST /auth/refresh",
        contestants=[
            contestant(house, "floor", house.floor, least),
            contestant(house, "Doorward", house.doorward, call, against="floor", goal=0.50),
        ],
        warm_up_requests=1,
    )


def item(house: House) -> Scenario:
    """By an administrator, so that one request differs from the next by the item alone."""

    def call(url: str, token: str) -> Call:
        return Call(
            url=f"{url}/items/@",
            method="PATCH",
            headers=JSON | {"Authorization": f"Bearer {token}"},
            body='{"title": "Another title"}',
            values=[str(each.user.id) for each in house.seeds.accounts],
        )

    least = call(house.floor.url, house.seeds.floor_tokens[0])
    ours = call(f"{house.doorward.url}/api/v1", house.seeds.administrator.access_token)
    return Scenario(
        name="item",
        title="PATCH /items/{id}",
        contestants=[
            contestant(house, "floor", house.floor, least),
            contestant(house, "Doorward", house.doorward, ours, against="floor"),
        ],
        warm_up_requests=1,
    )


def login_call(house: House) -> Call:
    return Call(
        url=f"{house.doorward.url}/api/v1/auth/login",
        method="POST",
        headers=JSON,
        body=f'{{"email": "@", "password": "{seed.PASSWORD}"}}',
        values=[each.user.email.address for each in house.seeds.logins],
    )


def login(house: House) -> Scenario:
    return Scenario(
        name="login",
        title="POST /auth/login",
        contestants=[
            _hash_alone(),
            contestant(
                house,
                "Doorward",
                house.doorward,
                login_call(house),
                against="hash alone",
                goal=0.90,
                connections=8,
            ),
        ],
        warm_up_requests=1,
    )


def register(house: House) -> Scenario:
    def call(_: int, seconds: float) -> Call:
        count = int(_MOST_REGISTRATIONS_A_SECOND * max(1, seconds))
        return Call(
            url=f"{house.doorward.url}/api/v1/users",
            method="POST",
            headers=JSON,
            body=f'{{"email": "@", "name": "Ada", "password": "{seed.PASSWORD}"}}',
            values=[f"new.{token_hex(8)}@example.com" for _ in range(count)],
        )

    return Scenario(
        name="register",
        title="POST /users",
        contestants=[
            _hash_alone(),
            contestant(
                house,
                "Doorward",
                house.doorward,
                call,
                against="hash alone",
                goal=0.90,
                connections=8,
            ),
        ],
        warm_up_requests=1,
    )


def _hash_alone() -> Contestant:
    return Contestant(name="hash alone", measure=lambda _, seconds: hash_alone.measure(seconds))
