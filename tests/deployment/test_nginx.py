"""nginx.conf: it parses, and its limits fit those of the service behind it."""

from collections.abc import Iterator
from typing import Any

import crossplane
import yaml

from entrypoints.http.counting import METRICS_PATH
from entrypoints.http.middleware.body_limit import MAX_BODY_BYTES
from tests.architecture.tree import ROOT

FILE = ROOT / "deploy/nginx/nginx.conf"
UNITS = {"k": 1024, "m": 1024 * 1024, "s": 1}

Directive = dict[str, Any]


def parsed() -> list[Directive]:
    """Every directive must be known to the parser, and stand where nginx allows it."""
    payload = crossplane.parse(str(FILE), strict=True, catch_errors=False, comments=False)
    assert payload["status"] == "ok"
    assert payload["errors"] == []
    found: list[Directive] = payload["config"][0]["parsed"]
    return found


def walk(directives: list[Directive], *path: str) -> Iterator[Directive]:
    """The directives with that name, below blocks of those names."""
    name, *deeper = path
    for each in directives:
        if each["directive"] == name:
            if deeper:
                yield from walk(each["block"], *deeper)
            else:
                yield each


def arguments(*path: str) -> list[list[str]]:
    return [each["args"] for each in walk(parsed(), *path)]


def amount(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def locations() -> dict[str, Directive]:
    return {" ".join(each["args"]): each for each in walk(parsed(), "http", "server", "location")}


def in_location(name: str, directive: str) -> list[list[str]]:
    return [each["args"] for each in walk(locations()[name]["block"], directive)]


def test_it_goes_to_doorward_as_compose_names_it() -> None:
    [[upstream, *_]] = arguments("http", "upstream", "server")
    assert upstream == "doorward:8000"
    assert in_location("/", "proxy_pass") == [["http://doorward"]]
    assert in_location("/", "proxy_http_version") == [["1.1"]]
    # A container that comes back has another address: only a resolver and `resolve` notice.
    assert "resolve" in arguments("http", "upstream", "server")[0]
    assert arguments("http", "resolver")[0][0] == "127.0.0.11"
    assert arguments("http", "upstream", "zone")


def test_it_listens_where_compose_publishes() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    [port] = compose["services"]["nginx"]["ports"]
    assert [args[0] for args in arguments("http", "server", "listen")] == [port.rpartition(":")[2]]


def test_it_says_who_calls_and_under_which_name() -> None:
    headers = dict(in_location("/", "proxy_set_header"))
    assert headers["Host"] == "$http_host"
    assert headers["X-Forwarded-For"] == "$proxy_add_x_forwarded_for"
    assert headers["X-Forwarded-Proto"] == "$scheme"
    assert headers["Connection"] == ""


def test_a_body_that_doorward_would_refuse_reaches_it() -> None:
    [[size]] = arguments("http", "client_max_body_size")
    assert MAX_BODY_BYTES < amount(size) <= 1024 * 1024


def test_everything_has_a_deadline_and_a_limit() -> None:
    for name, at_most in (
        ("client_header_timeout", 10),
        ("client_body_timeout", 15),
        ("send_timeout", 15),
    ):
        [[deadline]] = arguments("http", name)
        assert amount(deadline) <= at_most
    assert arguments("http", "server", "limit_conn")
    assert arguments("http", "server", "limit_req")
    zones = {args[1] for args in arguments("http", "limit_conn_zone")} | {
        args[1] for args in arguments("http", "limit_req_zone")
    }
    assert {zone.split(":")[0] for zone in zones} == {"zone=connections", "zone=requests"}


def test_nothing_is_sent_twice() -> None:
    assert in_location("/", "proxy_next_upstream") == [["off"]]


def test_numbers_are_not_for_the_public() -> None:
    assert in_location(f"= {METRICS_PATH}", "return") == [["404"]]


def test_what_it_writes_is_below_tmp_and_holds_no_requests() -> None:
    assert arguments("http", "access_log") == [["off"]]
    assert arguments("http", "server_tokens") == [["off"]]
    written = [
        *(args for args in arguments("pid")),
        *(
            args
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            for args in arguments("http", f"{name}_temp_path")
        ),
    ]
    assert len(written) == 6
    assert all(args[0].startswith("/tmp/") for args in written)  # noqa: S108 - of the container
