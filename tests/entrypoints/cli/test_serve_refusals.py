"""What keeps `doorward serve` from starting: one line, and exit code 1."""

import re
import socket
from pathlib import Path

import pytest

from tests.entrypoints.cli.console import Console
from tests.servers import free_port


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken_leaves_no_traces(
    console: Console, own_folder: Path, workers: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = console("serve", "--port", port, "--workers", workers)

    assert ended.refusal() == f"cannot listen on 127.0.0.1, port {port}: Address already in use"
    assert list(own_folder.iterdir()) == []


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.1", "2001:db8::1"])
def test_an_address_that_is_not_ours(console: Console, own_folder: Path, host: str) -> None:
    line = console("serve", "--host", host).refusal()

    assert line.startswith(f"cannot listen on {host}, port 8000: ")
    assert list(own_folder.iterdir()) == []


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"ADMIN_PASSWORD": "quicksilver"}, r"DOORWARD_ADMIN_PASSWORD: weak_password: .*"),
        ({"ADMIN_EMAIL": "quick@silver"}, r"DOORWARD_ADMIN_EMAIL: validation_error: .*"),
        (
            {
                "DATABASE_URL": "postgresql://quick:silver@127.0.0.1:1/x",
                "LOG_LEVEL": "CRITICAL",  # The log has its own line, with a time.
            },
            r"unavailable: .* \(ConnectionRefusedError\)",
        ),
        (
            {"REDIS_URL": "rediss://:quicksilver@127.0.0.1:1?ssl_cert_reqs=quick"},
            r"DOORWARD_REDIS_URL: must have a known scheme and .*",
        ),
        (
            {"REDIS_URL": "redis://127.0.0.1:1?quick=silver"},
            r"DOORWARD_REDIS_URL: must have a known scheme and .*",
        ),
        ({"DATABASE_URL": "sqlite:///no/such/x.db"}, r"DOORWARD_DATABASE_URL: names a folder .*"),
    ],
)
def test_a_fault_that_shows_while_setting_up(
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    line: str,
    workers: str,
) -> None:
    for name, value in {"PORT": str(free_port()), "WORKERS": workers, **variables}.items():
        monkeypatch.setenv(f"DOORWARD_{name}", value)

    refusal = console("serve").refusal()

    assert re.fullmatch(line, refusal)
    assert "quick" not in refusal
