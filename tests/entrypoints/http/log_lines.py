"""What the service logs, as it would reach whoever reads the logs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class LogLines(logging.Handler):
    """`events` as they were written, `text` as the service's own handler renders them."""

    def __init__(self, formatter: logging.Formatter | None) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.events: list[dict[str, Any]] = []
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        # The client runs in this process as well, and its lines are not the service's.
        if record.name.startswith("httpx"):
            return
        if isinstance(record.msg, dict):
            self.events.append(dict(record.msg))
        self.text += self.format(record) + "\n"

    def named(self, *events: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["event"] in events]


@contextmanager
def captured_logs() -> Iterator[LogLines]:
    """Everything from here on. Call once the application has been made: it configures logging."""
    root = logging.getLogger()
    lines = LogLines(root.handlers[0].formatter)
    root.addHandler(lines)
    try:
        yield lines
    finally:
        root.removeHandler(lines)
