"""What stands in for a mailer where production has none."""

from application.ports.mailer import Mail, Mailer, MailNotSent


class UnconfiguredMailer(Mailer):
    """Sends nothing and shows nothing: messages are set aside, where operators see them."""

    async def send(self, mail: Mail) -> None:
        raise MailNotSent("no mailer is configured")

    async def close(self) -> None:
        return
