"""Rotating and revoking under load, with two serving processes on one database."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.services import clean_environment, serving

pytestmark = pytest.mark.slow

PASSWORD = "a long sentence is best"
PICK_UP_SECONDS = 10.0
ACCOUNT = "/api/v1/users/me"


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Two workers, each at an address of its own, and the command line beside them."""

    folder: Path
    settings: dict[str, str]
    urls: tuple[str, str]

    async def command(self, *arguments: str) -> Any:
        """What `doorward signing-keys ... --json` prints."""
        ended = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "entrypoints.cli.app", "signing-keys", *arguments, "--json"],
            cwd=self.folder,
            env=clean_environment(**self.settings),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    settings = {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a secret of this suite, 32 bytes or more",
        "ADMIN_PASSWORD": PASSWORD,
        "ISSUER": "http://accounts.example.com",
    }
    with ExitStack() as stack:
        services = [stack.enter_context(serving(tmp_path, **settings)) for _ in range(2)]
        first, second = (service.url for service in services)
        yield Installation(folder=tmp_path, settings=settings, urls=(first, second))


@dataclass(kw_only=True)
class Visitors:
    """People who show every token they were given, everywhere, all the time."""

    installation: Installation
    client: httpx.AsyncClient
    tokens: list[str] = field(default_factory=list)
    answers: list[tuple[int, str]] = field(default_factory=list)

    async def sign_in(self, url: str) -> str:
        body = {"email": "admin@example.com", "password": PASSWORD}
        answer = await self.client.post(f"{url}/api/v1/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        self.tokens.append(answer.json()["access_token"])
        return self.tokens[-1]

    async def show(self, url: str, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return (await self.client.get(f"{url}{ACCOUNT}", headers=headers)).status_code

    async def published(self) -> list[set[str]]:
        """The kids in the key set of each worker."""
        answers = [
            await self.client.get(f"{url}/.well-known/jwks.json") for url in self.installation.urls
        ]
        return [{key["kid"] for key in answer.json()["keys"]} for answer in answers]

    async def new_tokens_name(self, kid: str) -> bool:
        return {kid_of(await self.sign_in(url)) for url in self.installation.urls} == {kid}

    async def refused_everywhere(self, token: str) -> bool:
        return {await self.show(url, token) for url in self.installation.urls} == {401}

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._visit(url)) for url in self.installation.urls * 2]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends

    async def _visit(self, url: str) -> None:
        while True:
            # The newest most often: they are the ones that another worker may not know.
            for token in (self.tokens[-1], *self.tokens[:4], *self.tokens[-3:]):
                self.answers.append((await self.show(url, token), kid_of(token)))
                await asyncio.sleep(0.02)


async def within_pick_up(condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + PICK_UP_SECONDS
    while not await condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)


async def test_rotations_break_no_token_and_a_revocation_reaches_every_worker(
    installation: Installation,
) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
        visitors = Visitors(installation=installation, client=client)
        oldest = [await visitors.sign_in(url) for url in installation.urls]
        first = kid_of(oldest[0])
        async with visitors.busy():
            before = await visitors.published()
            second = (await installation.command("rotate"))["kid"]
            assert all({first, second} == kids for kids in before)
            await within_pick_up(lambda: visitors.new_tokens_name(second))
            middle = visitors.tokens[-1]
            assert all({first, second} < kids for kids in await visitors.published())

            third = (await installation.command("rotate", "--now"))["kid"]
            await within_pick_up(lambda: visitors.new_tokens_name(third))
            newest = visitors.tokens[-1]
            assert all({first, second, third} < kids for kids in await visitors.published())
            await asyncio.sleep(0.5)
        assert {kid for _, kid in visitors.answers} == {first, second, third}
        assert {status for status, _ in visitors.answers} == {200}
        assert len(visitors.answers) > 200

        await installation.command("revoke", second, "--yes")
        await within_pick_up(lambda: visitors.refused_everywhere(middle))
        assert all(second not in kids for kids in await visitors.published())
        for url in installation.urls:
            assert await visitors.show(url, oldest[0]) == 200
            assert await visitors.show(url, newest) == 200
