"""Mail through a mail service that takes messages by HTTP."""

from typing import TYPE_CHECKING

from application.ports.mailer import Mail, Mailer, MailNotSent

if TYPE_CHECKING:
    import httpx

_TIMEOUT_SECONDS = 10.0


class HttpMailer(Mailer):
    """POSTs each message as JSON; any 2xx means that the service has taken it.

    Redirects are not followed: they would carry the token and the message somewhere else.
    """

    def __init__(
        self,
        url: str,
        *,
        sender: str,
        token: str | None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self._url = url
        self._sender = sender
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def send(self, mail: Mail) -> None:
        # Many a process has nothing to send for as long as it lives.
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(
                headers=self._headers, timeout=_TIMEOUT_SECONDS, transport=self._transport
            )
        body = {
            "from": self._sender,
            "to": mail.recipient,
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
            "message_id": mail.message_id,
        }
        # Services that know the header take a repeated message once.
        headers = {"Idempotency-Key": mail.message_id.strip("<>")}
        try:
            response = await self._client.post(self._url, json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise MailNotSent(type(error).__name__) from error
        if not response.is_success:
            raise MailNotSent(f"HTTP {response.status_code}")

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
