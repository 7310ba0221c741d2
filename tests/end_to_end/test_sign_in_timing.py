"""How long a refused sign-in takes tells nothing about the account."""

import asyncio
import random
import time
from bisect import bisect_left, bisect_right
from pathlib import Path

import httpx
import pytest

from application.users.administration import UpdateUserCommand
from application.users.registration import RegisterUserCommand
from config.container import close, container_for
from config.settings import load_settings
from domain.access import Actor
from domain.users import UserStatus
from tests.services import serving

SAMPLES = 1000
"""Of each class, in one random order."""
WARM_UP = 20
EVEN_ODDS = (0.45, 0.55)

PASSWORD = "a long sentence is best"
WRONG = "a wrong sentence is not"
SECRET_KEY = "one secret for the accounts and the service"

# So many of each kind that none of them is guessed at often enough to back off.
PEOPLE = 40
LIVE = "live#@example.com"
UNVERIFIED = "unverified#@example.com"
DISABLED = "disabled#@example.com"

REFERENCE = "a live account"
CLASSES = {
    REFERENCE: (LIVE, WRONG),
    "an unknown address": ("nobody#@example.com", WRONG),
    "an unverified account": (UNVERIFIED, WRONG),
    "a disabled account": (DISABLED, WRONG),
    "a disabled account, by its password": (DISABLED, PASSWORD),
}


async def create_accounts(url: str) -> None:
    """With the hasher that the service has: the stored hashes are part of what is measured."""
    container = container_for(
        load_settings(
            database_url=url,
            secret_key=SECRET_KEY,
            registration_confirmation="email",
            rate_limit_auth="off",
        )
    )
    operator = Actor.operator()
    register = container.register_user().execute
    try:
        for number in map(str, range(PEOPLE)):
            for kind in (LIVE, DISABLED):
                user = await register(
                    RegisterUserCommand(
                        actor=operator,
                        email=kind.replace("#", number),
                        name="Ada",
                        password=PASSWORD,
                        email_verified=True,
                    )
                )
            assert user is not None
            disable = UpdateUserCommand(actor=operator, user_id=user.id, status=UserStatus.DISABLED)
            await container.update_user().execute(disable)
            stranger = RegisterUserCommand(
                actor=Actor.anonymous(),
                email=UNVERIFIED.replace("#", number),
                name="Ada",
                password=PASSWORD,
            )
            assert await register(stranger) is None
    finally:
        await close(container)


def measured(client: httpx.Client) -> dict[str, list[float]]:
    """Seconds of every refusal by class; the refusals themselves are all the same."""
    order = [name for name in CLASSES for _ in range(SAMPLES)]
    random.Random(20260101).shuffle(order)
    seconds: dict[str, list[float]] = {name: [] for name in CLASSES}
    refusals = set()
    for number, name in enumerate(order[:WARM_UP] + order):
        kind, password = CLASSES[name]
        email = kind.replace("#", str(number % PEOPLE))
        start = time.perf_counter()
        answer = client.post("/api/v1/auth/login", json={"email": email, "password": password})
        took = time.perf_counter() - start
        body = answer.json()
        del body["request_id"]
        refusals.add((answer.status_code, str(body), ",".join(sorted(answer.headers))))
        if number >= WARM_UP:
            seconds[name].append(took)
    assert len(refusals) == 1, refusals
    ((status, body_text, _),) = refusals
    assert status == 401
    assert "invalid_credentials" in body_text
    return seconds


def odds(these: list[float], those: list[float]) -> float:
    """How often one of these took longer than one of those (Mann-Whitney; a tie is half)."""
    ordered = sorted(those)
    above = sum(bisect_left(ordered, each) + bisect_right(ordered, each) for each in these)
    return above / 2 / (len(these) * len(those))


def nothing_can_be_told(url: str, folder: Path) -> None:
    asyncio.run(create_accounts(url))
    settings = {
        "DATABASE_URL": url,
        "SECRET_KEY": SECRET_KEY,
        "REGISTRATION_CONFIRMATION": "email",
        "MAILER": "console",
        "HASH_CONCURRENCY": "1",
    }
    with (
        serving(folder, **settings) as service,
        httpx.Client(base_url=service.url, timeout=30) as client,
    ):
        seconds = measured(client)
    found = {
        name: round(odds(each, seconds[REFERENCE]), 3)
        for name, each in seconds.items()
        if name != REFERENCE
    }
    print(f"\nodds against {REFERENCE}: {found}")  # noqa: T201 - the figures are the proof
    low, high = EVEN_ODDS
    assert {name: each for name, each in found.items() if not low <= each <= high} == {}


@pytest.mark.proof
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_time_of_a_refusal_tells_nothing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    name = {"sqlite": "sqlite_url", "postgresql": "postgresql_database_url"}[kind]
    nothing_can_be_told(str(request.getfixturevalue(name)), tmp_path)
