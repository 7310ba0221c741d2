"""The way to whatever takes our mail."""

from abc import ABC, abstractmethod


class MailRoute(ABC):
    """Looked at without sending anything: whether mail is accepted is only known by trying."""

    @abstractmethod
    async def is_open(self) -> bool:
        """Whether somebody answers there now. Does not raise; takes two seconds at most."""
