"""A way for mail that is open or closed as told."""

from application.ports.mail_route import MailRoute


class MemoryMailRoute(MailRoute):
    """Also for where mail goes nowhere: nothing can be away then."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.open = is_open

    async def is_open(self) -> bool:
        return self.open
