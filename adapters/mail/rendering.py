"""The words of every message, from Jinja2 templates beside this file."""

from email.utils import parseaddr
from functools import cached_property
from typing import TYPE_CHECKING

from application.ports.mailer import Letter, Mail, MessageRenderer
from domain.outbox import MessageTemplate

if TYPE_CHECKING:
    from jinja2 import Environment

_SUBJECTS = {
    MessageTemplate.VERIFY_EMAIL: "Confirm your e-mail address",
    MessageTemplate.RESET_PASSWORD: "Reset your password",
    MessageTemplate.PASSWORD_CHANGED: "Your password was changed",
    MessageTemplate.REUSE_DETECTED: "A session of yours was ended for safety",
    MessageTemplate.ALREADY_REGISTERED: "You already have an account",
    MessageTemplate.CHANGE_EMAIL: "Confirm your new e-mail address",
    MessageTemplate.EMAIL_CHANGED: "Your e-mail address was changed",
}


class JinjaRenderer(MessageRenderer):
    """One template a message, as `NAME.txt` and `NAME.html`; only HTML escapes, and always."""

    def __init__(self, *, sender: str, service_url: str) -> None:
        self._domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
        self._service_url = service_url

    @cached_property
    def _environment(self) -> "Environment":
        # With the first mail: many processes never render one.
        from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

        return Environment(
            loader=PackageLoader("adapters.mail"),
            autoescape=select_autoescape(("html",), ("txt",), default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, letter: Letter) -> Mail:
        subject = _SUBJECTS[letter.template]
        values = {
            "name": letter.name,
            "link": letter.link,
            "subject": subject,
            "service_url": self._service_url,
        }
        text, html = (
            self._environment.get_template(f"{letter.template}.{form}").render(values)
            for form in ("txt", "html")
        )
        return Mail(
            message_id=f"<{letter.id}@{self._domain}>",
            recipient=letter.recipient,
            subject=subject,
            text=text,
            html=html,
        )
