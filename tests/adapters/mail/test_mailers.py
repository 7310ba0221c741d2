"""The mailers: what arrives at the other side, and what a failure says."""

import json
from urllib.parse import quote

import httpx
import pytest

from adapters.mail.console import ConsoleMailer
from adapters.mail.http import HttpMailer
from adapters.mail.smtp import SmtpMailer, SmtpServer
from application.ports.mailer import Mail, MailNotSent
from tests.servers import free_port
from tests.smtp_server import LOGIN, smtp_server

SENDER = "Doorward <no-reply@accounts.dev>"
MAIL = Mail(
    message_id="<0198c5f6@accounts.dev>",
    recipient="ada@somewhere.dev",
    subject="Grüße",
    text="Hello Ada\nhttps://id.accounts.dev/account/reset#token=abc",
    html="<p>Hello Ada</p>",
)


def smtp_mailer(port: int, login: str = "", query: str = "") -> SmtpMailer:
    url = f"smtp://{login}127.0.0.1:{port}{query}"
    return SmtpMailer(SmtpServer.of_url(url), sender=SENDER)


async def test_a_mail_server_gets_both_parts_and_the_message_id() -> None:
    with smtp_server() as inbox:
        await smtp_mailer(inbox.port).send(MAIL)
    (message,) = inbox.mails
    assert inbox.recipients == [["ada@somewhere.dev"]]
    assert message["Message-ID"] == MAIL.message_id
    assert message["Subject"] == "Grüße"
    assert message["From"] == SENDER
    assert message["To"] == MAIL.recipient
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == MAIL.text.splitlines()
    assert html.get_content().strip() == MAIL.html


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_the_login_of_the_url_is_used() -> None:
    user, password = (quote(each, safe="") for each in LOGIN)
    with smtp_server(login=True) as inbox:
        await smtp_mailer(inbox.port, f"{user}:{password}@").send(MAIL)
        with pytest.raises(MailNotSent, match="SMTP 535"):
            await smtp_mailer(inbox.port, f"{user}:wrong@").send(MAIL)
    assert len(inbox.mails) == 1


async def test_encryption_that_is_demanded_is_not_done_without() -> None:
    with smtp_server() as inbox, pytest.raises(MailNotSent):
        await smtp_mailer(inbox.port, query="?starttls=true").send(MAIL)
    assert inbox.mails == []


@pytest.mark.parametrize(
    ("url", "port", "use_tls", "start_tls"),
    [
        ("smtp://mail.dev", 25, False, None),
        ("smtp://mail.dev:587?starttls=true", 587, False, True),
        ("smtp://mail.dev?starttls=false", 25, False, False),
        ("smtps://mail.dev", 465, True, False),
    ],
)
def test_urls_of_mail_servers(url: str, port: int, use_tls: bool, start_tls: bool | None) -> None:
    server = SmtpServer.of_url(url)
    assert (server.port, server.use_tls, server.start_tls) == (port, use_tls, start_tls)


async def test_a_refusal_says_the_code_and_not_the_servers_words() -> None:
    with smtp_server() as inbox:
        inbox.answer = "451 cannot take https://id.accounts.dev/#token=abc"
        with pytest.raises(MailNotSent) as caught:
            await smtp_mailer(inbox.port).send(MAIL)
    assert str(caught.value) == "SMTP 451"


async def test_a_mail_server_that_is_away() -> None:
    with pytest.raises(MailNotSent):
        await smtp_mailer(free_port()).send(MAIL)


async def test_addresses_beyond_ascii_reach_servers_that_know_them() -> None:
    mail = Mail(**vars(MAIL) | {"recipient": "jörg@somewhere.dev"})
    with smtp_server(enable_SMTPUTF8=True) as inbox:
        await smtp_mailer(inbox.port).send(mail)
    assert inbox.recipients == [["jörg@somewhere.dev"]]


async def test_a_mail_service_gets_json_and_the_token() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202)

    mailer = HttpMailer(
        "https://mail.dev/send",
        sender=SENDER,
        token="secret",
        transport=httpx.MockTransport(answer),
    )
    await mailer.send(MAIL)
    await mailer.close()
    (request,) = seen
    assert request.headers["authorization"] == "Bearer secret"
    assert json.loads(request.content) == {
        "from": SENDER,
        "to": MAIL.recipient,
        "subject": MAIL.subject,
        "text": MAIL.text,
        "html": MAIL.html,
        "message_id": MAIL.message_id,
    }


@pytest.mark.parametrize("status", [302, 400, 500])
async def test_a_mail_service_that_does_not_take_it(status: int) -> None:
    answer = httpx.MockTransport(
        lambda _: httpx.Response(status, headers={"Location": "https://elsewhere.dev"})
    )
    mailer = HttpMailer("https://mail.dev", sender=SENDER, token=None, transport=answer)
    with pytest.raises(MailNotSent, match=f"HTTP {status}"):
        await mailer.send(MAIL)
    await mailer.close()


async def test_a_mail_service_that_is_away() -> None:
    mailer = HttpMailer(f"http://127.0.0.1:{free_port()}", sender=SENDER, token=None)
    with pytest.raises(MailNotSent):
        await mailer.send(MAIL)
    await mailer.close()


async def test_the_console_shows_the_link(capsys: pytest.CaptureFixture[str]) -> None:
    await ConsoleMailer().send(MAIL)
    assert "#token=abc" in capsys.readouterr().err
