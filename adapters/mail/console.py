"""Mail on standard error, for development."""

import sys

from application.ports.mailer import Mail, Mailer


class ConsoleMailer(Mailer):
    """Shows the whole message, link included, to whoever started the service. Nothing leaves."""

    async def send(self, mail: Mail) -> None:
        lines = [
            f"To: {mail.recipient}",
            f"Subject: {mail.subject}",
            f"Message-ID: {mail.message_id}",
            "",
            mail.text,
        ]
        frame = "-" * 72
        print(frame, *lines, frame, sep="\n", file=sys.stderr, flush=True)  # noqa: T201

    async def close(self) -> None:
        return
