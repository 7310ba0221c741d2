"""A mail in the form that mail servers take (RFC 5322, RFC 2045)."""

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from application.ports.mailer import Mail


def to_message(mail: Mail, sender: str) -> EmailMessage:
    """Text first, HTML as the alternative. The address is as it is stored, whatever it holds."""
    message = EmailMessage(policy=SMTP.clone(utf8=not mail.recipient.isascii()))
    name, address = parseaddr(sender)
    local, _, domain = address.rpartition("@")
    message["From"] = Address(name, username=local, domain=domain)
    local, _, domain = mail.recipient.rpartition("@")
    message["To"] = Address("", username=local, domain=domain)
    message["Subject"] = mail.subject
    message["Message-ID"] = mail.message_id
    message["Date"] = format_datetime(datetime.now(UTC))
    # RFC 3834: no holiday answers to these.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message
