"""What the service logs, as it would reach whoever reads the logs."""

import io
import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, redirect_stderr
from typing import Any

import structlog


class LogLines(logging.Handler):
    """`events` as they were written, `text` as the service renders them, libraries' included."""

    def __init__(self, formatter: logging.Formatter | None) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.events: list[dict[str, Any]] = []
        self.own_text = io.StringIO()
        self._text_of_others = ""

    @property
    def text(self) -> str:
        return self.own_text.getvalue() + self._text_of_others

    def emit(self, record: logging.LogRecord) -> None:
        # The client runs in this process as well, and its lines are not the service's.
        if not record.name.startswith("httpx"):
            self._text_of_others += self.format(record) + "\n"

    def note(
        self, _logger: object, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        self.events.append(dict(event))
        return event

    def named(self, *events: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["event"] in events]


@contextmanager
def captured_logs() -> Iterator[LogLines]:
    """Everything from here on. Call once the application has been made: it configures logging."""
    root = logging.getLogger()
    lines = LogLines(root.handlers[0].formatter)
    root.addHandler(lines)
    # A logger looks the list up when it is used.
    processors = structlog.get_config()["processors"]
    processors.insert(-1, lines.note)
    try:
        with redirect_stderr(lines.own_text):
            yield lines
    finally:
        processors.remove(lines.note)
        root.removeHandler(lines)
