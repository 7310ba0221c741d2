"""A line that cannot be written is lost, and whoever logs it never knows."""

import errno
import io
import logging
import sys

import pytest
import structlog

from config.logging import configure_logging
from config.settings import load_settings


class Failing(io.StringIO):
    """A disk that is full, a pipe whose reader has ended, a stream that was closed."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def write(self, _: str) -> int:
        raise self._error


@pytest.fixture(autouse=True)
def configured() -> None:
    configure_logging(load_settings(database_url="memory://", log_format="json", log_level="INFO"))


@pytest.mark.parametrize(
    "error",
    [BrokenPipeError(), OSError(errno.ENOSPC, "No space left on device"), ValueError("closed")],
    ids=lambda error: type(error).__name__,
)
def test_a_line_that_cannot_be_written_is_lost(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(sys, "stderr", Failing(error))

    structlog.get_logger("doorward").info("anything")
    logging.getLogger("a.library").warning("anything")


def test_the_next_one_is_written_once_there_is_room_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", Failing(BrokenPipeError()))
    structlog.get_logger("doorward").info("lost")
    monkeypatch.setattr(sys, "stderr", heard := io.StringIO())

    structlog.get_logger("doorward").info("ours")
    logging.getLogger("a.library").warning("theirs")

    ours, theirs = heard.getvalue().splitlines()
    assert '"event": "ours"' in ours
    assert '"event": "theirs"' in theirs
