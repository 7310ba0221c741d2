"""Instants: RFC 3339, and nothing that merely looks like a time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.instants import parse_instant, write_instant


def test_an_instant_is_read_in_utc() -> None:
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    for text in (
        *("2030-01-01T12:00:00Z", "2030-01-01t12:00:00z", "2030-01-01 12:00:00Z"),
        *("2030-01-01T13:30:00+01:30", "2030-01-01T12:00:00.000000000000-00:00"),
    ):
        assert parse_instant(text) == noon
        assert parse_instant(text).tzinfo is UTC
    assert parse_instant("2030-01-01T12:00:00.25Z").microsecond == 250_000


@pytest.mark.parametrize(
    "text",
    [
        *("", "now", "1", "1e9", "2030-01-01", "2030-01-01T12:00:00", "2030-01-01T12:00Z"),
        *("2030-13-01T12:00:00Z", "2030-02-30T12:00:00Z", "2030-01-01T24:00:00Z"),
        *("2030-01-01T12:00:60Z", "0000-01-01T00:00:00Z", "2030-W01-1T12:00:00Z"),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2030-01-01T12:00:00+25:00"),
        *("٢٠٣٠-01-01T12:00:00Z", "2030-01-01T12:00:00Z\n", " 2030-01-01T12:00:00Z", "\ud800"),
        *("2030-01-01T12:00:00 01:00", "2030-01-01T12:00:00.Z", "+2030-01-01T12:00:00Z"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


def test_an_instant_is_written_in_utc() -> None:
    in_india = timezone(timedelta(hours=5, minutes=30))
    assert write_instant(datetime(2030, 1, 1, 12, 30, tzinfo=in_india)) == "2030-01-01T07:00:00Z"
    fine = datetime(2030, 1, 1, 0, 0, 0, 250, tzinfo=UTC)
    assert write_instant(fine) == "2030-01-01T00:00:00.000250Z"
    assert parse_instant(write_instant(fine)) == fine
