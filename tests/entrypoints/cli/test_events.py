"""`doorward events`: the audit log, as it is and as it grows."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.entrypoints.cli.conftest import SECRET_KEY
from tests.entrypoints.cli.console import Console
from tests.entrypoints.cli.processes import DOORWARD, environment, serving

ADA = "ada@example.com"


@pytest.fixture
def ada(console: Console, anywhere: str) -> str:
    return str(console.create(ADA)["id"])


def test_the_log_is_listed_and_narrowed(console: Console, ada: str) -> None:
    console("users", "disable", ADA)
    listed = console("events", "list", "--json").json
    assert [event["kind"] for event in listed["items"]] == ["user.disabled", "user.created"]
    newest = listed["items"][0]
    assert newest["actor"] == {"type": "operator", "id": None}
    assert newest["subject"] == {"type": "user", "id": ada}
    first = console("events", "list", "--limit", "1", "--json").json
    following = console("events", "list", "--cursor", first["next_cursor"], "--json").json
    assert following["items"] == listed["items"][1:]
    for options, count in (
        (("--kind", "user.created"), 1),
        (("--subject", ada), 2),
        (("--subject", "nobody"), 0),
        (("--actor", ada), 0),
        (("--since", newest["at"]), 1),
        (("--until", newest["at"]), 1),
    ):
        assert len(console("events", "list", *options, "--json").json["items"]) == count
    table = console("events", "list").out
    assert "user.disabled" in table
    assert f"user {ada}" in table
    assert "--cursor" in console("events", "list", "--limit", "1").out


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    "options",
    [
        *(("--kind", "nothing"), ("--actor", "ada"), ("--since", "yesterday"), ("--limit", "0")),
        *(("--until", "2030-01-01"), ("--follow", "--cursor", "x")),
        ("--follow", "--until", "2030-01-01T00:00:00Z"),
    ],
)
def test_conditions_that_make_no_sense_are_wrong_usage(
    console: Console, options: tuple[str, ...]
) -> None:
    assert console("events", "list", *options).refusal(2)


def test_following_ends_with_an_interrupt(
    console: Console, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("entrypoints.cli.events.time.sleep", wait)
    ended = console("events", "list", "--follow")
    assert (ended.code, ended.err) == (130, "")
    (line,) = ended.out.splitlines()
    assert line.endswith(f"user.created  success  operator  user {ada}  -")


@pytest.mark.slow
def test_what_a_server_does_meanwhile_is_followed(
    console: Console, ada: str, anywhere: str, tmp_path: Path
) -> None:
    with (
        serving(tmp_path / "log", DATABASE_URL=anywhere, SECRET_KEY=SECRET_KEY) as server,
        subprocess.Popen(
            [DOORWARD, "events", "list", "--follow", "--json", "--kind", "session.sign_in_failed"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as follower,
    ):
        assert follower.stdout is not None
        assert not server.signs_in(ADA, "not the password at all")
        event = json.loads(follower.stdout.readline())
        assert event["subject"] == {"type": "user", "id": ada}
        assert event["ip"] == "127.0.0.1"
        follower.send_signal(signal.SIGINT)
        rest, said = follower.communicate(timeout=20)
        assert (rest, said, follower.returncode) == ("", "", 130)
