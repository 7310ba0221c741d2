"""Contract of MailRoute, and where the settings see it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from adapters.memory.mail_route import MemoryMailRoute
from adapters.system.mail_route import TcpMailRoute
from application.ports.mail_route import MailRoute
from config.mail_route import mail_route
from config.settings import load_settings
from tests.servers import free_port


@contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("is_open", [True, False])
@pytest.mark.parametrize("kind", ["memory", "tcp"])
async def test_it_is_open_while_somebody_answers(kind: str, is_open: bool) -> None:
    with listening() if is_open else nullcontext(free_port()) as port:
        route: MailRoute = (
            MemoryMailRoute(is_open=is_open)
            if kind == "memory"
            else TcpMailRoute("127.0.0.1", port)
        )
        assert await route.is_open() is is_open
        assert await route.is_open() is is_open


@pytest.mark.parametrize("host", ["", "nowhere.invalid", "a" * 70, "\udcff"])
async def test_what_is_no_host_is_closed(host: str) -> None:
    assert not await TcpMailRoute(host, 25).is_open()


async def test_the_settings_say_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("urllib.request.getproxies", dict)
    assert await mail_route(load_settings(database_url="memory://")).is_open()
    with listening() as there:
        for port, is_open in ((there, True), (free_port(), False)):
            smtp = load_settings(mailer="smtp", smtp_url=f"smtp://127.0.0.1:{port}")
            http = load_settings(mailer="http", mail_api_url=f"http://127.0.0.1:{port}/send")
            assert await mail_route(smtp).is_open() is is_open
            assert await mail_route(http).is_open() is is_open


async def test_a_proxy_of_the_environment_is_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(mailer="http", mail_api_url="https://mail.invalid/send")
    with listening() as port:
        proxies = {"https": f"http://127.0.0.1:{port}"}
        monkeypatch.setattr("urllib.request.getproxies", lambda: proxies)
        assert await mail_route(settings).is_open()
        monkeypatch.setenv("no_proxy", "mail.invalid")
        assert not await mail_route(settings).is_open()
