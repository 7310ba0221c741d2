"""Clients that keep on asking, and a ledger of what was answered and acknowledged to them."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.services import Service

Act = Callable[[httpx.Client, int], tuple[str, httpx.Response]]
"""Something that a client does for the so-manieth time: what it was, and the answer."""

PASSWORD = "a long sentence is best"


@dataclass(frozen=True)
class Answer:
    """What a client got: a status, 0 for none; when it asked and how long that took."""

    kind: str
    at: float
    seconds: float
    status: int
    retry_after: str | None = None


@dataclass
class Load:
    """Clients that go on with whatever they are told, each in a thread of its own."""

    service: Service
    pause_seconds: float = 0.02
    answers: list[Answer] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    """Addresses of the accounts that were acknowledged."""

    @contextmanager
    def running(self, *acts: Act) -> Iterator[None]:
        """Goes on until the block ends, and then lets each client have its last answer."""
        over = threading.Event()
        threads = [threading.Thread(target=self._go_on, args=(act, over)) for act in acts]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def _go_on(self, act: Act, over: threading.Event) -> None:
        number = 0
        with self.service.client() as client:
            while not over.wait(self.pause_seconds):
                number += 1
                self._ask(client, act, number)

    def _ask(self, client: httpx.Client, act: Act, number: int) -> None:
        started = time.monotonic()
        try:
            kind, response = act(client, number)
            status, wait = response.status_code, response.headers.get("retry-after")
        except httpx.ConnectError:
            # Nothing was asked.
            kind, status, wait = "unconnected", 0, None
        except httpx.TransportError:
            kind, status, wait = "none", 0, None
        self.answers.append(Answer(kind, started, time.monotonic() - started, status, wait))

    def of(self, *kinds: str) -> list[Answer]:
        return [answer for answer in self.answers if answer.kind in kinds]

    def has(self, count: int, kind: str, status: int) -> bool:
        return self.statuses(kind)[status] >= count

    def statuses(self, kind: str) -> Counter[int]:
        return Counter(answer.status for answer in self.of(kind))

    def writes(self, name: str) -> Act:
        def write(client: httpx.Client, number: int) -> tuple[str, httpx.Response]:
            email = f"{name}-{number}@example.com"
            body = {"email": email, "name": "Ada", "password": PASSWORD}
            response = client.post("/api/v1/users", json=body)
            if response.status_code == 201:
                self.created.append(email)
            return "write", response

        return write


def reads(token: str) -> Act:
    headers = {"Authorization": f"Bearer {token}"}
    return lambda client, _: ("read", client.get("/api/v1/users/me", headers=headers))


def renames(token: str) -> Act:
    """Writes that cost no hash."""
    headers = {"Authorization": f"Bearer {token}"}

    def rename(client: httpx.Client, number: int) -> tuple[str, httpx.Response]:
        # Another name each time: what changes nothing is not written.
        body = {"name": f"Ada {number} {time.monotonic_ns()}"}
        return "rename", client.patch("/api/v1/users/me", json=body, headers=headers)

    return rename


def probes(path: str) -> Act:
    return lambda client, _: (path.rpartition("/")[2], client.get(path))


def signed_in(service: Service, email: str) -> str:
    """An access token of a fresh account."""
    with service.client() as client:
        body = {"email": email, "name": "Ada", "password": PASSWORD}
        assert client.post("/api/v1/users", json=body).status_code == 201
        login = client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        return str(login.json()["access_token"])


def assert_all_are_there(service: Service, emails: list[str]) -> None:
    """Every account that was acknowledged can be signed in to."""
    with service.client() as client:
        for email in emails:
            body = {"email": email, "password": PASSWORD}
            assert client.post("/api/v1/auth/login", json=body).status_code == 200, email
